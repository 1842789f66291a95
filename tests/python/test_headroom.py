"""Headroom studies: columns, options, statuses, threads, output."""

import json
import re
import warnings

import nodalroom as nr
import numpy as np
import pandas as pd
import pytest
from conftest import SMALL

DOCUMENTED = [
    "headroom_mw", "status", "limit_type", "contingency_kind", "contingency", "element", "element_kind", "value",
    "value_without_load", "limit", "factor", "feasible_mw", "violated_mw", "states_solved", "states_total", "certified",
    "thermal_mw",
    "voltage_mw", "collapse_mw", "generation_mw", "radial",
]  # fmt: skip
BESIDE = ["contingency_row", "element_row", "radial_feed", "name", "base_kv", "area"]


@pytest.fixture(scope="module")
def net():
    return nr.parse(SMALL, "small.m")


@pytest.fixture(scope="module")
def study(net):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return nr.headroom(net, max_mw=500, certify="all")


def test_columns_are_the_documented_ones(study):
    assert list(study.table.columns) == DOCUMENTED + BESIDE
    assert study.table.index.name == "bus"
    assert list(study.table.index) == [1, 2, 3, 4, 5, 6, 7]


def test_rows_say_what_limits(study):
    row = study.table.loc[7]
    assert (row["status"], row["limit_type"]) == ("limited", "thermal")
    assert row["element"] == "branch 9: 6-7 ckt 1"
    assert row["element_row"] == 9
    assert row["limit"] == 40
    assert row["value"] == pytest.approx(40, rel=1e-6)
    assert row["radial"]
    assert row["radial_feed"] == "branch 9: 6-7 ckt 1"
    assert row["name"] == 'GOLF "&" co'
    assert row["area"] == 2
    unit = study.table.loc[1]
    assert (unit["contingency_kind"], unit["contingency"], unit["contingency_row"]) == ("unit", "unit 1 at 1", 1)
    assert unit["limit"] == 140  # rate B after an outage


def test_answers_lie_in_their_brackets_and_are_certified(study):
    table = study.table
    assert (table["feasible_mw"] <= table["headroom_mw"]).all()
    assert (table["headroom_mw"] <= table["violated_mw"]).all()
    assert (table["violated_mw"] - table["feasible_mw"] <= 0.2).all()
    assert (table["states_total"] == 12).all()
    assert table["certified"].all()
    smallest = table[["thermal_mw", "voltage_mw", "collapse_mw", "generation_mw"]].min(axis=1)
    assert np.allclose(smallest, table["headroom_mw"], atol=1.0)


def test_an_answer_holds_when_swept(net, study):
    """The sweep of a case with the load connected breaks nothing just below, and the limit just above."""
    bus, answer = 4, study.table.loc[4]
    for load, broken in ((answer["feasible_mw"], False), (answer["violated_mw"], True)):
        p, q = float(50 + load), float(15 + load * np.tan(np.arccos(0.95)))
        loaded = nr.parse(SMALL.replace("4 1 50 15", f"4 1 {p!r} {q!r}"), "loaded.m")
        spare = (net.generators["p_max_mw"] - net.generators["p_mw"]).clip(lower=0)
        found = nr.sweep(loaded, balance=spare).violations
        assert (answer["contingency"] in set(found["contingency"])) == broken, bus


def test_options_in_force_are_kept_and_printed(study):
    assert study.options["balance"] == "spare"
    assert study.options["max_mw"] == 500
    assert study.options["rating_post"] == "B"
    assert study.options["buses"] is None
    assert set(study.options) == {
        "buses", "min_kv", "power_factor", "max_mw", "contingencies", "balance", "balance_area", "rating_intact",
        "rating_post", "attribution", "attribution_voltage", "voltage_band", "voltage_band_post", "voltage_change_max",
        "monitor_min_kv", "q_limits", "certify", "redispatch", "movable_units", "max_moved_mw", "tolerance",
    }  # fmt: skip
    text = repr(study)
    for words in (
        "every energised bus",
        "balance: spare",
        "up to 500 MW",
        "power factor 0.95",
        "B after an outage",
        "7 limited",
    ):
        assert words in text


def test_statuses(net):
    def only(bus, **options):
        return nr.headroom(net, [bus], **options).table.loc[bus]

    capped = only(4, max_mw=20)
    assert (capped["status"], capped["headroom_mw"], capped["limit_type"]) == ("cap_reached", 20, "none")
    assert capped["contingency"] is None
    assert capped["contingency_row"] is pd.NA
    assert capped["thermal_mw"] == np.inf
    starved = only(4, contingencies="none", voltage_band=(0.2, 2.0), attribution=50)
    assert (starved["status"], starved["element_kind"]) == ("generation_limited", "generation")
    assert starved["limit"] == pytest.approx(190 + 70 + 45)
    broken = nr.parse(SMALL.replace("40 0 0 0 0 1 -360", "4 0 0 0 0 1 -360"), "small.m")
    already = nr.headroom(broken, [7]).table.loc[7]
    assert (already["status"], already["headroom_mw"]) == ("already_limited", 0)


def test_limit_types_beyond_thermal(net):
    low = nr.headroom(net, [7], voltage_band_post=(0.97, 1.1), voltage_band=(0.97, 1.1)).table.loc[7]
    assert (low["limit_type"], low["element_kind"], low["limit"]) == ("low_voltage", "bus", 0.97)
    assert low["element"] == 'bus 7 GOLF "&" co'
    assert low["element_row"] == 7
    change = nr.headroom(net, [7], voltage_change_max=0.012).table.loc[7]
    assert (change["limit_type"], change["limit"]) == ("voltage_change", 0.012)
    nose = nr.headroom(net, [7], attribution=50, attribution_voltage=5).table.loc[7]
    assert nose["limit_type"] == "collapse"
    assert np.isnan(nose["limit"])


def test_a_case_without_a_solution_gives_no_number():
    heavy = nr.parse(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"), "heavy.m")
    study = nr.headroom(heavy)
    assert not study.intact_solved
    assert (study.table["status"] == "unsolved").all()
    assert study.table["headroom_mw"].isna().all()
    assert "No number is given" in repr(study)
    assert json.loads(study.to_json())["buses"][0]["headroom_mw"] is None
    with pytest.raises(nr.OptionError):
        study.witness(1)


def test_states_without_a_solution_are_listed():
    """Bus 7 fed by two branches, of which one alone cannot carry its load."""
    text = SMALL.replace("6 7 0.02 0.1 0.01 40 0 0 0 0 1", "6 7 0.05 0.9 0.01 400 0 0 0 0 1")
    text = text.replace("6 7 0.02 0.1 0.01 40 0 0 0 0 0", "6 7 0.02 0.1 0.01 400 0 0 0 0 1")
    study = nr.headroom(nr.parse(text.replace("7 1 5 1", "7 1 60 10"), "small.m"), [4])
    assert list(study.unsolvable["contingency"]) == ["branch 10: 6-7 ckt 2"]
    assert list(study.unsolvable["contingency_row"]) == [10]
    assert study.table.at[4, "states_total"] == study.states_total - 1


def test_threads_do_not_matter(net, activsg200):
    one, two = (nr.headroom(net, threads=n, max_mw=500).table for n in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    buses = [1, 3, 50, 80, 109, 133, 189]
    one, two = (nr.headroom(activsg200, buses, threads=n).table for n in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_candidates(net):
    assert list(nr.headroom(net, [5, 2], max_mw=10).table.index) == [5, 2]
    assert list(nr.headroom(net, 6, max_mw=10).table.index) == [6]
    assert list(nr.headroom(net, np.array([3, 4]), max_mw=10).table.index) == [3, 4]
    assert list(nr.headroom(net, min_kv=200, max_mw=10).table.index) == [1, 2, 3, 4]


def test_balance_forms(net):
    spare = (net.generators["p_max_mw"] - net.generators["p_mw"]).clip(lower=0)
    by_rule = nr.headroom(net, [4, 5], contingencies="branches").table["headroom_mw"]
    given = nr.headroom(net, [4, 5], contingencies="branches", balance=spare)
    assert given.options["balance"] == "weights"
    assert np.allclose(given.table["headroom_mw"], by_rule, atol=0.02)
    in_area = nr.headroom(net, [4, 5], balance_area=2)
    assert in_area.options["balance_area"] == 2
    assert "in area 2" in repr(in_area)
    assert not np.allclose(in_area.table["headroom_mw"], by_rule, atol=0.02)


def test_progress_is_reported_and_its_exceptions_arrive(activsg200):
    calls = []
    nr.headroom(activsg200, list(activsg200.buses.index[:10]), threads=1, progress=lambda *call: calls.append(call))
    assert calls
    stages = [stage for stage, _, _ in calls]
    assert stages[-1] == "candidate buses"
    assert all(0 <= done <= max(total, 1) for _, done, total in calls)

    def fail(*_):
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        nr.headroom(activsg200, progress=fail)


def test_csv_parquet_and_json_hold_the_table(study, tmp_path):
    study.to_csv(tmp_path / "h.csv")
    from_csv = pd.read_csv(tmp_path / "h.csv", index_col="bus", dtype=str)
    assert list(from_csv.columns) == list(study.table.columns)
    assert [float(text) for text in from_csv["headroom_mw"]] == list(study.table["headroom_mw"])
    assert list(from_csv["name"])[1] == "BRAVO, <b>north</b>"
    assert study.to_csv() == (tmp_path / "h.csv").read_text()

    content = json.loads(study.to_json())
    assert content["options"]["balance"] == "spare"
    assert content["complete"] is True
    assert [row["bus"] for row in content["buses"]] == list(study.table.index)
    assert content["buses"][0]["headroom_mw"] == study.table["headroom_mw"].iloc[0]
    assert list(content["buses"][0]) == ["bus", *DOCUMENTED, *BESIDE]

    pytest.importorskip("pyarrow")
    study.to_parquet(tmp_path / "h.parquet")
    again = pd.read_parquet(tmp_path / "h.parquet")
    assert list(again.columns) == list(study.table.columns)
    assert again["headroom_mw"].equals(study.table["headroom_mw"])
    assert again["contingency_row"].equals(study.table["contingency_row"])
    assert list(again["element"]) == list(study.table["element"])
    assert again.attrs["nodalroom"]["options"]["balance"] == "spare"


def test_witness_is_a_case_with_the_load_and_the_outage(study):
    witness = study.witness(4)
    assert witness.load_mw == pytest.approx(study.table.at[4, "headroom_mw"])
    again = nr.parse(witness.text, "witness.m")
    assert again.loads.set_index("bus").at[4, "p_mw"] == pytest.approx(50 + witness.load_mw)
    assert not again.branches.at[study.table.at[4, "contingency_row"], "in_service"]
    flow = again.solve(q_limits=False)
    row = study.table.loc[4]
    assert flow.branches.at[row["element_row"], "s_mva"] == pytest.approx(row["limit"], rel=1e-5)
    assert witness.command() == "nodalroom witness small.m 4 witness_4.m --max-mw 500.0 --certify all"


@pytest.mark.parametrize("bus", [9, 77])
def test_no_witness_of_what_was_not_studied(study, bus):
    with pytest.raises(nr.OptionError, match=str(bus)):
        study.witness(bus)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"buses": [77]}, "buses: there is no bus 77 in small.m; the nearest numbers are 6, 7, 9"),
        ({"movable_units": [1]}, "movable_units says what redispatch may move, and is nothing without redispatch=True"),
        ({"max_moved_mw": 10}, "max_moved_mw says what redispatch may move"),
        ({"buses": [4], "min_kv": 100}, "min_kv = 100 and buses: give one of them"),
        ({"min_kv": 345}, "min_kv = 345: no bus in service is at or above it; the highest is 230 kV"),
    ],
)
def test_options_that_would_say_nothing_are_refused(small, options, said):
    with pytest.raises(nr.OptionError, match=re.escape(said)):
        nr.headroom(small, **options, progress=False)


def test_unknown_buses_are_answered_with_the_nearest(small):
    study = nr.headroom(small, [4], max_mw=50, progress=False)
    for call in (study.ladder, study.witness):
        with pytest.raises(nr.OptionError, match="there is no bus 77 in small.m; the nearest numbers are 6, 7, 9"):
            call(77)
