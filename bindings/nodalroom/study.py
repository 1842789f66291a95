"""Headroom studies and their witnesses."""

from __future__ import annotations

import math
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from . import _core
from ._asked import check_buses
from ._frames import to_frame
from ._html import study_card
from ._options import (
    flag,
    whole_number,
    word,
)
from ._outcome import Outcome
from ._output import check_output, records, write_file
from ._packing import bands_restored, refuse_unknown
from ._progress import ProgressCall
from ._words import describe_study
from .compare import Comparison
from .errors import OptionError
from .upgrades import Ladder, UpgradeList, climb, ladder_steps, list_upgrades
from .witness import DEFAULTS, Witness, option_words, witness_command, witness_words

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .coordinates import Coordinates
    from .network import Network

__all__ = ["DEFAULTS", "Study", "Witness", "option_words", "witness_command", "witness_words"]

KINDS = "'intact', 'branch' or 'unit'"


class Study(Outcome):
    """Outcome of :func:`headroom`, or of :func:`load`. As an Arrow stream (``polars.DataFrame(study)``) it is
    ``table``. Studies can be pickled, as what :meth:`save` writes.
    """

    _KIND = "study"

    def __init__(self, core: _core.Headroom, network: Network, options: dict[str, Any], seconds: float) -> None:
        super().__init__(network, options, seconds)
        self._core = core
        #: The file that balance weights were read from, for commands that are printed.
        self._balance_file = "weights.csv"
        #: Weights of units given as ``balance``; empty for its rules.
        self._weights: list[float] = []

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
        generation_limited, not_settled, unsolved); ``limit_type`` (thermal, low_voltage, high_voltage,
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

    def compare(self, other: Study) -> Comparison:
        """This study ("before", the first) beside another ("after", the second), bus by bus: of another case or
        edit, or with other options. Buses are matched by number.

        Raises:
            OptionError: the studies have no bus in common.
        """
        if not isinstance(other, Study):
            raise TypeError(f"compare() needs a Study, not {type(other).__name__}")
        return Comparison(self, other)

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
            **super()._about(),
            "case_hash": self.case_hash,
            "complete": self.complete,
            "candidates": self.candidates,
            "options": self.options,
            "intact": self.reason,
            "states_total": self.states_total,
            "bridges": self._core.bridges,
            "seconds": round(self.seconds, 3),
        }

    def _asked(self) -> dict[str, Any]:
        return {"options": self.options, "weights": self._weights, "balance_file": self._balance_file}

    def _tables(self) -> dict[str, pd.DataFrame]:
        tables = {"headroom": self.table, "unsolvable": self.unsolvable, "bridges": self.bridges}
        if self.options["redispatch"]:
            tables |= {"redispatch_pairs": self.redispatch_pairs, "redispatch_units": self.redispatch_units}
        return tables

    @classmethod
    def _restored(cls, asked_of: Network, saved: dict[str, Any], result: dict[str, Any]) -> Study:
        given = bands_restored(saved["options"])
        refuse_unknown(given, {"buses", "edits", *DEFAULTS})
        options = {"buses": None, **DEFAULTS, **given}  # an option that is younger than the file was not in force
        weights = [float(weight) for weight in saved["weights"]]
        arguments = core_arguments(options, weights)
        core = _core.headroom(asked_of._core, **arguments, threads=0, progress=None, saved=result)
        study = cls(core, asked_of, options, math.nan)
        study._weights = weights
        study._balance_file = str(saved["balance_file"])
        return study

    def _content(self) -> dict[str, Any]:
        content = {"unsolvable": records(self.unsolvable), "buses": records(self.table)}
        if self.options["redispatch"]:
            content["redispatch_pairs"] = records(self.redispatch_pairs)
            content["redispatch_units"] = records(self.redispatch_units)
        return content

    def __repr__(self) -> str:
        return "\n".join(describe_study(self))

    def _repr_html_(self) -> str:
        return study_card(self)


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
