"""The commands ``nodalroom ladder`` and ``nodalroom upgrades``."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from ._cli_common import (
    INTERRUPTED,
    NO_SOLUTION,
    check_outputs,
    network_of,
    say,
    study_of,
    write_outcome,
)
from ._cli_groups import Edits, assumptions, edits, taking
from ._cli_options import Bus, Buses, ByRedispatch, Case, Json, MaxMw, MinKv, Top, out_option
from ._cli_text import show_ladder, show_upgrades
from ._options import whole_number
from ._output import SAVED_ENDINGS
from ._words import counted
from .errors import PartialResultWarning
from .study import Study
from .upgrades import Ladder, UpgradeList, climb, ladder_steps


def _finished(study: Study) -> Study:
    if not study.complete:
        say("interrupted before the study was finished: nothing was written")
        raise typer.Exit(INTERRUPTED)
    return study


def _end(outcome: Ladder | UpgradeList, done: str) -> None:
    if not outcome.complete:
        say(f"interrupted: {done}")
        raise typer.Exit(INTERRUPTED)
    if not outcome.study.intact_solved:
        say(f"no solution: {outcome.study.reason}")
        raise typer.Exit(NO_SOLUTION)


@taking(study_options=assumptions, changes=edits)
def ladder(
    case: Case,
    bus: Bus,
    target_mw: Annotated[float, typer.Option(metavar="MW", help="What to climb to.")] = 500.0,
    redispatch: ByRedispatch = False,
    rating_factor: Annotated[
        float | None,
        typer.Option(metavar="F", help="Multiply ratings by this at each upgrade, > 1; by default they are removed."),
    ] = None,
    max_rungs: Annotated[int, typer.Option(metavar="N", help="Most upgrades made.")] = 20,
    out: Annotated[
        list[Path] | None,
        out_option("the ladder", ".csv, .parquet (the rungs), .json (everything), .nodalroom (saved)"),
    ] = None,
    as_json: Json = False,
    *,
    study_options: dict[str, Any],
    changes: Edits,
) -> None:
    """What would have to be stronger for a bus to get a target.

    The limit that binds is raised, the headroom certified anew, and so on. With --redispatch it is the redispatch
    headroom that climbs: of the pairs that bind, the element of that worth most is upgraded. The options of the
    study mean what they mean for the command headroom.
    """
    threads, progress = study_options["threads"], study_options["progress"]
    check_outputs(out, SAVED_ENDINGS, keep=[case, study_options["balance"]])
    steps = ladder_steps(target_mw, redispatch, rating_factor, max_rungs)
    asked = {**study_options, "max_mw": target_mw, "redispatch": redispatch}
    study = _finished(study_of(network_of(case, changes, progress), bus, asked))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PartialResultWarning)
        found = climb(study, bus, steps, threads, progress)
    write_outcome(found, out, as_json, progress)
    if as_json:
        typer.echo(found.to_json())
    else:
        show_ladder(found)
    _end(found, f"{counted(len(found.table), 'rung was', 'rungs were')} finished")


@taking(study_options=assumptions, changes=edits)
def upgrades(
    case: Case,
    most: Annotated[int, typer.Option(metavar="N", help="How many elements, those that hold most buses.")] = 10,
    redispatch: ByRedispatch = False,
    buses: Buses = None,
    min_kv: MinKv = 0.0,
    max_mw: MaxMw = 2000.0,
    out: Annotated[
        list[Path] | None,
        out_option("the list", ".csv, .parquet (the elements), .json (everything), .nodalroom (saved)"),
    ] = None,
    as_json: Json = False,
    top: Top = 10,
    *,
    study_options: dict[str, Any],
    changes: Edits,
) -> None:
    """Which elements hold most buses, and what each would unlock.

    The study of the command headroom, with its options; then for each element, with its limit removed alone, the
    study again of the buses it holds. With --redispatch, of redispatch headroom. What two elements unlock cannot be
    added.
    """
    threads, progress = study_options["threads"], study_options["progress"]
    check_outputs(out, SAVED_ENDINGS, keep=[case, study_options["balance"]])
    whole_number("most", most, least=1)
    asked = {**study_options, "min_kv": min_kv, "max_mw": max_mw, "redispatch": redispatch}
    study = _finished(study_of(network_of(case, changes, progress), buses, asked))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PartialResultWarning)
        found = study.upgrades(most, redispatch, threads, progress)
    write_outcome(found, out, as_json, progress)
    if as_json:
        typer.echo(found.to_json())
    else:
        show_upgrades(found, top)
    done, to_run = found.runs
    _end(found, f"{done} of {counted(to_run, 'element', 'elements')} were run without their limit")
