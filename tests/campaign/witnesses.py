"""A witness must solve in MATPOWER's rules from its stored voltages and show what its row says (section 8)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .case import (
    BUS,
    G_BUS,
    G_ON,
    ON,
    PD,
    PG,
    PQ,
    PV,
    QMAX,
    QMIN,
    REF,
    TYPE,
    VA,
    VG,
    VM,
    Case,
    islands,
    read_case,
    shares,
)
from .powerflow import Grid, solve


def check_witness(
    case: Case, text: str, row: Any, options: dict[str, Any], fixed_rule: bool = True
) -> list[tuple[str, str]]:
    """What is wrong with a witness: property and words. ``row`` is None where only the file is looked at."""
    made = read_case(text)
    wrong = no_references(made)
    stored = made.bus[:, VM] * np.exp(1j * np.radians(made.bus[:, VA]))
    v = solve(made, tolerance=1e-9)
    if v is None:
        return [*wrong, ("witness: solves", "no solution from its stored voltages")]
    live = made.bus[:, TYPE] != 4
    off = float(np.abs(v - stored)[live].max())
    # Near a collapse a mismatch within the tolerance moves voltages by more.
    if off > (1e-3 if row is not None and row["limit_type"] == "collapse" else 1e-4):
        wrong.append(("witness: solves", f"solved voltages are {off:.3g} pu off the stored ones"))
    wrong += complementary(case, made, np.abs(v), options)
    if row is not None and fixed_rule:
        wrong += supplied(case, made, v, row, options) + shown(made, v, row)
    return wrong


def no_references(made: Case) -> list[tuple[str, str]]:
    """Islands without a reference bus that has a unit in service."""
    units = {int(unit[G_BUS]) for unit in made.gen if unit[G_ON] > 0}
    island = islands(made)
    good = {island[r] for r in np.flatnonzero(made.bus[:, TYPE] == REF) if int(made.bus[r, BUS]) in units}
    bad = set(island) - {-1} - good
    return [("witness: reference with a unit", f"island of bus {made.bus[min(bad), BUS]:.0f} has none")] if bad else []


def complementary(case: Case, made: Case, vm: np.ndarray, options: dict[str, Any]) -> list[tuple[str, str]]:
    """Buses that regulate hold their setpoint within their range; those written as PQ are at a limit, on its side."""
    wrong = []
    grid = Grid(made)
    v = solve(made)
    for row in np.flatnonzero((case.bus[:, TYPE] == PV) | (case.bus[:, TYPE] == REF)):
        here = np.flatnonzero((made.gen[:, G_BUS] == made.bus[row, BUS]) & (made.gen[:, G_ON] > 0))
        if not len(here) or v is None or made.bus[row, TYPE] == 4:
            continue
        q = ((v[row] * np.conj(grid.y[row] @ v)) + grid.load[row]).imag * made.base
        top, bottom = case.gen[here, QMAX].sum(), case.gen[here, QMIN].sum()
        slack = 1e-4 * max(1.0, abs(q)) + 1e-5 * made.base
        high = vm[row] - case.gen[here[0], VG]
        name = f"bus {made.bus[row, BUS]:.0f}"
        if not options.get("q_limits", True):
            if abs(high) > 1e-6:
                wrong.append(
                    ("witness: setpoints", f"{name} is {high:.3g} pu off its setpoint without reactive limits")
                )
            continue
        if q > top + slack or q < bottom - slack:
            wrong.append(("witness: reactive limits", f"{name} gives {q:.6g} Mvar of {bottom:.6g} to {top:.6g}"))
        elif (
            abs(high) > 1e-6
            and not (abs(q - top) <= slack and high < 0)
            and not (abs(q - bottom) <= slack and high > 0)
        ):
            wrong.append(
                (
                    "witness: complementarity",
                    f"{name}: {high:.3g} pu from its setpoint with {q:.6g} Mvar of {bottom:.6g} to {top:.6g}",
                )
            )
    return wrong


def supplied(case: Case, made: Case, v: np.ndarray, row: Any, options: dict[str, Any]) -> list[tuple[str, str]]:
    """The load is the row's, the outage is applied, and units answer by the balance rule."""
    wrong = []
    at = case.rows()[int(row.name)]
    load = made.bus[at, PD] - case.bus[at, PD]
    if (
        not row["feasible_mw"] - 0.01
        <= load
        <= (row["headroom_mw"] if math.isnan(row["violated_mw"]) else row["violated_mw"]) + 0.01
    ):
        wrong.append(("witness: load", f"{load} MW of new load, {row['headroom_mw']} in the row"))
    out = case.copy()
    kind, which = row["contingency_kind"], row["contingency_row"]
    if kind == "branch":
        out.branch[int(which) - 1, ON] = 0
    elif kind == "unit":
        out.gen[int(which) - 1, G_ON] = 0
    if ((out.branch[:, ON] > 0) != (made.branch[:, ON] > 0)).any() or (
        (out.gen[:, G_ON] > 0) != (made.gen[:, G_ON] > 0)
    ).any():
        wrong.append(("witness: outage", f"what is out of service is not {kind} {which}"))
        return wrong
    part, island, rows = (
        shares(out, options.get("balance", "spare"), options.get("balance_area")),
        islands(out),
        out.rows(),
    )
    of = np.array([island[rows[int(number)]] for number in out.gen[:, G_BUS]])
    for one in set(of[out.gen[:, G_ON] > 0]) - {-1}:
        here = (out.gen[:, G_ON] > 0) & (of == one)
        moved = made.gen[here, PG] - out.gen[here, PG]
        off = np.abs(moved - part[here] * moved.sum())
        if not off.max() <= 1e-4:
            unit = np.flatnonzero(here)[int(off.argmax())] + 1
            wrong.append(
                ("witness: shares", f"unit {unit} is {off.max():.4g} MW off its share of {moved.sum():.4g} MW")
            )
    return wrong


def shown(made: Case, v: np.ndarray, row: Any) -> list[tuple[str, str]]:
    """The limiting element is at the row's value."""
    kind = row["limit_type"]
    if kind == "thermal":
        found, slack = float(Grid(made).loading(v)[int(row["element_row"]) - 1]), 1e-3 + 1e-5 * abs(row["value"])
    elif kind in ("low_voltage", "high_voltage"):
        found, slack = float(np.abs(v)[int(row["element_row"]) - 1]), 2e-5
    else:
        return []
    slack += 0.011 * abs(float(row["factor"])) if np.isfinite(row["factor"]) else 0
    if abs(found - row["value"]) <= slack:
        return []
    return [("witness: value", f"{kind}: {found:.8g} in the witness, {row['value']:.8g} in the row")]


__all__ = ["PQ", "check_witness"]
