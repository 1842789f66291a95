"""power-grid-model. It has no voltage-controlled buses: units get the reactive power of the solution."""

from __future__ import annotations

import time

import numpy as np
from harness import cases as c
from harness.reference import Reference
from power_grid_model import LoadGenType, PowerGridModel, initialize_array
from power_grid_model.errors import PowerGridError

from peers import adapter
from peers.adapter import Outcome, Task, Unsupported

#: Short-circuit power of the source at the reference bus, VA: stiff, so that the bus holds its voltage.
STIFF = 1e20


class Peer(adapter.Peer):
    packages = ("power-grid-model",)
    kinds = {
        "solve": "PowerGridModel() and calculate_power_flow(): its own start (it has no DC start), Newton, flows; "
        "it has no voltage-controlled buses and is given the reactive power of the units' solution",
        "solve-again": "calculate_power_flow() of the same model again",
        "sweep": "",
    }

    def __init__(self, case, threads):
        super().__init__(case, threads)
        if (case.bus[:, c.BUS_TYPE] == c.REF).sum() > 1:
            raise Unsupported("the case has several reference buses")
        self.rows = {number: row for row, number in enumerate(case.bus[:, c.BUS_I])}
        self.input = self._tables()
        self.model = PowerGridModel(self.input)

    def _tables(self):
        case, reference = self.case, Reference(self.case)
        solution = reference.solve_intact()
        if not solution.solved:
            raise Unsupported("the reference has no solution to take reactive power from")
        v = solution.voltages
        injected = v * np.conj(reference.admittance(None) @ v) * case.base_mva * 1e6
        n, bus, branch = len(case.bus), case.bus, case.branch
        on = np.flatnonzero(reference.energised)
        kv = np.where(bus[:, c.BASE_KV] > 0, bus[:, c.BASE_KV], 1.0)
        node = initialize_array("input", "node", len(on))
        node["id"], node["u_rated"] = on, kv[on] * 1e3
        at_reference = int(np.flatnonzero(reference.is_reference)[0])
        source = initialize_array("input", "source", 1)
        source["id"], source["node"], source["status"] = n, at_reference, 1
        source["u_ref"], source["u_ref_angle"] = abs(v[at_reference]), np.angle(v[at_reference])
        source["sk"], source["rx_ratio"] = STIFF, 0.0
        loads = initialize_array("input", "sym_load", len(on))
        loads["id"], loads["node"], loads["status"] = n + 1 + np.arange(len(on)), on, 1
        loads["type"] = LoadGenType.const_power
        loads["p_specified"], loads["q_specified"] = -injected[on].real, -injected[on].imag
        shunted = np.flatnonzero((reference.shunt != 0) & reference.energised)
        base_y = case.base_mva / kv**2
        shunts = initialize_array("input", "shunt", len(shunted))
        shunts["id"], shunts["node"], shunts["status"] = 2 * n + 2 + np.arange(len(shunted)), shunted, 1
        shunts["g1"], shunts["b1"] = (reference.shunt * base_y).real[shunted], (reference.shunt * base_y).imag[shunted]
        rows = np.flatnonzero(reference.in_service)
        branches = initialize_array("input", "generic_branch", len(rows))
        self.first_branch = 4 * n
        branches["id"] = self.first_branch + rows
        branches["from_node"], branches["to_node"] = reference.f[rows], reference.t[rows]
        branches["from_status"] = branches["to_status"] = 1
        base_z = 1 / base_y[reference.t[rows]]
        branches["r1"], branches["x1"] = branch[rows, c.BR_R] * base_z, branch[rows, c.BR_X] * base_z
        branches["g1"], branches["b1"] = 0.0, branch[rows, c.BR_B] / base_z
        branches["k"] = np.where(branch[rows, c.TAP] == 0, 1.0, branch[rows, c.TAP])
        branches["theta"] = np.radians(branch[rows, c.SHIFT])
        return {"node": node, "source": source, "sym_load": loads, "shunt": shunts, "generic_branch": branches}

    def run(self, task: Task) -> Outcome:
        if task.kind == "sweep":
            raise Unsupported("has no voltage-controlled buses: units would not hold their voltage after an outage")
        started = time.perf_counter()
        try:
            if task.kind == "solve":
                self.model = PowerGridModel(self.input)
            result = self.model.calculate_power_flow(error_tolerance=task.tolerance, max_iterations=30, threading=-1)
        except PowerGridError as error:
            raise RuntimeError(str(error).splitlines()[0]) from None
        seconds = time.perf_counter() - started
        v = np.full(len(self.case.bus), np.nan + 0j)
        v[result["node"]["id"]] = result["node"]["u_pu"] * np.exp(1j * result["node"]["u_angle"])
        return Outcome(seconds, {"v": v}, 1, 1)
