"""Redispatch headroom beside an independent optimum: the figures of tests/validation/redispatch_*, by
tests/validation/generate/redispatch_referee.py (CasADi and Ipopt)."""

from __future__ import annotations

import csv
import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import nodalroom as nr
import numpy as np
import pytest
from conftest import DATA, replaced

VALIDATION = Path(__file__).parents[1] / "validation"
FOLDERS = ["redispatch_case14", "redispatch_case24_ieee_rts", "redispatch_case30_ratings"]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as lines:
        return list(csv.DictReader(lines))


def settings(folder: str) -> dict[str, str]:
    return {row["key"]: row["value"] for row in rows_of(VALIDATION / folder / "case.csv")}


def golden(folder: str) -> dict[int, dict[str, str]]:
    return {int(row["bus"]): row for row in rows_of(VALIDATION / folder / "expected.csv")}


def case_text(folder: str) -> str:
    case = settings(folder)
    text = (DATA / f"{case['case']}.m").read_text()
    if case["ratings"]:
        rates = {int(row["branch_row"]): row["rate_a_mva"] for row in rows_of(VALIDATION / folder / case["ratings"])}
        text = replaced(text, "branch", {row: dict.fromkeys((5, 6, 7), rate) for row, rate in rates.items()})
    return text


def network(folder: str) -> nr.Network:
    return nr.parse(case_text(folder), f"{folder}.m")


@cache
def referee() -> ModuleType:
    path = VALIDATION / "generate" / "redispatch_referee.py"
    spec = importlib.util.spec_from_file_location("redispatch_referee", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@cache
def referee_study(folder: str):
    case = settings(folder)
    ratings = VALIDATION / folder / case["ratings"] if case["ratings"] else None
    return referee().build(referee().read_grid(DATA / f"{case['case']}.m", ratings))


@pytest.mark.parametrize("folder", FOLDERS)
def test_ratings_come_through(folder):
    net = network(folder)
    rated = referee_study(folder).grid
    assert np.allclose(net.branches["rate_a_mva"].to_numpy(), rated.rate_a * rated.base_mva)


@pytest.mark.parametrize("folder", FOLDERS)
def test_redispatch_headroom_is_the_optimum(folder):
    """Within 1 % or 0.2 MW. More than the referee found is wrong too, unless its starts disagreed or were not
    independent: then it may have missed the best."""
    case, expected = settings(folder), golden(folder)
    study = nr.headroom(network(folder), redispatch=True, progress=False)
    wrong: dict[int, str] = {}
    for bus, row in expected.items():
        if row["verified"] != "1":
            continue
        optimum, found = float(row["redispatch_mw"]), float(study.table.loc[bus, "redispatch_mw"])
        tolerance = max(float(case["tolerance_mw"]), float(case["tolerance_share"]) * optimum)
        # Where the relaxed problem was left unsolved, its starts fell back on the fixed rule's modes.
        agreed = row["starts_agree"] == row["starts"] and "relaxed to" not in row["notes"]
        if not found >= optimum - tolerance or (agreed and not found <= optimum + tolerance):
            status = study.table.loc[bus, "redispatch_status"]
            wrong[bus] = f"bus {bus}: {found:.3f} MW ({status}), referee {optimum:.3f} MW ({row['binding']})"
            assert found <= optimum + tolerance or not agreed, wrong[bus]
    assert not wrong, "\n".join(wrong.values())


@pytest.mark.parametrize("folder", FOLDERS)
def test_bound_is_not_below_the_optimum(folder):
    """What the program says is out of reach has not been reached by the referee."""
    expected = golden(folder)
    table = nr.headroom(network(folder), redispatch=True, progress=False, buses=list(expected)[:6]).table
    for bus in table.index:
        optimum = float(expected[bus]["redispatch_mw"])
        assert table.loc[bus, "redispatch_bound_mw"] >= optimum - max(0.2, 0.01 * optimum), bus


@pytest.mark.parametrize("folder", FOLDERS)
def test_figures_are_verified_and_not_below_the_fixed_rule(folder):
    for bus, row in golden(folder).items():
        assert row["verified"] == "1", bus
        assert float(row["redispatch_mw"]) >= float(row["headroom_mw"]) - 0.01, bus


@pytest.mark.parametrize("folder", FOLDERS)
def test_dispatches_leave_nothing_broken(folder):
    """The figures by the referee's power flow alone, without an optimiser: clean at the answer."""
    study, expected = referee_study(folder), golden(folder)
    dispatches = rows_of(VALIDATION / folder / "dispatch.csv")
    assert [int(row["bus"]) for row in dispatches] == list(expected)
    for row in dispatches[::3]:
        bus = int(row["bus"])
        pg_mw = np.array([float(row[f"unit_{unit}_mw"]) for unit in study.grid.unit_row])
        assert (pg_mw >= study.grid.pg_low * study.grid.base_mva - 1e-6).all(), bus
        assert (pg_mw <= study.grid.pg_high * study.grid.base_mva + 1e-6).all(), bus
        worst_pu, s_mw = referee().worst_excess_at(study, bus, float(expected[bus]["redispatch_mw"]), pg_mw)
        assert worst_pu < 1e-5, bus
        assert abs(s_mw) < 1e-3, bus


@pytest.mark.parametrize("folder", FOLDERS)
def test_dispatches_leave_nothing_broken_in_the_library(folder):
    """The library's own sweep of the case with the referee's dispatch and load: whatever it calls violated is
    allowed to be, by what it was without the load."""
    study, expected = referee_study(folder), golden(folder)
    state_of = {name: c for c, name in enumerate(study.states.name)}
    text = case_text(folder)
    for row in rows_of(VALIDATION / folder / "dispatch.csv")[1::4]:
        bus = int(row["bus"])
        load_mw = float(expected[bus]["redispatch_mw"])
        place = int(np.flatnonzero(study.grid.number == bus)[0])
        p_mw = study.grid.load_p[place] * study.grid.base_mva + load_mw
        q_mvar = study.grid.load_q[place] * study.grid.base_mva + load_mw * np.tan(np.arccos(0.95))
        loaded = replaced(text, "bus", {place + 1: {2: repr(float(p_mw)), 3: repr(float(q_mvar))}})
        loaded = replaced(loaded, "gen", {int(u): {1: row[f"unit_{u}_mw"]} for u in study.grid.unit_row})
        swept = nr.sweep(nr.parse(loaded, "loaded.m"), worst_violations=None, progress=False)
        unsolved = swept.table[swept.table["status"] != "converged"]
        names = set(unsolved["contingency_kind"] + " " + unsolved["contingency_row"].astype(str))
        assert names <= set(study.unsolvable), bus
        for found in swept.violations.itertuples():
            state = f"{found.contingency_kind} {found.contingency_row}"
            if state in study.unsolvable:
                continue
            c = state_of["intact 0" if found.contingency_kind == "intact" else state]
            where = f"{folder} bus {bus}: {state}, {found.limit_type} {found.element}"
            if found.limit_type == "thermal":
                k = int(np.flatnonzero(study.grid.branch_row == found.element_row)[0])
                allowed_mva = max(found.limit, study.s0[c, k] * study.grid.base_mva + 0.03 * load_mw)
                assert found.value <= allowed_mva + 0.01, where
            else:
                b = int(np.flatnonzero(study.grid.number == found.element_row)[0])
                assert study.vlow[c, b] - 1e-5 <= found.value <= study.vhigh[c, b] + 1e-5, where


@pytest.mark.parametrize("folder", FOLDERS)
def test_referees_understand_headroom_alike(folder):
    """The fixed rule's headroom: this referee, the other referee and the library."""
    study = referee_study(folder)
    table = nr.headroom(network(folder), progress=False).table["headroom_mw"]
    beside = VALIDATION / folder.replace("redispatch", "headroom", 1) / "headroom.csv"
    other = {int(row["bus"]): row for row in rows_of(beside)}
    for bus in list(other)[::5]:
        load, _ = referee().fixed_rule_headroom(study, int(np.flatnonzero(study.grid.number == bus)[0]))
        assert load * study.grid.base_mva == pytest.approx(float(other[bus]["headroom_mw"]), abs=0.01), bus
        assert load * study.grid.base_mva == pytest.approx(table[bus], abs=0.1), bus


@pytest.mark.parametrize("bus", [3, 24])
def test_figures_can_be_made_again(bus):
    pytest.importorskip("casadi")
    folder = "redispatch_case24_ieee_rts"
    study = referee_study(folder)
    row = referee().redispatch_headroom(study, referee().Problem(study), bus, random_starts=1)
    assert row["verified"] == 1
    assert row["redispatch_mw"] == pytest.approx(float(golden(folder)[bus]["redispatch_mw"]), rel=1e-4, abs=1e-3)
