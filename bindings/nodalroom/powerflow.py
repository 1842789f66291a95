"""Outcome of an AC power flow."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ._frames import Arrow, to_frame
from ._html import power_flow_card
from ._options import RowValues, row_values
from .errors import OptionError

if TYPE_CHECKING:
    import pandas as pd

    from . import _core
    from .network import Network

__all__ = ["PowerFlow", "Solver"]


class PowerFlow(Arrow):
    """Outcome of :meth:`Network.solve` or :meth:`Solver.solve`. Every figure is NaN unless ``converged``.

    As an Arrow stream (``polars.DataFrame(flow)``, ``pyarrow.table(flow)``) it is ``buses``.
    """

    def __init__(self, core: _core.PowerFlow, network: Network) -> None:
        self._core = core
        #: The network that was solved.
        self.network = network

    @property
    def converged(self) -> bool:
        """Whether the largest mismatch is within the tolerance."""
        return self._core.converged

    @property
    def status(self) -> str:
        """converged, iteration_limit, stalled, diverged, singular, no_balance, no_voltage_control, no_live_bus,
        q_limits_cycling or not_run."""
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
        said = self.reason if self.reason.startswith(self.status) else f"{self.status}: {self.reason}"
        return f"<PowerFlow {said}>"

    def _repr_html_(self) -> str:
        return power_flow_card(self)

    def _arrow_frame(self) -> pd.DataFrame:
        return self.buses


class Solver:
    """Solves one network again and again with other loads and dispatch, its structure kept.

    Made by :meth:`Network.solver`. Results do not depend on what was solved before: they are those, bit for
    bit, of :meth:`Network.solve` on a case that has these loads and this dispatch. Threads may share a solver,
    and take turns.
    """

    def __init__(self, network: Network, core: _core.Solver) -> None:
        self.network = network
        self._core = core

    def solve(
        self,
        *,
        load_p_mw: RowValues | None = None,
        load_q_mvar: RowValues | None = None,
        generator_p_mw: RowValues | None = None,
        generator_q_mvar: RowValues | None = None,
        init: PowerFlow | None = None,
    ) -> PowerFlow:
        """Solves the AC power flow with these powers; whatever is not given is as in the case.

        Args:
            load_p_mw: consumption, MW: an array with one value per row of ``network.loads``, or a
                Series/dict by its 1-based row, whose other rows stay as in the case.
            load_q_mvar: likewise, Mvar.
            generator_p_mw: dispatch, MW, as an array with one value per row of ``network.generators``, or a
                Series/dict by its 1-based row. Rows out of service are not looked at.
            generator_q_mvar: production in Mvar of units that do not hold a voltage.
            init: a solution of this network to start from, voltages and reactive limits reached; None
                starts as the solver was made to.

        Raises:
            OptionError: values do not fit the network or are not finite, or ``init`` has no solution.
        """
        core = self.network._core
        loads, units = core.load_count, core.unit_count
        if init is not None and not isinstance(init, PowerFlow):
            raise OptionError(f"init = {init!r}; must be a PowerFlow of this network")
        return PowerFlow(
            self._core.solve(
                load_p_mw=row_values("load_p_mw", load_p_mw, loads, lambda: core.loads()["p_mw"]),
                load_q_mvar=row_values("load_q_mvar", load_q_mvar, loads, lambda: core.loads()["q_mvar"]),
                unit_p_mw=row_values("generator_p_mw", generator_p_mw, units, lambda: core.units()["p_mw"]),
                unit_q_mvar=row_values("generator_q_mvar", generator_q_mvar, units, lambda: core.units()["q_mvar"]),
                start=None if init is None else init._core,
            ),
            self.network,
        )

    def __repr__(self) -> str:
        return f"<Solver of {self.network.name}>"
