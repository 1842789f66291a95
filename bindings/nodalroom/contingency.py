"""The N-1 sweep."""

from __future__ import annotations

import logging
import math
import time
import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any

from . import _core
from ._frames import to_frame
from ._html import sweep_card
from ._log import logged
from ._options import (
    CONTINGENCIES,
    RATINGS,
    Balance,
    Band,
    Contingencies,
    Rating,
    balance_of,
    band_of,
    flag,
    network_of,
    number,
    optional_number,
    threads_of,
    whole_number,
    word,
)
from ._outcome import Outcome
from ._output import records
from ._packing import bands_restored, refuse_unknown
from ._progress import ProgressCall, reporting
from ._words import limits_broken, status_counts
from .errors import PartialResultWarning

if TYPE_CHECKING:
    import pandas as pd

    from .network import Network

__all__ = ["Sweep", "sweep"]

#: Options of a sweep as the extension module takes them, with their defaults.
DEFAULTS: dict[str, Any] = {
    "contingencies": "n-1",
    "balance": "spare",
    "weights": [],
    "area": None,
    "q_limits": True,
    "rating_intact": "A",
    "rating_post": "B",
    "voltage_band": None,
    "voltage_band_post": None,
    "voltage_change_max": None,
    "monitor_min_kv": 0.0,
    "tolerance": 1e-8,
    "worst_violations": None,  # what files had no word of: all were kept
}


class Sweep(Outcome):
    """Outcome of :func:`sweep`. As an Arrow stream (``polars.DataFrame(sweep)``) it is ``table``."""

    _KIND = "sweep"

    def __init__(self, core: _core.Sweep, network: Network, arguments: dict[str, Any], seconds: float) -> None:
        ratings = {name: arguments[name].upper() for name in ("rating_intact", "rating_post")}
        told = {name: value for name, value in arguments.items() if name not in ("weights", "area")}
        options = {**told, **ratings, "balance": core.balance}
        if network.edits:
            options["edits"] = network.edits
        super().__init__(network, options, seconds)
        self._core = core
        #: What was asked, as the extension module takes it.
        self._arguments = arguments

    @property
    def complete(self) -> bool:
        """False when it was interrupted; the states left out are ``not_run``."""
        return self._core.complete

    @property
    def intact_solved(self) -> bool:
        """Whether the intact case has a solution; without one nothing was solved."""
        return self._core.intact_solved

    @property
    def reason(self) -> str:
        """How the intact case was solved, or why not."""
        return self._core.reason

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per state, the intact state first: ``contingency_kind contingency_row contingency status
        iterations max_mismatch_pu worst_loading_percent worst_branch worst_branch_row vm_min_pu vm_min_bus
        vm_max_pu vm_max_bus supply_mw thermal_violations voltage_violations violations_listed``; missing unless
        converged. Without any rating ``worst_loading_percent`` is NaN. Violations are counted in full, and so many of
        them are listed in ``violations``.
        """
        return to_frame(self._core.states())

    @cached_property
    def violations(self) -> pd.DataFrame:
        """One row per limit broken in a state: ``contingency_kind contingency_row contingency limit_type
        element_kind element_row element value limit unit`` (MVA or pu). Of each state the ``worst_violations`` that
        are furthest beyond their limits, as a share of them. Texts are categories.
        """
        return to_frame(self._core.violations())

    @property
    def violations_total(self) -> int:
        """Limits broken, over all states; ``violations`` lists no more of a state than ``worst_violations``."""
        return int((self.table["thermal_violations"] + self.table["voltage_violations"]).sum())

    @cached_property
    def bridges(self) -> pd.DataFrame:
        """Branches whose outage would split the network, and which is not simulated."""
        return self.network.bridges

    def __repr__(self) -> str:
        counts = self.table["status"].value_counts()
        states = ", ".join(f"{count} {status}" for status, count in counts.items())
        return (
            f"<Sweep of {self.network.name}, balance {self.options['balance']}: {states}; "
            f"{limits_broken(self, 'violation', 'violations')}{'' if self.complete else '; interrupted'}>"
        )

    def _repr_html_(self) -> str:
        return sweep_card(self)

    def _about(self) -> dict[str, Any]:
        return {
            **super()._about(),
            "case_hash": self.case_hash,
            "complete": self.complete,
            "intact": self.reason,
            "options": self.options,
            "status": status_counts(self.table),
            "violations_total": self.violations_total,
            "violations_listed": len(self.violations),
            "bridges": len(self.bridges),
            "seconds": round(self.seconds, 3),
        }

    def _asked(self) -> dict[str, Any]:
        return {"options": self._arguments}

    def _tables(self) -> dict[str, pd.DataFrame]:
        return {"states": self.table, "violations": self.violations, "bridges": self.bridges}

    @classmethod
    def _restored(cls, asked_of: Network, saved: dict[str, Any], result: dict[str, Any]) -> Sweep:
        given = bands_restored(saved["options"])
        refuse_unknown(given, set(DEFAULTS))
        arguments = {**DEFAULTS, **given}  # an option that is younger than the file was not in force
        core = _core.sweep(asked_of._core, **arguments, threads=0, progress=None, saved=result)
        return cls(core, asked_of, arguments, math.nan)

    def _content(self) -> dict[str, Any]:
        return {"states": records(self.table), "violations": records(self.violations)}


def sweep(
    net: Network,
    contingencies: Contingencies = "n-1",
    q_limits: bool = True,
    balance: Balance = "spare",
    rating_intact: Rating = "A",
    rating_post: Rating = "B",
    voltage_band: Band = None,
    voltage_band_post: Band = None,
    voltage_change_max: float | None = None,
    monitor_min_kv: float = 0.0,
    threads: int | None = None,
    progress: bool | ProgressCall = True,
    tolerance: float = 1e-8,
    *,
    balance_area: int | None = None,
    worst_violations: int | None = 100,
) -> Sweep:
    """Solves the intact case and every single outage, and compares each state with its limits.

    Args:
        net: the network.
        contingencies: ``n-1``, ``branches``, ``units`` or ``none``.
        q_limits: enforce reactive limits.
        balance: who covers what an outage changes; see :func:`headroom`.
        rating_intact, rating_post: rating set in the intact state and after an outage (B and C fall
            back to A where the file has 0).
        voltage_band, voltage_band_post: (low, high) per unit instead of the case's Vmin..Vmax.
        voltage_change_max: largest change from the intact state after an outage, per unit; None: off.
        monitor_min_kv: watch buses at or above, and branches with both ends at or above.
        threads: None for all processors.
        progress: True for a bar in a terminal or notebook, or a function of (stage, done, total).
        tolerance: largest mismatch, per unit; from 1e-12 to 1e-6.
        balance_area: only units at buses of this area take part in the balance.
        worst_violations: how many limits broken are listed of a state, those passed by the largest share; None for
            all. They are counted in full at any rate.

    Raises:
        OptionError: an option is out of range. States without a solution are statuses.
    """
    started = time.monotonic()
    core_network = network_of("sweep", net)
    arguments: dict[str, Any] = {
        "contingencies": word("contingencies", contingencies, CONTINGENCIES),
        **balance_of(balance, balance_area, net._units()),
        "q_limits": flag("q_limits", q_limits),
        "rating_intact": word("rating_intact", rating_intact, RATINGS),
        "rating_post": word("rating_post", rating_post, RATINGS),
        "voltage_band": band_of("voltage_band", voltage_band),
        "voltage_band_post": band_of("voltage_band_post", voltage_band_post),
        "voltage_change_max": optional_number("voltage_change_max", voltage_change_max),
        "monitor_min_kv": number("monitor_min_kv", monitor_min_kv),
        "tolerance": number("tolerance", tolerance),
        "worst_violations": None
        if worst_violations is None
        else whole_number("worst_violations", worst_violations, least=0),
    }
    with logged("sweep", net, level=logging.INFO) as done, reporting(progress) as report:
        core = _core.sweep(core_network, **arguments, threads=threads_of(threads), progress=report)
        done("complete" if core.complete else "interrupted")
    result = Sweep(core, net, arguments, time.monotonic() - started)
    if core.interrupted:
        warnings.warn("interrupted: states that were not finished are not_run", PartialResultWarning, stacklevel=2)
    return result
