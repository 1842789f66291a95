"""A redispatch figure put back: units in range, and nothing counts with that dispatch and load (section 9)."""

from __future__ import annotations

from typing import Any

import numpy as np
from nodalroom.errors import NodalroomError

from .case import G_BUS, G_ON, PD, PG, PMAX, PMIN, VA, VM, Case, islands, read_case
from .checks import Checks
from .options import of_flow, words
from .powerflow import Grid
from .script import Script
from .solutions import LOW_PU, lowest, nobody_holds, solved
from .states import State, counting, somebody_balances, states

#: Section 9 promises units within their ranges to this, MW.
RANGE_MW = 0.001
#: A dispatch put back balances its load with every unit within this of it, MW.
BALANCE_MW = 0.2


def check_dispatch(script: Script, checks: Checks, case: Case, row: Any, bus: int, options: dict[str, Any]) -> None:
    found = row["redispatch_mw"]
    if not np.isfinite(found) or row["redispatch_status"] == "not_settled":
        return
    dispatch = script.run(f"dispatch = study.dispatch({bus})").to_numpy(float)
    by_rule = 0.0 if row["status"] == "not_settled" else row["headroom_mw"]
    if found > by_rule + 0.02:  # else it may be the fixed rule's, which knows no ranges
        check_ranges(checks, case, dispatch, bus)
    if found <= 0.01:
        return
    factor = f", power_factor={options['power_factor']!r}" if "power_factor" in options else ""
    call = words(of_flow(options))[2:]
    try:
        script.run("moved = net.with_dispatch(dispatch)")
    except NodalroomError as error:
        checks.that(False, "redispatch: can be put back", f"bus {bus}: {error}", ["moved"])
        return
    put_back(script, checks, case, row, bus, options, (factor, call))


def check_ranges(checks: Checks, case: Case, dispatch: np.ndarray, bus: int) -> None:
    p, on = case.gen[:, PG], case.gen[:, G_ON] > 0
    # A unit that the case has outside its range may stay where it is.
    low, high = np.minimum(case.gen[:, PMIN], p), np.maximum(case.gen[:, PMAX], p)
    # Nothing is dispatched in other islands: there units give what balances them without the load.
    rows, island = case.rows(), islands(case)
    on &= np.array([island[rows[int(number)]] == island[rows[bus]] for number in case.gen[:, G_BUS]])
    off = np.where(on, np.maximum(low - dispatch, dispatch - high), 0)
    at = int(off.argmax())
    message = f"bus {bus}: unit {at + 1} at {dispatch[at]:.6f} of {low[at]:.6f} to {high[at]:.6f} MW"
    checks.that(bool(off[at] <= RANGE_MW + 1e-6), "redispatch: units in range", message, ["dispatch"], "dispatch")


def put_back(
    script: Script, checks: Checks, case: Case, row: Any, bus: int, options: dict[str, Any], said: tuple[str, str]
) -> None:
    """Solves the intact state and outages with the dispatch and load, and without them in the case's own dispatch."""
    factor, call = said
    # Where nothing better was found the dispatch is the rule's at the feasible load: a collapse lies just above it.
    by_rule = abs(row["redispatch_mw"] - row["headroom_mw"]) < 1e-9
    load = float(row["feasible_mw"] if by_rule else row["redispatch_mw"])
    moved = case.copy()
    moved.gen[:, PG] = script.names["dispatch"].to_numpy(float)
    if (
        options.get("balance", "spare") == "spare"
        and not (np.maximum(moved.gen[:, PMAX] - moved.gen[:, PG], 0) > 1e-6).any()
    ):
        return  # shares are then the case's, which an edit cannot say
    certified = bool(row["redispatch_certified"])
    which = states(case, options.get("contingencies", "n-1")) if certified else [State("intact")]
    intact = None
    for state in which:
        if not somebody_balances(moved, state, options) or not somebody_balances(case, state, options):
            continue
        try:
            script.run(f"bare = net{state.edit}")
            before = script.run(f"before = bare.solve({call})")
            # At 0 MW there is no load to add, and the dispatch alone is put back.
            added = f".with_load({bus}, {load!r}{factor})" if load > 0 else ""
            script.run(f"state = moved{state.edit}{added}")
            flow = script.run(f"flow = state.solve({call})")
        except NodalroomError as error:
            if state.kind == "intact":
                checks.that(False, "redispatch: can be put back", f"bus {bus}: {error}", ["dispatch", "state"])
            continue
        if not before.converged or not lowest(case, before) > LOW_PU:
            continue
        solves = flow.converged and lowest(case, flow) > LOW_PU
        if row["redispatch_limit_type"] != "collapse" or state.kind == "intact":
            checks.that(
                solves,
                "redispatch: can be put back",
                f"bus {bus}, {load:.4f} MW, {state}: {flow.reason}",
                ["dispatch", "flow"],
                "flow",
            )
        if not solves or nobody_holds(case, solved(flow).held) or nobody_holds(case, solved(before).held):
            continue
        if state.kind == "intact":
            intact = (solved(flow).v, solved(before).v)
            off = float(np.abs(solved(flow).p_mw - moved.gen[:, PG])[moved.gen[:, G_ON] > 0].max())
            if off >= BALANCE_MW:
                # Another solution of the state has other losses; the dispatch is that of the one followed.
                witness = witnessed(script, case, bus, load, state)
                off = off if witness is None else unbalanced_mw(*witness, moved.gen[:, PG])
            checks.that(
                off < BALANCE_MW,
                "redispatch: dispatch balances its load",
                f"bus {bus}: a unit is {off:.4f} MW off the dispatch",
                ["dispatch", "flow"],
                "dispatch, flow.generators.to_string()",
            )
        found = counting(case, state, options, load, solved(flow).v, solved(before).v, intact)
        if found:
            # A state may have several solutions; what counts is the one that the search followed.
            witness = witnessed(script, case, bus, load, state)
            if witness is not None:
                found = counting(case, state, options, load, witness[1], solved(before).v, intact)
        checks.that(
            not found,
            "redispatch: nothing counts at its dispatch",
            f"bus {bus}, {load:.4f} MW, certified {certified}, {state}: {found[:1]}",
            ["study", "flow"],
            f"study.table.loc[{bus}].to_string(), flow.buses.to_string(), flow.branches.to_string()",
        )


def witnessed(script: Script, case: Case, bus: int, load: float, state: State) -> tuple[Case, np.ndarray] | None:
    """A state and its voltages as its witness stores them, where that is at this load to 0.5 MW."""
    row = "" if state.kind == "intact" else f", contingency_row={state.row}"
    try:
        witness = script.run(f"witness = study.witness({bus}, True, contingency_kind={state.kind!r}{row})")
    except NodalroomError:
        return None
    made, at = read_case(witness.text), case.rows()[bus]
    if abs(made.bus[at, PD] - case.bus[at, PD] - load) > 0.5:
        return None
    return made, made.bus[:, VM] * np.exp(1j * np.radians(made.bus[:, VA]))


def unbalanced_mw(made: Case, v: np.ndarray, dispatch: np.ndarray) -> float:
    """By how much the flows at these voltages and the load differ from a dispatch, at the bus where it is most."""
    left = Grid(made).mismatch(v, dispatch, np.zeros(len(dispatch))).real
    return float(np.abs(left).max()) * made.base
