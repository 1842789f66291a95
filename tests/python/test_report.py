"""The report: complete, self-contained, and harmless whatever the case's names hold."""

import base64
import hashlib
import json
import math
import random
import re
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser
from pathlib import Path

import nodalroom as nr
import numpy as np
import pandas as pd
import pytest
from conftest import DATA, SMALL
from nodalroom._holding import binding_counts, holding_elements
from nodalroom.report.charts import capacity_curve, class_bounds
from nodalroom.report.data import number
from nodalroom.report.layout import _two_directions, graph_layout


def decoded(column):
    """A column as the page keeps it."""
    return [None if at < 0 else column["w"][at] for at in column["i"]] if "w" in column else column["v"]


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
            assert attributes.get(name, "#").startswith("#"), (tag, attributes)  # places on the page itself
    assert not re.search(r"https?:|[\"'(]//|@import|url\(|fetch\(|XMLHttpRequest|import\(|WebSocket|sendBeacon", raw)
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    # Only the script with this hash runs, whatever else may have come in.
    script = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


def test_it_says_what_was_asked_and_what_came_of_it(study, tmp_path):
    page = Page(page_of(study, tmp_path))
    for words in (
        "Headroom of small", "What was asked and assumed", "balance: spare", "power factor 0.95 lagging, up to 500 MW",
        "B after an outage", "How many buses take how much", "What holds the grid back", "All buses", "States left out",
        "How to check a number", "nodalroom witness small.m 1 witness_1.m --max-mw 500",
        "1 bridge outage not simulated", "Bridge outages not simulated", "branch 9: 6-7 ckt 1",
        "isolated_buses",
    ):  # fmt: skip
        assert words in page.text, words
    assert f"{study.table['headroom_mw'].median():,.1f} MW" in page.text
    assert any(tag == "svg" for tag, _ in page.tags)


def test_every_bus_is_in_its_table(study, tmp_path):
    data = Page(page_of(study, tmp_path)).data
    rows = {name: decoded(values) for name, values in data["rows"].items()}
    assert rows["bus"] == list(study.table.index)
    for at, bus in enumerate(rows["bus"]):
        assert rows["headroom_mw"][at] == pytest.approx(study.table.at[bus, "headroom_mw"], rel=1e-6)
        assert f"{rows['headroom_mw'][at]:.1f}" == f"{study.table.at[bus, 'headroom_mw']:.1f}"
        assert rows["element"][at] == study.table.at[bus, "element"]
    assert rows["generation_mw"][rows["bus"].index(7)] == "inf"
    heads = [attributes["data-column"] for tag, attributes in Page(page_of(study, tmp_path)).tags if tag == "th"
             and "data-column" in attributes]  # fmt: skip
    assert heads == [name for name, *_ in data["columns"]]
    assert {name for name, *_ in data["columns"]} - {"states"} <= set(rows)


def test_the_network_is_drawn(study, tmp_path):
    network = Page(page_of(study, tmp_path)).data["network"]
    net = study.network
    assert network["kind"] == "graph"
    assert network["bus"] == list(net.buses.index)
    assert [
        (network["bus"][a], network["bus"][b]) for a, b in zip(network["from"], network["to"], strict=True)
    ] == list(zip(net.branches["from_bus"], net.branches["to_bus"], strict=True))
    assert len({*zip(network["x"], network["y"], strict=True)}) == len(net.buses)
    flow = net.solve(balance="spare")
    shown = decoded(network["percent"])
    for at, row in enumerate(net.branches.index):
        percent = flow.branches.at[row, "loading_percent"]
        assert (shown[at] is None and percent != percent) or shown[at] == pytest.approx(percent, abs=0.051)


def test_numbers_read_as_in_the_table():
    """As toFixed() rounds, half up, seven digits may read other than the number itself."""

    def as_script(value, digits):
        return f"{Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP):f}"

    chance = random.Random(1)
    values = [94.25, 94.35, 0.25, 94.249999996, 1234.0499999999, 2.5, -0.25, 0.95004999999, 1e-9, 0.0, 2000.0]
    values += [chance.uniform(0, 2000) for _ in range(300)] + [round(chance.uniform(0, 99), 2) for _ in range(300)]
    for digits in (1, 2, 4):
        for value in values:
            assert as_script(number(value, digits), digits) == f"{value:.{digits}f}"
    assert (number(math.nan), number(math.inf), number(3.0)) == (None, "inf", 3)


def test_markup_in_names_stays_text(tmp_path):
    nasty = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    net = nr.parse(SMALL.replace("DELTA", nasty).replace("GOLF", nasty), f"{nasty}.m")
    study = nr.headroom(net, [4, 7], max_mw=500, voltage_band_post=(0.98, 1.1))
    raw = page_of(study, tmp_path, title=nasty)
    page = Page(raw)
    assert nasty not in raw
    assert sum(tag == "script" for tag, _ in page.tags) == 2
    assert not any(tag == "img" or "onerror" in a for tag, a in page.tags)
    assert decoded(page.data["rows"]["name"])[0] == nasty


def test_line_separators_are_escaped(tmp_path):
    net = nr.parse(SMALL.replace("DELTA", "D\u2028E\u2029F"), "small.m")
    raw = page_of(nr.headroom(net, [4], max_mw=500), tmp_path)
    data = raw.split('id="study">')[1].split("</script>")[0]
    assert "\u2028" not in data and "\\u2028" in data
    assert decoded(json.loads(data)["rows"]["name"]) == ["D\u2028E\u2029F"]


def test_an_empty_study_says_so(study, tmp_path):
    class Nothing(nr.Study):
        complete = False
        table = study.table.iloc[:0]

    nothing = Nothing(study._core, study.network, study.options, 0.1)
    text = Page(page_of(nothing, tmp_path)).text
    assert "Interrupted: 0 of 7 buses were finished" in text
    assert "What was asked and assumed" in text and "The grid" not in text
    Nothing.complete = True
    assert "No bus was studied" in Page(page_of(nothing, tmp_path)).text


def test_what_cannot_be_written_or_used_is_named(study, tmp_path):
    with pytest.raises(nr.OptionError, match="nowhere"):
        study.report(tmp_path / "nowhere" / "report.html")
    with pytest.raises(nr.OptionError, match=r"report\.txt"):
        study.report(tmp_path / "report.txt")
    with pytest.raises(nr.OptionError, match="upgrades = dict"):
        study.report(tmp_path / "report.html", upgrades={})
    with pytest.raises(nr.OptionError, match="ladders: str"):
        study.report(tmp_path / "report.html", ladders=["a"])
    assert not (tmp_path / "report.html").exists()


def test_upgrades_and_ladders_are_tables(study, tmp_path):
    upgrades = study.upgrades(most=2, progress=False)
    ladder = study.ladder(4, target_mw=200, progress=False)
    text = Page(page_of(study, tmp_path, upgrades=upgrades, ladders=ladder)).text
    assert "What upgrades would unlock" in text and "Upgrade after upgrade" in text
    for row in upgrades.table.itertuples():
        assert row.element in text
        if row.was_run:
            assert f"{row.unlocked_sum_mw:,.1f}" in text
    for row in ladder.table.itertuples():
        assert f"{row.certified_mw:,.1f}" in text
        assert row.upgrade is None or row.upgrade in text
    for need in ladder.needs.itertuples():
        assert need.quantity in text
    other = nr.headroom(nr.read(DATA / "case9.m"), [5], contingencies="none", progress=False)
    with pytest.raises(nr.OptionError, match="Ladder of small; the report is of case9"):
        other.report(tmp_path / "other.html", ladders=[ladder])


def test_upgrades_that_unlock_most_come_first(tmp_path):
    study = nr.headroom(nr.read(DATA / "case24_ieee_rts.m"), progress=False)
    upgrades = study.upgrades(most=4, progress=False)
    section = page_of(study, tmp_path, upgrades=upgrades).split("id='upgrades'")[1].split("</section>")[0]
    section = re.sub("</?span[^>]*>", "", section)
    assert "Most MW unlocked first" in section
    ranked = upgrades.table.sort_values("unlocked_sum_mw", ascending=False)
    assert ranked.index.tolist() != upgrades.table.index.tolist()
    at = [section.index(f"<td>{element}</td><td class='n'>") for element in ranked["element"]]
    assert at == sorted(at)


def test_what_is_over_its_limit_already_is_said(tmp_path):
    """In case39 branches are overloaded after outages before any load is added: nothing is reached."""
    study = nr.headroom(nr.read(DATA / "case39.m"), [8, 16], progress=False)
    assert (study.table["status"] == "already_limited").all()
    words = "2 buses take nothing: their element is overloaded, or out of its voltage band, without any new load"
    page = Page(page_of(study, tmp_path))
    assert words in page.text
    assert "2 of 2 buses take nothing: the case breaks its limits before any new load" in repr(study)
    assert "past the limit" not in repr(study) and "stands past its limit" not in page.text
    assert page.data["over_without_load"] == page.data["past_limit"] == [0, 1]
    assert "2 buses: the new load adds to what is over already" in study._repr_html_()


def test_a_default_study_does_not_read_as_failed(study, tmp_path):
    text = Page(page_of(study, tmp_path)).text
    assert "screened certificate certify=all solves every state" in text
    certified = nr.headroom(study.network, max_mw=500, certify="all", progress=False)
    assert "7 of 7 buses certified every state AC-solved just below the answer" in Page(page_of(certified, tmp_path)).text


def test_pairs_show_the_rating_where_it_is_not_the_limit(tmp_path):
    study = nr.headroom(nr.read(DATA / "case39.m"), [8, 16], redispatch=True, progress=False)
    columns = Page(page_of(study, tmp_path)).data["pairs"]["columns"]
    pairs, ratings = study.redispatch_pairs, decoded(columns["rating"])
    branches = study.network.branches
    shown = 0
    for row, rating in zip(pairs.itertuples(), ratings, strict=True):
        if row.limit_type != "thermal":
            assert rating is None
            continue
        branch = branches.loc[row.element_row]
        wanted = branch["rate_b_mva"] or branch["rate_a_mva"]
        wanted = branch["rate_a_mva"] if row.contingency_kind == "intact" else wanted
        assert rating == (None if abs(row.limit - wanted) <= 0.05 else pytest.approx(wanted))
        shown += rating is not None
    assert shown


def test_what_holds_the_grid_back(study, tmp_path):
    found = holding_elements(study)
    counts = study.table[study.table["limit_type"] != "none"].groupby(["element", "limit_type"])["headroom_mw"]
    for row in found.itertuples():
        held = counts.get_group((row.element, row.limit_type))
        assert (row.buses, row.least, row.most) == (len(held), held.min(), held.max())
    assert found["buses"].is_monotonic_decreasing
    by_state = binding_counts(study.table)
    assert by_state["buses"].is_monotonic_decreasing
    assert by_state["buses"].sum() == (study.table["limit_type"] != "none").sum()
    assert by_state.groupby("element")["buses"].sum().to_dict() == found.groupby("element")["buses"].sum().to_dict()


def test_classes_of_the_map_are_round_and_rise():
    assert class_bounds(pd.Series([])) == []
    assert class_bounds(pd.Series([0.0, 0.0, float("nan")])) == []
    bounds = class_bounds(pd.Series([float(i) for i in range(1, 1000)]))
    assert bounds == sorted(set(bounds)) and len(bounds) >= 5
    assert len(class_bounds(pd.Series([50.0] * 9))) == 0
    # What sites ask for tells buses apart wherever buses reach it, however few.
    assert {100, 200, 300, 500, 1000} <= set(class_bounds(pd.Series([20.0] * 90 + [30.0] * 60 + [1059.0])))
    low = class_bounds(pd.Series([*np.linspace(1, 4, 20), 800.0]))
    assert sum(bound <= 4 for bound in low) >= 2


def test_graph_layouts_are_the_same_each_time_and_apart():
    chain = np.array([[i, i + 1] for i in range(49)])
    star = np.array([[0, i] for i in range(1, 90)])
    for count, ends in (
        (50, chain),
        (90, star),
        (1, np.zeros((0, 2))),
        (5, np.zeros((0, 2))),
        (7, np.array([[0, 1], [0, 1], [2, 2], [3, 4], [4, 5], [5, 3]])),
    ):
        places = graph_layout(count, ends)
        assert np.isfinite(places).all() and places.shape == (count, 2)
        assert (places == graph_layout(count, ends)).all()
        away = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + np.eye(count) * 9
        assert away.min() > 0.1
    places = graph_layout(50, chain)
    hops = np.hypot(*np.diff(places, axis=0).T)
    assert hops.max() < 3 * hops.min()  # branches are about equally long
    assert np.hypot(*(places[-1] - places[0])) > 20 * np.median(hops)  # and a chain is drawn as one


def test_directions_of_a_layout_do_not_turn_on_rounding():
    """In a star many directions are equally long: which are taken was another thing on another processor."""
    star = np.ones((30, 30)) + 4 * np.eye(30)
    noise = np.random.default_rng(5).standard_normal((30, 30))
    found = [_two_directions(star + size * (noise + noise.T)) for size in (0.0, 1e-13, -1e-13)]
    assert np.allclose(found[0], found[1], atol=1e-9) and np.allclose(found[0], found[2], atol=1e-9)
    assert np.allclose(np.abs(found[0][:, 0]), 30**-0.5)  # the one largest direction is found as it is
    turned = np.linalg.qr(noise)[0]
    plain = _two_directions(turned @ np.diag(np.linspace(3, 0.1, 30) ** 2) @ turned.T)
    assert np.allclose(np.abs(turned[:, :2].T @ plain), np.eye(2), atol=0.01)


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
    assert page.data["past_limit"] == [0]
    assert "In 1 row the value stands past its limit (marked *)" in page.text
    lines = study.witness(68).header
    assert any(line.startswith("Without the new load it is 0.9432") for line in lines)
    assert any("Not the limit is reached here but the attribution" in line for line in lines)
    assert "Not the limit is reached" in repr(study.witness(68))
    assert Page(page_of(nr.headroom(nr.parse(SMALL, "s.m"), [7]), tmp_path)).data["past_limit"] == []


def test_a_witness_command_takes_any_path(tmp_path):
    study = nr.headroom(nr.parse(SMALL, "/BUS/my BUS.m"), [4], max_mw=500)
    before, after = Page(page_of(study, tmp_path)).data["witness"]
    assert f"{before} 4 witness_4.m {after}" == study.witness(4).command()
    assert before == "nodalroom witness '/BUS/my BUS.m'"
    script = page_of(study, tmp_path)
    assert "`${study.witness[0]} ${bus} witness_${bus}.m ${study.witness[1]}`" in script  # as shown by the panel
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
    assert {"find", "kind", "least-kv", "least-mw", "download", "count", "map", "table-window"} <= names
    assert all(
        attributes["tabindex"] == "0"
        for _, attributes in Page(raw).tags
        if attributes.get("id") in ("map", "table-window")
    )


def test_the_curve_has_both_figures():
    both = capacity_curve([10.0, 20.0, 30.0], [40.0, 50.0, 60.0])
    assert both.count("class='line again'") == 2 and "median 50.0 MW with redispatch" in both
    assert "again" not in capacity_curve([10.0, 20.0, 30.0])


def test_all_capped_and_all_zero(tmp_path):
    capped = nr.headroom(nr.parse(SMALL, "small.m"), max_mw=5)
    assert "none up to the cap: 7" in Page(page_of(capped, tmp_path)).text
    blocked = nr.parse(SMALL.replace("40 0 0 0 0 1 -360", "4 0 0 0 0 1 -360"), "small.m")
    assert "already_limited" in Page(page_of(nr.headroom(blocked, [7]), tmp_path)).text


def test_no_call_of_the_script_takes_one_argument_per_bus():
    """Browsers take some 65,000 arguments; more are an error, and the page would be empty."""
    folder = Path(nr.report.__file__).parent
    scripts = sorted(folder.glob("*.js"))
    assert len(scripts) >= 6
    for script in scripts:
        assert not re.search(r"Math\.(max|min)\(\s*\.\.\.|\.push\(\s*\.\.\.|\.apply\(", script.read_text()), script.name
