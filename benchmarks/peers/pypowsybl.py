"""pypowsybl with Open Load Flow: its own import of the MATPOWER file, its power flow and security analysis."""

from __future__ import annotations

import time
import warnings
from collections import Counter

import numpy as np
import pypowsybl.loadflow as lf
import pypowsybl.network as pn
import pypowsybl.security as sa
from harness import cases as c

from peers import adapter
from peers.adapter import Outcome, Task, Unsupported


class Peer(adapter.Peer):
    packages = ("pypowsybl",)
    kinds = {
        "solve": "the call run_ac(): its own conversion of the network inside (it cannot be told apart), DC start, "
        "Newton, flows written back to the network",
        "sweep": "the call run_ac() of a security analysis: conversion inside, intact solve, every outage, flows "
        "compared with limits; kept: violations (voltages and flows only in the run that is compared)",
        "sweep-q": "the same with reactive limits",
    }
    threaded = True

    def __init__(self, case, threads):
        super().__init__(case, threads)
        warnings.simplefilter("ignore")
        self.net = pn.load(str(case.mat_file))
        generators = self.net.get_generators()
        if generators.empty:
            raise Unsupported("no generator was imported")
        self.bus_ids = [f"BUS-{number:.0f}" for number in case.bus[:, c.BUS_I]]
        self.branch_ids = self._match_branches()
        if (case.bus[:, c.BUS_TYPE] == c.REF).sum() > 1:
            raise Unsupported("the case has several reference buses")

    def _match_branches(self) -> list[str]:
        """Its name of each branch row: by the two buses, parallel ones in file order."""
        names: dict[tuple[str, str, int], str] = {}
        count: Counter[tuple[str, str]] = Counter()
        for table in (self.net.get_lines(all_attributes=True), self.net.get_2_windings_transformers(all_attributes=True)):
            kind = "T" if "rated_u1" in table.columns else "L"
            for name, ends in zip(
                table.index, zip(table["bus_breaker_bus1_id"], table["bus_breaker_bus2_id"], strict=True), strict=True
            ):
                count[(kind, *ends)] += 1
                names[(kind, *ends, count[(kind, *ends)])] = name
        kinds = {name[0] for name in names}
        found = []
        seen: Counter[tuple[str, str, str]] = Counter()
        for f, t in self.case.branch[:, [c.F_BUS, c.T_BUS]]:
            ends = (f"BUS-{f:.0f}", f"BUS-{t:.0f}")
            for kind in sorted(kinds):
                place = (kind, *ends, seen[(kind, *ends)] + 1)
                if place in names:
                    seen[(kind, *ends)] += 1
                    found.append(names[place])
                    break
            else:
                raise Unsupported(f"branch {f:.0f}-{t:.0f} was not imported")
        return found

    def _parameters(self, task: Task) -> lf.Parameters:
        mismatch = repr(task.tolerance * self.case.base_mva)
        return lf.Parameters(
            voltage_init_mode=lf.VoltageInitMode.DC_VALUES,
            use_reactive_limits=task.q_limits,
            distributed_slack=False,
            twt_split_shunt_admittance=True,
            read_slack_bus=True,
            write_slack_bus=False,
            provider_parameters={
                # The largest mismatch, as everybody else has it, instead of a norm.
                "newtonRaphsonStoppingCriteriaType": "PER_EQUATION_TYPE_CRITERIA",
                "maxActivePowerMismatch": mismatch,
                "maxReactivePowerMismatch": mismatch,
                "maxVoltageMismatch": repr(task.tolerance),
                "maxNewtonRaphsonIterations": "30",
                "generatorsWithZeroMwTargetAreNotStarted": "false",
                "minPlausibleTargetVoltage": "0.5",
                "maxPlausibleTargetVoltage": "1.5",
                "lowImpedanceBranchMode": "REPLACE_BY_MIN_IMPEDANCE_LINE",
            },
        )

    def run(self, task: Task) -> Outcome:
        return self.solve(task) if task.kind == "solve" else self.sweep(task)

    def solve(self, task: Task) -> Outcome:
        parameters = self._parameters(task)
        started = time.perf_counter()
        results = lf.run_ac(self.net, parameters)
        seconds = time.perf_counter() - started
        solved = results[0].status.name == "CONVERGED"
        buses = self.net.get_bus_breaker_view_buses()
        return Outcome(seconds, {"v": self._voltages(buses["v_mag"], buses["v_angle"], solved)}, 1, int(solved))

    def sweep(self, task: Task) -> Outcome:
        analysis = sa.create_analysis()
        names = [self.branch_ids[row] for row in task.outages]
        analysis.add_single_element_contingencies(names)
        if task.compare:
            analysis.add_monitored_elements(
                branch_ids=self.branch_ids, voltage_level_ids=self.net.get_voltage_levels().index.tolist()
            )
        parameters = sa.Parameters(
            load_flow_parameters=self._parameters(task),
            provider_parameters={"threadCount": str(self.threads), "contingencyPropagation": "false"},
        )
        started = time.perf_counter()
        result = analysis.run_ac(self.net, parameters)
        seconds = time.perf_counter() - started
        states = result.post_contingency_results
        solved = {name: states[name].status.name == "CONVERGED" for name in names if name in states}
        answer = self._answer(result, [names[k] for k in task.sample], solved) if task.compare else {}
        return Outcome(seconds, answer, len(names), sum(solved.values()))

    def _answer(self, result, names: list[str], solved: dict[str, bool]) -> dict[str, np.ndarray]:
        buses = result.bus_results.droplevel(["operator_strategy_id", "voltage_level_id"])
        branches = result.branch_results.droplevel("operator_strategy_id")
        v, s_from, s_to = [], [], []
        for name in names:
            converged = solved.get(name, False)
            at = buses.loc[name] if converged else buses.loc[""]
            v.append(self._voltages(at["v_mag"], at["v_angle"], converged))
            flow = (branches.loc[name] if converged else branches.loc[""]).reindex(self.branch_ids).fillna(0)
            s_from.append((flow["p1"] + 1j * flow["q1"]).to_numpy())
            s_to.append((flow["p2"] + 1j * flow["q2"]).to_numpy())
        return {"v": np.array(v), "s_from": np.array(s_from), "s_to": np.array(s_to)}

    def _voltages(self, magnitude, angle, solved: bool) -> np.ndarray:
        if not solved:
            return np.full(len(self.bus_ids), np.nan + 0j)
        # Its import ignores base voltages by default: 1 kV everywhere, so magnitudes are per unit.
        at = np.exp(1j * np.radians(angle.reindex(self.bus_ids).to_numpy()))
        return magnitude.reindex(self.bus_ids).to_numpy() * at
