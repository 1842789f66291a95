"""Power flows by plain dense NumPy, in MATPOWER's rules: what a solution has to satisfy, and a Newton iteration."""

from __future__ import annotations

import numpy as np

from .case import (
    BS,
    BUS,
    DEAD,
    FROM,
    G_BUS,
    G_ON,
    GS,
    ON,
    PD,
    PG,
    PQ,
    PV,
    QD,
    QG,
    REF,
    SHIFT,
    TAP,
    TO,
    TYPE,
    VA,
    VG,
    VM,
    B,
    Case,
    R,
    X,
)  # fmt: skip

#: The reactance that a branch with r = x = 0 is taken to have.
SHORT_PU = 1e-6


class Grid:
    """Admittances of a case; buses of type 4 and branches that touch them take no part."""

    def __init__(self, case: Case) -> None:
        self.case = case
        rows = case.rows()
        n = len(case.bus)
        line = case.branch
        self.f = np.array([rows[int(number)] for number in line[:, FROM]])
        self.t = np.array([rows[int(number)] for number in line[:, TO]])
        dead = case.bus[:, TYPE] == DEAD
        self.zero = (line[:, R] == 0) & (line[:, X] == 0)
        self.on = (line[:, ON] > 0) & ~dead[self.f] & ~dead[self.t]
        series = 1 / (line[:, R] + 1j * np.where(self.zero, SHORT_PU, line[:, X]))
        tap = np.where(line[:, TAP] == 0, 1, line[:, TAP]) * np.exp(1j * np.radians(line[:, SHIFT]))
        on = self.on
        self.ytt = np.where(on, series + 0.5j * line[:, B], 0)
        self.yff = self.ytt / np.abs(tap) ** 2
        self.yft = np.where(on, -series / np.conj(tap), 0)
        self.ytf = np.where(on, -series / tap, 0)
        self.y = np.zeros((n, n), complex)
        np.add.at(self.y, (self.f, self.f), self.yff)
        np.add.at(self.y, (self.f, self.t), self.yft)
        np.add.at(self.y, (self.t, self.f), self.ytf)
        np.add.at(self.y, (self.t, self.t), self.ytt)
        self.y[np.arange(n), np.arange(n)] += np.where(dead, 0, case.bus[:, GS] + 1j * case.bus[:, BS]) / case.base
        self.load = np.where(dead, 0, case.bus[:, PD] + 1j * case.bus[:, QD]) / case.base
        self.live = ~dead

    def flows(self, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Power into each branch at its two ends, MVA."""
        vf, vt = v[self.f], v[self.t]
        into_from = vf * np.conj(self.yff * vf + self.yft * vt)
        into_to = vt * np.conj(self.ytf * vf + self.ytt * vt)
        return into_from * self.case.base, into_to * self.case.base

    def loading(self, v: np.ndarray) -> np.ndarray:
        """The larger of both ends, MVA."""
        return np.maximum(*(np.abs(end) for end in self.flows(v)))

    def mismatch(self, v: np.ndarray, p_mw: np.ndarray, q_mvar: np.ndarray) -> np.ndarray:
        """What production of all units leaves open at each bus, per unit."""
        given = -self.load.copy()
        rows = self.case.rows()
        at = np.array([rows[int(number)] for number in self.case.gen[:, G_BUS]])
        on = (self.case.gen[:, G_ON] > 0) & self.live[at]
        np.add.at(given, at[on], (p_mw[on] + 1j * q_mvar[on]) / self.case.base)
        return np.where(self.live, v * np.conj(self.y @ v) - given, 0)


def solve(case: Case, start: str = "stored", tolerance: float = 1e-9, steps: int = 40) -> np.ndarray | None:
    """Newton's method in the rules of MATPOWER's runpf without reactive limits; voltages, or None.

    Buses of type 2 and 3 with a unit in service hold its setpoint, buses of type 3 their angle and no balance.
    """
    grid = Grid(case)
    rows = case.rows()
    n = len(case.bus)
    given = -grid.load.copy()
    held = np.zeros(n, bool)
    vm, va = case.bus[:, VM].copy(), np.radians(case.bus[:, VA])
    if start == "flat":
        vm, va = np.ones(n), np.where(case.bus[:, TYPE] == REF, va, 0)
    for unit in case.gen:
        row = rows[int(unit[G_BUS])]
        if unit[G_ON] <= 0 or not grid.live[row]:
            continue
        given[row] += (unit[PG] + 1j * unit[QG]) / case.base
        if case.bus[row, TYPE] in (PV, REF) and not held[row]:
            held[row], vm[row] = True, unit[VG]
    reference = case.bus[:, TYPE] == REF
    free_angle = np.flatnonzero(grid.live & ~reference)
    free_level = np.flatnonzero(grid.live & ~held)
    for _ in range(steps):
        v = vm * np.exp(1j * va)
        current = grid.y @ v
        left = v * np.conj(current) - given
        error = np.r_[left.real[free_angle], left.imag[free_level]]
        if not np.isfinite(error).all():
            return None
        if len(error) == 0 or np.abs(error).max() < tolerance:
            return v
        unit_v = v / np.abs(v)
        by_angle = 1j * v[:, None] * np.conj(np.diag(current) - grid.y * v[None, :])
        by_level = v[:, None] * np.conj(grid.y * unit_v[None, :]) + np.diag(np.conj(current) * unit_v)
        jacobian = np.block(
            [
                [by_angle.real[np.ix_(free_angle, free_angle)], by_level.real[np.ix_(free_angle, free_level)]],
                [by_angle.imag[np.ix_(free_level, free_angle)], by_level.imag[np.ix_(free_level, free_level)]],
            ]
        )
        try:
            step = np.linalg.solve(jacobian, -error)
        except np.linalg.LinAlgError:
            return None
        va[free_angle] += step[: len(free_angle)]
        vm[free_level] += step[len(free_angle) :]
    return None


__all__ = ["BUS", "PQ", "Grid", "solve"]
