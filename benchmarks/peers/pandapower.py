"""pandapower: its Newton-Raphson with numba, on a network made from the same MATPOWER tables."""

from __future__ import annotations

import logging
import time

import numpy as np
import pandapower as pp
from harness import cases as c
from harness.reference import Reference
from pandapower.converter.pypower.from_ppc import from_ppc

from peers import adapter
from peers.adapter import Outcome, Task

logging.getLogger("pandapower").setLevel(logging.ERROR)


class Peer(adapter.Peer):
    packages = ("pandapower", "numba")
    kinds = {
        "solve": "the solver inside runpp() as it times itself: DC start, admittances, Newton, both-end flows",
        "sweep": "per outage the solver inside runpp() as it times itself, from the intact voltages: admittances, "
        "Newton, both-end flows",
        "sweep-q": "as without reactive limits, with enforce_q_lims=True (limits once reached are kept)",
    }

    def __init__(self, case, threads):
        super().__init__(case, threads)
        branch = case.branch
        kv = dict(zip(case.bus[:, c.BUS_I], case.bus[:, c.BASE_KV], strict=True))
        same_kv = np.array([kv[f] == kv[t] for f, t in branch[:, [c.F_BUS, c.T_BUS]]])
        self.is_line = (branch[:, c.TAP] == 0) & (branch[:, c.SHIFT] == 0) & same_kv
        tables = {
            "version": "2",
            "baseMVA": case.base_mva,
            "bus": case.bus.copy(),
            "gen": one_unit_per_bus(case.gen),
            "branch": branch[self.is_line].copy(),
        }
        self.net = from_ppc(tables, f_hz=50)
        self._add_others(np.flatnonzero(~self.is_line))
        self.element = np.empty(len(branch), dtype=int)
        self.element[self.is_line] = self.net._from_ppc_lookups["branch"]["element"].to_numpy(dtype=int)
        self.element[~self.is_line] = self.net.impedance.index
        self.start = {"init": "dc"}
        self._call("solve", 1e-6)  # compiles
        results = self.net.res_bus
        self.start = {"init_vm_pu": results["vm_pu"].copy(), "init_va_degree": results["va_degree"].copy()}

    def _add_others(self, rows: np.ndarray) -> None:
        """Transformers as the two-port they are: from_ppc moves a tap to the other side where the from bus
        has the lower voltage, and loses the sign of charging."""
        equations = Reference(self.case)
        series_from, series_to = -1 / equations.yft[rows], -1 / equations.ytf[rows]
        shunt_from = equations.yff[rows] + equations.yft[rows]
        shunt_to = equations.ytt[rows] + equations.ytf[rows]
        pp.create_impedances(
            self.net,
            self.case.branch[rows, c.F_BUS].astype(int),
            self.case.branch[rows, c.T_BUS].astype(int),
            rft_pu=series_from.real, xft_pu=series_from.imag, rtf_pu=series_to.real, xtf_pu=series_to.imag,
            gf_pu=shunt_from.real, bf_pu=shunt_from.imag, gt_pu=shunt_to.real, bt_pu=shunt_to.imag,
            sn_mva=self.case.base_mva,
            in_service=self.case.branch[rows, c.BR_STATUS] > 0,
        )  # fmt: skip

    def _call(self, kind: str, tolerance: float, q_limits: bool = False) -> tuple[float, bool]:
        start = {"init": "dc"} if kind == "solve" else self.start
        # tolerance_mva is compared with mismatches in per unit of net.sn_mva, whatever its name says.
        try:
            pp.runpp(self.net, algorithm="nr", calculate_voltage_angles=True, tolerance_mva=tolerance,
                     max_iteration=30, enforce_q_lims=q_limits, numba=True, lightsim2grid=False,
                     check_connectivity=False, voltage_depend_loads=False, **start)  # fmt: skip
        except pp.LoadflowNotConverged:
            return float(self.net._ppc["et"]), False
        return float(self.net._ppc["et"]), True

    def run(self, task: Task) -> Outcome:
        if task.kind == "solve":
            started = time.perf_counter()
            seconds, solved = self._call("solve", task.tolerance)
            return Outcome(seconds, {"v": self._voltages(solved)}, 1, int(solved), time.perf_counter() - started)
        seconds, call, solved, v, flows = 0.0, 0.0, 0, [], []
        wanted = set(task.sample.tolist())
        for k, row in enumerate(task.outages):
            table = self.net.line if self.is_line[row] else self.net.impedance
            table.at[self.element[row], "in_service"] = False
            started = time.perf_counter()
            took, converged = self._call(task.kind, task.tolerance, task.q_limits)
            call += time.perf_counter() - started
            seconds += took
            solved += converged
            if k in wanted:
                v.append(self._voltages(converged))
                flows.append(self._flows())
            table.at[self.element[row], "in_service"] = True
        answer = {"v": np.array(v), "s_from": np.array([f[0] for f in flows]), "s_to": np.array([f[1] for f in flows])}
        return Outcome(seconds, answer, len(task.outages), solved, call)

    def _voltages(self, solved: bool) -> np.ndarray:
        if not solved:
            return np.full(len(self.case.bus), np.nan + 0j)
        results = self.net.res_bus.loc[self.case.bus[:, c.BUS_I].astype(int)]
        return (results["vm_pu"] * np.exp(1j * np.radians(results["va_degree"]))).to_numpy(dtype=complex)

    def _flows(self) -> list[np.ndarray]:
        ends = []
        for end in ("from", "to"):
            flow = np.empty(len(self.case.branch), dtype=complex)
            for rows, results in ((self.is_line, self.net.res_line), (~self.is_line, self.net.res_impedance)):
                at = results.loc[self.element[rows]]
                flow[rows] = (at[f"p_{end}_mw"] + 1j * at[f"q_{end}_mvar"]).fillna(0)
            ends.append(flow)
        return ends


def one_unit_per_bus(gen: np.ndarray) -> np.ndarray:
    """In-service units of a bus as one: from_ppc would fix the reactive power of all but the first."""
    on = gen[gen[:, c.GEN_STATUS] > 0]
    merged = []
    for bus in dict.fromkeys(on[:, c.GEN_BUS]):
        units = on[on[:, c.GEN_BUS] == bus]
        one = units[0].copy()
        for column in (c.PG, c.QG, c.QMAX, c.QMIN, c.PMAX, c.PMIN):
            one[column] = units[:, column].sum()
        merged.append(one)
    return np.array(merged)
