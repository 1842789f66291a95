"""Solutions to compare with, made when first needed."""

from __future__ import annotations

import numpy as np

from . import cases as c
from .cases import Case, evenly
from .reference import Reference, Solution


class Truth:
    """The intact state and a sample of the outages of a case, solved by the reference.

    Which buses end at a reactive limit can take a long search. Where the reference's own plain one does not
    settle, the set that nodalroom found is tried: it counts only if the reference's equations, solved anew
    with it, confirm every limit and every setpoint.
    """

    def __init__(self, case: Case, sample: int) -> None:
        self.case, self.reference = case, Reference(case)
        #: Positions among the case's outages.
        self.sample = evenly(len(case.outages), sample)
        self._states: dict[bool, list[Solution]] = {}
        self._intact: dict[bool, Solution] = {}

    def intact(self, q_limits: bool = False) -> Solution:
        if q_limits not in self._intact:
            solution = self.reference.solve_intact(q_limits)
            if q_limits and not solution.solved:
                solution = self._confirmed(None)
            self._intact[q_limits] = solution
        return self._intact[q_limits]

    def states(self, q_limits: bool) -> list[Solution]:
        if q_limits not in self._states:
            self._states[q_limits] = [self._state(int(outage), q_limits) for outage in self.case.outages[self.sample]]
        return self._states[q_limits]

    def _state(self, outage: int, q_limits: bool) -> Solution:
        start = self.intact(q_limits)
        if not start.solved:
            return start
        solution = self.reference.solve(outage, start.voltages, q_limits, start.fixed_q)
        return self._confirmed(outage) if q_limits and not solution.solved else solution

    def _confirmed(self, outage: int | None) -> Solution:
        import nodalroom as nr

        branch = self.case.branch.copy()
        if outage is not None:
            branch[outage, c.BR_STATUS] = 0
        net = nr.parse(c.matpower_text("state", self.case.base_mva, self.case.bus, self.case.gen, branch))
        result = net.solve(q_limits=True, balance="reference", tolerance=1e-9)
        table = result.buses
        v = (table["vm_pu"] * np.exp(1j * np.radians(table["va_degree"]))).to_numpy(dtype=complex)
        if not result.converged:
            return Solution(v, False)
        return self.reference.confirm(outage, v)
