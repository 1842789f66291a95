"""Two studies beside each other."""

import math

import nodalroom as nr
import pandas as pd
import pytest
from conftest import DATA, SMALL


@pytest.fixture(scope="module")
def net():
    return nr.parse(SMALL, "small.m")


@pytest.fixture(scope="module")
def study(net):
    return nr.headroom(net, max_mw=500)


def test_a_study_and_itself(study):
    found = study.compare(study)
    assert (found.table["change_mw"] == 0).all()
    assert set(found.table["why"]) == {"same limit, unchanged"}
    assert found.options.empty
    assert found.same_case
    assert "Headroom: 0 higher, 0 lower, 7 the same" in repr(found)
    assert found.largest_changes().empty


def test_figures_are_those_of_the_studies(study, net):
    other = nr.headroom(net.with_load(4, 10), [7, 4, 1], max_mw=500)
    found = study.compare(other).table
    assert found.index.name == "bus"
    assert list(found.index) == list(study.table.index)
    for bus, row in found.iterrows():
        assert row["before_mw"] == study.table.at[bus, "headroom_mw"]
        for name in ("status", "limit_type", "contingency", "element", "value", "limit"):
            assert row[f"{name}_before"] == study.table.at[bus, name]
        if bus in other.table.index:
            assert row["after_mw"] == other.table.at[bus, "headroom_mw"]
            assert row["change_mw"] == row["after_mw"] - row["before_mw"]
            assert row["element_after"] == other.table.at[bus, "element"]
        else:
            assert math.isnan(row["after_mw"])
            assert math.isnan(row["change_mw"])
            assert row["status_after"] is None
            assert row["why"] == "only in the first"
    back = other.compare(study).table
    assert list(back.index) == [7, 4, 1, 2, 3, 5, 6]
    assert list(back["why"][-4:]) == ["only in the second"] * 4
    assert back.at[2, "name"] == "BRAVO, <b>north</b>"
    assert back.at[2, "base_kv"] == 230


def why(before, after, bus):
    return before.compare(after).table.at[bus, "why"]


def test_why_a_limit_that_was_raised(study, net):
    held = study.table.loc[7]
    assert held["element"] == "branch 9: 6-7 ckt 1"
    raised = nr.headroom(net.with_ratings({9: 41}), [7], max_mw=500)
    assert why(study, raised, 7) == "same element, its limit 40 -> 41 MVA; higher"
    assert why(raised, study, 7) == "same element, its limit 41 -> 40 MVA; lower"


def test_why_another_limit(study, net):
    raised = nr.headroom(net.with_ratings({9: 400}), [7], max_mw=500)
    row = raised.table.loc[7]
    assert why(study, raised, 7) == f"now held by {row['element']} (thermal, after {row['contingency']})"
    intact = nr.headroom(net, [7], max_mw=500, contingencies="none")
    assert why(raised, intact, 7).endswith("(thermal, intact)")


def test_why_the_same_limit_moves(study, net):
    other = nr.headroom(net, [7], max_mw=500, power_factor=0.8)
    assert why(study, other, 7) == "same limit, lower"
    assert why(other, study, 7) == "same limit, higher"


def test_why_nothing_holds(study, net):
    capped = nr.headroom(net, [7], max_mw=5)
    assert why(study, capped, 7) == "nothing holds it up to the cap now"
    assert why(capped, capped, 7) == "at the cap in both, unchanged"
    assert why(capped, nr.headroom(net, [7], max_mw=6), 7) == "at the cap in both, higher"


def test_why_generation(study, net):
    ample = nr.headroom(net.with_ratings(factor=100).with_limits(0.5, 1.5), [7], max_mw=1900, contingencies="none")
    kind = ample.table.at[7, "limit_type"]
    if kind == "generation":
        assert why(study, ample, 7) == "now held by spare generation"
    else:
        assert kind == "collapse"
        assert "collapse" in why(study, ample, 7)


def test_why_no_number(study):
    heavy = nr.headroom(nr.parse(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"), "heavy.m"))
    assert why(study, heavy, 7) == "the second has no number (unsolved)"
    assert why(heavy, study, 7) == "the first has no number (unsolved)"
    assert "Headroom" not in dict(study.compare(heavy).facts())


def test_options_that_differ(study, net):
    other = nr.headroom(net.with_load(4, 1), max_mw=500, certify="all", balance=[1, 1, 1], voltage_band=(0.9, 1.1))
    options = study.compare(other).options
    assert options.index.name == "option"
    assert list(options.columns) == ["first", "second"]
    assert set(options.index) == {"certify", "balance", "weights", "voltage_band", "edits"}
    assert tuple(options.loc["certify"]) == ("screened", "all")
    assert options.at["voltage_band", "first"] is None
    assert options.at["voltage_band", "second"] == (0.9, 1.1)
    assert options.at["weights", "second"] == [1, 1, 1]
    assert options.at["edits", "second"] == ["load at bus 4: +1 MW, +0.328684 MVAr"]
    assert "Option certify: screened | all" in repr(study.compare(other))
    weights = nr.headroom(net, max_mw=500, balance=[1, 2, 1]), nr.headroom(net, max_mw=500, balance=[1, 1, 1])
    assert list(weights[0].compare(weights[1]).options.index) == ["weights"]


def test_redispatch_figures_where_both_have_them():
    net = nr.read(DATA / "case9.m")
    with_it, without = nr.headroom(net, redispatch=True), nr.headroom(net)
    assert "redispatch_before_mw" not in with_it.compare(without).table
    capped = nr.headroom(net, [5], redispatch=True, max_moved_mw=0)
    found = with_it.compare(capped).table
    assert found.at[5, "redispatch_before_mw"] == with_it.table.at[5, "redispatch_mw"]
    assert found.at[5, "redispatch_after_mw"] == capped.table.at[5, "redispatch_mw"]
    assert found.at[5, "redispatch_change_mw"] == found.at[5, "redispatch_after_mw"] - found.at[5, "redispatch_before_mw"]
    assert found.at[5, "redispatch_status_before"] == with_it.table.at[5, "redispatch_status"]
    assert found.at[9, "redispatch_status_after"] is None


def test_other_cases_are_matched_by_number_and_said():
    nine, fourteen = (nr.headroom(nr.read(DATA / f"{name}.m"), max_mw=100) for name in ("case9", "case14"))
    found = nine.compare(fourteen)
    assert not found.same_case
    assert "buses are matched by number" in repr(found)
    assert "9 buses in both, 5 only in the second" in repr(found)
    assert len(found.table) == 14


def test_an_edit_is_another_case_and_said(study, net):
    found = study.compare(nr.headroom(net.with_load(4, 1), max_mw=500))
    assert "changed or edited between the studies" in repr(found)


def test_nothing_in_common_is_refused(net):
    with pytest.raises(nr.OptionError, match="have no bus in common"):
        nr.headroom(net, [1], max_mw=5).compare(nr.headroom(net, [2], max_mw=5))


def test_only_studies_are_compared(study):
    with pytest.raises(TypeError, match="needs a Study, not DataFrame"):
        study.compare(study.table)


def test_a_saved_study_beside_a_new_one(study, net, tmp_path):
    study.save(tmp_path / "before.nodalroom")
    found = nr.load(tmp_path / "before.nodalroom").compare(nr.headroom(net.with_load(4, 10), max_mw=500))
    assert not found.same_case
    assert (found.table["change_mw"] < 0).any()
    largest = found.largest_changes(3)
    assert len(largest) == 3
    assert largest["change_mw"].abs().is_monotonic_decreasing
    assert repr(found).count("\n  Bus ") == 5
    pd.testing.assert_frame_equal(found.table, study.compare(found.second).table)
