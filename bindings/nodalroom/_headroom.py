"""The call that makes a headroom study."""

from __future__ import annotations

import logging
import math
import time
import warnings
from typing import TYPE_CHECKING, Any, Literal

from . import _core
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
    buses_of,
    flag,
    network_of,
    number,
    optional_number,
    threads_of,
    unit_rows_of,
    word,
)
from ._progress import ProgressCall, reporting
from ._words import counted
from .errors import PartialResultWarning
from .study import Study, core_arguments

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .network import Network


def headroom(
    net: Network,
    buses: Iterable[int] | None = None,
    min_kv: float = 0.0,
    power_factor: float = 0.95,
    max_mw: float = 2000.0,
    contingencies: Contingencies = "n-1",
    balance: Balance = "spare",
    rating_intact: Rating = "A",
    rating_post: Rating = "B",
    attribution: float = 0.03,
    attribution_voltage: float = 0.005,
    voltage_band: Band = None,
    voltage_band_post: Band = None,
    voltage_change_max: float | None = None,
    monitor_min_kv: float = 0.0,
    q_limits: bool = True,
    certify: Literal["screened", "all"] = "screened",
    threads: int | None = None,
    progress: bool | ProgressCall = True,
    tolerance: float = 1e-8,
    *,
    balance_area: int | None = None,
    redispatch: bool = False,
    movable_units: Iterable[int] | None = None,
    max_moved_mw: float | None = None,
) -> Study:
    """How many MW of new load fit at each bus before the first limit is broken, in the intact grid and
    after any single outage, and which limit it is.

    Ctrl-C ends the study cleanly: what was finished is returned, with a :class:`PartialResultWarning`
    and ``complete`` False. A second Ctrl-C raises KeyboardInterrupt.

    Args:
        net: the network.
        buses: bus numbers of the case; None for every energised bus at or above ``min_kv``.
        min_kv: lowest base voltage of a candidate, kV, where ``buses`` is None.
        power_factor: of the new load, lagging; in (0, 1].
        max_mw: cap of the search, MW.
        contingencies: ``n-1`` (every branch that is no bridge, and every unit), ``branches``,
            ``units`` or ``none``.
        balance: who supplies the new load, the change in losses, and a lost unit's output: ``spare``
            (in proportion to Pmax - P), ``pmax``, ``reference`` (units at the reference bus), or one
            weight per generator row (array, or Series/dict by 1-based row). No option moves the answer
            more.
        rating_intact, rating_post: rating set in the intact state and after an outage: A, B or C (B
            and C fall back to A where the file has 0).
        attribution: a thermal limit counts where the load adds more than this, MVA per MW.
        attribution_voltage: a voltage limit counts where the load moves the voltage by more, per unit.
        voltage_band, voltage_band_post: (low, high) per unit instead of the case's Vmin..Vmax.
        voltage_change_max: largest change from the intact state after an outage, per unit; None: off.
        monitor_min_kv: watch buses at or above, and branches with both ends at or above.
        q_limits: enforce reactive limits.
        certify: ``all`` AC-solves every state just below each answer, ``screened`` only those that the
            screen cannot rule out.
        threads: None for all processors.
        progress: True for a bar in a terminal or notebook, or a function of (stage, done, total).
        tolerance: largest mismatch, per unit; from 1e-12 to 1e-6.
        balance_area: only units at buses of this area take part in the balance.
        redispatch: look, too, for the dispatch of the in-service units within Pmin..Pmax that makes most
            room at each bus: ``redispatch_mw`` and its columns, ``redispatch_pairs``, ``redispatch_units``.
        movable_units: 1-based generator rows that may leave the balance rule; None for all in service.
        max_moved_mw: the most that units may take over from others beside the balance rule, MW; None for
            no cap.

    Returns:
        A :class:`Study`. Numerical outcomes are statuses in its table, never exceptions.

    Raises:
        OptionError: an option is out of range, a bus does not exist or is out of service.
    """
    started = time.monotonic()
    core_network = network_of("headroom", net)
    balance_arguments = balance_of(balance, balance_area, net._units())
    options: dict[str, Any] = {
        "buses": buses_of(buses),
        "min_kv": number("min_kv", min_kv),
        "power_factor": number("power_factor", power_factor),
        "max_mw": number("max_mw", max_mw),
        "contingencies": word("contingencies", contingencies, CONTINGENCIES),
        "balance": balance_arguments["balance"],
        "balance_area": balance_arguments["area"],
        "rating_intact": word("rating_intact", rating_intact, RATINGS),
        "rating_post": word("rating_post", rating_post, RATINGS),
        "attribution": number("attribution", attribution),
        "attribution_voltage": number("attribution_voltage", attribution_voltage),
        "voltage_band": band_of("voltage_band", voltage_band),
        "voltage_band_post": band_of("voltage_band_post", voltage_band_post),
        "voltage_change_max": optional_number("voltage_change_max", voltage_change_max),
        "monitor_min_kv": number("monitor_min_kv", monitor_min_kv),
        "q_limits": flag("q_limits", q_limits),
        "certify": word("certify", certify, "'screened' or 'all'"),
        "redispatch": flag("redispatch", redispatch),
        "movable_units": unit_rows_of("movable_units", movable_units),
        "max_moved_mw": None if max_moved_mw is None else number("max_moved_mw", max_moved_mw),
        "tolerance": number("tolerance", tolerance),
    }
    weights = balance_arguments["weights"]
    arguments = core_arguments(options, weights)
    with logged("headroom", net, options, logging.INFO) as done, reporting(progress) as report:
        core = _core.headroom(core_network, threads=threads_of(threads), progress=report, **arguments)
        done(f"{counted(core.candidates, 'candidate', 'candidates')}{'' if core.complete else ', interrupted'}")
    options["rating_intact"] = options["rating_intact"].upper()
    options["rating_post"] = options["rating_post"].upper()
    if options["max_moved_mw"] == math.inf:
        options["max_moved_mw"] = None
    if net.edits:
        options["edits"] = net.edits
    study = Study(core, net, options, time.monotonic() - started)
    study._weights = weights
    if core.interrupted and not study.complete:
        warnings.warn(
            f"interrupted: {len(study.table)} of {study.candidates} buses were finished",
            PartialResultWarning,
            stacklevel=2,
        )
    return study
