"""Takes the pictures of the report for the README and docs/headroom.md.

    python docs/images/report_pictures.py docs/images

Needs an installed nodalroom with its test packages, chromium, and Pillow, which makes the files smaller. It makes two
studies first: a minute or two.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import nodalroom as nr
from PIL import Image
from playwright.sync_api import sync_playwright

DATA = Path(__file__).parents[2] / "data"


def studies(folder: Path) -> dict[str, Path]:
    large = nr.headroom(nr.read(DATA / "case_ACTIVSg2000.m"), min_kv=230)
    small = nr.headroom(nr.read(DATA / "case24_ieee_rts.m"), redispatch=True)
    pages = {"large": folder / "large.html", "small": folder / "small.html"}
    large.report(pages["large"])
    small.report(pages["small"])
    return pages


def main() -> None:
    to = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        pages = studies(Path(folder))
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        shots = [
            ("report", "large", "#bus=1004", 1400, 900, "light"),
            ("report-dark", "small", "#bus=8", 1400, 900, "dark"),
        ]
        for name, page, address, width, height, scheme in shots:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
            )
            view = context.new_page()
            view.goto(pages[page].as_uri() + address)
            if page == "large":
                for _ in range(3):
                    view.click("#zoom-out")
                view.evaluate("document.activeElement.blur()")
            view.wait_for_timeout(500)
            picture = Image.open(io.BytesIO(view.screenshot())).convert("RGB")
            picture.save(to / f"{name}.png", optimize=True)
            context.close()
        browser.close()


main()
