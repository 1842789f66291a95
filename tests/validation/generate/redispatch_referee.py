"""An independent referee for redispatch headroom: an AC security-constrained optimum by CasADi and Ipopt.

    python redispatch_referee.py CASE [--cases FOLDER] [--ratings ratings.csv] [--buses 1,2] --out DIR

Needs numpy and casadi. Written from the definition (docs: redispatch headroom), it shares no code with the
library nor with tests/validation/referee.py: reader, power flow and equations are its own.

The problem, for new load at bus k
----------------------------------
Unknowns: lambda (MW, power factor 0.95 lagging), the dispatch Pg of the units in service, and of every
state c (intact, outage of each branch that is no bridge, outage of each unit; those without a solution in
the case itself left out) angles, magnitudes, one balance unknown and the reactive power of regulated buses.

    maximise lambda <= 2000 subject to
    Pmin_u <= Pg_u <= Pmax_u                       range widened to take in the case's own Pg_u
    AC power balance of every bus in every state, the outage applied
    production of unit u in state c = Pg_u + sigma_c (Pmax_u - Pg_u)    if u is in service there
    sigma_intact = 0                               the dispatch itself balances the intact state

sigma (Pmax_u - Pg_u) is the rule `spare` on the new dispatch: s = sigma * (sum of the spare of units in
service). With no spare left in a state the rule has no meaning and the state no balance; as the rule does
not depend on how much spare there is, only on its proportions, the best dispatch may be one that approaches
this without reaching it. So the spare of the units in service is to be at least LEAST_SPARE_MW in every
state. After an outage a unit may produce more than Pmax.

    |S_l,c| <= max(rating_l,c, S0_l,c + 0.03 lambda)      at both ends; S0 is the larger end without load
    min(Vmin, V0 - 0.005) <= |V_b,c| <= max(Vmax, V0 + 0.005)

S0 and V0 are values of the same state with the case's own dispatch and without the load. Rating: A in the
intact state; B after an outage, or A where B is 0; a rating of 0 is none.

    regulated bus: |V| = Vset + up - down,  up, down >= 0,  Qmin <= Q <= Qmax (sums over units in service)
                   up (Q - Qmin) = 0 and down (Qmax - Q) = 0

i.e. the setpoint (of the first unit in service) is kept unless a reactive limit is reached, both ways.

How the corners are dealt with
------------------------------
Each bus of each state is in one of three modes (regulating, at Qmax, at Qmin). With the modes given, the
problem is smooth. Its inequalities (Q within limits while regulating; the voltage on the right side of the
setpoint while at a limit) are the borders to the neighbouring modes. At an optimum on such a border with a
multiplier that says "beyond it is better", the mode is changed and the problem solved again from there,
which cannot lose: the point belongs to both. All such borders are crossed together, and if that gains
nothing, one at a time; when no crossing gains, the answer is a local optimum of the problem with corners.
max(rating, S0 + 0.03 lambda) depends on lambda alone; each pair keeps one of the two forms while a problem is
solved (a restriction, so always sound) and takes the larger one for the next.

To leave the modes of the start behind, products are first only kept below a number that falls from 1e-2 to 1e-6
(per unit squared), which lets modes change on the way, and the modes found are then made exact as above.

States enter the problem only when they are broken by a dispatch found (worst ones first).

Several starts: the case's own dispatch with the fixed rule at its headroom (once with exact modes, once with
relaxed ones), and random dispatches with relaxed modes. The best answer counts. The power flow below, which
has no part in the optimisation, then follows every state from the case's own dispatch to the answer's, with
reactive limits both ways: an answer is `verified` when nothing exceeds its limit by more than 1e-4 pu there.
Answers that are not are told in `notes` and never counted.

expected.csv has one row per bus, dispatch.csv the units' dispatch at each answer, run.json what was in force.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

POWER_FACTOR = 0.95
TAN_PHI = float(np.tan(np.arccos(POWER_FACTOR)))
ATTRIBUTION = 0.03  # MVA per MW
ATTRIBUTION_PU = 0.005
MAX_MW = 2000.0
LEAST_SPARE_MW = 0.05
MISMATCH_PU = 1e-10
JUMP_PU = 0.15  # a stride that moves a voltage further is cut: it may have left the upper branch
SHORTEST_STRIDE = 1 / 4096  # of the way from the case's dispatch to the one asked for
CLEAN_PU = 1e-4  # what an answer may exceed a limit by, in the power flow that verifies it
AGREE_MW = 0.05  # starts agree when they end this close, or within AGREE_SHARE
AGREE_SHARE = 1e-3
MOST_CROSSINGS = 100
RELAXED_PRODUCTS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)  # what V off its setpoint times Q left may be, pu squared
REGULATING, AT_MAX, AT_MIN = 0, 1, -1


# ---------------------------------------------------------------- the case
def read_tables(path: Path) -> tuple[float, dict[str, np.ndarray]]:
    """Base MVA and the numbers of bus, gen and branch of a MATPOWER file of plain tables."""
    text = "\n".join(line.split("%")[0] for line in path.read_text(errors="replace").splitlines())
    tables = {}
    for name in ("bus", "gen", "branch"):
        start = re.search(rf"mpc\.{name}\s*=\s*\[", text)
        if start is None:
            raise SystemExit(f"{path}: no table {name}")
        rows = text[start.end() : text.index("]", start.end())].replace("\n", ";").split(";")
        tables[name] = np.array([[float(x) for x in row.replace(",", " ").split()] for row in rows if row.strip()])
    base = re.search(r"mpc\.baseMVA\s*=\s*([0-9.eE+]+)", text)
    if base is None:
        raise SystemExit(f"{path}: no baseMVA")
    return float(base.group(1)), tables


@dataclass
class Grid:
    """The case in per unit; units and branches in service only. Rows of the file are kept, from 1."""

    base_mva: float
    number: np.ndarray
    load_p: np.ndarray
    load_q: np.ndarray
    shunt: np.ndarray
    vmin: np.ndarray
    vmax: np.ndarray
    va_start: np.ndarray
    vm_start: np.ndarray
    reference: int
    unit_row: np.ndarray
    unit_bus: np.ndarray
    pg: np.ndarray
    pg_low: np.ndarray
    pg_high: np.ndarray
    pmax: np.ndarray
    qmin: np.ndarray
    qmax: np.ndarray
    vset: np.ndarray
    branch_row: np.ndarray
    f: np.ndarray
    t: np.ndarray
    yff: np.ndarray
    yft: np.ndarray
    ytf: np.ndarray
    ytt: np.ndarray
    rate_a: np.ndarray
    rate_b: np.ndarray


def read_grid(path: Path, ratings: Path | None) -> Grid:
    base, tables = read_tables(path)
    bus, gen, branch = tables["bus"], tables["gen"], tables["branch"]
    if ratings is not None:
        with ratings.open() as lines:
            for row in csv.DictReader(lines):
                branch[int(row["branch_row"]) - 1, 5:8] = float(row["rate_a_mva"])
    if (bus[:, 1] == 4).any() or (bus[:, 1] == 3).sum() != 1:
        raise SystemExit("isolated buses or several reference buses are not handled")
    row_of = {int(number): i for i, number in enumerate(bus[:, 0])}
    unit_row = np.flatnonzero(gen[:, 7] > 0) + 1
    gen = gen[gen[:, 7] > 0]
    unit_bus = np.array([row_of[int(b)] for b in gen[:, 0]])
    if (bus[unit_bus, 1] == 1).any() or (gen[:, 1] > gen[:, 8]).any():
        raise SystemExit("units at buses that do not regulate, or above their Pmax, are not handled")
    branch_row = np.flatnonzero(branch[:, 10] > 0) + 1
    branch = branch[branch[:, 10] > 0]
    series = 1 / (branch[:, 2] + 1j * branch[:, 3])
    ratio = np.where(branch[:, 8] == 0, 1.0, branch[:, 8])
    turn = np.exp(1j * np.radians(branch[:, 9]))
    to_end = series + 0.5j * branch[:, 4]
    pg = gen[:, 1] / base
    return Grid(
        base_mva=base, number=bus[:, 0].astype(int), load_p=bus[:, 2] / base, load_q=bus[:, 3] / base,
        shunt=(bus[:, 4] + 1j * bus[:, 5]) / base, vmin=bus[:, 12], vmax=bus[:, 11],
        va_start=np.radians(bus[:, 8]), vm_start=bus[:, 7], reference=int(np.flatnonzero(bus[:, 1] == 3)[0]),
        unit_row=unit_row, unit_bus=unit_bus, pg=pg, pg_low=np.minimum(gen[:, 9] / base, pg),
        pg_high=np.maximum(gen[:, 8] / base, pg), pmax=gen[:, 8] / base, qmin=gen[:, 4] / base, qmax=gen[:, 3] / base,
        vset=gen[:, 5], branch_row=branch_row, f=np.array([row_of[int(b)] for b in branch[:, 0]]),
        t=np.array([row_of[int(b)] for b in branch[:, 1]]), yff=to_end / ratio**2, yft=-series * turn / ratio,
        ytf=-series / (turn * ratio), ytt=to_end, rate_a=branch[:, 5] / base, rate_b=branch[:, 6] / base,
    )  # fmt: skip


def splits(grid: Grid, left_out: int) -> bool:
    """Whether the network falls apart without this branch."""
    seen, ahead = {0}, [0]
    while ahead:
        here = ahead.pop()
        for branch, (f, t) in enumerate(zip(grid.f, grid.t, strict=True)):
            if branch != left_out and here in (f, t):
                there = int(t if here == f else f)
                if there not in seen:
                    seen.add(there)
                    ahead.append(there)
    return len(seen) < len(grid.number)


# ---------------------------------------------------------------- states and their power flow
@dataclass
class States:
    """All states, one row each. Arrays by bus hold 0 where no unit regulates."""

    name: list[str]
    branch_on: np.ndarray  # states x branches, 0 or 1
    unit_on: np.ndarray
    regulated: np.ndarray
    vset: np.ndarray
    qmin: np.ndarray
    qmax: np.ndarray
    y: np.ndarray  # states x buses x buses
    rating: np.ndarray  # inf: none

    def subset(self, keep: np.ndarray) -> States:
        return States([self.name[i] for i in keep], self.branch_on[keep], self.unit_on[keep], self.regulated[keep],
                      self.vset[keep], self.qmin[keep], self.qmax[keep], self.y[keep], self.rating[keep])  # fmt: skip


def all_states(grid: Grid) -> States:
    n, branches, units = len(grid.number), len(grid.f), len(grid.pg)
    lost = [("intact", 0, -1, -1)]
    lost += [("branch", int(grid.branch_row[b]), b, -1) for b in range(branches) if not splits(grid, b)]
    lost += [("unit", int(grid.unit_row[u]), -1, u) for u in range(units)]
    count = len(lost)
    states = States([f"{kind} {row}" for kind, row, _, _ in lost], np.ones((count, branches)), np.ones((count, units)),
                    np.zeros((count, n), bool), np.ones((count, n)), np.zeros((count, n)), np.zeros((count, n)),
                    np.zeros((count, n, n), complex), np.zeros((count, branches)))  # fmt: skip
    for c, (kind, _, branch, unit) in enumerate(lost):
        if branch >= 0:
            states.branch_on[c, branch] = 0
        if unit >= 0:
            states.unit_on[c, unit] = 0
        for u in range(units):
            if u == unit:
                continue
            bus = grid.unit_bus[u]
            if not states.regulated[c, bus]:
                states.vset[c, bus] = grid.vset[u]
            states.regulated[c, bus] = True
            states.qmin[c, bus] += grid.qmin[u]
            states.qmax[c, bus] += grid.qmax[u]
        on = states.branch_on[c]
        np.add.at(states.y[c], (grid.f, grid.f), grid.yff * on)
        np.add.at(states.y[c], (grid.f, grid.t), grid.yft * on)
        np.add.at(states.y[c], (grid.t, grid.f), grid.ytf * on)
        np.add.at(states.y[c], (grid.t, grid.t), grid.ytt * on)
        states.y[c][np.arange(n), np.arange(n)] += grid.shunt
        rating = grid.rate_a if kind == "intact" else np.where(grid.rate_b > 0, grid.rate_b, grid.rate_a)
        states.rating[c] = np.where(rating > 0, rating, np.inf)
    return states


@dataclass
class Flow:
    """Solutions of some states, one row each; rows of `solved` that are False mean nothing."""

    va: np.ndarray
    vm: np.ndarray
    s: np.ndarray
    mode: np.ndarray
    solved: np.ndarray
    q: np.ndarray  # reactive power of the units of each bus

    def rows(self, keep: np.ndarray) -> Flow:
        return Flow(self.va[keep].copy(), self.vm[keep].copy(), self.s[keep].copy(), self.mode[keep].copy(),
                    self.solved[keep].copy(), self.q[keep].copy())  # fmt: skip

    def put(self, where: np.ndarray, other: Flow) -> None:
        for mine, theirs in ((self.va, other.va), (self.vm, other.vm), (self.s, other.s), (self.mode, other.mode),
                             (self.solved, other.solved), (self.q, other.q)):  # fmt: skip
            mine[where] = theirs


@dataclass
class Operation:
    """What all states share: the dispatch of the units and the new load, per unit."""

    pg: np.ndarray
    load: float
    bus: int


def shares(grid: Grid, states: States, pg: np.ndarray) -> np.ndarray:
    """Rule `spare`: share of every unit in s, by state; 0 throughout where nobody has spare."""
    spare = np.maximum(grid.pmax - pg, 0) * states.unit_on
    total = spare.sum(axis=1, keepdims=True)
    return np.divide(spare, total, out=np.zeros_like(spare), where=total > 0)


def by_bus(grid: Grid, per_unit: np.ndarray) -> np.ndarray:
    total = np.zeros((len(per_unit), len(grid.number)))
    for u, bus in enumerate(grid.unit_bus):
        total[:, bus] += per_unit[:, u]
    return total


def newton(grid: Grid, states: States, at: Operation, start: Flow, steps: int = 20) -> Flow:
    """Newton's method on all states at once, modes as given."""
    n, count = len(grid.number), len(states.name)
    flow = start.rows(np.arange(count))
    p = by_bus(grid, at.pg * states.unit_on) - grid.load_p
    q_load = np.tile(grid.load_q, (count, 1))
    p[:, at.bus] -= at.load
    q_load[:, at.bus] += at.load * TAN_PHI
    alpha = by_bus(grid, shares(grid, states, at.pg))
    free = states.regulated & (flow.mode == REGULATING)
    q_units = np.where(flow.mode == AT_MAX, states.qmax, 0) + np.where(flow.mode == AT_MIN, states.qmin, 0)
    diagonal = np.arange(n)
    flow.solved[:] = False
    alive = alpha.sum(axis=1) > 0
    with np.errstate(all="ignore"):
        for _ in range(steps + 1):
            v = flow.vm * np.exp(1j * flow.va)
            current = np.einsum("cij,cj->ci", states.y, v)
            power = v * current.conj()
            miss = np.concatenate((power.real - p - alpha * flow.s[:, None],
                                   np.where(free, flow.vm - states.vset, power.imag + q_load - q_units),
                                   (flow.va[:, grid.reference] - grid.va_start[grid.reference])[:, None]),
                                  axis=1)  # fmt: skip
            worst = np.abs(miss).max(axis=1)
            alive &= np.isfinite(worst) & (worst < 1e6) & (flow.vm.min(axis=1) > 0.05)
            flow.solved = alive & (worst < MISMATCH_PU)
            todo = np.flatnonzero(alive & ~flow.solved)
            if len(todo) == 0:
                break
            vt, ct = v[todo], current[todo]
            unit = vt / flow.vm[todo]
            # d power / d angle and / d magnitude
            d_a = -1j * vt[:, :, None] * (states.y[todo] * vt[:, None, :]).conj()
            d_a[:, diagonal, diagonal] += 1j * vt * ct.conj()
            d_m = vt[:, :, None] * (states.y[todo] * unit[:, None, :]).conj()
            d_m[:, diagonal, diagonal] += ct.conj() * unit
            jac = np.zeros((len(todo), 2 * n + 1, 2 * n + 1))
            jac[:, :n, :n], jac[:, :n, n : 2 * n] = d_a.real, d_m.real
            regulates = free[todo][:, :, None]
            jac[:, n : 2 * n, :n] = np.where(regulates, 0, d_a.imag)
            jac[:, n : 2 * n, n : 2 * n] = np.where(regulates, np.eye(n), d_m.imag)
            jac[:, :n, 2 * n] = -alpha[todo]
            jac[:, 2 * n, grid.reference] = 1
            try:
                step = np.linalg.solve(jac, -miss[todo][:, :, None])[:, :, 0]
            except np.linalg.LinAlgError:
                step = np.full((len(todo), 2 * n + 1), np.nan)
                for i in range(len(todo)):
                    try:
                        step[i] = np.linalg.solve(jac[i], -miss[todo[i]])
                    except np.linalg.LinAlgError:
                        continue
            flow.va[todo] += step[:, :n]
            flow.vm[todo] += step[:, n : 2 * n]
            flow.s[todo] += step[:, 2 * n]
        flow.q = power.imag + q_load
    return flow


def solve(grid: Grid, states: States, at: Operation, start: Flow, one_by_one: bool = False) -> Flow:
    """Power flow with reactive limits both ways: modes change on solutions until none wants to."""
    count = len(states.name)
    result = start.rows(np.arange(count))
    result.solved[:] = False
    todo = np.arange(count)
    seen: list[set[bytes]] = [set() for _ in range(count)]
    now = start.rows(todo)
    for _ in range(60 if one_by_one else 15):
        now = newton(grid, states.subset(todo), at, now)
        keep = []
        for i, c in enumerate(todo):
            if not now.solved[i]:
                continue
            mode, vm, q = now.mode[i], now.vm[i], now.q[i]
            regulates = states.regulated[c] & (mode == REGULATING)
            over = np.where(regulates, np.maximum(q - states.qmax[c], 0) - np.maximum(states.qmin[c] - q, 0), 0)
            over[np.abs(over) < 1e-8] = 0
            back = np.where(mode == AT_MAX, vm - states.vset[c], 0) + np.where(mode == AT_MIN, states.vset[c] - vm, 0)
            back = np.where(back > 1e-9, back, 0)
            if not over.any() and not back.any():
                result.put(np.array([c]), now.rows(np.array([i])))
                continue
            if mode.tobytes() in seen[c]:
                continue
            seen[c].add(mode.tobytes())
            if one_by_one and back.any():
                mode[back.argmax()] = REGULATING
            elif one_by_one:
                worst = np.abs(over).argmax()
                mode[worst] = int(np.sign(over[worst]))
            else:
                mode[over != 0] = np.sign(over[over != 0]).astype(int)
                mode[back > 0] = REGULATING
            keep.append(i)
        if not keep:
            break
        todo, now = todo[keep], now.rows(np.array(keep))
    failed = np.flatnonzero(~result.solved)
    if len(failed) and not one_by_one:
        result.put(failed, solve(grid, states.subset(failed), at, start.rows(failed), True))
    return result


def between(first: Operation, last: Operation, share: float) -> Operation:
    return Operation(first.pg + share * (last.pg - first.pg), first.load + share * (last.load - first.load), last.bus)


def follow(grid: Grid, states: States, first: Operation, last: Operation, start: Flow) -> Flow:
    """Every state at `last`, followed from its solution at `first` in strides as long as they go."""
    result = solve(grid, states, last, start)
    far = np.abs(result.vm - start.vm).max(axis=1) > JUMP_PU
    for c in np.flatnonzero(~result.solved | far):
        one = states.subset(np.array([c]))
        here, done, stride = start.rows(np.array([c])), 0.0, 0.5
        while done < 1 and stride >= SHORTEST_STRIDE:
            aim = min(1.0, done + stride)
            there = solve(grid, one, between(first, last, aim), here)
            if not there.solved[0] or np.abs(there.vm - here.vm).max() > JUMP_PU:
                stride /= 2
                continue
            here, done, stride = there, aim, 1.5 * stride
        here.solved[:] = done >= 1
        result.put(np.array([c]), here)
    return result


def end_flows(grid: Grid, states: States, flow: Flow) -> np.ndarray:
    """|S| of both ends: states x 2 x branches."""
    v = flow.vm * np.exp(1j * flow.va)
    vf, vt = v[:, grid.f], v[:, grid.t]
    ends = np.stack((np.abs(vf * (grid.yff * vf + grid.yft * vt).conj()),
                     np.abs(vt * (grid.ytf * vf + grid.ytt * vt).conj())), axis=1)  # fmt: skip
    return ends * states.branch_on[:, None, :]


# ---------------------------------------------------------------- what counts
@dataclass
class Study:
    grid: Grid
    states: States
    original: Operation
    unloaded: Flow
    s0: np.ndarray  # states x branches
    vlow: np.ndarray  # states x buses
    vhigh: np.ndarray
    unsolvable: list[str]


def build(grid: Grid) -> Study:
    states = all_states(grid)
    count, n = len(states.name), len(grid.number)
    flat = Flow(np.tile(grid.va_start, (count, 1)), np.where(states.regulated, states.vset, grid.vm_start),
                np.zeros(count), np.zeros((count, n), int), np.zeros(count, bool), np.zeros((count, n)))  # fmt: skip
    at = Operation(grid.pg.copy(), 0.0, 0)
    intact = solve(grid, states.subset(np.array([0])), at, flat.rows(np.array([0])))
    if not intact.solved[0]:
        raise SystemExit("the intact case has no solution")
    start = intact.rows(np.zeros(count, int))
    start.mode = np.where(states.regulated, start.mode, REGULATING)
    flow = solve(grid, states, at, start)
    again = np.flatnonzero(~flow.solved)
    if len(again):
        flow.put(again, solve(grid, states.subset(again), at, flat.rows(again)))
    unsolvable = [states.name[c] for c in np.flatnonzero(~flow.solved)]
    keep = np.flatnonzero(flow.solved)
    states, flow = states.subset(keep), flow.rows(keep)
    return Study(grid, states, at, flow, end_flows(grid, states, flow).max(axis=1),
                 np.minimum(grid.vmin, flow.vm - ATTRIBUTION_PU), np.maximum(grid.vmax, flow.vm + ATTRIBUTION_PU),
                 unsolvable)  # fmt: skip


@dataclass
class Excess:
    """By how much limits are exceeded, pu; negative: room left. Infinite in states without a solution."""

    thermal: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def by_state(self) -> np.ndarray:
        return np.max((self.thermal.max(axis=1), self.low.max(axis=1), self.high.max(axis=1)), axis=0)

    def names(self, study: Study, above: float) -> list[str]:
        found = []
        for kind, table, rows in (("thermal", self.thermal, study.grid.branch_row),
                                  ("low voltage", self.low, study.grid.number),
                                  ("high voltage", self.high, study.grid.number)):  # fmt: skip
            found += [f"{study.states.name[c]} {kind} {rows[e]}" for c, e in np.argwhere(table > above)]
        return found


def excess(study: Study, flow: Flow, load: float) -> Excess:
    limit = np.maximum(study.states.rating, study.s0 + ATTRIBUTION * load)
    found = Excess(end_flows(study.grid, study.states, flow).max(axis=1) - limit, study.vlow - flow.vm,
                   flow.vm - study.vhigh)  # fmt: skip
    for table in (found.thermal, found.low, found.high):
        table[~flow.solved] = np.inf
    return found


# ---------------------------------------------------------------- headroom with the fixed rule
def fixed_rule_headroom(study: Study, bus: int) -> tuple[float, Flow]:
    """Smallest load (pu) at which something counts with the case's dispatch and the rule `spare`, and the
    solutions just below. Doubled until something counts, then bisected."""
    spare = np.maximum(study.grid.pmax - study.grid.pg, 0).sum()
    clean, below, stride, broken = 0.0, study.unloaded, 0.5 / study.grid.base_mva, None
    while broken is None or broken - clean > 1e-3 / study.grid.base_mva:
        aim = (clean + broken) / 2 if broken is not None else clean + stride
        first, last = Operation(study.grid.pg, clean, bus), Operation(study.grid.pg, aim, bus)
        flow = follow(study.grid, study.states, first, last, below)
        if excess(study, flow, aim).by_state().max() > 0 or flow.s[0] > spare:
            broken = aim
        else:
            clean, below, stride = aim, flow, min(2 * stride, 0.1)
            if clean * study.grid.base_mva >= MAX_MW:
                break
    return clean, below


# ---------------------------------------------------------------- the optimum
@dataclass
class Slots:
    """A point of the problem: the states taken into it, and the values of its unknowns."""

    states: list[int]
    load: float
    pg: np.ndarray
    va: np.ndarray
    vm: np.ndarray
    sigma: np.ndarray
    q: np.ndarray  # states x regulated buses, as `up` and `down`
    up: np.ndarray
    down: np.ndarray


@dataclass
class Optimum:
    point: Slots
    ok: bool
    message: str
    lam_x: np.ndarray
    lam_g: np.ndarray


class Problem:
    """The problem for any states and any bus, made once for each number of states."""

    def __init__(self, study: Study) -> None:
        import casadi

        self.ca = casadi
        self.study = study
        grid = study.grid
        self.n, self.branches, self.units = len(grid.number), len(grid.f), len(grid.pg)
        self.regulating = np.unique(grid.unit_bus)
        self.m = len(self.regulating)
        self.rated = np.flatnonzero(np.isfinite(study.states.rating).any(axis=0))
        self.width = 2 * self.n + 1 + 3 * self.m
        self.solvers: dict[tuple[int, bool], object] = {}
        self.solves = 0
        self.iterations = 0
        self.state_function = self._state_function()

    def _state_function(self) -> object:
        """All constraints of one state, as a function of its unknowns, the shared ones and what the state is."""
        ca, grid, n, m = self.ca, self.study.grid, self.n, self.m
        z = ca.SX.sym("z", self.width)
        va, vm, sigma, rest = z[:n], z[n : 2 * n], z[2 * n], z[2 * n + 1 :]
        q, up, down = rest[:m], rest[m : 2 * m], rest[2 * m :]
        shared = ca.SX.sym("shared", 1 + self.units)
        load, pg = shared[0], shared[1:]
        at_bus = ca.SX.sym("at_bus", n)
        branch_on, unit_on = ca.SX.sym("branch_on", self.branches), ca.SX.sym("unit_on", self.units)
        vset, qmin, qmax = ca.SX.sym("vset", m), ca.SX.sym("qmin", m), ca.SX.sym("qmax", m)
        limit, growth = ca.SX.sym("limit", len(self.rated)), ca.SX.sym("growth", len(self.rated))

        # What is left over at every bus: production - load - shunts - what flows into branches.
        p_left, q_left = -grid.load_p - load * at_bus, -grid.load_q - load * TAN_PHI * at_bus
        p_left -= vm**2 * grid.shunt.real
        q_left += vm**2 * grid.shunt.imag
        for u, bus in enumerate(grid.unit_bus):
            p_left[bus] += unit_on[u] * (pg[u] + sigma * (grid.pmax[u] - pg[u]))
        for i, bus in enumerate(self.regulating):
            q_left[bus] += q[i]
        thermal = []
        for b in range(self.branches):
            f, t = int(grid.f[b]), int(grid.t[b])
            cosine, sine = ca.cos(va[f] - va[t]), ca.sin(va[f] - va[t])
            for here, there, own, mutual, sign in ((f, t, grid.yff[b], grid.yft[b], 1),
                                                   (t, f, grid.ytt[b], grid.ytf[b], -1)):  # fmt: skip
                product, s = vm[here] * vm[there], sign * sine
                p = own.real * vm[here] ** 2 + product * (mutual.real * cosine + mutual.imag * s)
                r = -own.imag * vm[here] ** 2 + product * (mutual.real * s - mutual.imag * cosine)
                p_left[here] -= branch_on[b] * p
                q_left[here] -= branch_on[b] * r
                if b in self.rated:
                    i = int(np.searchsorted(self.rated, b))
                    thermal.append(branch_on[b] * (p**2 + r**2) - (limit[i] + growth[i] * load) ** 2)
        held = ca.vertcat(*[vm[int(bus)] - vset[i] for i, bus in enumerate(self.regulating)]) - up + down
        spare = ca.dot(unit_on, grid.pmax - pg)
        g = ca.vertcat(p_left, q_left, held, down * (qmax - q), up * (q - qmin), *thermal, spare)
        p_all = ca.vertcat(at_bus, branch_on, unit_on, vset, qmin, qmax, limit, growth)
        self.parameters = p_all.numel()
        self.height = g.numel()
        return ca.Function("state", [z, shared, p_all], [g])

    def _solver(self, count: int, near: bool) -> object:
        if (count, near) not in self.solvers:
            ca = self.ca
            shared = ca.MX.sym("shared", 1 + self.units)
            z, p = ca.MX.sym("z", self.width, count), ca.MX.sym("p", self.parameters, count)
            g = self.state_function.map(count)(z, ca.repmat(shared, 1, count), p)
            x = ca.vertcat(shared, ca.vec(z))
            options = {"print_time": False, "ipopt": {
                "print_level": 0, "sb": "yes", "max_iter": 250, "tol": 1e-8, "constr_viol_tol": 1e-9,
                "bound_relax_factor": 1e-10, "acceptable_tol": 1e-7, "max_cpu_time": 60.0,
                "mu_strategy": "monotone", "mu_init": 1e-3 if near else 1e-1, "bound_push": 1e-4 if near else 1e-2,
                "bound_frac": 1e-4 if near else 1e-2}}  # fmt: skip
            self.solvers[count, near] = ca.nlpsol("problem", "ipopt", {"x": x, "p": ca.vec(p), "f": -shared[0],
                                                                       "g": ca.vec(g)}, options)  # fmt: skip
        return self.solvers[count, near]

    def forms(self, states: list[int], load: float) -> np.ndarray:
        """Which pairs are limited by S0 + 0.03 load (True) and which by the rating."""
        s0, rating = self.study.s0[states][:, self.rated], self.study.states.rating[states][:, self.rated]
        return s0 + ATTRIBUTION * load > rating

    def maximise(self, bus: int, start: Slots, modes: np.ndarray | None, forms: np.ndarray, product: float,
                 near: bool) -> Optimum:  # fmt: skip
        """`modes`: states x regulated buses, or None to keep only the products below `product`."""
        study, grid, n, m = self.study, self.study.grid, self.n, self.m
        states = start.states
        count = len(states)
        rows = study.states
        on = rows.regulated[states][:, self.regulating]
        qmin, qmax = rows.qmin[states][:, self.regulating], rows.qmax[states][:, self.regulating]
        s0, rating = study.s0[states][:, self.rated], rows.rating[states][:, self.rated]
        limited = np.isfinite(rating)
        limit = np.where(forms, s0, np.where(limited, rating, 0))
        growth = np.where(forms, ATTRIBUTION, 0.0)
        at_bus = np.zeros((count, n))
        at_bus[:, bus] = 1
        p = np.hstack((at_bus, rows.branch_on[states], rows.unit_on[states], rows.vset[states][:, self.regulating],
                       qmin, qmax, limit, growth))  # fmt: skip

        low, high = np.full((count, self.width), -np.inf), np.full((count, self.width), np.inf)
        low[:, grid.reference] = high[:, grid.reference] = grid.va_start[grid.reference]
        low[:, n : 2 * n], high[:, n : 2 * n] = study.vlow[states], study.vhigh[states]
        for i, c in enumerate(states):
            if c == 0:
                low[i, 2 * n] = high[i, 2 * n] = 0
        at_q, at_up, at_down = 2 * n + 1, 2 * n + 1 + m, 2 * n + 1 + 2 * m
        free = np.full((count, m), np.inf)
        zero = np.zeros((count, m))
        mode = np.zeros((count, m), int) if modes is None else modes
        loose = modes is None
        # Regulating: up = down = 0. At Qmax: Q fixed, down free. At Qmin: Q fixed, up free.
        low[:, at_q : at_q + m] = np.where(on, np.where(mode == AT_MAX, qmax, qmin), 0)
        high[:, at_q : at_q + m] = np.where(on, np.where(mode == AT_MIN, qmin, qmax), 0)
        low[:, at_up : at_up + m] = zero
        high[:, at_up : at_up + m] = np.where(on & (loose | (mode == AT_MIN)), free, 0)
        low[:, at_down : at_down + m] = np.where(on, 0, -free)  # a bus that lost its units: any voltage
        high[:, at_down : at_down + m] = np.where(on & ~(loose | (mode == AT_MAX)), 0, free)

        pairs = np.where(np.repeat(limited, 2, axis=1), 0, np.inf)
        bound = np.where(on, product if loose else np.inf, np.inf)
        g_low = np.hstack((np.zeros((count, 2 * n + m)), np.full((count, 2 * m), -np.inf),
                           np.full((count, 2 * len(self.rated)), -np.inf),
                           np.full((count, 1), LEAST_SPARE_MW / grid.base_mva)))  # fmt: skip
        g_high = np.hstack((np.zeros((count, 2 * n + m)), bound, bound, pairs, np.full((count, 1), np.inf)))

        z = np.hstack((start.va, start.vm, start.sigma[:, None], start.q, start.up, start.down))
        shared = np.concatenate(([start.load], start.pg))
        shared_low = np.concatenate(([0.0], grid.pg_low))
        shared_high = np.concatenate(([MAX_MW / grid.base_mva], grid.pg_high))
        solver = self._solver(count, near)
        answer = solver(x0=np.concatenate((shared, z.ravel())), p=p.ravel(),
                        lbx=np.concatenate((shared_low, low.ravel())), ubx=np.concatenate((shared_high, high.ravel())),
                        lbg=g_low.ravel(), ubg=g_high.ravel())  # fmt: skip
        stats = solver.stats()
        self.solves += 1
        self.iterations += stats["iter_count"]
        x = np.array(answer["x"]).ravel()
        z = x[1 + self.units :].reshape(count, self.width)
        point = Slots(list(states), float(x[0]), x[1 : 1 + self.units], z[:, :n], z[:, n : 2 * n], z[:, 2 * n],
                      z[:, at_q : at_q + m], z[:, at_up : at_up + m], z[:, at_down:])  # fmt: skip
        return Optimum(point, bool(stats["success"]), stats["return_status"], np.array(answer["lam_x"]).ravel(),
                       np.array(answer["lam_g"]).ravel())  # fmt: skip


def slots_from(study: Study, problem: Problem, states: list[int], at: Operation, flow: Flow) -> Slots:
    """The problem's unknowns from a power flow; states it has not solved start without load."""
    grid, on = study.grid, problem.regulating
    rows = Flow(*(np.where((flow.solved if a.ndim == 1 else flow.solved[:, None]), a, b) for a, b in (
        (flow.va, study.unloaded.va), (flow.vm, study.unloaded.vm), (flow.s, study.unloaded.s),
        (flow.mode, study.unloaded.mode), (flow.solved, study.unloaded.solved),
        (flow.q, study.unloaded.q))))  # fmt: skip
    spare = (np.maximum(grid.pmax - at.pg, 0) * study.states.unit_on).sum(axis=1)
    apart = rows.vm[states][:, on] - study.states.vset[states][:, on]
    regulated = study.states.regulated[states][:, on]
    return Slots(list(states), at.load, at.pg.copy(), rows.va[states], rows.vm[states],
                 (rows.s / np.maximum(spare, 1e-6))[states], np.where(regulated, rows.q[states][:, on], 0),
                 np.where(regulated, np.maximum(apart, 0), 0),
                 np.where(regulated, np.maximum(-apart, 0), -apart))  # fmt: skip


def balanced(study: Study, at: Operation) -> tuple[Operation, Flow]:
    """The dispatch with the intact state's s folded in, and all states there. Units stop at their range, so
    what they cannot take goes round once more."""
    grid, first = study.grid, Operation(study.original.pg, 0.0, at.bus)
    intact = study.states.subset(np.array([0]))
    for _ in range(8):
        flow = follow(grid, intact, first, at, study.unloaded.rows(np.array([0])))
        s = float(flow.s[0])
        if not flow.solved[0] or abs(s) < 1e-9:
            break
        room = np.maximum(grid.pmax - at.pg, 0) if s > 0 else np.maximum(at.pg - grid.pg_low, 0)
        if room.sum() < abs(s):
            break
        at = Operation(np.clip(at.pg + s * room / room.sum(), grid.pg_low, grid.pg_high), at.load, at.bus)
    return at, follow(grid, study.states, first, at, study.unloaded)


def is_clean(study: Study, at: Operation, flow: Flow) -> bool:
    return abs(flow.s[0]) < 1e-7 and excess(study, flow, at.load).by_state().max() < 1e-6


def furthest_clean(study: Study, clean: Operation, aim: Operation) -> tuple[Operation, Flow]:
    """The point nearest to `aim` on the way to it at which nothing counts, and all states there."""
    best, best_flow = balanced(study, clean)
    low, high, share = 0.0, 1.0, 1.0
    while high - low > 0.01:
        at, flow = balanced(study, between(clean, aim, share))
        if is_clean(study, at, flow):
            best, best_flow, low = at, flow, share
        else:
            high = share
        if low == 1.0:
            break
        share = (low + high) / 2
    return best, best_flow


def study_modes(study: Study, problem: Problem, states: list[int], flow: Flow) -> np.ndarray:
    return np.where(flow.solved[:, None], flow.mode, study.unloaded.mode)[states][:, problem.regulating]


def modes_of(study: Study, problem: Problem, point: Slots) -> np.ndarray:
    """The mode each bus is nearest to at a relaxed optimum."""
    on = study.states.regulated[point.states][:, problem.regulating]
    qmin = study.states.qmin[point.states][:, problem.regulating]
    qmax = study.states.qmax[point.states][:, problem.regulating]
    top = on & (point.down > np.maximum(qmax - point.q, 1e-7))
    bottom = on & ~top & (point.up > np.maximum(point.q - qmin, 1e-7))
    return np.where(top, AT_MAX, np.where(bottom, AT_MIN, REGULATING))


def worth_crossing(study: Study, problem: Problem, found: Optimum,
                   modes: np.ndarray) -> list[tuple[float, int, int, int]]:  # fmt: skip
    """Borders of the modes that hold the load back: (multiplier, slot, bus, new mode), largest first."""
    point, m = found.point, problem.m
    states = point.states
    on = study.states.regulated[states][:, problem.regulating]
    lam = found.lam_x[1 + problem.units :].reshape(len(states), problem.width)[:, 2 * problem.n + 1 :]
    lam_q, lam_up, lam_down = lam[:, :m], lam[:, m : 2 * m], lam[:, 2 * m :]
    crossings = []
    for i in range(len(states)):
        for b in range(m):
            if not on[i, b]:
                continue
            if modes[i, b] == REGULATING and lam_q[i, b] > 1e-6:
                crossings.append((lam_q[i, b], i, b, AT_MAX))
            elif modes[i, b] == REGULATING and lam_q[i, b] < -1e-6:
                crossings.append((-lam_q[i, b], i, b, AT_MIN))
            elif modes[i, b] == AT_MAX and lam_down[i, b] < -1e-6:
                crossings.append((-lam_down[i, b], i, b, REGULATING))
            elif modes[i, b] == AT_MIN and lam_up[i, b] < -1e-6:
                crossings.append((-lam_up[i, b], i, b, REGULATING))
    return sorted(crossings, reverse=True)


@dataclass
class Answer:
    load: float
    pg: np.ndarray
    worst_excess: float
    binding: list[str]
    problem: str  # what the power flow found wrong; empty: nothing


def exact_modes(study: Study, problem: Problem, bus: int, start: Slots, modes: np.ndarray,
                log: list[str]) -> tuple[Optimum, np.ndarray] | None:  # fmt: skip
    """With the modes given, and crossing borders while that gains. None: no solution with the modes given."""
    forms = problem.forms(start.states, start.load)
    best = problem.maximise(bus, start, modes, forms, 0.0, True)
    if not best.ok:
        best = problem.maximise(bus, start, modes, forms, 0.0, False)
    if not best.ok:
        log.append(f"exact modes: {best.message}")
        return None
    for _ in range(MOST_CROSSINGS):
        pending = worth_crossing(study, problem, best, modes)
        grown = problem.forms(start.states, best.point.load)
        tries = [pending] + [[one] for one in pending] if len(pending) > 1 else [pending]
        if not pending and (grown == forms).all():
            return best, modes
        for crossed in tries:
            trial = modes.copy()
            for _, i, b, mode in crossed:
                trial[i, b] = mode
            found = problem.maximise(bus, best.point, trial, grown, 0.0, True)
            if found.ok and found.point.load > best.point.load + 1e-6:
                best, modes, forms = found, trial, grown
                break
        else:
            return best, modes
    log.append("crossings not exhausted")
    return best, modes


def with_states(study: Study, problem: Problem, point: Slots, added: list[int], at: Operation, flow: Flow) -> Slots:
    more = slots_from(study, problem, added, at, flow)
    return Slots(point.states + added, point.load, point.pg, *(np.concatenate(two) for two in (
        (point.va, more.va), (point.vm, more.vm), (point.sigma, more.sigma), (point.q, more.q), (point.up, more.up),
        (point.down, more.down))))  # fmt: skip


def binding_of(study: Study, problem: Problem, found: Optimum) -> list[str]:
    """Pairs with a multiplier, as `state limit element (MW per MVA or per 0.01 pu)`; the generation too."""
    n, m, count = problem.n, problem.m, len(found.point.states)
    base = study.grid.base_mva
    lam_z = found.lam_x[1 + problem.units :].reshape(count, problem.width)
    lam_g = found.lam_g.reshape(count, problem.height)
    pairs = []
    for i, c in enumerate(found.point.states):
        name = study.states.name[c]
        for b in range(n):
            price = lam_z[i, n + b] * base / 100
            if abs(price) > 1e-3:
                kind = "high" if price > 0 else "low"
                element = f"{kind} voltage {study.grid.number[b]}"
                pairs.append((abs(price), f"{name} {element} ({abs(price):.3g} MW per 0.01 pu)"))
        offset = 2 * n + 3 * m
        ends = lam_g[i, offset : offset + 2 * len(problem.rated)].reshape(-1, 2).sum(axis=1)
        for k, branch in enumerate(problem.rated):
            limit = max(study.states.rating[c, branch], study.s0[c, branch] + ATTRIBUTION * found.point.load)
            price = 2 * ends[k] * limit
            if price > 1e-4:
                pairs.append((price, f"{name} thermal {study.grid.branch_row[branch]} ({price:.3g} MW per MVA)"))
        if abs(lam_g[i, -1]) > 1e-4:
            pairs.append((abs(lam_g[i, -1]), f"{name} least spare"))
    at_end = found.point.load * base > MAX_MW - 1e-3
    return [text for _, text in sorted(pairs, reverse=True)] + (["cap"] if at_end else [])


def relaxed_optimum(study: Study, problem: Problem, at: Operation, known: list[int], log: list[str]) -> Slots | None:
    """An optimum with modes left open but for the smallest product; states added as they break."""
    bus, first = at.bus, Operation(study.original.pg, 0.0, at.bus)
    at, flow = balanced(study, at)
    point = slots_from(study, problem, list(known), at, flow)
    reached: Slots | None = None
    for product in RELAXED_PRODUCTS:
        for _ in range(10):
            forms = problem.forms(point.states, point.load)
            found = problem.maximise(bus, point, None, forms, product, reached is not None)
            if not found.ok:
                found = problem.maximise(bus, point, None, forms, product, reached is None)
            if not found.ok:
                log.append(f"relaxed to {product}: {found.message}")
                return reached
            point = reached = found.point
            at = Operation(np.clip(point.pg, study.grid.pg_low, study.grid.pg_high), point.load, bus)
            flow = follow(study.grid, study.states, first, at, study.unloaded)
            broken = new_broken(study, flow, at, known, 4)
            if broken:
                known.extend(broken)
                point = with_states(study, problem, point, broken, at, flow)
            elif (problem.forms(point.states, point.load) == forms).all():
                break
    return reached


def from_start(study: Study, problem: Problem, clean: Operation, at: Operation, known: list[int], relaxed: bool,
               log: list[str]) -> list[Answer]:  # fmt: skip
    """One start to its local optimum, states added as they break; `known` collects them for later starts.
    `clean` is a point at which nothing counts: where the modes of the relaxed optimum, or of an optimum before a
    state was added, have no solution, the way goes on from the last such point towards it. The last answer is
    the one reached; those before it are solutions that the power flow did not confirm."""
    bus, first = at.bus, Operation(study.original.pg, 0.0, at.bus)
    answers: list[Answer] = []
    direct: tuple[Slots, np.ndarray] | None = None
    if relaxed:
        point = relaxed_optimum(study, problem, at, known, log)
        if point is None:
            return []
        if len(point.states) == len(known):
            direct = point, modes_of(study, problem, point)
        pg = np.clip(point.pg, study.grid.pg_low, study.grid.pg_high)
        clean, _ = furthest_clean(study, clean, Operation(pg, point.load, bus))
    for _ in range(20):
        reached = exact_modes(study, problem, bus, *direct, log) if direct is not None else None
        if reached is None:
            clean, flow = balanced(study, clean)
            point = slots_from(study, problem, list(known), clean, flow)
            reached = exact_modes(study, problem, bus, point, study_modes(study, problem, point.states, flow), log)
        if reached is None:
            return answers
        found, modes = reached
        at = Operation(np.clip(found.point.pg, study.grid.pg_low, study.grid.pg_high), found.point.load, bus)
        flow = follow(study.grid, study.states, first, at, study.unloaded)
        broken = new_broken(study, flow, at, known, 4)
        nearest, _ = furthest_clean(study, clean, at)
        if not broken:
            worst = excess(study, flow, at.load)
            trouble = "; ".join(worst.names(study, CLEAN_PU)[:4])
            if abs(flow.s[0]) > CLEAN_PU:
                trouble += f"; intact state not balanced by {flow.s[0]:.1e}"
            binding = binding_of(study, problem, found)
            answers.append(Answer(at.load, at.pg, float(worst.by_state().max()), binding, trouble))
            if not trouble or direct is None:
                return answers
            direct, clean = None, nearest
            continue
        known.extend(broken)
        clean = nearest
        direct = None
        if relaxed:
            more = with_states(study, problem, found.point, broken, at, flow)
            direct = more, np.vstack((modes, study_modes(study, problem, broken, flow)))
    log.append("states still breaking")
    return answers


def new_broken(study: Study, flow: Flow, at: Operation, known: list[int], most: int) -> list[int]:
    """States that break a limit and are not yet in the problem, worst first."""
    by_state = excess(study, flow, at.load).by_state()
    order = np.argsort(-by_state)
    return [int(c) for c in order if by_state[c] > 1e-6 and c not in known][:most]


def worst_excess_at(study: Study, number: int, load_mw: float, pg_mw: np.ndarray) -> tuple[float, float]:
    """What the power flow finds at a dispatch: the largest excess of any limit in any state (pu), and the intact
    state's s (MW), 0 where the dispatch balances it. How a figure is checked without any optimisation."""
    base, bus = study.grid.base_mva, int(np.flatnonzero(study.grid.number == number)[0])
    at = Operation(pg_mw / base, load_mw / base, bus)
    flow = follow(study.grid, study.states, Operation(study.original.pg, 0.0, bus), at, study.unloaded)
    return float(excess(study, flow, at.load).by_state().max()), float(flow.s[0]) * base


def random_dispatch(study: Study, rng: np.random.Generator, bus: int, least: float) -> Operation:
    """Every unit somewhere in its range, and the load that leaves about 3 % for losses (not below `least`)."""
    grid = study.grid
    pg = grid.pg_low + rng.uniform(size=len(grid.pg)) * (grid.pg_high - grid.pg_low)
    load = pg.sum() / 1.03 - grid.load_p.sum()
    if load < least:  # raise everybody by the same share of the room left
        missing = 1.03 * (least + grid.load_p.sum()) - pg.sum()
        pg += (grid.pg_high - pg) * min(0.98, missing / (grid.pg_high - pg).sum())
        load = least
    return Operation(pg, min(load, 3 * least + 0.2), bus)


def redispatch_headroom(study: Study, problem: Problem, number: int, random_starts: int,
                        seed: int = 1) -> dict[str, object]:  # fmt: skip
    """The row of one bus, as COLUMNS has it, and the dispatch `pg_mw` where there is an answer."""
    grid = study.grid
    bus = int(np.flatnonzero(grid.number == number)[0])
    base = grid.base_mva
    fixed, _ = fixed_rule_headroom(study, bus)
    rng = np.random.default_rng((seed, number))
    known = [0]
    log: list[str] = []
    answers: list[Answer] = []
    unconfirmed: list[Answer] = []
    plans = [("fixed rule", Operation(grid.pg, 0.98 * fixed, bus), False),
             ("fixed rule, relaxed", Operation(grid.pg, 0.98 * fixed, bus), True)]  # fmt: skip
    plans += [(f"random {i + 1}", random_dispatch(study, rng, bus, fixed), True) for i in range(random_starts)]
    loads = []
    for name, at, relaxed in plans:
        notes: list[str] = []
        reached = from_start(study, problem, plans[0][1], at, known, relaxed, notes)
        good = [a for a in reached if not a.problem]
        loads.append(f"{good[-1].load * base:.3f}" if good else "none")
        answers += good[-1:]
        unconfirmed += [a for a in reached if a.problem]
        if notes:
            log.append(f"{name}: {'; '.join(dict.fromkeys(notes))}")
    row: dict[str, object] = {"bus": number, "headroom_mw": fixed * base, "redispatch_mw": "", "verified": 0,
                              "starts": len(plans), "starts_agree": 0, "worst_excess_pu": "",
                              "states": len(study.states.name),
                              "states_in_problem": len(known), "binding": "", "by_start_mw": " ".join(loads),
                              "notes": " | ".join(log)}  # fmt: skip
    best = max(answers, key=lambda a: a.load, default=None)
    if best is not None:
        near = max(AGREE_MW / base, AGREE_SHARE * best.load)
        row.update(redispatch_mw=best.load * base, verified=1, pg_mw=best.pg * base, worst_excess_pu=best.worst_excess,
                   starts_agree=sum(abs(a.load - best.load) <= near for a in answers),
                   binding="; ".join(best.binding))  # fmt: skip
        beyond = [a for a in unconfirmed if a.load > best.load + near]
        if beyond:
            most = max(beyond, key=lambda a: a.load)
            log.append(f"not confirmed by the power flow: {most.load * base:.3f} MW ({most.problem})")
            row["notes"] = " | ".join(log)
    return row


COLUMNS = ["bus", "redispatch_mw", "verified", "starts", "starts_agree", "headroom_mw", "worst_excess_pu", "states",
           "states_in_problem", "binding", "by_start_mw", "notes"]  # fmt: skip


def written(row: dict[str, object]) -> dict[str, object]:
    """Numbers with as many digits as they are worth."""
    texts = {key: value for key, value in row.items() if key in COLUMNS}
    for key, digits in (("redispatch_mw", "{:.6f}"), ("headroom_mw", "{:.3f}"), ("worst_excess_pu", "{:.1e}")):
        if isinstance(row[key], float):
            texts[key] = digits.format(row[key])
    for key in ("binding", "notes"):
        texts[key] = str(row[key]).replace(",", ";")
    return texts


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("case", help="name of a MATPOWER case")
    ap.add_argument("--cases", type=Path, default=Path(__file__).resolve().parents[3] / "data", help="its folder")
    ap.add_argument("--ratings", type=Path, help="CSV branch_row,rate_a_mva that replaces rates A and B")
    ap.add_argument("--buses", help="numbers with commas between; default: all")
    ap.add_argument("--random-starts", type=int, default=3, help="beside the two from the fixed rule")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--fixed-rule-only", action="store_true", help="print the headroom with the fixed rule, no optimum")
    ap.add_argument("--out", type=Path, help="folder for expected.csv and run.json")
    a = ap.parse_args()
    study = build(read_grid(a.cases / f"{a.case}.m", a.ratings))
    buses = [int(b) for b in a.buses.split(",")] if a.buses else [int(b) for b in study.grid.number]
    if a.fixed_rule_only:
        for number in buses:
            load, _ = fixed_rule_headroom(study, int(np.flatnonzero(study.grid.number == number)[0]))
            print(number, f"{load * study.grid.base_mva:.3f}", flush=True)
        return
    if a.out is None:
        ap.error("--out is needed")
    started = time.time()
    problem = Problem(study)
    a.out.mkdir(parents=True, exist_ok=True)
    with (a.out / "expected.csv").open("w", newline="") as lines, (a.out / "dispatch.csv").open("w") as units:
        table = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
        table.writeheader()
        units.write(",".join(["bus", *(f"unit_{u}_mw" for u in study.grid.unit_row)]) + "\n")
        for number in buses:
            row = redispatch_headroom(study, problem, number, a.random_starts, a.seed)
            texts = written(row)
            table.writerow(texts)
            if "pg_mw" in row:
                units.write(",".join([str(number), *(f"{p:.7f}" for p in row["pg_mw"])]) + "\n")
            lines.flush()
            units.flush()
            seconds = time.time() - started
            print(*(f"{k}={v}" for k, v in texts.items()), f"[{seconds:.0f} s]", file=sys.stderr, flush=True)
    python = ".".join(map(str, sys.version_info[:2]))
    versions = f"casadi {problem.ca.__version__}, numpy {np.__version__} on Python {python}"
    run = {"case": a.case, "versions": versions, "power_factor": POWER_FACTOR, "balance": "spare", "rating_post": "B",
           "attribution": ATTRIBUTION, "attribution_pu": ATTRIBUTION_PU, "max_mw": int(MAX_MW), "contingencies": "n-1",
           "q_limits": True, "least_spare_mw": LEAST_SPARE_MW, "random_starts": a.random_starts, "seed": a.seed,
           "buses": len(buses), "states": len(study.states.name), "unsolvable": study.unsolvable,
           "optima": problem.solves, "iterations": problem.iterations,
           "minutes": round((time.time() - started) / 60, 2)}  # fmt: skip
    (a.out / "run.json").write_text(json.dumps(run, indent=1) + "\n")


if __name__ == "__main__":
    main()
