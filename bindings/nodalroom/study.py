"""Headroom studies and their witnesses."""

from __future__ import annotations

import logging
import math
import os
import time
import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from . import _core
from ._asked import check_asked, check_buses
from ._frames import Arrow, to_frame
from ._html import study_card
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
    whole_number,
    word,
)
from ._output import check_output, study_to_json, write_file, write_parquet
from ._progress import ProgressCall, reporting
from ._words import counted, describe_study
from .archive import save_study, study_bytes, study_from_bytes
from .compare import Comparison
from .errors import OptionError, PartialResultWarning
from .upgrades import Ladder, UpgradeList, climb, ladder_steps, list_upgrades
from .witness import DEFAULTS, Witness, option_words, witness_command, witness_words

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .coordinates import Coordinates
    from .network import Network

__all__ = ["DEFAULTS", "Study", "Witness", "headroom", "option_words", "witness_command", "witness_words"]

KINDS = "'intact', 'branch' or 'unit'"


class Study(Arrow):
    """Outcome of :func:`headroom`, or of :func:`load`. As an Arrow stream (``polars.DataFrame(study)``) it is
    ``table``. Studies can be pickled, as what :meth:`save` writes.
    """

    def __init__(self, core: _core.Headroom, network: Network, options: dict[str, Any], seconds: float) -> None:
        self._core = core
        self.network = network
        #: The options in force, by name; ``balance`` says who supplies the new load.
        self.options = options
        #: Wall-clock time of the call, s.
        self.seconds = seconds
        #: The file that balance weights were read from, for commands that are printed.
        self._balance_file = "weights.csv"
        #: Weights of units given as ``balance``; empty for its rules.
        self._weights: list[float] = []
        self._version = _core.__version__

    @property
    def version(self) -> str:
        """The version of nodalroom that made the study."""
        return self._version

    @property
    def case_hash(self) -> str:
        """SHA-256 of the case, edits included: that of :attr:`Network.case_hash`."""
        return self.network.case_hash

    @property
    def complete(self) -> bool:
        """False when it was interrupted; the table holds the buses that had been finished."""
        return self._core.complete

    @property
    def candidates(self) -> int:
        """How many buses were asked for."""
        return self._core.candidates

    @property
    def intact_solved(self) -> bool:
        """Whether the intact case has a solution; without one every row is ``unsolved``."""
        return self._core.intact_solved

    @property
    def reason(self) -> str:
        """How the intact case was solved, or why not."""
        return self._core.reason

    @property
    def states_total(self) -> int:
        """The intact state and the outages simulated."""
        return self._core.states_total

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per bus that was finished; index ``bus``: the file's bus number.

        ``headroom_mw`` MW of new load that fit; ``status`` (limited, already_limited, cap_reached,
        generation_limited, unsolved); ``limit_type`` (thermal, low_voltage, high_voltage,
        voltage_change, collapse, generation, none); ``contingency_kind`` (intact, branch, unit),
        ``contingency`` and its ``contingency_row``; ``element_kind`` (branch, bus, generation),
        ``element`` and its ``element_row``: the state in which, and the element at which, the next MW
        breaks a limit; rows are the file's 1-based rows. ``value`` at the limit, the ``limit`` (MVA,
        per unit, or MW of spare generation) and ``factor``, the growth of the value per MW.
        ``value_without_load`` is the value in the same state without the new load. A ``value`` past its
        ``limit`` says that the limit itself was passed at a smaller load, or before any: what is reached
        is the attribution, the change from which on it counts against the new load.

        ``feasible_mw`` and ``violated_mw``: highest load checked clean, lowest load checked violated.
        ``states_solved`` of ``states_total`` states AC-solved at ``feasible_mw``; ``certified``: all.
        ``thermal_mw voltage_mw collapse_mw generation_mw``: headroom per limit type; inf where no such
        limit appears up to ``max_mw``. ``radial`` and ``radial_feed``: the bus hangs on one branch, whose
        outage is consequential load loss and not simulated. ``name``, ``base_kv``, ``area`` of the bus.

        With ``redispatch=True`` also: ``redispatch_mw``, the largest new load for which some dispatch leaves
        nothing counted in any state, AC-checked at that dispatch; ``redispatch_bound_mw``, what the linear
        program still promises there; ``redispatch_status`` (limited: both agree; generation_limited: units
        have no more to give; cap_reached; already_limited; open: the gap between them was not closed;
        no_movable_unit, unsolved: no number); ``redispatch_moved_mw``, what units take over from others
        beside the balance rule; ``redispatch_limit_type``, ``redispatch_contingency``,
        ``redispatch_element``: the pair whose limit is worth most (all: ``redispatch_pairs``);
        ``redispatch_states_solved`` and ``redispatch_certified``, as above.
        """
        return to_frame(self._core.rows(), "bus")

    @cached_property
    def unsolvable(self) -> pd.DataFrame:
        """States without a solution before any load is added, which the study leaves out:
        ``contingency_kind contingency_row contingency``. They deserve a look of their own.

        Empty too where the study was interrupted before all states were solved; see ``states_known``.
        """
        return to_frame(self._core.unsolvable())

    @cached_property
    def redispatch_pairs(self) -> pd.DataFrame:
        """What holds redispatch headroom back: one row per bus and pair of state and element, the pair worth
        most first. ``value`` at the dispatch found, ``value_without_load`` in the case's own dispatch, the
        ``limit`` (MVA or per unit), and ``shadow_price``: MW of redispatch headroom per unit more of the
        limit, to first order, in ``shadow_price_unit``. Empty without ``redispatch=True``.
        """
        return to_frame(self._core.redispatch_pairs(), "bus")

    @cached_property
    def redispatch_units(self) -> pd.DataFrame:
        """The units that make way or take over: one row per bus and unit, the largest move first.
        ``unit_row`` (1-based), ``unit``, ``unit_bus``, ``case_mw`` as in the case, ``rule_mw`` as the balance
        rule alone would have it with as much in all, ``p_mw`` as found, ``moved_mw = p_mw - rule_mw``. MW.
        Empty without ``redispatch=True``.
        """
        return to_frame(self._core.redispatch_units(), "bus")

    def dispatch(self, bus: int) -> pd.Series:
        """The dispatch found for a bus: MW per generator row (1-based) at its redispatch headroom.

        Raises:
            OptionError: the bus was not a candidate, or has no redispatch figure.
        """
        bus = whole_number("bus", bus, least=0)
        values = self._core.redispatch_dispatch(bus)
        if not len(values):
            raise OptionError(f"bus {bus} has no redispatch figure; ask for it with redispatch=True")
        return pd.Series(values, index=pd.RangeIndex(1, len(values) + 1, name="row"), name="p_mw")

    @property
    def states_known(self) -> bool:
        """Whether every state was solved without the new load; if not, ``unsolvable`` says nothing."""
        return self._core.baselines_known

    @property
    def bridges(self) -> pd.DataFrame:
        """Branches whose outage would split the network, and which is not simulated."""
        return self.network.bridges

    def witness(
        self,
        bus: int,
        redispatch: bool = False,
        contingency_kind: Literal["intact", "branch", "unit"] | None = None,
        contingency_row: int | None = None,
    ) -> Witness:
        """The network at the bus's headroom, new load connected and its state's outage applied.

        Args:
            bus: number of a candidate.
            redispatch: at its redispatch headroom, with the dispatch found.
            contingency_kind, contingency_row: with ``redispatch``, the state to show; by default that of the
                pair whose limit is worth most.

        Raises:
            OptionError: the bus was not a candidate, or its row has no answer; there is no such state.
        """
        bus = whole_number("bus", bus, least=0)
        check_buses(self.network, "bus", [bus])
        if not flag("redispatch", redispatch):
            if contingency_kind is not None or contingency_row is not None:
                raise OptionError("contingency_kind and contingency_row are for witnesses with redispatch=True")
            return Witness(self._core.witness(bus), self, bus)
        kind = "" if contingency_kind is None else word("contingency_kind", contingency_kind, KINDS)
        if kind in ("branch", "unit") and contingency_row is None:
            raise OptionError(f"contingency_row is missing; which {kind}?")
        row = 0 if contingency_row is None else whole_number("contingency_row", contingency_row, least=1)
        return Witness(self._core.redispatch_witness(bus, kind, row), self, bus, redispatch=True)

    def ladder(
        self,
        bus: int,
        target_mw: float = 500.0,
        redispatch: bool = False,
        rating_factor: float | None = None,
        max_rungs: int = 20,
        threads: int | None = None,
        progress: bool | ProgressCall = True,
    ) -> Ladder:
        """What would have to be stronger for a bus to get a target: the limit that binds is raised, headroom
        certified anew, and so on. Every rung is a study of its own under the options of this one.

        Ctrl-C ends it cleanly, with the finished rungs, a :class:`PartialResultWarning` and ``complete`` False.

        Args:
            bus: number of an energised bus of the case, whether it was a candidate or not.
            target_mw: what to climb to, MW; takes the place of the study's ``max_mw``.
            redispatch: climb redispatch headroom; whether this study has it or not.
            rating_factor: what a branch's ratings are multiplied by at each upgrade, > 1; None: they are
                removed. Voltage limits are lifted at any rate.
            max_rungs: most upgrades made.
            threads: None for all processors.
            progress: True for a bar in a terminal or notebook, or a function of (stage, done, total).

        Raises:
            OptionError: an option is out of range, the bus does not exist or is out of service.
        """
        steps = ladder_steps(target_mw, redispatch, rating_factor, max_rungs)
        return climb(self, bus, steps, threads, progress)

    def upgrades(
        self,
        most: int = 10,
        redispatch: bool = False,
        threads: int | None = None,
        progress: bool | ProgressCall = True,
    ) -> UpgradeList:
        """The elements that hold most buses of this study, each with what its limit, removed alone, would
        unlock at those buses: the study made again for them. Only buses that were finished are looked at.

        Ctrl-C ends it cleanly, with the finished elements, a :class:`PartialResultWarning` and ``complete`` False.

        Args:
            most: how many elements.
            redispatch: what holds redispatch headroom, and unlocks it; for studies with ``redispatch=True``.
            threads: None for all processors.
            progress: True for a bar in a terminal or notebook, or a function of (stage, done, total).

        Raises:
            OptionError: an option is out of range, or the study has no redispatch figures.
        """
        return list_upgrades(self, most, redispatch, threads, progress)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the study, with its case and its options, to a .nodalroom file that :func:`load` reads: a zip of
        JSON, text and an array (docs/python.md), in which nothing is executable.

        Raises:
            OptionError: the file cannot be written, or its name does not end in .nodalroom.
        """
        save_study(self, path)

    def compare(self, other: Study) -> Comparison:
        """This study ("before", the first) beside another ("after", the second), bus by bus: of another case or
        edit, or with other options. Buses are matched by number.

        Raises:
            OptionError: the studies have no bus in common.
        """
        if not isinstance(other, Study):
            raise TypeError(f"compare() needs a Study, not {type(other).__name__}")
        return Comparison(self, other)

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """The table as comma-separated values, in a .csv file; without a path, the text.

        Missing: empty; infinite: inf.
        """
        if path is None:
            return str(self.table.to_csv())
        write_file(path, (".csv",), self.table.to_csv)
        return None

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """The table as Parquet, options in its metadata (``attrs`` in pandas). Needs ``nodalroom[parquet]``."""
        frame = self.table.copy()
        frame.attrs["nodalroom"] = self._about()
        write_file(path, (".parquet",), lambda file: write_parquet(frame, file))

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """One JSON object: ``nodalroom case complete options states_total unsolvable buses``.

        JSON has no NaN and no infinity: null stands for what is missing, and the text ``"inf"``, as in
        CSV, for infinity: no such limit appears up to ``max_mw``.
        """
        text = study_to_json(self, self._about())
        if path is None:
            return text
        write_file(path, (".json",), lambda file: file.write_text(text + "\n", encoding="utf-8"))
        return None

    def report(
        self,
        path: str | os.PathLike[str],
        title: str | None = None,
        coordinates: Coordinates | None = None,
        upgrades: UpgradeList | None = None,
        ladders: Iterable[Ladder] | Ladder = (),
    ) -> None:
        """Writes a self-contained HTML page with a map, every bus and what binds it: it opens offline and asks for
        nothing from elsewhere.

        Args:
            path: the .html file to write.
            title: heading of the page.
            coordinates: where the buses are, as :func:`read_coordinates` takes it: a CSV file with
                ``bus,lat,lon``, a DataFrame, or a pandapower net. Without any the network is drawn as a graph.
            upgrades: what :meth:`upgrades` gave, to be shown too.
            ladders: what :meth:`ladder` gave, one or several.

        Raises:
            InputError: the file of coordinates cannot be used; it says where and why.
            OptionError: the file cannot be written, or an argument is of another kind.
        """
        from .report import study_page

        def write(file: Path) -> None:
            file.write_text(page, encoding="utf-8")

        keep = [coordinates] if isinstance(coordinates, (str, os.PathLike)) else []
        check_output(path, (".html", ".htm"), keep)
        page = study_page(self, title, coordinates, upgrades, ladders)
        write_file(path, (".html", ".htm"), write, keep)

    def _about(self) -> dict[str, Any]:
        return {
            "nodalroom": self.version,
            "case": self.network.name,
            "source": self.network.source,
            "case_hash": self.case_hash,
            "complete": self.complete,
            "candidates": self.candidates,
            "options": self.options,
            "intact": self.reason,
            "states_total": self.states_total,
            "bridges": self._core.bridges,
            "seconds": round(self.seconds, 3),
        }

    def __repr__(self) -> str:
        return "\n".join(describe_study(self))

    def _repr_html_(self) -> str:
        return study_card(self)

    def _arrow_frame(self) -> pd.DataFrame:
        return self.table

    def __reduce__(self) -> tuple[Any, ...]:
        return study_from_bytes, (study_bytes(self),)


def core_arguments(options: dict[str, Any], weights: list[float]) -> dict[str, Any]:
    """The options of a study as the extension module takes them."""
    given = {name: value for name, value in options.items() if name not in ("balance_area", "edits")}
    most = given["max_moved_mw"]
    return {
        **given,
        "max_moved_mw": math.inf if most is None else most,
        "area": options["balance_area"],
        "weights": weights,
    }


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
        check_asked(net, options)
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
