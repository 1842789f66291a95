"""A slow, independent referee for N-1 headroom.

Written from the definition of headroom alone, with numpy and scipy and nothing of nodalroom:
every state is a full AC Newton power flow with a distributed slack as one unknown and reactive
limits in both directions; every limit is found by plain bisection on the load.

    python referee.py CASE.m OUT.csv [--min-kv 100] [--rating-post A] [--balance spare] ...

The case reader takes MATPOWER files that are plain tables and refuses files that compute.
"""
import argparse
import csv
import json
import os
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

MISMATCH_PU = 1e-9      # convergence of every power flow
STEP_MW = 1e-3          # thermal and voltage limits are bisected to this
COLLAPSE_MW = 0.02      # a path that cannot advance by this much has ended
CHECK_MW = 0.02         # "just below H": where every state must be clean
JUMP_PU = 0.15          # a stride that moves a voltage further is cut: it may have left the upper branch
TYPES = ("thermal", "voltage", "collapse", "generation")


# ---------------------------------------------------------------- the case
def read_matpower(path):
    text = re.sub(r"%[^\n]*", "", open(path, encoding="utf-8", errors="replace").read())
    if re.search(r"mpc\.(bus|gen|branch)\s*\(", text):
        raise SystemExit(f"{path}: the file computes with its tables; export it as plain numbers first")
    tables = {}
    for name in ("bus", "gen", "branch"):
        body = re.search(rf"mpc\.{name}\s*=\s*\[(.*?)\]", text, re.S).group(1)
        rows = [r.replace(",", " ").split() for r in re.split(r"[;\n]", body.replace("...", " "))]
        tables[name] = np.array([[float(x) for x in r] for r in rows if r])
    tables["baseMVA"] = float(re.search(r"mpc\.baseMVA\s*=\s*([^;]+);", text).group(1))
    return tables


class Grid:
    def __init__(self, tables):
        bus, gen, branch = tables["bus"], tables["gen"], tables["branch"]
        self.base = tables["baseMVA"]
        bus = bus[bus[:, 1] != 4]                       # isolated buses take no part
        self.n = n = len(bus)
        self.number = bus[:, 0].astype(int)
        row = {b: i for i, b in enumerate(self.number)}
        self.load = (bus[:, 2] + 1j * bus[:, 3]) / self.base
        self.kv, self.vmax, self.vmin = bus[:, 9], bus[:, 11], bus[:, 12]
        self.ref = int(np.flatnonzero(bus[:, 1] == 3)[0])
        if (bus[:, 1] == 3).sum() != 1:
            raise SystemExit("one reference bus is expected")
        self.va0, self.vm0 = np.radians(bus[:, 8]), bus[:, 7].copy()

        on = (gen[:, 7] > 0) & np.isin(gen[:, 0].astype(int), self.number)
        self.unit_row = np.flatnonzero(on) + 1          # 1-based, in the file
        g = gen[on]
        self.unit_bus = np.array([row[int(b)] for b in g[:, 0]])
        self.pg, self.qg = g[:, 1] / self.base, g[:, 2] / self.base
        self.qmax, self.qmin, self.vset = g[:, 3] / self.base, g[:, 4] / self.base, g[:, 5]
        self.pmax = g[:, 8] / self.base
        self.regulates = bus[self.unit_bus, 1] != 1     # a unit at a PQ bus keeps its Q

        ends_live = np.isin(branch[:, 0].astype(int), self.number) & np.isin(branch[:, 1].astype(int), self.number)
        live = (branch[:, 10] > 0) & ends_live
        self.branch_row = np.flatnonzero(live) + 1
        b = branch[live]
        self.f = np.array([row[int(x)] for x in b[:, 0]])
        self.t = np.array([row[int(x)] for x in b[:, 1]])
        y = 1 / (b[:, 2] + 1j * b[:, 3])
        tap = np.where(b[:, 8] == 0, 1.0, b[:, 8]) * np.exp(1j * np.radians(b[:, 9]))
        self.ytt = y + 0.5j * b[:, 4]
        self.yff = self.ytt / np.abs(tap) ** 2
        self.yft, self.ytf = -y / np.conj(tap), -y / tap
        self.rates = b[:, 5:8] / self.base

        # One fixed pattern holds Ybus of every state.
        i = np.r_[self.f, self.f, self.t, self.t, np.arange(n)]
        j = np.r_[self.f, self.t, self.f, self.t, np.arange(n)]
        keys, self.slot = np.unique(i * n + j, return_inverse=True)
        self.yi, self.yj = keys // n, keys % n
        self.row_start = np.searchsorted(self.yi, np.arange(n))
        self.diag = np.flatnonzero(self.yi == self.yj)
        values = np.r_[self.yff, self.yft, self.ytf, self.ytt, (bus[:, 4] + 1j * bus[:, 5]) / self.base]
        self.values = values
        self.y = self.gather(values)
        self._jacobian_pattern()

    def gather(self, values):
        return (np.bincount(self.slot, values.real, len(self.yi))
                + 1j * np.bincount(self.slot, values.imag, len(self.yi)))

    def y_without(self, k):
        v, m = self.values.copy(), len(self.f)
        v[[k, m + k, 2 * m + k, 3 * m + k]] = 0
        return self.gather(v)

    def _jacobian_pattern(self):
        """Rows: P of every bus, Q (or V = setpoint) of every bus, angle of the reference.
        Columns: angle and magnitude of every bus, then s."""
        n = self.n
        units = np.unique(self.unit_bus)
        rows = np.r_[self.yi, self.yi + n, self.yi, self.yi + n, units, 2 * n]
        cols = np.r_[self.yj, self.yj, self.yj + n, self.yj + n, np.full(len(units), 2 * n), self.ref]
        self.s_rows = units
        size, probe = 2 * n + 1, np.random.default_rng(1)
        a = sp.csc_matrix((probe.uniform(1, 2, len(rows)), (rows, cols)), (size, size))
        self.perm = np.argsort(splu(a, permc_spec="COLAMD").perm_c)   # column order, found once
        place = np.empty(size, int)
        place[self.perm] = np.arange(size)
        order = np.lexsort((rows, place[cols]))
        self.entry = order
        self.indices = rows[order].astype(np.int32)
        self.indptr = np.searchsorted(place[cols][order], np.arange(size + 1)).astype(np.int32)

    def flows(self, v, out=None):
        """Larger of the two ends' |S|, per unit; `out` is a branch that is not there."""
        vf, vt = v[self.f], v[self.t]
        s = np.maximum(np.abs(vf * np.conj(self.yff * vf + self.yft * vt)),
                       np.abs(vt * np.conj(self.ytf * vf + self.ytt * vt)))
        if out is not None:
            s[out] = 0
        return s

    def bridges(self):
        out = []
        pairs = {}
        for k, (a, b) in enumerate(zip(self.f, self.t)):
            pairs.setdefault((min(a, b), max(a, b)), []).append(k)
        parts = connected_components(sp.coo_matrix((np.ones(len(self.f)), (self.f, self.t)), (self.n, self.n)), False)[0]
        for k in range(len(self.f)):
            if len(pairs[min(self.f[k], self.t[k]), max(self.f[k], self.t[k])]) > 1 or self.f[k] == self.t[k]:
                continue
            keep = np.arange(len(self.f)) != k
            c = connected_components(sp.coo_matrix((np.ones(keep.sum()), (self.f[keep], self.t[keep])), (self.n, self.n)), False)[0]
            if c > parts:
                out.append(k)
        return out


# ---------------------------------------------------------------- one state
@dataclass
class Point:
    """A solution: angles, magnitudes, s, and which regulated buses sit at a reactive limit."""
    load: float
    va: np.ndarray
    vm: np.ndarray
    s: float
    held: np.ndarray          # +1 at Qmax, -1 at Qmin, 0 regulating


@dataclass
class State:
    kind: str
    row: int
    y: np.ndarray
    out: int | None
    p: np.ndarray             # injections without the new load
    q: np.ndarray
    alpha: np.ndarray | None  # per bus; None where no unit is left to share the balance
    spare: float
    regulated: np.ndarray
    vset: np.ndarray
    qmax: np.ndarray
    qmin: np.ndarray
    rating: np.ndarray
    base: Point | None = None
    s0: np.ndarray | None = None
    v0: np.ndarray | None = None


@dataclass
class Study:
    grid: Grid
    options: dict
    states: list = field(default_factory=list)
    solves: int = 0
    newton_steps: int = 0


def share(grid, balance, units):
    """alpha of the given units, and the spare power they have."""
    spare = np.maximum(grid.pmax[units] - grid.pg[units], 0)
    w = {"spare": spare, "pmax": grid.pmax[units], "reference": (grid.unit_bus[units] == grid.ref) * 1.0}[balance]
    return (w / w.sum() if w.sum() > 0 else None), spare.sum()


def make_state(grid, options, kind, row, out_branch=None, out_unit=None):
    n = grid.n
    units = np.array([u for u in range(len(grid.unit_bus)) if u != out_unit])
    ub = grid.unit_bus[units]
    alpha_u, spare = share(grid, options["balance"], units)
    p = np.bincount(ub, grid.pg[units], n) - grid.load.real
    regulating = grid.regulates[units]
    q = np.bincount(ub, np.where(regulating, 0, grid.qg[units]), n) - grid.load.imag
    regulated = np.zeros(n, bool)
    vset, qmax, qmin = np.ones(n), np.zeros(n), np.zeros(n)
    for u, b in zip(units, ub):
        if grid.regulates[u]:
            if not regulated[b]:
                vset[b] = grid.vset[u]
            regulated[b] = True
            qmax[b] += grid.qmax[u]
            qmin[b] += grid.qmin[u]
    a, b_, c = grid.rates.T
    post = {"A": a, "B": np.where(b_ > 0, b_, a), "C": np.where(c > 0, c, a)}[options["rating_post"]]
    rating = (a if kind == "intact" else post).copy()
    rating[rating == 0] = np.inf
    y = grid.y if out_branch is None else grid.y_without(out_branch)
    if not options["q_limits"]:
        qmax, qmin = np.full(n, np.inf), np.full(n, -np.inf)
    return State(kind, row, y, out_branch, p, q, None if alpha_u is None else np.bincount(ub, alpha_u, n), spare, regulated, vset, qmax, qmin, rating)


def newton(study, st, load, k, tan_phi, va, vm, s, held, max_it=25):
    """Plain Newton; returns the solution or None."""
    g, n = study.grid, study.grid.n
    p, q = st.p.copy(), st.q.copy()
    if k is not None:
        p[k] -= load
        q[k] -= load * tan_phi
    free = st.regulated & (held == 0)
    q = q + np.where(held > 0, st.qmax, 0) + np.where(held < 0, st.qmin, 0)
    va, vm = va.copy(), vm.copy()
    angle = g.va0[g.ref]
    q_free_rows = free[g.yi]
    study.solves += 1
    for it in range(max_it + 1):
        v = vm * np.exp(1j * va)
        t = v[g.yi] * np.conj(st.y * v[g.yj])
        s_bus = np.add.reduceat(t, g.row_start)
        f = np.empty(2 * n + 1)
        f[:n] = s_bus.real - p - st.alpha * s
        f[n:2 * n] = np.where(free, vm - st.vset, s_bus.imag - q)
        f[2 * n] = va[g.ref] - angle
        worst = np.abs(f).max()
        if worst < MISMATCH_PU:
            return va, vm, s, s_bus
        if it == max_it or not np.isfinite(worst) or worst > 1e6:
            return None
        d_va = -1j * t
        d_va[g.diag] += 1j * s_bus
        d_vm = t / vm[g.yj]
        d_vm[g.diag] += s_bus / vm
        low_a, low_m = d_va.imag.copy(), d_vm.imag.copy()
        low_a[q_free_rows] = 0
        low_m[q_free_rows] = 0
        low_m[g.diag[free]] = 1
        data = np.concatenate((d_va.real, low_a, d_vm.real, low_m, -st.alpha[g.s_rows], [1.0]))
        a = sp.csc_matrix((data[g.entry], g.indices, g.indptr), (2 * n + 1, 2 * n + 1))
        study.newton_steps += 1
        try:
            step = splu(a, permc_spec="NATURAL", diag_pivot_thresh=0.1).solve(-f)
        except RuntimeError:
            return None
        dx = np.empty(2 * n + 1)
        dx[g.perm] = step
        va += dx[:n]
        vm += dx[n:2 * n]
        s += dx[2 * n]
        if vm.min() < 0.05:
            return None
    return None


def solve(study, st, load, k, tan_phi, start, one_by_one=False):
    """Power flow with reactive limits both ways, from `start`; a Point or None.
    All violated limits switch together at first; if that fails or cycles, the worst one at a time."""
    g = study.grid
    held = start.held.copy()
    va, vm, s = start.va, start.vm, start.s
    seen = set()
    for _ in range(120 if one_by_one else 25):
        r = newton(study, st, load, k, tan_phi, va, vm, s, held)
        if r is None:
            break
        va, vm, s, s_bus = r
        new_q = st.q.copy()
        if k is not None:
            new_q[k] -= load * tan_phi
        qg = s_bus.imag - new_q
        over = np.where(st.regulated & (held == 0), np.maximum(qg - st.qmax, 0) - np.maximum(st.qmin - qg, 0), 0)
        over[np.abs(over) < 1e-7] = 0
        back = np.where(held > 0, np.maximum(vm - st.vset, 0), 0) + np.where(held < 0, np.maximum(st.vset - vm, 0), 0)
        back[back < 1e-8] = 0
        if not over.any() and not back.any():
            return Point(load, va, vm, s, held)
        if held.tobytes() in seen:
            break
        seen.add(held.tobytes())
        held = held.copy()
        if one_by_one:
            if back.any():
                held[back.argmax()] = 0
            else:
                b = np.abs(over).argmax()
                held[b] = np.sign(over[b])
        else:
            held = np.where(over != 0, np.sign(over), held).astype(np.int8)
            held[back > 0] = 0
    return None if one_by_one else solve(study, st, load, k, tan_phi, start, True)


def counting(study, st, pt, only=None):
    """What counts against the new load at this solution: list of (type, element, value, limit)."""
    g, o = study.grid, study.options
    found = []
    if only in (None, "thermal"):
        s = g.flows(pt.vm * np.exp(1j * pt.va), st.out)
        for l in np.flatnonzero((s > st.rating) & (s - st.s0 > o["attribution"] * pt.load)):
            found.append(("thermal", int(g.branch_row[l]), s[l] * g.base, st.rating[l] * g.base))
    if only in (None, "voltage"):
        for b in np.flatnonzero((pt.vm < g.vmin) & (st.v0 - pt.vm > o["attribution_pu"])):
            found.append(("low voltage", int(g.number[b]), pt.vm[b], g.vmin[b]))
        for b in np.flatnonzero((pt.vm > g.vmax) & (pt.vm - st.v0 > o["attribution_pu"])):
            found.append(("high voltage", int(g.number[b]), pt.vm[b], g.vmax[b]))
    if only in (None, "generation") and st.kind == "intact" and o["balance"] == "spare" and pt.s > st.spare:
        found.append(("generation", 0, pt.s * g.base, st.spare * g.base))
    return found


def probe(study, st, k, tan_phi, target, only=None):
    """Is the state clean at `target` (pu)? Returns (None, point) or (what counts, load, last clean point).
    Where Newton does not arrive in one stride the load is raised in smaller ones."""
    pt = st.base
    stride = target
    while True:
        nxt = min(pt.load + stride, target)
        new = solve(study, st, nxt, k, tan_phi, pt)
        if new is None or np.abs(new.vm - pt.vm).max() > JUMP_PU:
            stride = (nxt - pt.load) / 2
            if stride * study.grid.base < COLLAPSE_MW:
                return ([("collapse", 0, np.nan, np.nan)] if only in (None, "collapse") else "ended"), nxt, pt
            continue
        found = counting(study, st, new, only)
        if found:
            return found, nxt, pt
        pt = new
        if pt.load >= target:
            return None, target, pt
        stride *= 1.5


def refine(study, st, k, tan_phi, found, upper, below, only=None):
    """Bisection in one state between a clean point and a load at which something counts."""
    g = study.grid
    while found[0][0] != "collapse" and (upper - below.load) * g.base > STEP_MW:
        mid = (upper + below.load) / 2
        new = solve(study, st, mid, k, tan_phi, below)
        if new is None:
            found, upper = [("collapse", 0, np.nan, np.nan)], mid
            break
        now = counting(study, st, new, only)
        if now:
            found, upper = now, mid
        else:
            below = new
    return found, upper


def search(study, k, tan_phi, cap, order, only=None):
    """Smallest load (pu) at which anything counts in any state. Every state is asked just below the
    smallest answer so far; one that is not clean there gets a bisection of its own."""
    g = study.grid
    best, who, what = cap, None, None
    asked_at = {}
    for st in [s for s in order if only != "generation" or s.kind == "intact"]:
        target = best if who is None else max(best - CHECK_MW / g.base, best / 2)
        found, upper, below = probe(study, st, k, tan_phi, target, only)
        asked_at[id(st)] = target
        if found is None or found == "ended":
            continue
        found, upper = refine(study, st, k, tan_phi, found, upper, below, only)
        if upper < best:
            best, who, what = upper, st, found
        if best * g.base <= 2 * STEP_MW:    # already limited; finer questions would only measure round-off
            break
    return best, who, what, asked_at


def ties(study, k, tan_phi, h, states):
    """Every (state, element) that counts within 2 CHECK_MW above H. A radial feed, say, is at its
    limit in nearly all states at once, and which of them is named is a matter of rounding."""
    pairs = []
    for st in states:
        pt = solve(study, st, h + 2 * CHECK_MW / study.grid.base, k, tan_phi, st.base)
        if pt is not None:
            pairs += [(f"{st.kind} {st.row}", f"{f[0]} {f[1]}") for f in counting(study, st, pt)]
    return pairs


def build(case, options):
    g = Grid(case)
    study = Study(g, options)
    states = [make_state(g, options, "intact", 0)]
    bridges = set(g.bridges()) if options["contingencies"] == "n-1" else set(range(len(g.f)))
    for k in range(len(g.f)):
        if k not in bridges:
            states.append(make_state(g, options, "branch", int(g.branch_row[k]), out_branch=k))
    for u in range(len(g.unit_bus) if options["contingencies"] == "n-1" else 0):
        states.append(make_state(g, options, "unit", int(g.unit_row[u]), out_unit=u))
    flat = Point(0.0, g.va0, np.where(states[0].regulated, states[0].vset, g.vm0), 0.0, np.zeros(g.n, np.int8))
    unsolvable = []
    start = flat
    for st in states:
        if st.alpha is None:                    # nobody is left to supply the balance
            unsolvable.append((st.kind, st.row))
            continue
        held = np.where(st.regulated, start.held, 0).astype(np.int8)
        st.base = solve(study, st, 0.0, None, 0.0, Point(0.0, start.va, start.vm, start.s, held))
        if st.base is None:
            st.base = solve(study, st, 0.0, None, 0.0, flat)
        if st.base is None:
            unsolvable.append((st.kind, st.row))
            if st.kind == "intact":
                raise SystemExit("the intact case has no solution")
            continue
        if st.kind == "intact":
            start = st.base
        st.s0, st.v0 = g.flows(st.base.vm * np.exp(1j * st.base.va), st.out), st.base.vm
        study.states.append(st)
    return study, unsolvable


def answer(study, bus, per_type=(), scan=0):
    g, o = study.grid, study.options
    k = int(np.flatnonzero(g.number == bus)[0])
    tan_phi = np.tan(np.arccos(o["power_factor"]))
    cap = o["max_mw"] / g.base
    # Only an order: states that hurt at a small load first, so that bad targets are left early.
    h, who, what, asked = search(study, k, tan_phi, cap, study.order.get(k, study.states))
    row = dict(bus=bus, headroom_mw=h * g.base, status="cap_reached", limit_type="", contingency_kind="",
               contingency_row=0, element_row=0, feasible_mw=o["max_mw"], violated_mw="", value="", limit="")
    dirty = []
    if who is not None:
        row.update(status="limited", limit_type=what[0][0], contingency_kind=who.kind, contingency_row=who.row,
                   element_row=what[0][1], value=what[0][2], limit=what[0][3], violated_mw=h * g.base)
        if what[0][0] == "generation":
            row["status"] = "generation_limited"
        clean = max(h - CHECK_MW / g.base, h / 2)
        if h * g.base <= 2 * STEP_MW:
            row.update(status="already_limited", headroom_mw=0.0, feasible_mw=0.0)
        else:
            row["feasible_mw"] = clean * g.base
            # The certificate: all states again, all of them just below H.
            for st in study.states:
                if asked[id(st)] > clean * (1 + 1e-12):
                    found, at, _ = probe(study, st, k, tan_phi, clean)
                    if found is not None:
                        dirty.append(f"{st.kind} {st.row} {found[0][0]} {found[0][1]} at {at * g.base:.3f}")
            study.order[k] = [who] + [s for s in study.states if s is not who]
    # Holes: loads below H at which something counts although more load is clean again.
    for level in np.arange(1, scan + 1) / (scan + 1) * row["feasible_mw"]:
        if level < 0.01:
            continue
        for st in study.states:
            pt = solve(study, st, level / g.base, k, tan_phi, st.base)
            found = counting(study, st, pt) if pt else None
            if found:
                dirty.append(f"{st.kind} {st.row} {found[0][0]} {found[0][1]} at {level:.3f}")
    row["states"] = len(study.states)
    row["not_clean_below"] = "; ".join(dirty)
    if who is not None:
        pairs = ties(study, k, tan_phi, h, study.states)
        in_state = sorted({s for s, _ in pairs})
        row["tied_states"] = len(in_state)
        row["tied_elements"] = "; ".join(sorted({e for _, e in pairs}))
        row["tied_pairs"] = "; ".join(f"{s} {e}" for s, e in pairs) if len(pairs) <= 6 else ""
    for kind in per_type:
        b, w, f, _ = search(study, k, tan_phi, cap, study.order.get(k, study.states), kind)
        row[f"{kind}_mw"] = b * g.base if w is not None else ""
    return row


def states_table(study, unsolvable, out):
    """Every state without new load: who supplies, the worst loading over its rating, the extreme voltages."""
    g = study.grid
    with open(out, "w", newline="") as fh:
        w = csv.writer(fh, lineterminator="\n")
        w.writerow(["kind", "row", "solved", "s_mw", "worst_loading", "worst_branch_row", "worst_mva", "overloads",
                    "lowest_vm_pu", "lowest_bus", "highest_vm_pu", "highest_bus", "at_qmax", "at_qmin"])
        for st in study.states:
            load = st.s0 / st.rating
            l, a, b = load.argmax(), st.v0.argmin(), st.v0.argmax()
            w.writerow([st.kind, st.row, 1, f"{st.base.s * g.base:.6f}", f"{load[l]:.9g}", g.branch_row[l],
                        f"{st.s0[l] * g.base:.9g}", (load > 1).sum(), f"{st.v0[a]:.9g}", g.number[a], f"{st.v0[b]:.9g}",
                        g.number[b], " ".join(map(str, g.number[st.base.held > 0])),
                        " ".join(map(str, g.number[st.base.held < 0]))])
        for kind, row in unsolvable:
            w.writerow([kind, row, 0] + [""] * 11)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("case")
    ap.add_argument("out")
    ap.add_argument("--buses", help="comma separated numbers, or @file.csv with a column bus; default: all >= min-kv")
    ap.add_argument("--not-buses", help="same form: leave these out")
    ap.add_argument("--min-kv", type=float, default=0)
    ap.add_argument("--power-factor", type=float, default=0.95)
    ap.add_argument("--balance", default="spare", choices=("spare", "pmax", "reference"))
    ap.add_argument("--rating-post", default="B", choices=("A", "B", "C"))
    ap.add_argument("--attribution", type=float, default=0.03, help="MVA per MW")
    ap.add_argument("--attribution-pu", type=float, default=0.005)
    ap.add_argument("--max-mw", type=float, default=2000)
    ap.add_argument("--contingencies", default="n-1", choices=("n-1", "none"))
    ap.add_argument("--no-q-limits", action="store_true")
    ap.add_argument("--ratings", help="CSV branch_row,rate_a_mva that replaces rate A, B and C")
    ap.add_argument("--per-type", default="", help="comma separated: thermal,voltage,collapse,generation")
    ap.add_argument("--states-only", action="store_true", help="write the states without new load, no headroom")
    ap.add_argument("--scan", type=int, default=0, help="levels below H at which all states are checked again")
    a = ap.parse_args()
    case = read_matpower(a.case)
    if a.ratings:
        for r in csv.DictReader(open(a.ratings)):
            case["branch"][int(r["branch_row"]) - 1, 5:8] = float(r["rate_a_mva"])
    options = dict(power_factor=a.power_factor, balance=a.balance, rating_post=a.rating_post, attribution=a.attribution,
                   attribution_pu=a.attribution_pu, max_mw=a.max_mw, q_limits=not a.no_q_limits,
                   contingencies=a.contingencies)
    t0 = time.time()
    study, unsolvable = build(case, options)
    study.order = {}
    g = study.grid

    def numbers(text):
        if text.startswith("@"):
            return [int(r["bus"]) for r in csv.DictReader(open(text[1:]))]
        return [int(x) for x in text.split(",")]
    buses = numbers(a.buses) if a.buses else [int(b) for b, kv in zip(g.number, g.kv) if kv >= a.min_kv]
    skip = set(numbers(a.not_buses)) if a.not_buses else set()
    buses = [b for b in buses if b not in skip]
    per_type = [t for t in a.per_type.split(",") if t]
    columns = ["bus", "headroom_mw", "status", "limit_type", "contingency_kind", "contingency_row", "element_row",
               "feasible_mw", "violated_mw", "value", "limit", "states", "not_clean_below", "tied_states", "tied_elements", "tied_pairs"] + [f"{t}_mw" for t in per_type]
    if a.states_only:
        states_table(study, unsolvable, a.out)
        buses = []
    with open(os.devnull if a.states_only else a.out, "w", newline="") as fh:
        w = csv.DictWriter(fh, columns, lineterminator="\n")
        w.writeheader()
        for b in buses:
            row = answer(study, b, per_type, a.scan)
            w.writerow({c: (f"{x:.4f}" if isinstance(x, float) and c not in ("value", "limit") else
                            f"{x:.6f}" if isinstance(x, float) else x) for c, x in row.items()})
            fh.flush()
            print(b, f"{row['headroom_mw']:.3f}", row["limit_type"], row["contingency_kind"], row["contingency_row"],
                  row["element_row"], row["not_clean_below"], f"[{time.time() - t0:.0f} s]", file=sys.stderr, flush=True)
    json.dump(dict(options, case=Path(a.case).stem, states=len(study.states), unsolvable=[f"{k} {r}" for k, r in unsolvable], buses=len(buses), power_flows=study.solves, newton_steps=study.newton_steps,
                   minutes=round((time.time() - t0) / 60, 2)), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
