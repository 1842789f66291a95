"""index.html at the top of the site leads to the first page, which is in docs/ as in the repository."""

from __future__ import annotations

from pathlib import Path

PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={target}">
<title>nodalroom</title>
<a href="{target}">nodalroom</a>
</html>
"""


def _write(app, error: Exception | None) -> None:
    if error is None and app.builder.name == "html":
        target = f"{app.config.root_doc}.html"
        Path(app.outdir, "index.html").write_text(PAGE.format(target=target), encoding="utf-8")


def setup(app) -> dict[str, bool]:
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
