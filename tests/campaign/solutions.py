"""The independent check of a power flow: balance, flows, shares, setpoints, reactive limits, complementarity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .case import (
    G_BUS,
    G_ON,
    PG,
    PQ,
    PV,
    QG,
    QMAX,
    QMIN,
    REF,
    TYPE,
    VA,
    VG,
    Case,
    islands,
    live_buses,
    references,
    shares,
)
from .checks import Checks
from .powerflow import Grid

#: Figures pass through per unit and MW and back: what rounding may leave, per unit.
ROUNDING = 1e-9
LOW_PU = 0.3
#: The same at branches without impedance, whose flow is a small difference of voltages.
ROUNDING_SHORT = 1e-6


@dataclass
class Solved:
    """A power flow in file units, in the order of the case's rows."""

    vm: np.ndarray
    va: np.ndarray
    p_mw: np.ndarray
    q_mvar: np.ndarray
    held: list[str]

    @property
    def v(self) -> np.ndarray:
        return self.vm * np.exp(1j * np.radians(self.va))


def solved(flow: Any) -> Solved:
    """The figures of a converged :class:`nodalroom.PowerFlow`; what is not live has no voltage."""
    buses, units = flow.buses, flow.generators
    figures = (buses["vm_pu"], buses["va_degree"], units["p_mw"], units["q_mvar"])
    return Solved(*(np.nan_to_num(column.to_numpy(float)) for column in figures), list(buses["voltage_held"]))


def faults(case: Case, found: Solved, options: dict[str, Any], tolerance: float = 1e-8) -> list[tuple[str, str]]:
    """What is wrong with a solution: property and words."""
    live = live_buses(case)
    if not live.any():
        return [("solve: no live bus", "converged without a live bus")]
    case = case.copy()
    case.bus[~live, TYPE] = 4
    grid = Grid(case)
    allowed = 1.5 * tolerance + ROUNDING
    wrong = []
    left = np.abs(np.r_[grid.mismatch(found.v, found.p_mw, found.q_mvar)])
    at = int(left.argmax())
    if not left[at] <= (ROUNDING_SHORT if grid.zero[grid.on].any() else allowed):
        wrong.append(("solve: balance", f"{left[at]:.3g} pu is left open at bus {case.bus[at, 0]:.0f}"))
    angles = [(row, abs(found.va[row] - case.bus[row, VA])) for row in references(case).values() if live[row]]
    wrong += [("solve: reference angle", f"bus {case.bus[r, 0]:.0f} is off by {d:.3g}") for r, d in angles if d > 1e-6]
    if nobody_holds(case, found.held, ("yes", "at_q_max", "at_q_min")):
        wrong.append(("solve: somebody holds a voltage", "converged, and no bus of an island could hold its voltage"))
    wrong += shared(case, found, options, allowed)
    return wrong + held(case, found, options.get("q_limits", True), allowed)


def nobody_holds(case: Case, said: list[str], holds: tuple[str, ...] = ("yes",)) -> bool:
    """Whether no bus of some live island holds its voltage: there may be several solutions."""
    island, live = islands(case), live_buses(case)
    holding = {island[row] for row in np.flatnonzero(live) if said[row] in holds}
    return bool(set(island[live]) - holding)


def shared(case: Case, found: Solved, options: dict[str, Any], allowed: float) -> list[tuple[str, str]]:
    """Each unit gives its dispatch and its share of what its island needs."""
    rows = case.rows()
    at = np.array([rows[int(number)] for number in case.gen[:, G_BUS]])
    on = (case.gen[:, G_ON] > 0) & (case.bus[at, TYPE] != 4)
    part, island = shares(case, options.get("balance", "reference"), options.get("balance_area")), islands(case)
    wrong = []
    for one in set(island[at[on]]):
        here = on & (island[at] == one)
        moved = found.p_mw[here] - case.gen[here, PG]
        off = np.abs(moved - part[here] * moved.sum())
        if not off.max() <= 1e-6 + allowed * case.base:
            unit = np.flatnonzero(here)[int(off.argmax())] + 1
            wrong.append(("solve: shares", f"unit {unit} is {off.max():.4g} MW off its share of {moved.sum():.4g} MW"))
    return wrong


def held(case: Case, found: Solved, q_limits: bool, allowed: float) -> list[tuple[str, str]]:
    """Setpoints are held, or let go at a reactive limit and on the right side of it."""
    wrong = []
    for row in np.flatnonzero(case.bus[:, TYPE] != 4):
        here = np.flatnonzero((case.gen[:, G_BUS] == case.bus[row, 0]) & (case.gen[:, G_ON] > 0))
        name, said = f"bus {case.bus[row, 0]:.0f}", found.held[row]
        if not len(here):
            continue
        if case.bus[row, TYPE] == PQ:
            off = np.abs(found.q_mvar[here] - case.gen[here, QG]).max()
            if off > 1e-6 + allowed * case.base:
                wrong.append(("solve: units at PQ buses", f"{name}: Q is {off:.4g} Mvar off that of the case"))
            continue
        setpoint, q = case.gen[here[0], VG], found.q_mvar[here].sum()
        above, below = q - case.gen[here, QMAX].sum(), case.gen[here, QMIN].sum() - q
        slack = 1e-6 * max(1.0, abs(q)) + 20 * allowed * case.base
        high = found.vm[row] - setpoint
        if said == "yes" and abs(high) > 1e-8:
            wrong.append(("solve: setpoints", f"{name} is held, at {found.vm[row]:.6g} of {setpoint:.6g} pu"))
        if q_limits and max(above, below) > slack:
            wrong.append(("solve: reactive limits", f"{name} is {max(above, below):.4g} Mvar beyond its range"))
        if said == "at_q_max" and (abs(above) > slack or high > 1e-6):
            wrong.append(
                ("solve: complementarity", f"{name} at Qmax: {above:.4g} Mvar off, {high:.3g} pu above its setpoint")
            )
        if said == "at_q_min" and (abs(below) > slack or high < -1e-6):
            wrong.append(
                ("solve: complementarity", f"{name} at Qmin: {below:.4g} Mvar off, {high:.3g} pu from its setpoint")
            )
        if said not in ("yes", "at_q_max", "at_q_min") and abs(high) > 1e-8:
            wrong.append(
                ("solve: setpoints", f"{name} has a unit and type {case.bus[row, TYPE]:.0f}, and says '{said}'")
            )
    return wrong


SOLVE_KINDS = (
    "solve: balance", "solve: shares", "solve: setpoints", "solve: reactive limits", "solve: complementarity",
    "solve: reference angle", "solve: somebody holds a voltage", "solve: flows", "solve: units at PQ buses",
)  # fmt: skip


def check_flow(checks: Checks, case: Case, flow: Any, options: dict[str, Any], name: str) -> None:
    """All of the above, and that what did not converge has no figures."""
    show = f"{name}, {name}.buses.to_string(), {name}.generators.to_string()"
    if not flow.converged:
        figures = flow.buses["vm_pu"].to_numpy(float)
        checks.that(not np.isfinite(figures).any(), "solve: figures of a failure", flow.reason, [name], show)
        return
    found = solved(flow)
    wrong = faults(case, found, options, options.get("tolerance", 1e-8))
    live = live_buses(case)
    if live.any():
        stated, own = flow.branches["s_mva"].to_numpy(float), Grid(case).loading(found.v)
        zero = Grid(case).zero
        on = flow.branches["in_service"].to_numpy(bool) & ~zero
        off = float(np.abs(stated[on] - own[on]).max(initial=0))
        if off > 1e-6 * max(1.0, float(own.max(initial=0))):
            wrong.append(("solve: flows", f"a flow is {off:.4g} MVA off what its voltages say"))
    for kind in SOLVE_KINDS:
        checks.counts[kind] += 1
    for kind, message in wrong:
        checks.found(kind, message, [name], show)


def lowest(case: Case, flow: Any) -> float:
    live = live_buses(case)
    return float(flow.buses["vm_pu"].to_numpy(float)[live].min()) if flow.converged and live.any() else np.nan


__all__ = ["LOW_PU", "PV", "REF", "Solved", "check_flow", "faults", "lowest", "solved"]
