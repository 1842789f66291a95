"""An answer of its own to compare every peer with: Newton-Raphson on MATPOWER's equations with SciPy.

Slow and plain on purpose. It shares no code with any of the peers, and measures the residual of their
voltages by one definition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve

from . import cases as c
from .cases import Case

TOLERANCE = 1e-10
MAX_STEPS = 25
MAX_SWITCHES = 30
#: A limit counts as kept within this, per unit.
SETTLED = 1e-9
#: The same for a set of limits taken from another solution.
CONFIRMED = 1e-7


@dataclass
class Solution:
    voltages: np.ndarray
    #: False: Newton's method found no solution here; there is nothing to compare with.
    solved: bool
    #: Reactive injection of buses at a limit, per unit; NaN where the bus is not at one.
    fixed_q: np.ndarray | None = None


class Reference:
    """The equations of a case, intact or with one branch out."""

    def __init__(self, case: Case) -> None:
        self.case = case
        bus, gen, branch = case.bus, case.gen, case.branch
        rows = {number: row for row, number in enumerate(bus[:, c.BUS_I])}
        self.n = len(bus)
        self.f = np.array([rows[number] for number in branch[:, c.F_BUS]])
        self.t = np.array([rows[number] for number in branch[:, c.T_BUS]])
        on = gen[:, c.GEN_STATUS] > 0
        at = np.array([rows[number] for number in gen[:, c.GEN_BUS]])[on]
        sums = np.zeros((4, self.n))  # P, Q, Qmin, Qmax of the units of a bus
        for k, column in enumerate((c.PG, c.QG, c.QMIN, c.QMAX)):
            np.add.at(sums[k], at, gen[on, column])
        self.load = (bus[:, c.PD] + 1j * bus[:, c.QD]) / case.base_mva
        self.injection = (sums[0] + 1j * sums[1]) / case.base_mva - self.load
        self.q_min, self.q_max = sums[2] / case.base_mva, sums[3] / case.base_mva
        self.energised = bus[:, c.BUS_TYPE] != c.ISOLATED
        self.is_reference = bus[:, c.BUS_TYPE] == c.REF
        self.regulates = np.isin(bus[:, c.BUS_TYPE], (c.PV, c.REF))
        self.setpoint = np.abs(case.stored_voltages())
        tap = np.where(branch[:, c.TAP] == 0, 1.0, branch[:, c.TAP]) * np.exp(1j * np.radians(branch[:, c.SHIFT]))
        series = 1 / (branch[:, c.BR_R] + 1j * branch[:, c.BR_X])
        self.ytt = series + 0.5j * branch[:, c.BR_B]
        self.yff = self.ytt / np.abs(tap) ** 2
        self.yft, self.ytf = -series / np.conj(tap), -series / tap
        self.in_service = branch[:, c.BR_STATUS] > 0
        self.shunt = (bus[:, c.GS] + 1j * bus[:, c.BS]) / case.base_mva

    def admittance(self, outage: int | None) -> sp.csr_matrix:
        on = self._on(outage)
        f, t = self.f[on], self.t[on]
        diagonal = np.arange(self.n)
        rows = np.concatenate([f, f, t, t, diagonal])
        columns = np.concatenate([f, t, f, t, diagonal])
        values = np.concatenate([self.yff[on], self.yft[on], self.ytf[on], self.ytt[on], self.shunt])
        return sp.csr_matrix((values, (rows, columns)), shape=(self.n, self.n))

    def flows(self, outage: int | None, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """MVA into both ends of every branch row; 0 out of service."""
        on = self._on(outage)
        vf, vt = v[self.f], v[self.t]
        base = self.case.base_mva
        s_from = np.where(on, vf * np.conj(self.yff * vf + self.yft * vt), 0) * base
        s_to = np.where(on, vt * np.conj(self.ytf * vf + self.ytt * vt), 0) * base
        return s_from, s_to

    def solve_intact(self, q_limits: bool = False) -> Solution:
        """From the stored voltages, or from a DC start where that leads nowhere."""
        solution = self.solve()
        if not solution.solved:
            solution = self.solve(start=self.dc_start())
        return self.solve(start=solution.voltages, q_limits=True) if q_limits and solution.solved else solution

    def dc_start(self) -> np.ndarray:
        susceptance = sp.csc_matrix(-self.admittance(None).imag)
        rows = np.flatnonzero(self.energised & ~self.is_reference)
        angle = np.radians(self.case.bus[:, c.VA]) * self.is_reference
        rest = self.injection.real - susceptance @ angle
        angle[rows] = spsolve(susceptance[rows][:, rows], rest[rows])
        return np.where(self.regulates, self.setpoint, 1.0) * np.exp(1j * angle)

    def solve(
        self,
        outage: int | None = None,
        start: np.ndarray | None = None,
        q_limits: bool = False,
        fixed_q: np.ndarray | None = None,
    ) -> Solution:
        """From `start`, or from the stored voltages, with buses at their reactive limits as in `fixed_q`."""
        y = self.admittance(outage)
        v = (self.case.stored_voltages() if start is None else start).copy()
        v[self.is_reference] = self.case.stored_voltages()[self.is_reference]
        free = self.regulates & ~self.is_reference
        fixed_q = np.full(self.n, np.nan) if fixed_q is None else fixed_q.copy()
        held = self.regulates & np.isnan(fixed_q)
        for _ in range(MAX_SWITCHES if q_limits else 1):
            v, solved = self._newton(y, v, held, fixed_q)
            if not solved:
                return Solution(v, False)
            if not q_limits or not self._switch(y, v, free, held, fixed_q):
                return Solution(v, True, fixed_q)
        return Solution(v, False)

    def confirm(self, outage: int | None, v: np.ndarray) -> Solution:
        """Solves with the buses at their limits that these voltages tell of; solved only if nothing would switch."""
        error = np.abs(v) - self.setpoint
        limit = np.where(error > 0, self.q_min, self.q_max) - self.load.imag
        at_limit = self.regulates & ~self.is_reference & (np.abs(error) > CONFIRMED)
        fixed_q = np.where(at_limit, limit, np.nan)
        held = self.regulates & ~at_limit
        y = self.admittance(outage)
        v, solved = self._newton(y, v, held, fixed_q)
        found = Solution(v, solved, fixed_q.copy())
        if solved and self._switch(y, v, self.regulates & ~self.is_reference, held, fixed_q, CONFIRMED):
            found.solved = False
        return found

    def residual(self, outage: int | None, v: np.ndarray, q_limits: bool = False) -> float:
        """Largest violation of the equations by these voltages, per unit: active balance except at the
        reference, reactive balance of buses that do not regulate, setpoints of those that do. With
        reactive limits a regulating bus obeys its setpoint, or sits at a limit on the side that explains it.
        """
        ds = v * np.conj(self.admittance(outage) @ v) - self.injection
        p = np.where(self.is_reference, 0, np.abs(ds.real))
        error = np.abs(v) - self.setpoint
        if q_limits:
            q = ds.imag + self.injection.imag + self.load.imag
            inside = np.maximum(np.maximum(self.q_min - q, q - self.q_max), 0)
            regulating = np.maximum(np.abs(error), inside)
            low = np.maximum(np.abs(q - self.q_min), np.maximum(-error, 0))
            high = np.maximum(np.abs(q - self.q_max), np.maximum(error, 0))
            regulated = np.minimum(regulating, np.minimum(low, high))
        else:
            regulated = np.abs(error)
        reactive = np.where(self.regulates, regulated, np.abs(ds.imag))
        return float(np.max(np.maximum(p, reactive)[self.energised]))

    def align(self, v: np.ndarray) -> np.ndarray:
        """Turns voltages so that the (first) reference bus has the angle of the file; tools differ in it."""
        at = int(np.flatnonzero(self.is_reference)[0])
        wanted = np.exp(1j * np.radians(self.case.bus[at, c.VA]))
        given = v[..., at : at + 1]
        return v * wanted * np.conj(given) / np.abs(given)

    def _on(self, outage: int | None) -> np.ndarray:
        on = self.in_service.copy()
        if outage is not None:
            on[outage] = False
        return on

    def _newton(self, y, v, held, fixed_q):
        pq_row = self.energised & ~held
        p_row = self.energised & ~self.is_reference
        target = np.where(np.isnan(fixed_q), self.injection, self.injection.real + 1j * fixed_q)
        v = np.where(held, self.setpoint, np.abs(v)) * np.exp(1j * np.angle(v))
        p_rows, q_rows = np.flatnonzero(p_row), np.flatnonzero(pq_row)
        for _ in range(MAX_STEPS):
            current = y @ v
            ds = v * np.conj(current) - target
            f = np.concatenate([ds.real[p_rows], ds.imag[q_rows]])
            if not np.all(np.isfinite(f)):
                return v, False
            if np.max(np.abs(f), initial=0.0) < TOLERANCE:
                return v, True
            dv, unit = sp.diags(v), sp.diags(v / np.abs(v))
            by_vm = (dv @ (y @ unit).conj() + sp.diags(np.conj(current)) @ unit).tocsr()
            by_va = (1j * dv @ (sp.diags(current) - y @ dv).conj()).tocsr()
            jacobian = sp.bmat(
                [
                    [by_va.real[p_rows][:, p_rows], by_vm.real[p_rows][:, q_rows]],
                    [by_va.imag[q_rows][:, p_rows], by_vm.imag[q_rows][:, q_rows]],
                ],
                format="csc",
            )
            step = spsolve(jacobian, -f)
            angle, magnitude = np.angle(v), np.abs(v)
            angle[p_rows] += step[: len(p_rows)]
            magnitude[q_rows] += step[len(p_rows) :]
            v = magnitude * np.exp(1j * angle)
        return v, False

    def _switch(self, y, v, free, held, fixed_q, settled=SETTLED) -> bool:
        """Holds reactive limits, and lets a bus regulate again where its voltage says so; those furthest
        beyond first, because all at once can go round in circles."""
        q = (v * np.conj(y @ v)).imag + self.load.imag
        error = np.abs(v) - self.setpoint
        at_low = fixed_q == self.q_min - self.load.imag
        # Without a range a bus is at both limits, and whatever its voltage is explained by one of them.
        released = np.where(self.q_max > self.q_min, np.where(at_low, -error, error), 0)
        beyond = np.where(free, np.where(held, np.maximum(self.q_min - q, q - self.q_max), released), 0)
        if beyond.max() <= settled:
            return False
        turn = beyond >= max(0.3 * beyond.max(), settled)
        limit = np.where(q < self.q_min, self.q_min, self.q_max) - self.load.imag
        fixed_q[:] = np.where(turn, np.where(held, limit, np.nan), fixed_q)
        held[turn] = ~held[turn]
        return True
