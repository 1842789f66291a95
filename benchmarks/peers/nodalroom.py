"""nodalroom, as a user of its Python package sees it."""

from __future__ import annotations

import time

import nodalroom as nr
import numpy as np
from harness import cases as c

from peers import adapter
from peers.adapter import Outcome, Task


class Peer(adapter.Peer):
    packages = ("nodalroom",)
    kinds = {
        "solve": "the call net.solve(): admittances, ordering, patterns, DC start, Newton, both-end flows; a network "
        "keeps nothing from one call to the next",
        "solve-again": "the call solver.solve() of a solver made before, loads and dispatch handed in: DC start, "
        "Newton, both-end flows; kept from before: admittances, ordering, patterns, factors of the DC matrix",
        "sweep": "the call nr.sweep(): intact solve, every outage, voltages and both-end flows compared with "
        "limits; kept: violations and each state's extremes",
        "sweep-q": "the call nr.sweep() with reactive limits; as without",
        "headroom": "the call nr.headroom(): preparation and search",
    }
    takes_outages = False
    threaded = True

    def __init__(self, case, threads):
        super().__init__(case, threads)
        self.net = nr.read(case.matpower_file)
        # With the ratings and reactive limits the file has; the comparable sweeps have them made plain.
        self.net_as_given = nr.read(case.source)
        self.solver = None

    def run(self, task: Task) -> Outcome:
        if task.kind == "solve":
            return self.solve(task)
        if task.kind == "solve-again":
            return self.solve_again(task)
        return self.headroom(task) if task.kind == "headroom" else self.sweep(task)

    def solve(self, task: Task) -> Outcome:
        started = time.perf_counter()
        result = self.net.solve(q_limits=False, balance="reference", init="dc", tolerance=task.tolerance)
        seconds = time.perf_counter() - started
        return Outcome(seconds, {"v": voltages_of(result)}, 1, int(result.converged), stated_mismatch=result.max_mismatch_pu)

    def solve_again(self, task: Task) -> Outcome:
        if self.solver is None:
            self.solver = self.net.solver(q_limits=False, balance="reference", init="dc", tolerance=task.tolerance)
            self.powers = {
                "load_p_mw": self.net.loads["p_mw"].to_numpy(),
                "load_q_mvar": self.net.loads["q_mvar"].to_numpy(),
                "generator_p_mw": self.net.generators["p_mw"].to_numpy(),
            }
            self.solver.solve(**self.powers)
        started = time.perf_counter()
        result = self.solver.solve(**self.powers)
        seconds = time.perf_counter() - started
        return Outcome(seconds, {"v": voltages_of(result)}, 1, int(result.converged), stated_mismatch=result.max_mismatch_pu)

    def sweep(self, task: Task) -> Outcome:
        started = time.perf_counter()
        result = nr.sweep(self.net, "branches", q_limits=task.q_limits, balance="reference", rating_post="A",
                          threads=self.threads, tolerance=task.tolerance, progress=False)  # fmt: skip
        seconds = time.perf_counter() - started
        table = result.table
        outages = table[table["contingency_kind"] == "branch"]
        if not np.array_equal(outages["contingency_row"].to_numpy(dtype=int) - 1, task.outages):
            raise RuntimeError("the sweep's outages are not the ones asked for")
        solved = outages["status"] == "converged"
        sample = outages.iloc[task.sample]
        answer = {
            "extremes": sample[["vm_min_pu", "vm_max_pu", "worst_loading_percent"]].to_numpy(dtype=float),
            # A sweep keeps no voltages: these are single solves of the same states, for the comparison only.
            "v": np.array([self.single(row, task) for row in task.outages[task.sample]]),
        }
        return Outcome(seconds, answer, len(outages), int(solved.sum()),
                       stated_mismatch=float(outages.loc[solved, "max_mismatch_pu"].max()))  # fmt: skip

    def single(self, outage: int, task: Task) -> np.ndarray:
        branch = self.case.branch.copy()
        branch[outage, c.BR_STATUS] = 0
        text = c.matpower_text("state", self.case.base_mva, self.case.bus, self.case.gen, branch)
        return voltages_of(nr.parse(text).solve(q_limits=task.q_limits, balance="reference", tolerance=task.tolerance))

    def headroom(self, task: Task) -> Outcome:
        started = time.perf_counter()
        study = nr.headroom(self.net_as_given, buses=task.buses, threads=self.threads, progress=False)
        seconds = time.perf_counter() - started
        table = study.table
        # Each bus states how many states were solved at its answer; the search before it solved more.
        return Outcome(seconds, {}, int(table["states_solved"].sum()), int(table["states_solved"].sum()),
                       detail={"buses": len(table), "states_total": study.states_total,
                               "certified": int(table["certified"].sum())})  # fmt: skip


def voltages_of(result: nr.PowerFlow) -> np.ndarray:
    table = result.buses
    return (table["vm_pu"] * np.exp(1j * np.radians(table["va_degree"]))).to_numpy(dtype=complex)
