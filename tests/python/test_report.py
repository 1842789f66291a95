"""The report: complete, self-contained, and harmless whatever the case's names hold."""

import json
import re
from html.parser import HTMLParser

import nodalroom as nr
import pytest
from conftest import SMALL


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.scripts, self._script = [], [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._script = tag == "script"

    def handle_endtag(self, tag):
        self._script = False

    def handle_data(self, data):
        (self.scripts if self._script else self.words).append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    @property
    def data(self):
        return json.loads(self.scripts[0])


def page_of(study, tmp_path, **options):
    study.report(tmp_path / "report.html", **options)
    return (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def study():
    return nr.headroom(nr.parse(SMALL, "small.m"), max_mw=500)


def test_nothing_is_requested_from_elsewhere(study, tmp_path):
    raw = page_of(study, tmp_path)
    page = Page(raw)
    for tag, attributes in page.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form", "audio", "video"}
        for name in ("src", "href", "xlink:href", "srcset", "action", "poster", "data", "background"):
            assert name not in attributes, (tag, attributes)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttpRequest|import\(|WebSocket|sendBeacon", raw)
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def test_it_says_what_was_asked_and_what_came_of_it(study, tmp_path):
    page = Page(page_of(study, tmp_path))
    for words in (
        "Headroom of small", "What was asked and assumed", "balance: spare", "power factor 0.95 lagging, up to 500 MW",
        "B after an outage", "How many buses take how much", "What binds most buses", "All buses", "States left out",
        "How to check a number", "nodalroom witness small.m 1 witness_1.m --max-mw 500",
        "1 bridge outages not simulated",
        "isolated_buses",
    ):  # fmt: skip
        assert words in page.text, words
    assert f"{study.table['headroom_mw'].median():,.1f} MW" in page.text
    assert any(tag == "svg" for tag, _ in page.tags)


def test_every_bus_is_in_its_table(study, tmp_path):
    data = Page(page_of(study, tmp_path)).data
    rows = {row[0]: dict(zip(data["columns"], row, strict=True)) for row in data["rows"]}
    assert list(rows) == list(study.table.index)
    for bus, row in rows.items():
        assert row["headroom_mw"] == pytest.approx(study.table.at[bus, "headroom_mw"], rel=1e-6)
        assert row["element"] == study.table.at[bus, "element"]
    assert rows[7]["generation_mw"] == "inf"


def test_markup_in_names_stays_text(tmp_path):
    nasty = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    net = nr.parse(SMALL.replace("DELTA", nasty).replace("GOLF", nasty), f"{nasty}.m")
    study = nr.headroom(net, [4, 7], max_mw=500, voltage_band_post=(0.98, 1.1))
    raw = page_of(study, tmp_path, title=nasty)
    page = Page(raw)
    assert nasty not in raw
    assert sum(tag == "script" for tag, _ in page.tags) == 2
    assert not any(tag == "img" or "onerror" in a for tag, a in page.tags)
    assert page.data["rows"][0][1] == nasty


def test_studies_without_numbers_have_a_report_too(tmp_path):
    heavy = nr.headroom(nr.parse(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"), "heavy.m"))
    text = Page(page_of(heavy, tmp_path)).text
    assert "No number is given" in text
    assert "What was asked and assumed" in text


def test_all_capped_and_all_zero(tmp_path):
    capped = nr.headroom(nr.parse(SMALL, "small.m"), max_mw=5)
    assert "none up to the cap: 7" in Page(page_of(capped, tmp_path)).text
    blocked = nr.parse(SMALL.replace("40 0 0 0 0 1 -360", "4 0 0 0 0 1 -360"), "small.m")
    assert "already_limited" in Page(page_of(nr.headroom(blocked, [7]), tmp_path)).text
