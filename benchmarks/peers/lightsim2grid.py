"""lightsim2grid: its C++ classes, on a grid made from the same MATPOWER tables."""

from __future__ import annotations

import time
import warnings

import numpy as np
from harness import cases as c
from lightsim2grid.algorithm import AlgorithmType
from lightsim2grid.contingencyAnalysis import ContingencyAnalysisCPP
from lightsim2grid.network import init_from_matpower

from peers import adapter
from peers.adapter import Outcome, Task, Unsupported

MAX_STEPS = 30
#: Results of a sweep held at once, bytes: it keeps every voltage and flow, so long lists go in parts.
MOST_BYTES = 2**31


class Peer(adapter.Peer):
    packages = ("lightsim2grid",)
    kinds = {
        "solve": "dc_pf() and ac_pf() after dropping what was cached: admittances, ordering, DC start, Newton, flows",
        "solve-again": "dc_pf() and ac_pf() of the same grid again: DC start, Newton, flows; kept from before by its own "
        "choice: admittances, ordering and symbolic factors",
        "sweep": "ContingencyAnalysisCPP.compute() from the intact solution and compute_branch_results(): intact "
        "solve, every outage; kept: all voltages and both-end flows",
    }
    threaded = True

    def __init__(self, case, threads):
        super().__init__(case, threads)
        tables = {"bus": case.bus, "gen": case.gen, "branch": case.branch, "baseMVA": case.base_mva}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.grid = init_from_matpower(tables)
        # Single slack: the reference bus alone covers losses.
        self.algorithm = AlgorithmType.NRSing_KLU
        if (case.bus[:, c.BUS_TYPE] == c.REF).sum() > 1:
            raise Unsupported("the case has several reference buses")
        self.grid.change_algorithm(self.algorithm)
        # It numbers lines first, then transformers, each in file order.
        tap, shift = case.branch[:, c.TAP], case.branch[:, c.SHIFT]
        transformer = (tap != 0) | (shift != 0)
        self.file_order = np.concatenate([np.flatnonzero(~transformer), np.flatnonzero(transformer)])
        self.own_id = np.argsort(self.file_order)

    def _tolerance(self, task: Task) -> float:
        # It divides the tolerance by the grid's base: what it takes is MVA.
        return task.tolerance * self.case.base_mva

    def run(self, task: Task) -> Outcome:
        return self.sweep(task) if task.kind == "sweep" else self.solve(task)

    def solve(self, task: Task) -> Outcome:
        flat = np.ones(len(self.case.bus), dtype=complex)
        tolerance = self._tolerance(task)
        if task.kind == "solve":
            self.grid.tell_solver_need_reset()
        started = time.perf_counter()
        start = self.grid.dc_pf(flat, 1, tolerance)
        v = self.grid.ac_pf(start, MAX_STEPS, tolerance) if len(start) else start
        seconds = time.perf_counter() - started
        solved = len(v) > 0
        answer = np.array(v) if solved else np.full(len(flat), np.nan + 0j)
        return Outcome(seconds, {"v": answer}, 1, int(solved))

    def sweep(self, task: Task) -> Outcome:
        analysis = ContingencyAnalysisCPP(self.grid, False)
        analysis.change_algorithm(self.algorithm)
        analysis.init_from_n_powerflow = True
        analysis.nb_thread = self.threads
        start = self.case.stored_voltages()
        branches, buses = len(self.case.branch), len(self.case.bus)
        per_part = max(64, MOST_BYTES // (16 * buses + 32 * branches))
        # It runs its list in the order of its own numbers, whatever the order given.
        order = np.sort(self.own_id[task.outages])
        rows = self.file_order[order]
        wanted = {int(task.outages[k]): place for place, k in enumerate(task.sample)}
        v = np.full((len(task.sample), buses), np.nan + 0j)
        s_from = np.zeros((len(task.sample), branches), dtype=complex)
        s_to = np.zeros_like(s_from)
        seconds, solved = 0.0, 0
        for begin in range(0, len(order), per_part):
            part = order[begin : begin + per_part]
            analysis.clear()
            analysis.add_multiple_n1(part.tolist())
            started = time.perf_counter()
            analysis.compute(start, MAX_STEPS, self._tolerance(task))
            flows = analysis.compute_branch_results()
            seconds += time.perf_counter() - started
            if [ids[0] for ids in analysis.my_defaults()] != part.tolist():
                raise RuntimeError("the outages were not run in the order of their numbers")
            converged = np.array(analysis.converged_mask())
            solved += int(converged.sum())
            voltages = analysis.get_voltages()
            for k, row in enumerate(rows[begin : begin + per_part]):
                if (place := wanted.get(int(row))) is None or not converged[k]:
                    continue
                v[place] = voltages[k]
                s_from[place, self.file_order] = flows[k, :, 0] + 1j * flows[k, :, 1]
                s_to[place, self.file_order] = flows[k, :, 2] + 1j * flows[k, :, 3]
        return Outcome(seconds, {"v": v, "s_from": s_from, "s_to": s_to}, len(order), solved)
