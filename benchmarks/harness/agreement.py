"""Whether a peer's answer is the answer: nothing is timed before this says yes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from . import cases as c
from .reference import Reference, Solution


@dataclass
class Agreement:
    agrees: bool
    #: Why not, or what was compared.
    reason: str
    #: Largest difference of complex voltages, per unit, and of flows at either end, MVA; NaN: not compared.
    voltage_pu: float = float("nan")
    flow_mva: float = float("nan")
    #: Largest violation of the power-flow equations by the voltages returned, per unit.
    residual_pu: float = float("nan")
    #: Of a tool that keeps extremes only: largest difference of magnitudes (pu) and of the largest loading (percent).
    extremes: list[float] | None = None
    states: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Tolerances:
    #: Complex voltage, per unit.
    voltage_pu: float = 1e-5
    #: Residual of the equations by the harness's definition, as a multiple of the tolerance asked for.
    residual_factor: float = 10.0
    #: Flows and loadings, relative to the largest flow.
    flow: float = 1e-3


def compare_solve(
    reference: Reference, truth: Solution, answer: dict[str, np.ndarray], tolerance: float, limits: Tolerances
) -> Agreement:
    return compare(reference, [None], [truth], {"v": answer["v"][np.newaxis]}, tolerance, limits)


def compare(
    reference: Reference,
    outages: list[int | None],
    truths: list[Solution],
    answer: dict[str, np.ndarray],
    tolerance: float,
    limits: Tolerances,
    q_limits: bool = False,
) -> Agreement:
    """Compares the sampled states. States that the reference cannot solve are left out; a state that it
    solves and the peer does not is a difference."""
    use = [k for k, truth in enumerate(truths) if truth.solved]
    if not use:
        return Agreement(False, "the reference solved none of the states to compare")
    on = reference.energised
    given = answer["v"][use]
    unsolved = int((~np.isfinite(given[:, on])).any(axis=1).sum())
    if unsolved:
        return Agreement(False, f"no voltages for {unsolved} of {len(use)} states that have a solution", states=len(use))
    given = reference.align(given)
    wanted = np.array([truths[k].voltages for k in use])
    difference = np.abs(given - wanted)[:, on]
    residual = max(reference.residual(outages[k], v, q_limits) for k, v in zip(use, given, strict=True))
    result = Agreement(True, "", float(difference.max()), residual_pu=residual, states=len(use))
    flows = [np.array(reference.flows(outages[k], v)) for k, v in zip(use, wanted, strict=True)]
    scale = max(float(np.abs(flow).max()) for flow in flows)
    compared = ["voltages"]
    problems = []
    if result.voltage_pu > limits.voltage_pu:
        state = int(difference.max(axis=1).argmax())
        at = np.flatnonzero(on)[difference[state].argmax()]
        where = "" if outages[use[state]] is None else f" after the loss of branch {outages[use[state]] + 1}"
        problems.append(
            f"voltages differ by {result.voltage_pu:.1e} pu (at bus {reference.case.bus[at, c.BUS_I]:.0f}{where})"
        )
    if "s_from" in answer:
        compared.append("flows at both ends")
        peer_flows = np.stack([answer["s_from"][use], answer["s_to"][use]], axis=1)
        result.flow_mva = float(np.abs(peer_flows - np.array(flows)).max())
        if not result.flow_mva <= limits.flow * scale:
            problems.append(f"flows differ by {result.flow_mva:.2g} MVA")
    if "extremes" in answer:
        compared.append("extremes of each state")
        result.extremes = extremes_difference(reference, wanted, flows, answer["extremes"][use])
        if not (result.extremes[0] <= limits.voltage_pu and result.extremes[1] <= 100 * limits.flow):
            problems.append(
                f"extremes differ by {result.extremes[0]:.1e} pu and {result.extremes[1]:.1e} percent of loading"
            )
    allowed = limits.residual_factor * tolerance
    if not residual <= allowed:
        problems.append(f"leaves a residual of {residual:.1e} pu, {allowed:.0e} allowed")
    result.agrees = not problems
    result.reason = "; ".join(problems) if problems else "compared: " + ", ".join(compared)
    return result


def extremes_difference(
    reference: Reference, voltages: np.ndarray, flows: list[np.ndarray], given: np.ndarray
) -> list[float]:
    """Largest differences of [magnitudes, pu; largest loading, percent] over the states."""
    magnitude = np.abs(voltages)[:, reference.energised]
    rating = reference.case.branch[:, c.RATE_A]
    loading = np.array([100 * (np.abs(flow).max(axis=0) / rating).max() for flow in flows])
    by_voltage = np.maximum(np.abs(magnitude.min(axis=1) - given[:, 0]), np.abs(magnitude.max(axis=1) - given[:, 1]))
    return [float(by_voltage.max()), float(np.abs(loading - given[:, 2]).max())]
