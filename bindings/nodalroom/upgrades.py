"""What would have to be stronger for more headroom: ladders for one bus, lists for a whole study."""

from __future__ import annotations

import logging
import math
import time
import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from . import _core
from ._asked import check_buses
from ._frames import to_frame
from ._html import ladder_card, upgrades_card
from ._log import logged
from ._options import flag, number, threads_of, whole_number
from ._outcome import Outcome
from ._output import plain, records
from ._progress import ProgressCall, reporting
from ._words import counted, describe_ladder, describe_list, rung_lines
from .errors import OptionError, PartialResultWarning

if TYPE_CHECKING:
    from .study import Study

__all__ = ["Ladder", "UpgradeList"]


class _OfStudy(Outcome):
    """What was asked of a study."""

    def __init__(self, study: Study, options: dict[str, Any], seconds: float) -> None:
        super().__init__(study.network, options, seconds)
        #: The study it was asked of.
        self.study = study


class Ladder(_OfStudy):
    """MW against upgrades for one bus; outcome of :meth:`Study.ladder`."""

    _KIND = "ladder"

    def __init__(
        self, core: _core.Ladder, study: Study, bus: int, steps: dict[str, Any], options: dict[str, Any], seconds: float
    ) -> None:
        super().__init__(study, options, seconds)
        self._core = core
        #: The bus, as numbered in the file.
        self.bus = bus
        #: What it climbs to, MW.
        self.target_mw: float = steps["target_mw"]
        #: Whether it climbs redispatch headroom.
        self.redispatch: bool = steps["redispatch"]
        #: What a rating is multiplied by at each upgrade; None: it is removed.
        self.rating_factor: float | None = None if math.isinf(steps["rating_factor"]) else steps["rating_factor"]
        #: Most upgrades made.
        self.max_rungs: int = steps["max_rungs"]

    @property
    def status(self) -> str:
        """Why it ends: ``target_reached``; ``generation_limited`` (units have no more to give, or never had as
        much as the target asks for); ``not_upgradable`` (what binds has no limit that could be raised);
        ``rungs_exhausted`` (``max_rungs`` upgrades were made); ``no_gain`` (what binds has lost its limit
        already); ``not_settled`` (the search of a rung used up its steps); ``unsolved`` (the intact case has no solution); ``cancelled`` (interrupted).
        """
        return self._core.status

    @property
    def complete(self) -> bool:
        """False when it was interrupted; the table holds the rungs that had been finished."""
        return self._core.complete

    @property
    def most_generation_mw(self) -> float:
        """More than units could ever give a new load at this bus, without any losses; inf where no such end is
        known beforehand, NaN before the first rung.
        """
        return self._core.most_generation_mw

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per rung; index ``rung``, of which 0 is the case as it is, without any upgrade.

        ``certified_mw``: headroom (with ``redispatch=True`` redispatch headroom) with the upgrades of all rungs
        before, up to the target, by a study of its own; ``status`` as in the study's table. ``limit_type
        contingency_kind contingency contingency_row element_kind element element_row``: what binds there, with
        its ``value`` and the ``limit`` in force at that rung. With redispatch several pairs bind at once: the
        row has the one whose element is upgraded next, with its ``shadow_price`` in ``shadow_price_unit``;
        ``pairs`` has all. ``upgrade``: what is raised for the next rung, in words; None on the last.
        """
        return to_frame(self._core.rungs(), "rung")

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """The columns of ``table`` with one row per rung and pair that binds there, the pair with the largest
        shadow price first. The same as ``table`` where redispatch is not climbed.
        """
        return to_frame(self._core.pairs(), "rung")

    @cached_property
    def needs(self) -> pd.DataFrame:
        """What the upgraded elements carry at the last rung: one row per element and quantity.

        ``element_kind element element_row``; ``quantity`` (largest flow, intact; largest flow after an outage;
        lowest voltage; highest voltage; largest voltage change), its ``value`` over all states, the ``limit``
        there before any upgrade, both in ``unit`` (MVA, pu), and the state it occurs in: ``contingency_kind
        contingency contingency_row``. Empty where nothing was upgraded, or the ladder was interrupted.
        """
        return to_frame(self._core.needs())

    @property
    def needs_known(self) -> bool:
        """Whether ``needs`` was worked out; not where the ladder was interrupted."""
        return self._core.needs_complete

    def _about(self) -> dict[str, Any]:
        return {
            **super()._about(),
            "complete": self.complete,
            "bus": self.bus,
            "target_mw": self.target_mw,
            "redispatch": self.redispatch,
            "rating_factor": self.rating_factor,
            "max_rungs": self.max_rungs,
            "options": self.options,
            "status": self.status,
            "most_generation_mw": plain(self.most_generation_mw),
            "seconds": round(self.seconds, 3),
        }

    def _asked(self) -> dict[str, Any]:
        names = ("bus", "target_mw", "redispatch", "rating_factor", "max_rungs")
        return {name: getattr(self, name) for name in names}

    def _tables(self) -> dict[str, pd.DataFrame]:
        return {"rungs": self.table, "pairs": self.pairs, "needs": self.needs}

    @classmethod
    def _restored(cls, asked_of: Study, saved: dict[str, Any], result: dict[str, Any]) -> Ladder:
        steps = ladder_steps(*(saved[name] for name in ("target_mw", "redispatch", "rating_factor", "max_rungs")))
        bus = whole_number("bus", saved["bus"], least=0)
        core = _core.upgrade_ladder(asked_of._core, bus=bus, threads=0, progress=None, saved=result, **steps)
        return cls(core, asked_of, bus, steps, ladder_options(asked_of, bus, steps), math.nan)

    def _content(self) -> dict[str, Any]:
        return {"rungs": records(self.table), "pairs": records(self.pairs), "needs": records(self.needs)}

    def __repr__(self) -> str:
        return "\n".join([*describe_ladder(self), *rung_lines(self)]) + ">"

    def _repr_html_(self) -> str:
        return ladder_card(self)


class UpgradeList(_OfStudy):
    """The elements that hold most buses of a study, and what each would unlock; outcome of
    :meth:`Study.upgrades`.
    """

    _KIND = "upgrades"

    def __init__(
        self,
        core: _core.UpgradeList,
        study: Study,
        most: int,
        redispatch: bool,
        options: dict[str, Any],
        seconds: float,
    ) -> None:
        super().__init__(study, options, seconds)
        self._core = core
        #: How many elements were asked for.
        self.most = most
        #: Whether it is about redispatch headroom.
        self.redispatch = redispatch

    @property
    def complete(self) -> bool:
        """False when it was interrupted; elements not reached have ``was_run`` False."""
        return self._core.complete

    @property
    def elements_total(self) -> int:
        """How many elements hold a bus, also those beyond ``most``."""
        return self._core.elements_total

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per element, that with most weight first; then collapse and generation, if they hold a bus.

        ``element_kind`` (branch, bus, collapse, generation), ``element``, ``element_row``; ``buses_held``: buses
        of the study that it holds; ``weight``, by which they are sorted: as many, or with ``redispatch=True`` the
        sum of shadow price times limit, in MW per hundred percent of the limit; ``was_run``: whether the study
        was made again without its limit (a branch's ratings, a bus's voltage limits) for those buses: not for
        collapse and generation, which have none. ``unlocked_sum_mw`` and ``unlocked_median_mw`` over the buses
        held, ``best_bus`` gains most, ``best_unlocked_mw``. What two elements unlock cannot be added.
        """
        return to_frame(self._core.elements())

    @cached_property
    def buses(self) -> pd.DataFrame:
        """One row per element and bus it holds; index ``bus``: the file's bus number.

        ``element_kind element element_row``; ``before_mw``: headroom (with ``redispatch=True`` redispatch
        headroom) in the study, ``after_mw``: certified without that element's limit, NaN where it was not run;
        ``unlocked_mw``, the difference; ``status_after`` as in the study's table; ``name`` of the bus.
        """
        return to_frame(self._core.buses(), "bus")

    @property
    def runs(self) -> tuple[int, int]:
        """Elements that were run without their limit, and those that were to be."""
        return self._core.runs

    def _about(self) -> dict[str, Any]:
        return {
            **super()._about(),
            "complete": self.complete,
            "study_complete": self.study.complete,
            "most": self.most,
            "redispatch": self.redispatch,
            "options": self.options,
            "elements_total": self.elements_total,
            "seconds": round(self.seconds, 3),
        }

    def _asked(self) -> dict[str, Any]:
        return {"most": self.most, "redispatch": self.redispatch}

    def _tables(self) -> dict[str, pd.DataFrame]:
        return {"elements": self.table, "buses": self.buses}

    @classmethod
    def _restored(cls, asked_of: Study, saved: dict[str, Any], result: dict[str, Any]) -> UpgradeList:
        asked = list_arguments(asked_of, saved["most"], saved["redispatch"])
        core = _core.list_upgrades(asked_of._core, threads=0, progress=None, saved=result, **asked)
        return cls(core, asked_of, **asked, options=list_options(asked_of, asked["redispatch"]), seconds=math.nan)

    def _content(self) -> dict[str, Any]:
        return {"elements": records(self.table), "buses": records(self.buses)}

    def __repr__(self) -> str:
        return "\n".join(describe_list(self)) + ">"

    def _repr_html_(self) -> str:
        return upgrades_card(self)


def ladder_steps(target_mw: Any, redispatch: Any, rating_factor: Any, max_rungs: Any) -> dict[str, Any]:
    """The options of a ladder itself, checked."""
    steps: dict[str, Any] = {
        "target_mw": number("target_mw", target_mw),
        "redispatch": flag("redispatch", redispatch),
        "rating_factor": math.inf if rating_factor is None else number("rating_factor", rating_factor),
        "max_rungs": whole_number("max_rungs", max_rungs, least=1),
    }
    _core.check_ladder(**steps)
    return steps


def ladder_options(study: Study, bus: int, steps: dict[str, Any]) -> dict[str, Any]:
    """The options in force on the rungs of a ladder."""
    return {**study.options, "buses": [bus], "max_mw": steps["target_mw"], "redispatch": steps["redispatch"]}


def list_options(study: Study, redispatch: bool) -> dict[str, Any]:
    """The options in force where upgrades are listed."""
    return {**study.options, "redispatch": redispatch}


def list_arguments(study: Study, most: Any, redispatch: Any) -> dict[str, Any]:
    """What a list of upgrades is asked for, checked."""
    asked = {"most": whole_number("most", most, least=1), "redispatch": flag("redispatch", redispatch)}
    if redispatch and not study.options["redispatch"]:
        raise OptionError(
            "redispatch = True; the study has no redispatch figures: make it with headroom(..., redispatch=True)"
        )
    return asked


def climb(study: Study, bus: Any, steps: dict[str, Any], threads: int | None, progress: bool | ProgressCall) -> Ladder:
    """Study.ladder()."""
    started = time.monotonic()
    bus = whole_number("bus", bus, least=0)
    what = f"ladder of bus {bus}"
    with logged(what, study.network, steps, logging.INFO) as done, reporting(progress) as report:
        check_buses(study.network, "bus", [bus])
        core = _core.upgrade_ladder(study._core, bus=bus, threads=threads_of(threads), progress=report, **steps)
        done(core.status)
    ladder = Ladder(core, study, bus, steps, ladder_options(study, bus, steps), time.monotonic() - started)
    if core.interrupted and not ladder.complete:
        rungs = counted(len(ladder.table), "rung was", "rungs were")
        warnings.warn(f"interrupted: {rungs} finished", PartialResultWarning, stacklevel=3)
    return ladder


def list_upgrades(
    study: Study, most: Any, redispatch: Any, threads: int | None, progress: bool | ProgressCall
) -> UpgradeList:
    """Study.upgrades()."""
    started = time.monotonic()
    asked = list_arguments(study, most, redispatch)
    with logged("upgrades", study.network, asked, logging.INFO) as done, reporting(progress) as report:
        core = _core.list_upgrades(study._core, threads=threads_of(threads), progress=report, **asked)
        done(f"{core.runs[0]} elements run")
    options = list_options(study, asked["redispatch"])
    found = UpgradeList(core, study, **asked, options=options, seconds=time.monotonic() - started)
    if core.interrupted and not found.complete:
        made, wanted = found.runs
        warnings.warn(
            f"interrupted: {made} of {counted(wanted, 'element', 'elements')} were run without their limit",
            PartialResultWarning,
            stacklevel=3,
        )
    return found
