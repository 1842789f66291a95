"""Edited networks: what they answer is what the edited file would answer, bit for bit."""

import json
import logging
import math
import pickle
import re
import shlex

import nodalroom as nr
import numpy as np
import pandas as pd
import pytest
from conftest import DATA, SMALL, replaced

NAN, INF = float("nan"), float("inf")


def assert_same_network(edited, parsed, but=()):
    for table in ("buses", "branches", "generators", "loads", "shunts", "bridges"):
        pd.testing.assert_frame_equal(getattr(edited, table), getattr(parsed, table), check_exact=True)
    said = edited.diagnostics
    said = said[~said["code"].isin(but)].reset_index(drop=True)
    pd.testing.assert_frame_equal(said, parsed.diagnostics, check_exact=True)
    body = "\n%% MATPOWER Case Format"
    assert edited.to_matpower().split(body)[1] == parsed.to_matpower().split(body)[1]


def assert_same_answers(edited, parsed):
    options = {"max_mw": 300, "threads": 1}
    there, here = (nr.headroom(net, **options) for net in (parsed, edited))
    pd.testing.assert_frame_equal(here.table, there.table, check_exact=True)
    pd.testing.assert_frame_equal(nr.sweep(edited).table, nr.sweep(parsed).table, check_exact=True)


EDITS = {
    "load by power factor": (
        lambda net: net.with_load(5, 12),
        {"bus": {5: {2: repr(10 + 12.0), 3: repr(2 + 12 * math.tan(math.acos(0.95)))}}},
    ),
    "load by power factor of its own": (
        lambda net: net.with_load(1, 12, power_factor=1.0),
        {"bus": {1: {2: "12"}}},
    ),
    "load by mvar": (lambda net: net.with_load(1, 12, -3.5), {"bus": {1: {2: "12", 3: "-3.5"}}}),
    "less load": (lambda net: net.with_load(4, -20, 0), {"bus": {4: {2: "30"}}}),
    "two loads at one bus": (
        lambda net: net.with_load(4, 5, 1).with_load(4, 6, 2),
        {"bus": {4: {2: "61", 3: "18"}}},
    ),
    "a branch out": (lambda net: net.without(branch=3), {"branch": {3: {10: "0"}}}),
    "branches out, by their buses": (
        lambda net: net.without(branch=["3-2", "4-5:1"]),
        {"branch": {3: {10: "0"}, 6: {10: "0"}}},
    ),
    "ratings by the buses of a branch": (
        lambda net: net.with_ratings({"2-3": 50, " 6 - 7 : 1": 55.5}),
        {"branch": {3: {5: "50"}, 9: {5: "55.5"}}},
    ),
    "ratings B by Series of names": (
        lambda net: net.with_ratings(pd.Series({"2-3": 70.25}), rating="B"),
        {"branch": {3: {6: "70.25"}}},
    ),
    "ratings by DataFrame of names": (
        lambda net: net.with_ratings(pd.DataFrame({"rate_a_mva": [50], "rate_b_mva": [60]}, index=["2-3"])),
        {"branch": {3: {5: "50", 6: "60"}}},
    ),
    "a unit and two branches out": (
        lambda net: net.without(branch=[1, np.int64(7)], unit=3),
        {"branch": {1: {10: "0"}, 7: {10: "0"}}, "gen": {3: {7: "0"}}},
    ),
    "ratings by mapping": (lambda net: net.with_ratings({3: 50, 9: 55.5}), {"branch": {3: {5: "50"}, 9: {5: "55.5"}}}),
    "ratings B by Series": (
        lambda net: net.with_ratings(pd.Series({3: 70.25}), rating="b"),
        {"branch": {3: {6: "70.25"}}},
    ),
    "ratings by DataFrame": (
        lambda net: net.with_ratings(pd.DataFrame({"rate_a_mva": [50], "rate_b_mva": [60]}, index=[3])),
        {"branch": {3: {5: "50", 6: "60"}}},
    ),
    "dispatch": (lambda net: net.with_dispatch(pd.Series({2: 40.5, 1: 70})), {"gen": {1: {1: "70"}, 2: {1: "40.5"}}}),
    "limits of one bus": (lambda net: net.with_limits(vmin={4: 0.95}), {"bus": {4: {12: "0.95"}}}),
    "limits of all": (
        lambda net: net.with_limits(0.92, 1.08),
        {"bus": {row: {11: "1.08", 12: "0.92"} for row in range(1, 9)}},
    ),
    "a part cut off": (
        lambda net: net.without(branch=9, cut_off="isolate"),
        {"branch": {9: {10: "0"}}, "bus": {7: {1: "4"}}},
    ),
}


@pytest.mark.parametrize("kind", EDITS)
def test_an_edited_network_is_that_of_the_edited_file(kind, small):
    edit, cells = EDITS[kind]
    text = SMALL
    for table, values in cells.items():
        text = replaced(text, table, values)
    edited, parsed = edit(small), nr.parse(text, "small.m")
    assert_same_network(edited, parsed, but=("cut_off_isolated",))
    assert_same_answers(edited, parsed)


def test_a_factor_multiplies_every_rating(small):
    raised = small.with_ratings(factor=1.1)
    for name in ("rate_a_mva", "rate_b_mva", "rate_c_mva"):
        assert raised.branches[name].equals(small.branches[name] * 1.1)
    only_b = small.with_ratings(rating="B", factor=2).branches
    assert only_b["rate_b_mva"].equals(small.branches["rate_b_mva"] * 2)
    assert only_b["rate_a_mva"].equals(small.branches["rate_a_mva"])
    more, less = (nr.headroom(net, max_mw=500).table["headroom_mw"] for net in (raised, small))
    assert (more >= less).all()
    assert (more > less).any()


def test_edits_of_a_real_case_are_those_of_its_written_file(tmp_path, activsg200):
    bus = int(activsg200.loads["bus"].iloc[7])
    edited = activsg200.with_load(bus, 25).without(branch=53, unit=12).with_ratings(factor=0.9)
    edited.to_matpower(tmp_path / "edited.m")
    written = nr.read(tmp_path / "edited.m")
    assert written.edits == []
    options = {"buses": [bus, 133], "threads": 1}
    pd.testing.assert_frame_equal(
        nr.headroom(edited, **options).table, nr.headroom(written, **options).table, check_exact=True
    )


def test_two_numbers_are_two_rows(small):
    edits = small.without(branch=(2, 3)).edits
    assert edits == ["out of service: branch 2: 1-3 ckt 1", "out of service: branch 3: 2-3 ckt 1"]


def test_branches_by_their_buses_on_the_command_line(small_file, run_command):
    by_row = ["--with-rating", "7:55:B", "--with-rating", "9:33", "--without-branch", "3"]
    by_name = ["--with-rating", "6-5:55:B", "--with-rating", "6-7:1:33", "--without-branch", "2-3:1"]
    rows, names = (json.loads(run_command("info", small_file, *words, "--json")[1]) for words in (by_row, by_name))
    assert rows["edits"] == names["edits"] != []
    net = nr.read(small_file).without(branch="2-3").with_ratings({"5-6": 90})
    assert "--with-rating 7:90:A --without-branch 3" in nr.headroom(net, [4], max_mw=50).witness(4).command()
    for words, said in (
        (["--without-branch", "6-7"], "6-7 has 2 circuits; say which: 6-7:1 (row 9), 6-7:2 (row 10)"),
        (["--without-branch", "six"], "branch = 'six'; must be a 1-based row of the file, or the two buses"),
        (["--with-rating", "6-7:9:9:A:1"], "must be BRANCH:MVA"),
        (["--with-rating", "5-6:x"], "must be BRANCH:MVA"),
    ):
        code, _, err = run_command("info", small_file, *words)
        assert (code, err.count("\n")) == (2, 1)
        assert said in err
    out = run_command("info", small_file, "--branches")[1]
    listed = out[out.index("Branches") :].splitlines()
    assert listed[1].split()[:4] == ["row", "from_bus", "to_bus", "circuit"]
    assert listed[11].split()[:6] == ["10", "6", "7", "2", "line", "False"]
    assert len(json.loads(run_command("info", small_file, "--branches", "--json")[1])["branch_rows"]) == 10


def test_the_old_network_stays_as_it_is(small):
    before = small.to_matpower()
    small.with_load(4, 50).without(branch=1).with_ratings(factor=2).with_dispatch({1: 5}).with_limits(vmin=0.8)
    assert small.to_matpower() == before
    assert small.edits == []


def test_edits_are_said_everywhere(small, tmp_path):
    edited = small.with_load(4, 50).without(branch=[1, 3]).with_ratings({5: 100}).with_dispatch({1: 70, 2: 45})
    assert edited.edits == [
        "load at bus 4: +50 MW, +16.4342 MVAr",
        "out of service: branch 1: 1-2 ckt 1",
        "out of service: branch 3: 2-3 ckt 1",
        "rating A of branch 5: 2-4 ckt 1 90 -> 100 MVA",
        "dispatch of 2 units: +5 MW in all",
    ]
    assert edited.name == small.name
    assert all(f"Edited: {edit}" in repr(edited) for edit in edited.edits)
    header = edited.to_matpower().split("%% MATPOWER Case Format")[0]
    assert re.findall("%   Edited: (.*)", header) == edited.edits
    study = nr.headroom(edited, [4, 7], max_mw=100)
    assert study.options["edits"] == edited.edits
    assert "Case edited after it was read: load at bus 4: +50 MW" in repr(study)
    assert "out of service: branch 3" in study.to_json()
    assert nr.sweep(edited).options["edits"] == edited.edits
    assert "Edited: load at bus 4" in study.witness(7).text
    study.report(tmp_path / "r.html")
    assert "Case edited after it was read" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "edits" not in nr.headroom(small, [4], max_mw=5).options


def test_the_command_of_a_witness_does_not_pretend_that_the_file_is_enough(small_file, tmp_path, monkeypatch, run_command):
    study = nr.headroom(nr.read(small_file).with_load(4, 10).with_limits(vmin=0.88), [5], max_mw=500)
    *notes, command = study.witness(5).command("w.m").splitlines()
    assert all(note.startswith("# ") for note in notes)
    assert "its file alone does not give this" in notes[0]
    assert "study.network.to_matpower('small_edited.m')" in notes[1]
    monkeypatch.chdir(tmp_path)
    study.network.to_matpower("small_edited.m")
    words = shlex.split(command)
    assert words[:3] == ["nodalroom", "witness", "small_edited.m"]
    assert run_command(*words[1:])[0] == 0
    study.witness(5).save("here.m")
    assert (tmp_path / "w.m").read_text().split("mpc.bus")[1] == (tmp_path / "here.m").read_text().split("mpc.bus")[1]


def command_of(study, bus):
    command = study.witness(bus).command("w.m")
    assert command.startswith("nodalroom witness ")
    return shlex.split(command)[1:]


def test_the_command_of_a_witness_makes_the_edits_that_have_options(small_file, tmp_path, monkeypatch, run_command):
    monkeypatch.chdir(tmp_path)
    net = nr.read(small_file).with_ratings(factor=0.9).with_ratings({5: 100.5}).with_ratings({1: 130}, "B")
    net = net.with_load(4, 10).with_load(5, -3.25, 1).with_load(4, 2, power_factor=1)
    net = net.without(branch=iter([1]), unit=3).without(branch=9, cut_off="isolate")
    study = nr.headroom(net, [5], max_mw=500)
    words = command_of(study, 5)
    edits = [
        "--scale-ratings", "0.9", "--with-rating", "5:100.5:A", "--with-rating", "1:130:B", "--with-load", "4:10",
        "--with-load", "5:-3.25:1", "--with-load", "4:2:0", "--without-branch", "1", "--without-branch", "9",
        "--without-unit", "3", "--cut-off", "isolate",
    ]  # fmt: skip
    assert words == ["witness", str(small_file), "5", "w.m", *edits, "--max-mw", "500.0"]
    for again in (study, pickle.loads(pickle.dumps(study))):
        assert command_of(again, 5) == words
    assert run_command(*words)[0] == 0
    written = (tmp_path / "w.m").read_text()
    assert written.split("mpc.bus")[1] == study.witness(5).text.split("mpc.bus")[1]
    assert "Edited: load at bus 4: +10 MW" in written


@pytest.mark.parametrize(
    "edit",
    [
        lambda net: net.with_dispatch({1: 70}),
        lambda net: net.with_limits(vmax=1.2),
        lambda net: net.with_ratings(factor=2, rating="A"),
        lambda net: net.with_ratings({1: 100}).with_ratings(factor=2),
        lambda net: net.with_ratings(factor=2).with_ratings(factor=2),
        lambda net: net.with_ratings(net.branches[["rate_a_mva"]].iloc[:5]),
    ],
)
def test_edits_without_an_option_are_not_put_into_a_command(edit, small):
    study = nr.headroom(edit(small), [5], max_mw=50)
    assert "small_edited.m" in study.witness(5).command("w.m")


def test_edited_networks_are_pickled_with_their_edits(small):
    edited = small.with_load(4, 50)
    again = pickle.loads(pickle.dumps(edited))
    assert again.edits == edited.edits
    assert again.to_matpower() == edited.to_matpower()
    assert again.case_hash == edited.case_hash != small.case_hash


def test_the_order_of_edits_is_kept_at_the_head():
    net = nr.parse("% terms of use\n" + SMALL, "small.m").with_load(4, 1).with_load(5, 1)
    lines = [line for line in net.to_matpower().splitlines() if line.startswith("%   ")]
    assert [line[4:].split(":")[0] for line in lines] == ["Edited", "Edited", "terms of use"]
    assert "bus 4" in lines[0]
    assert "bus 5" in lines[1]


def test_islands_bridges_and_diagnostics_are_found_anew(small):
    assert list(small.without(branch=6).bridges.index) != list(small.bridges.index)
    edited = small.with_ratings({3: 150})
    assert set(edited.diagnostics["code"]) - set(small.diagnostics["code"]) == {"ratings_fall"}
    assert edited.diagnostics.set_index("code").at["ratings_fall", "line"] == 22
    lone = small.without(unit=2)
    assert lone.buses.at[2, "type"] == "pv"
    assert set(lone.diagnostics["code"]) - set(small.diagnostics["code"])


def test_a_dispatch_found_can_be_put_in_force():
    net = nr.read(DATA / "case24_ieee_rts.m")
    study = nr.headroom(net, [8], redispatch=True)
    again = net.with_dispatch(study.dispatch(8))
    assert again.generators["p_mw"].equals(study.dispatch(8))


def test_parts_without_a_unit_are_isolated_on_demand(small):
    split = small.without(branch=[6, 8], unit=3, cut_off="isolate")
    assert list(split.buses.index[split.buses["type"] == "isolated"]) == [5, 6, 7, 9]
    assert split.edits[-1] == "isolated, without a unit: bus 5, bus 6, bus 7; 45 MW and 11 MVAr of load lost"
    assert not split.branches.loc[[7, 9], "in_service"].any()
    assert set(nr.headroom(split, max_mw=50).table.index) == {1, 2, 3, 4}
    assert small.without(branch=3, cut_off="isolate").edits == ["out of service: branch 3: 2-3 ckt 1"]


BAD = [
    (lambda n: n.with_load(77, 5), "bus: there is no bus 77 in small.m"),
    (lambda n: n.with_load("four", 5), "bus = 'four'; must be a number"),
    (lambda n: n.with_load(4.5, 5), "bus = 4.5; must be a whole number"),
    (lambda n: n.with_load(9, 5), "bus 9 is out of service (type 4)"),
    (lambda n: n.with_load(4, NAN), "mw = nan; must be finite"),
    (lambda n: n.with_load(4, INF), "mw = inf; must be finite"),
    (lambda n: n.with_load(4, "5"), "mw = '5'; must be a number"),
    (lambda n: n.with_load(4, 5, NAN), "mvar = nan; must be finite"),
    (lambda n: n.with_load(4, 5, 1, 0.9), "mvar and power_factor say the same"),
    (lambda n: n.with_load(4, 5, power_factor=0), "power_factor = 0; must be in (0, 1]"),
    (lambda n: n.with_load(4, 5, power_factor=1.1), "power_factor = 1.1; must be in (0, 1]"),
    (lambda n: n.with_load(4, 5, power_factor=NAN), "power_factor = nan; must be in (0, 1]"),
    (lambda n: n.with_load(4, 0), "that is no load"),
    (lambda n: n.without(), "neither branch nor unit"),
    (lambda n: n.without(branch=0), "branch = 0; must be a whole number >= 1"),
    (lambda n: n.without(branch=11), "branch: there is no row 11; the case has 10"),
    (lambda n: n.without(unit=4), "unit: there is no row 4; the case has 3"),
    (lambda n: n.without(branch=[3, 3]), "branch: row 3 is named twice"),
    (lambda n: n.without(branch=[]), "branch is empty"),
    (lambda n: n.without(branch="3"), "branch = '3'; must be a 1-based row"),
    (lambda n: n.without(branch="5-1"), "there is no branch 5-1 in small.m; bus 5 has branches to 4, 6"),
    (lambda n: n.without(branch="6-7"), "6-7 has 2 circuits; say which: 6-7:1 (row 9), 6-7:2 (row 10)"),
    (lambda n: n.without(branch="5-6:2"), "5-6 has no circuit 2; there is 1"),
    (lambda n: n.without(branch=["5-6", 7]), "branch: row 7 is named twice"),
    (lambda n: n.without(unit="1-2"), "unit = '1-2'; must be a 1-based row"),
    (lambda n: n.with_ratings({"5-9": 10}), "ratings: there is no branch 5-9 in"),
    (lambda n: n.with_ratings({"5-6": 10, 7: 20}), "7 is named twice"),
    (lambda n: n.without(branch={3: 1}), "must be a 1-based row"),
    (lambda n: n.without(branch=[NAN]), "branch = nan; must be a whole number"),
    (lambda n: n.without(branch=10), "branch row 10 is out of service already"),
    (lambda n: n.without(branch=3).without(branch=3), "branch row 3 is out of service already"),
    (lambda n: n.without(branch=9), "cuts off bus 7, where no unit is in service; cut_off='isolate' leaves"),
    (lambda n: n.without(unit=[1, 2, 3]), "bus 4 and 3 more, with the reference bus, without any unit"),
    (lambda n: n.without(branch=[6, 8]), "cuts off bus 5, bus 6, bus 7 from the reference bus"),
    (lambda n: n.without(branch=[6, 8], cut_off="isolate"), "its units out as well (generator row 3) with cut_off"),
    (lambda n: n.without(branch=9, cut_off="drop"), "cut_off = 'drop'; must be 'refuse' or 'isolate'"),
    (lambda n: n.with_ratings(), "either ratings by branch row or a factor"),
    (lambda n: n.with_ratings({3: 5}, factor=2), "either ratings by branch row or a factor"),
    (lambda n: n.with_ratings({3: 0}), "rating A of branch row 3 = 0; must be > 0"),
    (lambda n: n.with_ratings({3: -1}), "rating A of branch row 3 = -1; must be > 0"),
    (lambda n: n.with_ratings({3: NAN}), "rating A of branch row 3 = nan; must be finite"),
    (lambda n: n.with_ratings({3: INF}), "rating A of branch row 3 = inf; must be finite"),
    (lambda n: n.with_ratings({3: None}), "rating A of branch row 3 = None; must be a number"),
    (lambda n: n.with_ratings({11: 5}), "there is no row 11; the case has 10"),
    (lambda n: n.with_ratings({}), "ratings A is empty"),
    (lambda n: n.with_ratings([5] * 10), "must be a mapping or Series"),
    (lambda n: n.with_ratings(pd.Series([5, 6], index=[3, 3])), "3 is named twice"),
    (lambda n: n.with_ratings({3: 5}, "D"), "rating = 'D'; must be 'A', 'B' or 'C'"),
    (lambda n: n.with_ratings(pd.DataFrame({"mva": [5]}, index=[3])), "columns are rate_a_mva"),
    (lambda n: n.with_ratings(pd.DataFrame({"rate_a_mva": [5]}, index=[3]), "B"), "the columns of a DataFrame say"),
    (lambda n: n.with_ratings(pd.DataFrame({"rate_a_mva": [NAN]}, index=[3])), "= nan; must be finite"),
    (lambda n: n.with_ratings(factor=0), "factor = 0; must be > 0"),
    (lambda n: n.with_ratings(factor=-1), "factor = -1; must be > 0"),
    (lambda n: n.with_ratings(factor=NAN), "factor = nan; must be finite"),
    (lambda n: n.with_ratings(factor="2"), "factor = '2'; must be a number"),
    (lambda n: n.with_dispatch({4: 5}), "there is no row 4; the case has 3"),
    (lambda n: n.with_dispatch({1: NAN}), "dispatch of generator row 1 = nan; must be finite"),
    (lambda n: n.with_dispatch(pd.Series([1, 2], index=[1, 1])), "1 is named twice"),
    (lambda n: n.with_dispatch([1, 2, 3]), "must be a mapping or Series"),
    (lambda n: n.with_limits(), "neither vmin nor vmax"),
    (lambda n: n.with_limits(vmin=95), "vmin = 95; must be in per unit"),
    (lambda n: n.with_limits(vmin=NAN), "vmin = nan; must be finite"),
    (lambda n: n.with_limits(vmin=1.2), "Vmax must be >= Vmin"),
    (lambda n: n.with_limits(vmax={77: 1.1}), "vmax: there is no bus 77"),
]


@pytest.mark.parametrize(("edit", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_edits_are_refused(edit, message, small):
    with pytest.raises(nr.OptionError) as caught:
        edit(small)
    assert message in str(caught.value)


def test_long_calls_are_logged_and_no_handler_is_installed(small_file, caplog):
    logger = logging.getLogger("nodalroom")
    assert logger.handlers == []
    assert logger.level == logging.NOTSET
    with caplog.at_level(logging.DEBUG, logger="nodalroom"):
        net = nr.read(small_file)
        study = nr.headroom(net, [4, 7], max_mw=50)
        nr.sweep(net)
        net.solve()
        study.ladder(4, 60)
        study.upgrades()
    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert ("INFO", f"read small from {small_file}: 1 diagnostic") in said
    assert ("INFO", "headroom of small: starts") in said
    assert any(level == "INFO" and re.match(r"headroom of small: 2 candidates, \d+\.\d+ s", text) for level, text in said)
    assert any(level == "DEBUG" and "'max_mw': 50.0" in text for level, text in said)
    assert any(level == "DEBUG" and "isolated_buses" in text for level, text in said)
    for what in ("sweep", "ladder of bus 4", "upgrades"):
        assert any(level == "INFO" and text.startswith(f"{what} of small: ") for level, text in said), what
    assert any(level == "DEBUG" and text.startswith("power flow of small: ") for level, text in said)
    assert not any(record.levelno > logging.INFO for record in caplog.records)


def test_a_call_that_is_refused_is_logged_as_such(small, caplog):
    with caplog.at_level(logging.INFO, logger="nodalroom"), pytest.raises(nr.OptionError):
        nr.headroom(small, [77])
    assert any("OptionError: buses: there is no bus 77" in record.getMessage() for record in caplog.records)
