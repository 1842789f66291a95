"""What the search must not miss: states solved one by one, as edits, at loads below an answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from nodalroom.errors import NodalroomError

from .case import Case
from .checks import Checks
from .options import of_flow, words
from .script import Script
from .solutions import LOW_PU, check_flow, lowest, nobody_holds, solved
from .states import State, counting, in_state, somebody_balances, states

#: Steps in which a solution is followed, where it has to be shown that it is that of the path (section 7).
STEPS = 24
CONTINUES_PU = 1e-5


class Below:
    """Solves states of one bus's study at given loads, through the package, and checks every solution."""

    def __init__(
        self, script: Script, checks: Checks, case: Case, bus: int, options: dict[str, Any], net: str = "net"
    ) -> None:
        self.script, self.checks, self.case, self.bus, self.options, self.net = script, checks, case, bus, options, net
        self.words = words(of_flow(options))[2:]
        self.factor = f", power_factor={options['power_factor']!r}" if "power_factor" in options else ""

    def solve(self, state: State, load: float) -> np.ndarray | None:
        """Voltages of a state at a load; None where it is refused, without a solution, or an odd one."""
        case = in_state(self.case, state)
        try:
            self.script.run(
                f"state = {self.net}{state.edit}" + (f".with_load({self.bus}, {load!r}{self.factor})" if load else "")
            )
            flow = self.script.run(f"flow = state.solve({self.words})")
        except NodalroomError:
            return None
        at = case.rows()[self.bus]
        factor = self.options.get("power_factor", 0.95)
        case.bus[at, 2] += load
        case.bus[at, 3] += load * np.tan(np.arccos(factor))
        check_flow(self.checks, case, flow, of_flow(self.options), "flow")
        ordinary = lowest(case, flow) > LOW_PU and not nobody_holds(case, solved(flow).held)
        return solved(flow).v if ordinary else None

    def follow(self, state: State, load: float, steps: int) -> Any:
        """The power flow at a load, reached from that without it in equal steps; None where the path ends before."""
        self.script.run(f"bare = {self.net}{state.edit}")
        self.script.run(f"solver = bare.with_load({self.bus}, {load!r}{self.factor}).solver({self.words})")
        self.script.run(f"step = bare.solve({self.words})")
        loads = self.script.names["solver"].network.loads
        row = int(loads.index[loads["bus"] == self.bus][-1])
        mvar = load * float(np.tan(np.arccos(self.options.get("power_factor", 0.95))))
        whole = (float(loads.at[row, "p_mw"]), float(loads.at[row, "q_mvar"]))
        # Voltages of another network cannot start this one: the first step is its own.
        start = ""
        for part in range(steps + 1):
            left = 1 - part / steps
            p, q = whole[0] - load * left, whole[1] - mvar * left
            flow = self.script.run(
                f"step = solver.solve(load_p_mw={{{row}: {p!r}}}, load_q_mvar={{{row}: {q!r}}}{start})"
            )
            if not flow.converged:
                return None
            start = ", init=step"
        return flow

    def another(self, state: State, load: float, v: np.ndarray) -> bool:
        """Whether the path from no load leads, in small steps, to another solution. Where it ends before that load, it
        has collapsed there, which counts too."""
        flow = self.follow(state, load, STEPS) or self.follow(state, load, 5 * STEPS)
        return flow is not None and bool(np.abs(np.abs(solved(flow).v) - np.abs(v)).max() > CONTINUES_PU)

    def tell(self, kind: str, said: str, row: Any, state: State, load: float) -> None:
        answer = f"bus {self.bus}: {row['headroom_mw']:.4f} MW {row['limit_type']}, certified {row['certified']}"
        self.script.run(f"state = {self.net}{state.edit}.with_load({self.bus}, {load!r}{self.factor})")
        self.script.run(f"flow = state.solve({self.words})")
        show = f"study.table.loc[{self.bus}].to_string(), flow, flow.buses.to_string(), flow.branches.to_string()"
        self.checks.found(kind, f"{answer}; {said}", ["study", "flow"], show)

    def gap(self, state: State, load: float) -> bool:
        """Whether a state has no solution at a load, however it is looked for."""
        flow = self.script.run(
            f"flow = {self.net}{state.edit}.with_load({self.bus}, {load!r}{self.factor}).solve({self.words})"
        )
        return (
            not flow.converged
            and self.follow(state, load, STEPS) is None
            and self.follow(state, load, 5 * STEPS) is None
        )


def check_below(
    below: Below, row: Any, rng: np.random.Generator, levels: int = 5, kind: str = "below: counts below the answer"
) -> None:
    """Nothing counts at some loads below the answer, in any state: by definition it is the smallest load at which
    anything does."""
    feasible = float(row["feasible_mw"])
    if not feasible > 0.5:
        return
    known = states(below.case, below.options.get("contingencies", "n-1"))
    known = [state for state in known if somebody_balances(below.case, state, below.options)]
    before = {state: below.solve(state, 0.0) for state in known}
    at = sorted({round(float(part * feasible), 3) for part in [0.995, 0.95, 0.9, *rng.uniform(0.02, 0.98, levels)]})
    for load in at:
        intact = below.solve(State("intact"), load)
        for state in known:
            bare = before[state]
            if bare is None or before[State("intact")] is None or (intact is None and state.kind != "intact"):
                continue
            v = below.solve(state, load)
            below.checks.counts[kind] += 1
            if v is None:
                wrong = kind.replace("counts", "no solution") if below.gap(state, load) else ""
                said = f"{state} has no solution at {load} MW"
            else:
                found = counting(below.case, state, below.options, load, v, bare, (intact, before[State("intact")]))
                wrong = kind if found and not below.another(state, load, v) else ""
                said = f"{state} at {load} MW: {found[0] if found else ''}"
            if wrong:
                below.tell(wrong, said, row, state, load)
                return
