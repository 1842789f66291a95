"""Random grids: shipped cases with random changes, and tiny ones made from nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .case import (
    AREA,
    BS,
    BUS,
    DEAD,
    FROM,
    G_BUS,
    G_ON,
    GS,
    KV,
    M_BASE,
    ON,
    PD,
    PG,
    PMAX,
    PMIN,
    PQ,
    PV,
    QD,
    QG,
    QMAX,
    QMIN,
    RATE_A,
    RATE_B,
    RATE_C,
    REF,
    SHIFT,
    TAP,
    TO,
    TYPE,
    VG,
    VM,
    VMAX,
    VMIN,
    ZONE,
    B,
    Case,
    R,
    X,
    islands,
    live_buses,
    read_case,
)  # fmt: skip
from .powerflow import Grid, solve

DATA = Path(__file__).parents[2] / "data"
#: Shipped cases and how often each is taken.
SHIPPED = {"case9": 5, "case14": 7, "case24_ieee_rts": 3, "case30": 4, "case39": 4, "case118": 0.4}


def shipped(name: str) -> Case:
    return read_case((DATA / f"{name}.m").read_text(encoding="utf-8"))


def random_grid(rng: np.random.Generator, tiny: bool = False, plain: bool = False) -> tuple[Case, list[str]]:
    """A grid and what was done to it. ``tiny``: few buses; ``plain``: nothing that readers may take ill."""
    if tiny or rng.random() < 0.3:
        case, said = made(rng), ["made"]
    else:
        names, weights = list(SHIPPED), np.array(list(SHIPPED.values()))
        name = str(rng.choice(names, p=weights / weights.sum()))
        case, said = shipped(name), [name]
        if len(case.bus) <= 14 and rng.random() < 0.08:
            case = beside(case, made(rng))
            said.append("two islands")
    for change in rng.permutation(np.array(CHANGES, dtype=object)):
        if rng.random() < change.chance:
            said += [change.__name__] if change(rng, case) else []
    rate(rng, case)
    if not plain:
        for change in ODD:
            if rng.random() < change.chance:
                said += [change.__name__] if change(rng, case) else []
    return case, said


def made(rng: np.random.Generator) -> Case:
    """A tree of 3 to 9 buses with some more branches, and units at some of them."""
    n = int(rng.integers(3, 10))
    numbers = np.sort(rng.choice(np.arange(1, 200), n, replace=False))
    bus, gen, branch = np.zeros((n, 13)), [], []
    bus[:, BUS], bus[:, TYPE], bus[:, AREA], bus[:, ZONE] = numbers, PQ, rng.integers(1, 3, n), 1
    bus[:, VM], bus[:, KV], bus[:, VMAX], bus[:, VMIN] = 1, rng.choice([0, 110, 230]), 1.1, 0.9
    with_load = rng.random(n) < 0.7
    bus[:, PD] = np.where(with_load, rng.uniform(5, 80, n).round(1), 0)
    bus[:, QD] = (bus[:, PD] * rng.uniform(0, 0.5, n)).round(1)
    bus[:, BS] = np.where(rng.random(n) < 0.15, rng.uniform(5, 30, n).round(), 0)
    pairs = [(int(rng.integers(0, i)), i) for i in range(1, n)]
    pairs += [tuple(rng.choice(n, 2, replace=False)) for _ in range(int(rng.integers(1, n + 1)))]
    for a, b in pairs:
        line = np.zeros(11)
        x = rng.uniform(0.03, 0.25)
        line[[FROM, TO, R, X, B, ON]] = [numbers[a], numbers[b], x * rng.uniform(0, 0.4), x, rng.uniform(0, 0.08), 1]
        if rng.random() < 0.15:
            line[TAP] = rng.uniform(0.93, 1.07)
        branch.append(np.round(line, 4))
    at = rng.choice(n, int(rng.integers(1, max(2, n // 2) + 1)), replace=False)
    bus[at, TYPE] = PV
    bus[at[0], TYPE] = REF
    total = bus[:, PD].sum()
    for row in np.r_[at, rng.choice(at, 1)] if rng.random() < 0.3 else at:
        unit = np.zeros(10)
        p_max = round(float(rng.uniform(0.5, 2.5) * (total + 20) / len(at)), 1)
        q = round(float(rng.uniform(0.2, 0.9) * p_max), 1)
        unit[[G_BUS, PG, QMAX, QMIN, VG, M_BASE, G_ON, PMAX, PMIN]] = [
            *(numbers[row], round(total / len(at), 1), q, -round(q * rng.uniform(0, 1), 1)),
            *(round(float(rng.uniform(0.98, 1.06)), 3), 100, 1, p_max, rng.choice([0, 0, 0.2 * p_max])),
        ]
        gen.append(unit)
    return Case(100, bus, np.array(gen), np.array(branch))


def beside(case: Case, other: Case) -> Case:
    """Two cases as two islands of one."""
    shift = case.bus[:, BUS].max() + 10
    other = other.copy()
    other.bus[:, BUS] += shift
    other.gen[:, G_BUS] += shift
    other.branch[:, [FROM, TO]] += shift
    other.branch[:, [R, X]] *= case.base / other.base
    other.branch[:, B] *= other.base / case.base
    parts = ((getattr(case, name), getattr(other, name)) for name in ("bus", "gen", "branch"))
    return Case(case.base, *(np.vstack(pair) for pair in parts))


# ---------------------------------------------------------------- changes; each says whether it did anything
def loads(rng: np.random.Generator, case: Case) -> bool:
    factor = rng.uniform(0.5, 1.4) * rng.uniform(0.7, 1.3, len(case.bus))
    case.bus[:, PD] = (case.bus[:, PD] * factor).round(2)
    case.bus[:, QD] = (case.bus[:, QD] * factor * rng.uniform(0.7, 1.3)).round(2)
    return True


def units(rng: np.random.Generator, case: Case) -> bool:
    factor = rng.uniform(0.6, 1.3, len(case.gen))
    case.gen[:, PG] = np.clip(case.gen[:, PG] * factor, np.minimum(case.gen[:, PMIN], case.gen[:, PG]), None).round(2)
    case.gen[:, PMAX] = np.maximum(case.gen[:, PMAX] * rng.uniform(0.8, 1.5), case.gen[:, PMIN]).round(1)
    return True


def reactive(rng: np.random.Generator, case: Case) -> bool:
    factor = rng.uniform(0.2, 1.2)
    case.gen[:, [QMAX, QMIN]] = (case.gen[:, [QMAX, QMIN]] * factor).round(1)
    return True


def setpoints(rng: np.random.Generator, case: Case) -> bool:
    rows = case.rows()
    for unit in case.gen:
        unit[VG] = round(float(unit[VG] + rng.uniform(-0.02, 0.02)), 4)
    for unit in case.gen[::-1]:
        case.bus[rows[int(unit[G_BUS])], VM] = unit[VG]
    return True


def units_out(rng: np.random.Generator, case: Case) -> bool:
    """Takes units out, but never the last of an island's reference bus."""
    rows = case.rows()
    for at in rng.permutation(len(case.gen))[: int(rng.integers(1, 3))]:
        row = rows[int(case.gen[at, G_BUS])]
        if case.bus[row, TYPE] != REF:
            case.gen[at, G_ON] = 0
            if not ((case.gen[:, G_BUS] == case.gen[at, G_BUS]) & (case.gen[:, G_ON] > 0)).any() and rng.random() < 0.5:
                case.bus[row, TYPE] = PQ
    return True


def taps(rng: np.random.Generator, case: Case) -> bool:
    which = rng.random(len(case.branch)) < 0.2
    case.branch[which, TAP] = rng.uniform(0.92, 1.08, which.sum()).round(3)
    return bool(which.any())


def shifts(rng: np.random.Generator, case: Case) -> bool:
    which = rng.random(len(case.branch)) < 0.1
    case.branch[which, SHIFT] = rng.uniform(-8, 8, which.sum()).round(1)
    return bool(which.any())


def branches_out(rng: np.random.Generator, case: Case) -> bool:
    """Takes branches out that no bus hangs on."""
    did = False
    before = len(set(islands(case)))
    for at in rng.permutation(len(case.branch))[: int(rng.integers(1, 4))]:
        if case.branch[at, ON] > 0 and len(set(islands(case, without=int(at)))) == before:
            case.branch[at, ON] = 0
            did = True
    return did


def parallel(rng: np.random.Generator, case: Case) -> bool:
    copies = case.branch[rng.choice(len(case.branch), int(rng.integers(1, 3)))].copy()
    copies[:, [R, X]] *= rng.uniform(0.5, 3)
    case.branch = np.vstack([case.branch, copies.round(6)])
    return True


def negative_x(rng: np.random.Generator, case: Case) -> bool:
    """A branch in two halves, the second of which takes back part of its reactance, as in three-winding models."""
    at = int(rng.integers(len(case.branch)))
    if case.branch[at, ON] <= 0 or case.branch[at, X] <= 0:
        return False
    row = case.rows()[int(case.branch[at, TO])]
    middle = case.bus[row].copy()
    middle[[BUS, TYPE, PD, QD, GS, BS]] = [case.bus[:, BUS].max() + 1, PQ, 0, 0, 0, 0]
    second = case.branch[at].copy()
    second[[FROM, R, X, B, TAP, SHIFT]] = [middle[BUS], 0, -0.1 * case.branch[at, X], 0, 0, 0]
    case.branch[at, [TO, X]] = [middle[BUS], 1.1 * case.branch[at, X]]
    case.bus, case.branch = np.vstack([case.bus, middle]), np.vstack([case.branch, second])
    return True


def no_resistance(rng: np.random.Generator, case: Case) -> bool:
    case.branch[:, R] = 0
    return True


def limits(rng: np.random.Generator, case: Case) -> bool:
    case.bus[:, VMIN] = rng.choice([0.85, 0.9, 0.93, 0.95])
    case.bus[:, VMAX] = rng.choice([1.05, 1.07, 1.1, 1.15])
    return True


def base(rng: np.random.Generator, case: Case) -> bool:
    rebased(case, float(rng.choice([1, 10, 1000])))
    return True


def rebased(case: Case, mva: float) -> None:
    """The same grid on another power base."""
    case.branch[:, [R, X]] *= mva / case.base
    case.branch[:, B] *= case.base / mva
    case.base = mva


def several_references(rng: np.random.Generator, case: Case) -> bool:
    rows = case.rows()
    others = [rows[int(g[G_BUS])] for g in case.gen if g[G_ON] > 0 and case.bus[rows[int(g[G_BUS])], TYPE] == PV]
    if others:
        case.bus[int(rng.choice(others)), TYPE] = REF
    return bool(others)


def no_impedance(rng: np.random.Generator, case: Case) -> bool:
    at = int(rng.integers(len(case.branch)))
    case.branch[at, [R, X, B, TAP, SHIFT]] = 0
    return True


def dead_end(rng: np.random.Generator, case: Case) -> bool:
    """A bus without a unit behind an open branch."""
    rows = case.rows()
    bare = [row for row in range(len(case.bus)) if int(case.bus[row, BUS]) not in set(case.gen[:, G_BUS].astype(int))]
    if not bare or case.bus[:, TYPE].max() == DEAD:
        return False
    row = int(rng.choice(bare))
    touching = [at for at, line in enumerate(case.branch) if row in (rows[int(line[FROM])], rows[int(line[TO])])]
    kept = case.branch[:, ON].copy()
    case.branch[touching, ON] = 0
    if (~live_buses(case)).sum() != 1:
        case.branch[:, ON] = kept
        return False
    return True


def dispatchable(rng: np.random.Generator, case: Case) -> bool:
    """A load as a unit that may only consume."""
    row = int(rng.integers(len(case.bus)))
    if case.bus[row, TYPE] != PQ:
        return False
    unit = np.zeros(10)
    p = round(float(rng.uniform(2, 20)), 1)
    unit[[G_BUS, PG, QG, VG, M_BASE, G_ON, PMAX, PMIN]] = [case.bus[row, BUS], -p, 0, 1, 100, 1, 0, -2 * p]
    case.gen = np.vstack([case.gen, unit])
    return True


def rate(rng: np.random.Generator, case: Case) -> None:
    """Ratings that some new load reaches: from the flows of the case, where it can be solved."""
    kind = rng.random()
    if kind < 0.35 and case.branch[:, RATE_A].any():
        case.branch[:, RATE_A : RATE_C + 1] = (case.branch[:, RATE_A : RATE_C + 1] * rng.uniform(0.4, 1.5)).round(1)
        return
    if kind < 0.5:
        return
    v = solve(case)
    flow = np.zeros(len(case.branch)) if v is None else Grid(case).loading(v)
    scale = max(float(case.bus[:, PD].sum()) / max(len(case.bus), 1), 10)
    case.branch[:, RATE_A] = (flow * rng.uniform(1.05, 3, len(flow)) + rng.uniform(0.1, 2) * scale).round(1)
    case.branch[:, RATE_B] = (case.branch[:, RATE_A] * rng.uniform(1, 1.3)).round(1) if rng.random() < 0.6 else 0
    case.branch[:, RATE_C] = (case.branch[:, RATE_A] * rng.uniform(1, 1.5)).round(1) if rng.random() < 0.4 else 0
    case.branch[rng.random(len(flow)) < 0.1, RATE_A] = 0


def _chance(value: float, *changes: object) -> None:
    for change in changes:
        change.chance = value  # type: ignore[attr-defined]


CHANGES = [loads, units, reactive, setpoints, units_out, taps, shifts, branches_out, parallel, negative_x]
CHANGES += [no_resistance, limits, base]
ODD = [several_references, no_impedance, dead_end, dispatchable]
_chance(0.5, loads, units)
_chance(0.25, reactive, setpoints, limits)
_chance(0.15, units_out, taps, shifts, branches_out, parallel)
_chance(0.07, negative_x, no_resistance, base)
_chance(0.04, several_references, no_impedance, dead_end, dispatchable)
