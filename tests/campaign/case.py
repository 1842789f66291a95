"""A case as plain tables: read from MATPOWER text, changed, and written again, without the package."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

#: Columns of the tables, counted from 0.
BUS, TYPE, PD, QD, GS, BS, AREA, VM, VA, KV, ZONE, VMAX, VMIN = range(13)
G_BUS, PG, QG, QMAX, QMIN, VG, M_BASE, G_ON, PMAX, PMIN = range(10)
FROM, TO, R, X, B, RATE_A, RATE_B, RATE_C, TAP, SHIFT, ON = range(11)
PQ, PV, REF, DEAD = 1, 2, 3, 4


@dataclass
class Case:
    """The three tables in file units, cut to the columns named above, and the base in MVA."""

    base: float
    bus: np.ndarray
    gen: np.ndarray
    branch: np.ndarray

    def copy(self) -> Case:
        return Case(self.base, self.bus.copy(), self.gen.copy(), self.branch.copy())

    def rows(self) -> dict[int, int]:
        """Position of each bus number."""
        return {int(number): row for row, number in enumerate(self.bus[:, BUS])}


def read_case(text: str) -> Case:
    """Reads a case whose tables are plain numbers."""
    text = re.sub(r"%[^\n]*", "", text)

    def table(name: str, columns: int) -> np.ndarray:
        found = re.search(rf"mpc\.{name}\s*=\s*\[(.*?)\]", text, re.S)
        assert found, f"the case has no table {name}"
        lines = (line.replace(",", " ").split() for line in re.split(r"[;\n]", found.group(1)))
        return np.array([[float(word) for word in line[:columns]] for line in lines if line])

    base = re.search(r"mpc\.baseMVA\s*=\s*([^;]+);", text)
    assert base, "the case has no baseMVA"
    return Case(float(base.group(1)), table("bus", 13), table("gen", 10), table("branch", 11))


def write_case(case: Case, name: str) -> str:
    """The case as MATPOWER text; reading it gives the same bits."""

    def table(of: str, values: np.ndarray, more: str = "") -> str:
        rows = "".join("\t" + "\t".join(f"{plain(v)}" for v in row) + more + ";\n" for row in values)
        return f"mpc.{of} = [\n{rows}];\n"

    return (
        f"function mpc = {name}\nmpc.version = '2';\nmpc.baseMVA = {plain(case.base)};\n"
        + table("bus", case.bus)
        + table("gen", case.gen)
        + table("branch", case.branch, "\t-360\t360")
    )


def plain(value: float) -> str:
    """The shortest text that reads as the same bits."""
    value = float(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def live_buses(case: Case) -> np.ndarray:
    """Which buses take part: not of type 4, and connected to a reference bus with a unit in service."""
    island = islands(case)
    rows = case.rows()
    fed = {island[rows[int(g[G_BUS])]] for g in case.gen if g[G_ON] > 0 and case.bus[rows[int(g[G_BUS])], TYPE] != DEAD}
    held = {island[row] for row in np.flatnonzero(case.bus[:, TYPE] == REF)}
    return np.array([i >= 0 and i in fed and i in held for i in island])


def islands(case: Case, without: int | None = None) -> np.ndarray:
    """The island of each bus, -1 where its type is 4; ``without`` is a branch position that is left out."""
    n = len(case.bus)
    rows = case.rows()
    island = np.where(case.bus[:, TYPE] == DEAD, -1, np.arange(n))
    ends = [
        (rows[int(line[FROM])], rows[int(line[TO])])
        for at, line in enumerate(case.branch)
        if line[ON] > 0 and at != without
    ]
    changed = True
    while changed:
        changed = False
        for a, b in ends:
            if island[a] >= 0 and island[b] >= 0 and island[a] != island[b]:
                island[a] = island[b] = min(island[a], island[b])
                changed = True
    return island


def references(case: Case) -> dict[int, int]:
    """The reference bus of each island: of type 3, the first with a unit in service; the first where none has one."""
    found: dict[int, int] = {}
    island = islands(case)
    rows = case.rows()
    with_units = {rows[int(number)] for number in case.gen[case.gen[:, G_ON] > 0, G_BUS]}
    at = np.flatnonzero(case.bus[:, TYPE] == REF)
    for row in sorted(at, key=lambda row: (row not in with_units, row)):
        found.setdefault(int(island[row]), int(row))
    return found


def at_reference(case: Case) -> np.ndarray:
    """Which units are at the reference bus of their island."""
    rows, island, first = case.rows(), islands(case), references(case)
    at = [rows[int(number)] for number in case.gen[:, G_BUS]]
    return np.array([first.get(int(island[row])) == row for row in at])


def weights(case: Case, balance: str | list[float], area: int | None = None) -> np.ndarray:
    """What shares of the balance are proportional to, by unit; 0 where it is out of service or the area."""
    rows = case.rows()
    at = np.array([rows[int(number)] for number in case.gen[:, G_BUS]])
    p_max = case.gen[:, PMAX]
    within = (case.gen[:, G_ON] > 0) & (case.bus[at, TYPE] != DEAD)
    if area is not None:
        within &= case.bus[at, AREA] == area
    if not isinstance(balance, str):
        return np.where(within, np.array(balance, dtype=float), 0)
    # Units with Pmax <= 0 are dispatchable loads and take no part unless weights name them.
    weight = np.maximum(p_max, 0)
    if balance == "spare":
        spare = np.where(p_max > 0, np.maximum(p_max - case.gen[:, PG], 0), 0)
        weight = spare if spare[within].any() else weight  # by Pmax where nobody has any
    elif balance == "reference":
        mine = within & at_reference(case)
        weight = np.where(mine, weight, 0)
        if not weight[mine].sum() > 0:
            weight = mine.astype(float)
    return np.where(within, weight, 0)


def shares(case: Case, balance: str | list[float], area: int | None = None) -> np.ndarray:
    """What each unit takes of its island's balance (docs/headroom.md, section 2); NaN where the island has no one."""
    rows = case.rows()
    at = np.array([rows[int(number)] for number in case.gen[:, G_BUS]])
    island = islands(case)
    on = (case.gen[:, G_ON] > 0) & (case.bus[at, TYPE] != DEAD)
    weight, fallback_units, p_max = weights(case, balance, area), at_reference(case), case.gen[:, PMAX]
    found = np.full(len(case.gen), 0.0)
    for one in set(island[at[on]]) - {-1}:
        here = on & (island[at] == one)
        mine = np.where(here, weight, 0)
        if mine.sum() <= 0:
            fallback = here & fallback_units
            mine = np.where(fallback, np.maximum(p_max, 0), 0)
            if mine.sum() <= 0:
                mine = fallback.astype(float)
        found[here] = mine[here] / mine.sum() if mine.sum() > 0 else np.nan
    return found
