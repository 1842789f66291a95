"""The report: complete, self-contained, and harmless whatever the case's names hold."""

import json
import re
from html.parser import HTMLParser

import nodalroom as nr
import pytest
from conftest import DATA, SMALL
from nodalroom.report.charts import capacity_curve


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
        "1 bridge outage not simulated", "Bridge outages not simulated", "branch 9: 6-7 ckt 1",
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
    heads = [attributes["data-column"] for tag, attributes in Page(page_of(study, tmp_path)).tags if tag == "th"
             and "data-column" in attributes]  # fmt: skip
    assert heads == data["columns"]


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


def test_values_past_their_limit_are_marked(tmp_path):
    """Bus 38 of case118 keeps its band without the load, and leaves it before the load has moved it by 0.005 pu."""
    study = nr.headroom(nr.read(DATA / "case118.m"), [68], contingencies="branches")
    row = study.table.loc[68]
    assert row["value"] < row["limit"] - 1e-4 < row["value_without_load"]
    assert row["value_without_load"] - row["value"] == pytest.approx(0.005, abs=1e-6)
    assert "1 value stands past the limit" in repr(study)
    page = Page(page_of(study, tmp_path))
    assert page.data["past_limit"] == [True]
    assert "In 1 row the value stands past its limit (marked *)" in page.text
    lines = study.witness(68).header
    assert any(line.startswith("Without the new load it is 0.9432") for line in lines)
    assert any("Not the limit is reached here but the attribution" in line for line in lines)
    assert "Not the limit is reached" in repr(study.witness(68))
    assert Page(page_of(nr.headroom(nr.parse(SMALL, "s.m"), [7]), tmp_path)).data["past_limit"] == [False]


def test_a_witness_command_takes_any_path(tmp_path):
    study = nr.headroom(nr.parse(SMALL, "/BUS/my BUS.m"), [4], max_mw=500)
    before, after = Page(page_of(study, tmp_path)).data["witness"]
    assert f"{before} 4 witness_4.m {after}" == study.witness(4).command()
    assert before == "nodalroom witness '/BUS/my BUS.m'"
    script = page_of(study, tmp_path)
    assert "`${study.witness[0]} ${bus} witness_${bus}.m ${study.witness[1]}`" in script
    assert 'replaceAll("BUS"' not in script


def test_unknown_states_are_not_said_to_be_none(study, tmp_path, monkeypatch):
    monkeypatch.setattr(nr.Study, "states_known", False)
    text = Page(page_of(study, tmp_path)).text
    assert "Not known: the study was interrupted before every state was solved" in text
    assert "None: every state has a solution" not in text
    assert "which have no solution is unknown" in repr(study)


def test_an_empty_curve_says_why(tmp_path):
    nothing = "None of 3 buses takes 0.1 MW or more, so there is no curve to draw."
    assert nothing in capacity_curve([0.0, 0.05, 0.0])
    assert "7 of 10 buses take nothing. The curve is of the other 3." in capacity_curve([0.0] * 7 + [5, 20, 30])
    assert "take nothing" not in capacity_curve([0.0] + [5.0] * 9)


def test_controls_can_be_reached_by_keyboard(study, tmp_path):
    raw = page_of(study, tmp_path)
    names = {attributes.get("id") for _, attributes in Page(raw).tags}
    assert {"find", "kind", "least-kv", "least-mw", "download", "count"} <= names
    assert "line.tabIndex = 0" in raw


def test_all_capped_and_all_zero(tmp_path):
    capped = nr.headroom(nr.parse(SMALL, "small.m"), max_mw=5)
    assert "none up to the cap: 7" in Page(page_of(capped, tmp_path)).text
    blocked = nr.parse(SMALL.replace("40 0 0 0 0 1 -360", "4 0 0 0 0 1 -360"), "small.m")
    assert "already_limited" in Page(page_of(nr.headroom(blocked, [7]), tmp_path)).text
