"""Outcome of an AC power flow."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ._frames import to_frame

if TYPE_CHECKING:
    import pandas as pd

    from . import _core

__all__ = ["PowerFlow"]


class PowerFlow:
    """Outcome of :meth:`Network.solve`. Every figure is NaN unless ``converged``."""

    def __init__(self, core: _core.PowerFlow) -> None:
        self._core = core

    @property
    def converged(self) -> bool:
        """Whether the largest mismatch is within the tolerance."""
        return self._core.converged

    @property
    def status(self) -> str:
        """converged, iteration_limit, stalled, diverged, singular, no_balance, q_limits_cycling or not_run."""
        return self._core.status

    @property
    def iterations(self) -> int:
        """Newton steps of the last attempt."""
        return self._core.iterations

    @property
    def max_mismatch_pu(self) -> float:
        """Largest active or reactive mismatch, per unit."""
        return self._core.max_mismatch_pu

    @property
    def reason(self) -> str:
        """One sentence: what came of it, and why."""
        return self._core.reason

    @cached_property
    def attempts(self) -> pd.DataFrame:
        """The starts tried, in order: ``start damped eased status iterations q_switches max_mismatch_pu worst_bus``.

        ``eased``: the last resort, from the solution without reactive limits, which are then drawn in
        step by step; its mismatch is that of the case with its own limits.
        """
        return to_frame(self._core.attempts())

    @cached_property
    def worst_buses(self) -> pd.DataFrame:
        """Where the mismatch left is largest; index ``bus``: ``name``, mismatch ``p_mw``, ``q_mvar``."""
        return to_frame(self._core.worst_buses(), "bus")

    @cached_property
    def buses(self) -> pd.DataFrame:
        """Index ``bus``: ``name base_kv vm_pu va_degree voltage_held`` (yes, no, at_q_min, at_q_max, de_energised)."""
        return to_frame(self._core.buses(), "bus")

    @cached_property
    def branches(self) -> pd.DataFrame:
        """Index ``row``: ``name from_bus to_bus in_service p_from_mw q_from_mvar p_to_mw q_to_mvar s_mva
        rate_a_mva loading_percent``.

        Power is into the branch at each end, ``s_mva`` the larger end, the loading relative to rate A
        (NaN where there is none).
        """
        return to_frame(self._core.branches(), "row")

    @cached_property
    def generators(self) -> pd.DataFrame:
        """Index ``row``: ``name bus in_service p_mw q_mvar at_limit`` (q_min, q_max or None)."""
        return to_frame(self._core.units(), "row")

    def __repr__(self) -> str:
        return f"<PowerFlow {self.status}: {self.reason}>"
