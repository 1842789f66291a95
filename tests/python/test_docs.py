"""The documentation as a site: it builds without a warning, asks the web for nothing, and is not stale."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nodalroom as nr
import pytest
from conftest import DATA
from nodalroom import _cli_common as cli

for package in ("sphinx", "furo", "myst_parser", "dukpy", "ziamath"):
    pytest.importorskip(package)

ROOT = Path(__file__).parents[2]
#: What a page fetches when it is opened, not when a link is followed.
FETCHED = {
    "audio": ("src",), "embed": ("src",), "iframe": ("src",), "image": ("href", "xlink:href"), "img": ("src", "srcset"),
    "input": ("src",), "link": ("href",), "object": ("data",), "script": ("src",), "source": ("src", "srcset"),
    "track": ("src",), "use": ("href", "xlink:href"), "video": ("src", "poster"),
}  # fmt: skip
ELSEWHERE = re.compile(r"\s*(https?:|//)", re.IGNORECASE)


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    command = [
        sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "--color",
        "-c", str(ROOT / "docs"), "-d", str(folder / "doctrees"), str(ROOT), str(folder / "site"),
    ]  # fmt: skip
    built = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert built.returncode == 0, built.stderr
    return folder / "site"


class Fetches(HTMLParser):
    """The addresses elsewhere that a page fetches."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_style = tag == "style"
        for name, value in attrs:
            if value is None:
                continue
            if name in FETCHED.get(tag, ()) and any(ELSEWHERE.match(part) for part in value.split(",")):
                self.found.append(f"<{tag} {name}={value}>")
            if name == "style":
                self.found += of_css(value)

    def handle_endtag(self, tag: str) -> None:
        self.in_style = False

    def handle_data(self, data: str) -> None:
        if self.in_style:
            self.found += of_css(data)


def of_css(text: str) -> list[str]:
    addresses = re.findall(r"url\(\s*['\"]?([^'\")]+)", text) + re.findall(r"@import\s+['\"]([^'\"]+)", text)
    return [address for address in addresses if ELSEWHERE.match(address)]


def of_html(text: str) -> list[str]:
    page = Fetches()
    page.feed(text)
    return page.found


def test_pages_ask_the_web_for_nothing(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) >= 30
    for path in pages:
        assert of_html(path.read_text(encoding="utf-8")) == [], path.name
    for path in site.rglob("*.css"):
        assert of_css(path.read_text(encoding="utf-8")) == [], path.name
    for path in site.rglob("*.svg"):
        assert of_html(path.read_text(encoding="utf-8")) == [], path.name


def test_what_is_fetched_would_be_found():
    assert of_html('<script src="https://cdn.example/x.js"></script>')
    assert of_html('<link rel="stylesheet" href="//fonts.example/x.css">')
    assert of_html('<img srcset="a.png 1x, https://example/b.png 2x">')
    assert of_html("<style>@import 'https://example/x.css';</style>")
    assert of_html('<p style="background: url(https://example/x.png)">')
    assert not of_html('<a href="https://example/">text</a><img src="_images/a.png">')


def test_no_script_loads_another_from_elsewhere(site):
    for path in site.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"""(fetch|import|importScripts|\.src\s*=)\s*\(?\s*['"](https?:)?//""", text), path.name


def test_every_formula_is_mathml(site):
    page = (site / "docs" / "math.html").read_text(encoding="utf-8")
    shown = page[page.index("<article") : page.index("</article>")]
    source = (ROOT / "docs" / "math.md").read_text(encoding="utf-8")
    assert shown.count('display="block"') == source.count("$$") // 2
    for number in re.findall(r"\\tag\{(\w+)\}", source):
        assert f'id="eq-{number}"' in shown
    assert not re.search(r"\\(frac|tag|begin|hat|lambda)", shown)
    assert (site / "_static" / "STIXTwoMath-Regular.ttf").stat().st_size > 500_000


def test_index_leads_to_the_first_page(site):
    (target,) = re.findall(r'url=([^"]+)"', (site / "index.html").read_text())
    assert (site / target).is_file()


def test_every_public_name_is_in_the_reference(site):
    page = (site / "docs" / "reference" / "python.html").read_text(encoding="utf-8")
    documented = set(re.findall(r'id="nodalroom\.([\w.]+)"', page))
    modules = {name for name in nr.__all__ if inspect.ismodule(getattr(nr, name))}
    assert set(nr.__all__) - modules <= documented
    for name in sorted(modules):
        members = {f"{name}.{member}" for member in getattr(nr, name).__all__}
        assert members <= documented, members - documented
    for name in nr.__all__:
        thing = getattr(nr, name)
        if inspect.isclass(thing) and not issubclass(thing, BaseException):
            members = {f"{name}.{member}" for member in dir(thing) if not member.startswith("_")}
            assert members <= documented, members - documented


def test_help_of_every_command_is_there(site):
    page = (site / "docs" / "reference" / "command-line.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", page)
    for words in ("nodalroom ladder --help", "--target-mw MW", "nodalroom convert --help", "--attribution-voltage PU"):
        assert words in text


def test_exit_codes_are_those_of_the_command():
    page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)]
    every = [0, cli.NO_SOLUTION, cli.BAD_INPUT, cli.INTERRUPTED, cli.NO_READER, cli.BUG]
    assert codes == every
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", readme, re.MULTILINE)] == every
    assert [int(code) for code in re.findall(r"(\d+) [a-z]", cli.exit_codes())] == every


def tables_of_the_page() -> dict[str, set[str]]:
    page = (ROOT / "docs" / "reference" / "tables.md").read_text(encoding="utf-8")
    found = {}
    for section in page.split("\n## ")[1:]:
        name = section.splitlines()[0].strip("`")
        first_cells = re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE)
        found[name] = {column for cell in first_cells for column in re.findall(r"`(\w+)`", cell)}
    return found


def test_columns_are_those_of_the_tables():
    net = nr.read(DATA / "case24_ieee_rts.m")
    study = nr.headroom(net, [8], redispatch=True)
    things = {
        "Network": net,
        "PowerFlow": net.solve(),
        "Sweep": nr.sweep(net, "none"),
        "Study": study,
        "Ladder": study.ladder(8, target_mw=60),
        "UpgradeList": study.upgrades(1),
    }
    page = tables_of_the_page()
    for name, columns in page.items():
        owner, attribute = name.split(".")
        assert columns == set(getattr(things[owner], attribute).columns), name
    tables = {
        f"{name}.{attribute}"
        for name, thing in things.items()
        for attribute in dir(type(thing))
        if not attribute.startswith("_") and hasattr(getattr(thing, attribute), "columns")
    }
    assert tables - set(page) == {"Ladder.pairs", "Study.bridges", "Sweep.bridges"}  # said to be as another
