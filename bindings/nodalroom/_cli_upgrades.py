"""The commands ``nodalroom ladder`` and ``nodalroom upgrades``."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from ._cli_common import INTERRUPTED, NO_SOLUTION, STUDY_OPTIONS, say, study_of, write_outcome
from ._cli_options import (
    Attribution,
    AttributionVoltage,
    BalanceArea,
    BalanceOption,
    BandOption,
    BandPostOption,
    Buses,
    ByRedispatch,
    Case,
    Certify,
    Contingencies,
    Json,
    MaxMovedMw,
    MaxMw,
    MinKv,
    MonitorMinKv,
    MovableUnits,
    PowerFactor,
    ProgressOption,
    QLimits,
    RatingIntact,
    RatingPost,
    Threads,
    Tolerance,
    Top,
    VoltageChange,
    numbers_from,
    out_option,
)
from ._cli_text import show_ladder, show_upgrades
from ._options import whole_number
from ._output import check_output
from ._words import counted
from .errors import PartialResultWarning
from .network import read
from .study import Study
from .upgrades import Ladder, UpgradeList, climb, ladder_steps


def _check_outputs(paths: list[Path] | None, case: Path, balance: str) -> None:
    for path in paths or []:
        check_output(path, keep=[case, balance], option="--out")


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


def ladder(
    case: Case,
    bus: Annotated[int, typer.Argument(metavar="BUS", help="Bus number of the case.", show_default=False)],
    target_mw: Annotated[float, typer.Option(metavar="MW", help="What to climb to.")] = 500.0,
    redispatch: ByRedispatch = False,
    rating_factor: Annotated[
        float | None,
        typer.Option(metavar="F", help="Multiply ratings by this at each upgrade, > 1; by default they are removed."),
    ] = None,
    max_rungs: Annotated[int, typer.Option(metavar="N", help="Most upgrades made.")] = 20,
    power_factor: PowerFactor = 0.95,
    contingencies: Contingencies = "n-1",
    balance: BalanceOption = "spare",
    balance_area: BalanceArea = None,
    rating_intact: RatingIntact = "A",
    rating_post: RatingPost = "B",
    attribution: Attribution = 0.03,
    attribution_voltage: AttributionVoltage = 0.005,
    voltage_band: BandOption = None,
    voltage_band_post: BandPostOption = None,
    voltage_change_max: VoltageChange = None,
    monitor_min_kv: MonitorMinKv = 0.0,
    q_limits: QLimits = True,
    certify: Certify = "screened",
    movable_units: MovableUnits = None,
    max_moved_mw: MaxMovedMw = None,
    tolerance: Tolerance = 1e-8,
    threads: Threads = None,
    progress: ProgressOption = True,
    out: Annotated[list[Path] | None, out_option("the rungs; may be repeated")] = None,
    as_json: Json = False,
) -> None:
    """What would have to be stronger for a bus to get a target.

    The limit that binds is raised, the headroom certified anew, and so on. With --redispatch it is the redispatch
    headroom that climbs: of the pairs that bind, the element of that worth most is upgraded. The options of the
    study mean what they mean for the command headroom.
    """
    asked: dict[str, Any] = {name: value for name, value in locals().items() if name in STUDY_OPTIONS}
    _check_outputs(out, case, balance)
    steps = ladder_steps(target_mw, redispatch, rating_factor, max_rungs)
    study = _finished(study_of(read(case), [bus], {**asked, "max_mw": target_mw}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PartialResultWarning)
        found = climb(study, bus, steps, threads, progress)
    write_outcome(found, out, quiet=as_json)
    if as_json:
        typer.echo(found.to_json())
    else:
        show_ladder(found)
    _end(found, f"{counted(len(found.table), 'rung was', 'rungs were')} finished")


def upgrades(
    case: Case,
    most: Annotated[int, typer.Option(metavar="N", help="How many elements, those that hold most buses.")] = 10,
    redispatch: ByRedispatch = False,
    buses: Buses = None,
    min_kv: MinKv = 0.0,
    power_factor: PowerFactor = 0.95,
    max_mw: MaxMw = 2000.0,
    contingencies: Contingencies = "n-1",
    balance: BalanceOption = "spare",
    balance_area: BalanceArea = None,
    rating_intact: RatingIntact = "A",
    rating_post: RatingPost = "B",
    attribution: Attribution = 0.03,
    attribution_voltage: AttributionVoltage = 0.005,
    voltage_band: BandOption = None,
    voltage_band_post: BandPostOption = None,
    voltage_change_max: VoltageChange = None,
    monitor_min_kv: MonitorMinKv = 0.0,
    q_limits: QLimits = True,
    certify: Certify = "screened",
    movable_units: MovableUnits = None,
    max_moved_mw: MaxMovedMw = None,
    tolerance: Tolerance = 1e-8,
    threads: Threads = None,
    progress: ProgressOption = True,
    out: Annotated[list[Path] | None, out_option("the table of elements; may be repeated")] = None,
    as_json: Json = False,
    top: Top = 10,
) -> None:
    """Which elements hold most buses, and what each would unlock.

    The study of the command headroom, with its options; then for each element, with its limit removed alone, the
    study again of the buses it holds. With --redispatch, of redispatch headroom. What two elements unlock cannot be
    added.
    """
    asked: dict[str, Any] = {name: value for name, value in locals().items() if name in STUDY_OPTIONS}
    _check_outputs(out, case, balance)
    whole_number("most", most, least=1)
    study = _finished(study_of(read(case), numbers_from("--buses", "bus numbers", buses), asked))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PartialResultWarning)
        found = study.upgrades(most, redispatch, threads, progress)
    write_outcome(found, out, quiet=as_json)
    if as_json:
        typer.echo(found.to_json())
    else:
        show_upgrades(found, top)
    done, to_run = found.runs
    _end(found, f"{done} of {counted(to_run, 'element', 'elements')} were run without their limit")
