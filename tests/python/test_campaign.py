"""The campaign (script/campaign): that each of its checks can fail, and a minute of it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
FAULTS = ROOT / "tests" / "faults"
sys.path.insert(0, str(ROOT / "tests"))

from campaign import below, changes, dispatches, grids, powerflow, rows, solutions, states, watchdog, witnesses  # noqa: E402
from campaign import case as tables  # noqa: E402
from campaign.checks import Checks, Finding  # noqa: E402
from campaign.options import words  # noqa: E402
from campaign.script import Script, needed  # noqa: E402
from campaign.tasks import Task  # noqa: E402

#: A seed of its own: those of longer runs are others.
SEED, TASKS = 20_261, 450


# ---------------------------------------------------------------- solutions
def solved_case(name: str = "case14") -> tuple[tables.Case, solutions.Solved]:
    """A solution by plain Newton, and the case with room for its reactive power."""
    case = grids.shipped(name)
    v = powerflow.solve(case, tolerance=1e-11)
    assert v is not None
    grid = powerflow.Grid(case)
    made = (v * np.conj(grid.y @ v) + grid.load) * case.base
    rows_of = case.rows()
    at = np.array([rows_of[int(number)] for number in case.gen[:, tables.G_BUS]])
    q = made.imag[at]
    p = case.gen[:, tables.PG].copy()
    p[0] = made.real[at[0]]
    held = ["yes" if row in at else "no" for row in range(len(case.bus))]
    case.gen[:, tables.QMAX], case.gen[:, tables.QMIN] = q + 5, q - 5
    return case, solutions.Solved(np.abs(v), np.degrees(np.angle(v)), p, q, held)


def kinds(case: tables.Case, found: solutions.Solved, **options: object) -> set[str]:
    return {kind for kind, _ in solutions.faults(case, found, {"balance": "reference", **options})}


def test_a_solution_has_no_faults():
    assert kinds(*solved_case()) == set()


def test_a_voltage_that_is_off_breaks_the_balance():
    case, found = solved_case()
    found.vm[13] += 1e-6
    assert kinds(case, found) == {"solve: balance"}


def test_a_balance_that_others_have_breaks_the_shares():
    assert "solve: shares" in kinds(*solved_case(), balance="spare")


def test_shares_follow_the_rule():
    case, _ = solved_case("case9")
    case.gen[:, tables.PG], case.gen[:, tables.PMAX] = [50, 100, 200], [100, 100, 350]
    assert tables.shares(case, "spare").tolist() == [0.25, 0, 0.75]
    assert tables.shares(case, "reference").tolist() == [1, 0, 0]
    assert tables.shares(case, [1, 1, 2]).tolist() == [0.25, 0.25, 0.5]
    case.gen[2, tables.PMAX] = -10  # a dispatchable load
    assert tables.shares(case, "pmax").tolist() == [0.5, 0.5, 0]


def test_reactive_power_beyond_its_range_is_found():
    case, found = solved_case()
    case.gen[1, tables.QMAX] = found.q_mvar[1] - 0.01
    assert kinds(case, found) == {"solve: reactive limits"}
    assert kinds(case, found, q_limits=False) == set()


@pytest.mark.parametrize(("said", "wrong"), [("at_q_max", {"solve: complementarity"}), ("no", set())])
def test_a_bus_held_at_a_limit_has_to_be_there(said: str, wrong: set[str]):
    case, found = solved_case()
    found.held[1] = said
    assert kinds(case, found) == wrong


def test_a_bus_let_go_on_the_wrong_side_is_found():
    case, found = solved_case()
    case.gen[1, tables.QMAX], found.held[1] = found.q_mvar[1], "at_q_max"
    assert kinds(case, found) == set()
    case.gen[1, tables.VG] -= 0.01  # now the voltage is above the setpoint, and the limit not needed
    assert kinds(case, found) == {"solve: complementarity"}


def test_a_solution_in_which_nobody_holds_a_voltage_is_found():
    case, found = solved_case("case9")
    for row in range(3):
        case.gen[row, tables.QMAX], found.held[row] = found.q_mvar[row], "at_q_max"
    assert kinds(case, found) == set()  # all at a limit: they could
    # Units at PQ buses hold none, and the reference bus has lost its unit.
    case.bus[1:3, tables.TYPE], case.gen[0, tables.G_ON], found.held[:3] = tables.PQ, 0, ["no"] * 3
    assert "solve: somebody holds a voltage" in kinds(case, found)


def test_a_setpoint_that_is_not_held_is_found():
    case, found = solved_case()
    case.gen[2, tables.VG] += 1e-4
    assert kinds(case, found) == {"solve: setpoints"}


def test_a_reference_angle_that_is_off_is_found():
    case, found = solved_case()
    found.va += 1
    assert kinds(case, found) == {"solve: reference angle"}


def test_a_case_without_a_live_bus_has_no_solution():
    case, found = solved_case()
    case.bus[:, tables.TYPE] = tables.DEAD
    assert kinds(case, found) == {"solve: no live bus"}


# ---------------------------------------------------------------- rows
def row(**changed: object) -> pd.Series:
    """A row of a study as it should be."""
    good = {
        "headroom_mw": 40.0,
        "status": "limited",
        "limit_type": "thermal",
        "value": 100.001,
        "value_without_load": 60.0,
        "limit": 100.0,
        "factor": 0.9,
        "feasible_mw": 39.995,
        "violated_mw": 40.005,
        "states_solved": 9,
        "states_total": 9,
        "certified": True,
        "thermal_mw": 40.0,
        "voltage_mw": 50.0,
        "collapse_mw": np.inf,
        "generation_mw": np.inf,
        "contingency": "intact",
        "element": "branch 1",
        "redispatch_status": "limited",
        "redispatch_mw": 50.0,
        "redispatch_bound_mw": 50.1,
        "redispatch_moved_mw": 5.0,
        "redispatch_states_solved": 9,
        "redispatch_certified": True,
    }
    return pd.Series({**good, **changed}, name=4, dtype=object)


def row_kinds(changed: dict[str, object], **options: object) -> set[str]:
    checks = Checks()
    rows.check_row(checks, row(**changed), {"max_mw": 500.0, **options}, "bus 4", [])
    return checks.kinds()


def test_a_good_row_passes():
    assert row_kinds({}) == set()
    cap = {
        "status": "cap_reached",
        "headroom_mw": 500.0,
        "feasible_mw": 500.0,
        "violated_mw": np.nan,
        "limit_type": "none",
    }
    assert row_kinds({**cap, "thermal_mw": np.inf, "voltage_mw": np.inf}) == set()


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"status": "fine"}, "row: statuses"),
        ({"headroom_mw": np.inf}, "row: finite"),
        ({"value": np.nan}, "row: finite"),
        ({"violated_mw": np.inf}, "row: finite"),
        ({"headroom_mw": 600.0}, "row: finite"),
        ({"feasible_mw": 40.1}, "row: brackets"),
        ({"violated_mw": 72.0}, "row: widths"),
        ({"thermal_mw": 39.0}, "row: least of its types"),
        ({"thermal_mw": 41.0}, "row: least of its types"),
        ({"states_solved": 8}, "row: certificates"),
        ({"status": "cap_reached", "violated_mw": np.nan}, "row: brackets"),
        ({"status": "already_limited"}, "row: brackets"),
        ({"status": "unsolved"}, "row: statuses"),
        ({"limit_type": "collapse", "violated_mw": 40.5}, "row: widths"),
    ],
)
def test_rows_that_cannot_be_are_found(changed: dict[str, object], kind: str):
    assert kind in row_kinds(changed)


def test_a_row_that_is_not_certified_is_found_where_all_were_asked_for():
    assert row_kinds({"states_solved": 8, "certified": False}) == set()
    assert row_kinds({"states_solved": 8, "certified": False}, certify="all") == {"row: certify='all'"}


@pytest.mark.parametrize(
    ("changed", "options", "holds"),
    [
        ({}, {}, True),
        ({"value": 101.0}, {}, False),
        ({"value": 102.0, "value_without_load": 98.0}, {"attribution": 0.1}, True),
        (
            {"limit_type": "low_voltage", "value": 0.935, "value_without_load": 0.94, "limit": 0.94, "factor": -1e-4},
            {},
            True,
        ),
        (
            {"limit_type": "low_voltage", "value": 0.90, "value_without_load": 0.97, "limit": 0.94, "factor": -1e-4},
            {},
            False,
        ),
        (
            {"limit_type": "high_voltage", "value": 1.2, "value_without_load": 1.0, "limit": 1.1, "factor": 1e-4},
            {},
            False,
        ),
    ],
)
def test_a_value_away_from_its_limit_is_found(changed: dict[str, object], options: dict[str, object], holds: bool):
    assert (rows.at_its_limit(row(**changed), options) == "") == holds


@pytest.mark.parametrize(
    ("changed", "options", "kind"),
    [
        ({}, {}, None),
        ({"redispatch_mw": 39.9}, {}, "redispatch: not below the fixed rule"),
        ({"redispatch_mw": np.inf}, {}, "redispatch: finite"),
        ({"redispatch_mw": 501.0}, {}, "redispatch: finite"),
        ({}, {"max_moved_mw": 4.0}, "redispatch: moved within its cap"),
        ({"redispatch_states_solved": 8}, {}, "redispatch: certificates"),
        ({"redispatch_status": "fine"}, {}, "redispatch: statuses"),
    ],
)
def test_redispatch_rows_that_cannot_be_are_found(
    changed: dict[str, object], options: dict[str, object], kind: str | None
):
    checks = Checks()
    rows.check_redispatch_row(checks, row(**changed), {"max_mw": 500.0, **options}, "bus 4", [])
    assert checks.kinds() == ({kind} if kind else set())


# ---------------------------------------------------------------- what counts, and answers that must agree
def test_what_counts_is_found():
    case, found = solved_case()
    case.bus[:, [tables.VMAX, tables.VMIN]] = [2, 0]
    flow = powerflow.Grid(case).loading(found.v)
    intact, options = states.State("intact"), {"attribution": 0.03}

    def counts(load: float, changed: float = 1.0) -> list[str]:
        return states.counting(case, intact, options, load, found.v * changed, found.v * 0.9)

    assert counts(10.0) == []
    case.branch[2, tables.RATE_A] = flow[2] * 0.99
    assert len(counts(10.0)) == 1
    assert counts(1e6) == []  # the load moves it by less than 3 %
    case.bus[4, tables.VMAX] = found.vm[4] - 0.01
    assert len(counts(10.0)) == 2
    case.bus[4, tables.VMAX] = 2
    case.bus[5, tables.VMIN] = found.vm[5] * 0.9
    assert len(counts(10.0, changed=0.85)) == 1  # at a lower voltage, and with less flow


def test_limits_broken_are_counted():
    case, found = solved_case()
    case.bus[:, [tables.VMAX, tables.VMIN]] = [2, 0]
    intact = states.State("intact")
    assert states.broken(case, intact, {}, found.v, 0) == (0, 0)
    case.branch[2, tables.RATE_A] = powerflow.Grid(case).loading(found.v)[2] * 0.99
    case.bus[4, tables.VMAX] = found.vm[4] - 0.01
    assert states.broken(case, intact, {}, found.v, 0) == (1, 1)
    assert states.broken(case, intact, {}, found.v, 0.1) == (0, 0)
    assert states.broken(case, intact, {"voltage_band": (1.08, 2.0)}, found.v, 0) == (1, 13)


def test_states_are_those_of_the_definition():
    assert [str(state) for state in states.states(grids.shipped("case9"))] == [
        *(
            "intact",
            "branch 2",
            "branch 3",
            "branch 5",
            "branch 6",
            "branch 8",
            "branch 9",
            "unit 1",
            "unit 2",
            "unit 3",
        )
    ]
    case = grids.shipped("case9")
    alone = {"balance": "reference"}
    assert not states.somebody_balances(case, states.State("unit", 1), alone)
    assert states.somebody_balances(case, states.State("unit", 2), alone)


def test_answers_that_differ_or_rise_are_found():
    assert not changes.figures_differ(row(), row(headroom_mw=40.1))
    assert changes.figures_differ(row(), row(headroom_mw=40.3))
    assert changes.figures_differ(row(), row(headroom_mw=np.nan))
    assert not changes.figures_differ(row(), row(headroom_mw=41.5, limit_type="collapse"))
    assert changes.figures_differ(row(), row(headroom_mw=40.001), exactly=True)
    assert changes.rises(row(), row(headroom_mw=40.3)) and not changes.rises(row(), row(headroom_mw=30.0))


NO_BAND = {"contingencies": "none", "voltage_band": (0.0, 2.0), "balance": "pmax"}


@pytest.mark.parametrize(("options", "factor", "kinds_found"), [
    ({"contingencies": "branches"}, 1.0, set()),
    ({"contingencies": "branches"}, 1.3, {"below: counts below the answer"}),
    (NO_BAND, 1.2, {"below: no solution below the answer"}),
])  # fmt: skip
def test_an_answer_that_is_too_high_is_found(
    tmp_path, options: dict[str, object], factor: float, kinds_found: set[str]
):
    script = Script(tmp_path)
    checks = Checks(script)
    case = grids.shipped("case9")
    if "voltage_band" in options:
        case.branch[:, tables.RATE_A : tables.RATE_C + 1] = 0
    script.case("net", case)
    study = script.run(f"study = nr.headroom(net, buses=[7], threads=1, progress=False{words(options)})")
    found = study.table.loc[7].copy()
    found["feasible_mw"] *= factor
    looking = below.Below(script, checks, case, 7, options)
    below.check_below(looking, found, np.random.default_rng(1))
    assert checks.kinds() == kinds_found and checks.counts["below: counts below the answer"] > 3


def test_units_out_of_their_range_are_found():
    checks, case = Checks(), grids.shipped("case9")
    dispatches.check_ranges(checks, case, np.array([250.0, 300.0, 10.0]), 1)
    assert not checks.findings
    dispatches.check_ranges(checks, case, np.array([250.0, 300.01, 10.0]), 1)
    assert checks.kinds() == {"redispatch: units in range"}


def test_a_dispatch_at_which_something_counts_is_found(tmp_path):
    script = Script(tmp_path)
    checks, case = Checks(script), grids.shipped("case9")
    script.case("net", case)
    study = script.run("study = nr.headroom(net, buses=[5], redispatch=True, threads=1, progress=False)")
    dispatches.check_dispatch(script, checks, case, study.table.loc[5], 5, {})
    assert not checks.findings
    more = study.table.loc[5].copy()
    more["redispatch_mw"] += 3
    dispatches.check_dispatch(script, checks, case, more, 5, {})
    assert "redispatch: nothing counts at its dispatch" in checks.kinds()


def test_redispatch_without_a_figure_by_the_rule_is_no_finding():
    checks = Checks()
    without = row(status="not_settled", headroom_mw=np.nan)
    rows.check_redispatch_row(checks, without, {"max_mw": 500.0}, "bus 4", [])
    assert not checks.findings
    without["redispatch_mw"] = -1.0
    rows.check_redispatch_row(checks, without, {"max_mw": 500.0}, "bus 4", [])
    assert checks.kinds() == {"redispatch: not below the fixed rule"}


def test_only_units_of_the_island_have_ranges():
    case = tables.read_case((FAULTS / "f_redispatch_other_island.m").read_text())
    checks, dispatch = Checks(), case.gen[:, tables.PG].copy()
    dispatch[3] += 2.5  # past Pmax, in the island of bus 70
    dispatches.check_ranges(checks, case, dispatch, 4)
    assert not checks.findings
    dispatches.check_ranges(checks, case, dispatch, 70)
    assert checks.kinds() == {"redispatch: units in range"}


def checked_dispatch(
    tmp_path: Path, name: str, bus: int, options: dict, wrong_by_mw: float = 0.0
) -> tuple[Checks, pd.Series]:
    """What a dispatch put back comes to, the first unit's output off by so much."""
    script = Script(tmp_path)
    checks, case = Checks(script), tables.read_case((FAULTS / name).read_text())
    script.case("net", case)
    call = words({"buses": [bus], "redispatch": True, "threads": 1, "progress": False, **options})
    study = script.run(f"study = nr.headroom(net{call})")

    def dispatch(of: int) -> pd.Series:
        found = study.dispatch(of).copy()
        found.iloc[0] += wrong_by_mw
        return found

    script.names["study"] = SimpleNamespace(dispatch=dispatch, witness=study.witness, table=study.table)
    dispatches.check_dispatch(script, checks, case, study.table.loc[bus], bus, options)
    return checks, study.table.loc[bus]


def test_a_dispatch_balances_in_the_solution_that_was_followed(tmp_path):
    options = {
        "balance_area": 2,
        "contingencies": "none",
        "voltage_band": (0.9, 1.06),
        "power_factor": 0.8,
        "attribution": 0.0,
        "max_moved_mw": 50.0,
    }
    name = "f_redispatch_two_solutions.m"
    checks, _ = checked_dispatch(tmp_path, name, 136, options)
    assert not checks.findings
    assert checks.counts["redispatch: dispatch balances its load"] == 1
    checks, _ = checked_dispatch(tmp_path, name, 136, options, wrong_by_mw=1.0)
    assert "redispatch: dispatch balances its load" in checks.kinds()


def test_a_dispatch_at_0_mw_is_put_back_without_a_load(tmp_path):
    options = {"balance": "reference", "power_factor": 0.9, "attribution": 0.0, "max_moved_mw": 0.0}
    checks, row = checked_dispatch(tmp_path, "f_redispatch_nothing_fits.m", 3, options)
    assert row["feasible_mw"] == 0
    assert not checks.findings
    assert checks.counts["redispatch: dispatch balances its load"] == 1


# ---------------------------------------------------------------- witnesses
def witness_kinds(text: str, case: tables.Case) -> set[str]:
    return {kind for kind, _ in witnesses.check_witness(case, text, None, {})}


def test_witnesses_that_are_wrong_are_found():
    case, found = solved_case()
    made = case.copy()
    made.bus[:, tables.VM], made.bus[:, tables.VA] = found.vm, found.va
    made.gen[:, tables.PG], made.gen[:, tables.QG] = found.p_mw, found.q_mvar
    assert witness_kinds(tables.write_case(made, "good"), case) == set()
    moved = made.copy()
    moved.bus[8, tables.VM] += 0.01
    assert witness_kinds(tables.write_case(moved, "moved"), case) == {"witness: solves"}
    heavy = made.copy()
    heavy.bus[:, tables.PD] *= 10
    assert "witness: solves" in witness_kinds(tables.write_case(heavy, "heavy"), case)
    bare = made.copy()
    bare.bus[[0, 3], tables.TYPE] = [tables.PV, tables.REF]
    assert "witness: reference with a unit" in witness_kinds(tables.write_case(bare, "bare"), case)
    free = made.copy()
    free.bus[1, tables.TYPE] = tables.PQ
    assert witness_kinds(tables.write_case(free, "free"), case) == set()
    case.gen[1, tables.VG] += 0.01  # which nothing holds any more
    assert witness_kinds(tables.write_case(free, "free"), case) == {"witness: complementarity"}
    case.gen[1, tables.QMAX] = found.q_mvar[1] - 1
    assert witness_kinds(tables.write_case(free, "free"), case) == {"witness: reactive limits"}


# ---------------------------------------------------------------- the machinery
@pytest.mark.parametrize("change", [*grids.CHANGES, *grids.ODD])
def test_each_change_changes_something(change):
    rng = np.random.default_rng(1)
    for _ in range(20):
        case = grids.shipped("case14")
        if change(rng, case):
            assert tables.write_case(case, "a") != tables.write_case(grids.shipped("case14"), "a")
            assert tables.write_case(tables.read_case(tables.write_case(case, "a")), "a") == tables.write_case(
                case, "a"
            )
            return
    pytest.fail("it never did anything")


def test_a_reversed_branch_is_the_same_grid(tmp_path):
    case = grids.shipped("case14")
    case.branch[4, tables.SHIFT] = 3
    v = powerflow.solve(case)

    class Asked:
        options = {"buses": [4]}
        script = type("Script", (), {"case": lambda self, name, changed: setattr(self, "made", changed)})()

        def other(self, *_, **__):
            return None

        def same(self, *_, **__):
            pass

    asked = Asked()
    asked.case = case
    changes.reversed_branches(asked, np.random.default_rng(3))
    assert (asked.script.made.branch[:, 0] != case.branch[:, 0]).sum() > 5
    assert np.abs(powerflow.solve(asked.script.made) - v).max() < 1e-9


def test_a_task_depends_on_seed_and_number_alone(tmp_path):
    def lines(number: int) -> tuple[list[str], dict[str, str]]:
        task = Task(7, number, tmp_path)
        task.run()
        return task.script.lines, task.script.files

    first = lines(3)
    lines(4)
    assert lines(3) == first and len(first[0]) > 1


def test_what_gives_a_finding_again_is_what_leads_to_it():
    lines = ["net = read()", "a = net.x(1)", "b = net.x(2)", "a = net.x(3)", "c = a.y(b)"]
    assert needed(lines, ["a"]) == ["net = read()", "a = net.x(3)"]
    assert needed(lines, []) == ["net = read()", "b = net.x(2)", "a = net.x(3)", "c = a.y(b)"]
    assert needed(lines, [], "b.z") == [*needed(lines, []), "print(b.z)"]


STUB = """
import json, sys, os, signal
for line in sys.stdin:
    seed, number = json.loads(line)
    def tell(**what): print(json.dumps(what), flush=True)
    tell(begun=number)
    tell(line=f"net = {number}")
    if number == 1:
        while True: pass
    if number == 2:
        os.kill(os.getpid(), signal.SIGSEGV)
    tell(done=number, counts={"a": 2}, findings=[])
"""


def test_the_watchdog_sees_hangs_and_crashes_and_goes_on():
    found: dict[int, Finding] = {}
    result = watchdog.campaign(1, 60, 1, 1.0, found.__setitem__, iter(range(5)), [sys.executable, "-c", STUB])
    assert result.tasks == 5 and result.counts["a"] == 6
    assert {number: finding.kind for number, finding in found.items()} == {1: "hangs", 2: "crashes"}
    assert "SIGSEGV" in found[2].message and found[1].lines == ["net = 1"]


def test_the_watchdog_ends_in_time():
    since = time.monotonic()
    watchdog.campaign(1, 1.0, 2, 2.0, lambda *_: None, itertools.count(3), [sys.executable, "-c", STUB])
    assert time.monotonic() - since < 10


def test_a_minute_of_the_campaign_finds_nothing(tmp_path):
    """A fixed number of tasks, so that every machine runs the same ones: some 40 s on one processor."""
    command = [ROOT / "script" / "campaign", "--minutes", 10, "--tasks", TASKS, "--seed", SEED, "--out", tmp_path]
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, "PYTHON": sys.executable},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "solve: balance" in done.stdout and "row: brackets" in done.stdout
