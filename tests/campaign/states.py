"""States as edits of a network, and what counts in them by section 6, from voltages alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .case import (
    FROM,
    G_BUS,
    G_ON,
    KV,
    ON,
    RATE_A,
    TO,
    VMAX,
    VMIN,
    Case,
    at_reference,
    islands,
    live_buses,
    weights,
)
from .powerflow import Grid

#: What a figure must be past its limit by before it is held against the program: of a rating, and per unit.
MARGIN, MARGIN_PU = 2e-4, 2e-5


@dataclass(frozen=True)
class State:
    """The intact state or an outage; ``row`` from 1 as in the file."""

    kind: str
    row: int = 0

    @property
    def edit(self) -> str:
        return "" if self.kind == "intact" else f".without({self.kind}={self.row})"

    def __str__(self) -> str:
        return self.kind if self.kind == "intact" else f"{self.kind} {self.row}"


def states(case: Case, contingencies: str = "n-1") -> list[State]:
    """The states of section 4: branches that are no bridges, and units in service, of the live part."""
    live, rows = live_buses(case), case.rows()
    found = [State("intact")]
    if contingencies in ("n-1", "branches"):
        before = len(set(islands(case)))
        for at, line in enumerate(case.branch):
            if line[ON] > 0 and live[rows[int(line[FROM])]] and live[rows[int(line[TO])]]:
                if len(set(islands(case, without=at))) == before:
                    found.append(State("branch", at + 1))
    if contingencies in ("n-1", "units"):
        found += [State("unit", at + 1) for at, g in enumerate(case.gen) if g[G_ON] > 0 and live[rows[int(g[G_BUS])]]]
    return found


def in_state(case: Case, state: State) -> Case:
    out = case.copy()
    if state.kind == "branch":
        out.branch[state.row - 1, ON] = 0
    elif state.kind == "unit":
        out.gen[state.row - 1, G_ON] = 0
    return out


def somebody_balances(case: Case, state: State, options: dict[str, Any]) -> bool:
    """Whether a unit with a weight is left in every island that had one: else the state has no solution (section 2)."""
    if state.kind != "unit":
        return True
    rows = case.rows()
    at = np.array([rows[int(number)] for number in case.gen[:, G_BUS]])
    island = islands(case)[at]
    weight = weights(case, options.get("balance", "spare"), options.get("balance_area"))
    here = island == island[state.row - 1]
    if not weight[here].sum() > 0:
        weight = (at_reference(case) & (case.gen[:, G_ON] > 0)).astype(float)
    weight = np.where(here & (np.arange(len(here)) != state.row - 1), weight, 0)
    return bool(weight.sum() > 0)


def ratings(case: Case, state: State, options: dict[str, Any]) -> np.ndarray:
    """MVA by branch, infinite where there is no limit or it is not watched."""
    letter = options.get("rating_intact", "A") if state.kind == "intact" else options.get("rating_post", "B")
    chosen = case.branch[:, RATE_A + "ABC".index(letter)]
    chosen = np.where(chosen == 0, case.branch[:, RATE_A], chosen)
    rows, least = case.rows(), options.get("monitor_min_kv", 0.0)
    kv = case.bus[:, KV]
    seen = [min(kv[rows[int(line[FROM])]], kv[rows[int(line[TO])]]) >= least for line in case.branch]
    return np.where((chosen == 0) | ~np.array(seen), np.inf, chosen)


def band(case: Case, state: State, options: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest voltage by bus, infinite where it is not watched."""
    given = options.get("voltage_band" if state.kind == "intact" else "voltage_band_post")
    low, high = (case.bus[:, VMIN], case.bus[:, VMAX]) if given is None else (np.full(len(case.bus), g) for g in given)
    seen = live_buses(case) & (case.bus[:, KV] >= options.get("monitor_min_kv", 0.0))
    return np.where(seen, low, -np.inf), np.where(seen, high, np.inf)


def broken(case: Case, state: State, options: dict[str, Any], v: np.ndarray, slack: float) -> tuple[int, int]:
    """How many branches and how many buses are past a limit by more than ``slack``, relative and per unit."""
    flow, most = Grid(in_state(case, state)).loading(v), ratings(case, state, options)
    low, high = band(case, state, options)
    over = flow > most + slack * np.where(np.isfinite(most), most, 0)
    outside = (np.abs(v) < low - slack) | (np.abs(v) > high + slack)
    return int(over.sum()), int(outside.sum())


def counting(
    case: Case,
    state: State,
    options: dict[str, Any],
    load: float,
    v: np.ndarray,
    v_before: np.ndarray,
    intact: tuple[np.ndarray, np.ndarray] | None = None,
) -> list[str]:
    """What counts against the new load, clearly, in words. ``intact``: voltages there with the load and without."""
    here = in_state(case, state)
    grid = Grid(here)
    by_load, by_voltage = options.get("attribution", 0.03), options.get("attribution_voltage", 0.005)
    flow, before, most = grid.loading(v), grid.loading(v_before), ratings(case, state, options)
    words = []
    margin = MARGIN * np.where(np.isfinite(most), most, 0)
    for at in np.flatnonzero((flow > most + margin) & (flow - before > by_load * load + margin)):
        words.append(f"branch row {at + 1}: {flow[at]:.6g} of {most[at]:.6g} MVA, {before[at]:.6g} before")
    low, high = band(case, state, options)
    vm, vm_before = np.abs(v), np.abs(v_before)
    for at in np.flatnonzero((vm < low - MARGIN_PU) & (vm_before - vm > by_voltage + MARGIN_PU)):
        words.append(f"bus {case.bus[at, 0]:.0f}: {vm[at]:.6g} of {low[at]:.6g} pu, {vm_before[at]:.6g} before")
    for at in np.flatnonzero((vm > high + MARGIN_PU) & (vm - vm_before > by_voltage + MARGIN_PU)):
        words.append(f"bus {case.bus[at, 0]:.0f}: {vm[at]:.6g} of {high[at]:.6g} pu, {vm_before[at]:.6g} before")
    most_change = options.get("voltage_change_max")
    if most_change is not None and intact is not None and state.kind != "intact":
        change, was = np.abs(vm - np.abs(intact[0])), np.abs(vm_before - np.abs(intact[1]))
        seen = np.isfinite(high)
        for at in np.flatnonzero(seen & (change > most_change + MARGIN_PU) & (change - was > by_voltage + MARGIN_PU)):
            words.append(
                f"bus {case.bus[at, 0]:.0f}: changes by {change[at]:.6g} of {most_change:.6g} pu, {was[at]:.6g} before"
            )
    return words


__all__ = ["State", "broken", "counting", "in_state", "somebody_balances", "states"]
