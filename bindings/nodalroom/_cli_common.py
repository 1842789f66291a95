"""What the commands of ``nodalroom`` have in common."""

from __future__ import annotations

import difflib
import json
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from . import headroom as run_headroom
from ._cli_groups import Edits
from ._cli_options import balance_from, band_from, numbers_from
from ._edits import BUS_NUMBER, no_bus
from ._output import TABLE_ENDINGS, check_output
from ._packing import ENDING, KINDS
from .archive import load
from .contingency import Sweep
from .errors import OptionError, PartialResultWarning
from .network import Network, read
from .study import Study
from .upgrades import Ladder, UpgradeList

EXIT_CODES = (
    "Exit codes: 0 done; 1 the case has no power-flow solution (what --out names is written all the same); 2 wrong "
    "usage, bad input, an option out of range, or output that cannot be written; 130 interrupted (Ctrl-C): what was "
    "finished is written; 141 the reader of the output went away, as in '| head'; 70 a bug of nodalroom."
)
NO_SOLUTION, BAD_INPUT, INTERRUPTED, NO_READER, BUG = 1, 2, 130, 141, 70


def say(text: str = "") -> None:
    sys.stderr.write(text + "\n")


@contextmanager
def working(what: str, wanted: bool = True) -> Iterator[None]:
    """Says on standard error, in a terminal and as long as it lasts, what is being done."""
    if not (wanted and sys.stderr.isatty()):
        yield
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(what)):
        yield


def print_json(content: dict[str, Any]) -> None:
    typer.echo(json.dumps(content, indent=1, allow_nan=False))


def check_outputs(
    paths: Iterable[Path] | None,
    endings: tuple[str, ...] = TABLE_ENDINGS,
    keep: Iterable[Path | str] = (),
    option: str = "--out",
) -> None:
    """Refuses, before anything is run, files that could not be written at the end."""
    seen: set[Path] = set()
    keep = list(keep)
    for path in paths or []:
        check_output(path, endings, keep=keep, option=option)
        if path.resolve() in seen:
            raise OptionError(f"{option} {path}: this file is named twice")
        seen.add(path.resolve())


def write(path: Path, writer: Callable[[Path], Any], quiet: bool, progress: bool = True) -> None:
    with working(f"writing {path}", progress):
        writer(path)
    if not quiet:
        typer.echo(f"wrote {path}")


def write_outcome(
    outcome: Study | Ladder | UpgradeList,
    paths: list[Path] | None,
    quiet: bool,
    progress: bool = True,
    report: Callable[[Path], Any] | None = None,
) -> None:
    """A result in the files named, each as its ending says."""
    for path in paths or []:
        writers: dict[str, Callable[[Path], Any]] = {
            ".csv": outcome.to_csv,
            ".parquet": outcome.to_parquet,
            ".json": outcome.to_json,
            ENDING: outcome.save,
        }
        if isinstance(outcome, Study):
            page = report or outcome.report
            writers |= {".html": page, ".htm": page}
        write(path, writers[path.suffix.lower()], quiet, progress)


def network_of(case: Path, edits: Edits, progress: bool = True) -> Network:
    """The case, edited as the options say."""
    check_case(case)
    with working(f"reading {case}", progress):
        return edits.of(read(case))


def check_case(case: Path) -> None:
    """Refuses what is no case file, with what was perhaps meant."""
    try:
        str(case).encode()
    except UnicodeEncodeError:
        raise OptionError(f"CASE {case}: the name of the file is not UTF-8; rename it") from None
    if case.is_dir():
        raise OptionError(f"CASE {case}: is a folder; name a case file (.m) in it")
    if case.suffix.lower() == ENDING:
        raise OptionError(f"CASE {case}: is a saved result; the commands compare and report take those")
    if not case.exists() and case.parent.is_dir():
        others = sorted(path.name for path in case.parent.glob("*.m"))
        close = difflib.get_close_matches(case.name, others, n=3)
        if close:
            raise OptionError(f"CASE {case}: the file does not exist; did you mean {' or '.join(close)}?")


def result_in(path: Path, name: str) -> Study | Sweep | Ladder | UpgradeList:
    """A saved result, given as the argument of that name."""
    if path.is_dir():
        raise OptionError(f"{name} {path}: is a folder; name a saved study ({ENDING})")
    if path.suffix.lower() == ".m":
        raise OptionError(f"{name} {path}: is a case; save its study first: nodalroom headroom {path} --out A{ENDING}")
    with working(f"loading {path}"):
        return load(path)


def study_in(path: Path, name: str) -> Study:
    """A saved study, given as the argument of that name."""
    found = result_in(path, name)
    if not isinstance(found, Study):
        raise OptionError(f"{name} {path}: is a saved {KINDS[found._KIND]}; name a saved study")
    return found


def check_buses(net: Network, name: str, buses: Iterable[int] | None) -> None:
    """Refuses numbers that no bus has, with the nearest that there are."""
    there = set(net._core.cells("bus")[:, BUS_NUMBER].astype(int).tolist())
    for bus in buses or []:
        if bus not in there:
            raise no_bus(net._core, name, bus)


def study_of(net: Network, buses: str | int | None, options: dict[str, Any]) -> Study:
    """The study that a command's options ask for: of the buses of --buses, or of the one of the argument BUS."""
    named = [buses] if isinstance(buses, int) else numbers_from("--buses", "bus numbers", buses)
    check_buses(net, "BUS" if isinstance(buses, int) else "--buses", named)
    balance_file = options["balance"]
    asked = {
        **options,
        "balance": balance_from(options["balance"], net._units()),
        "movable_units": numbers_from("--movable-units", "generator rows", options["movable_units"]),
        "voltage_band": band_from("--voltage-band", options["voltage_band"]),
        "voltage_band_post": band_from("--voltage-band-post", options["voltage_band_post"]),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PartialResultWarning)
        study = run_headroom(net, named, **asked)
    study._balance_file = balance_file
    return study


def end_of(study: Study) -> None:
    """What is left to say of a study, and the exit code."""
    if not study.complete:
        say(f"interrupted: {len(study.table):,} of {study.candidates:,} buses were finished")
        raise typer.Exit(INTERRUPTED)
    if not study.intact_solved:
        say(f"no solution: {study.reason}")
        raise typer.Exit(NO_SOLUTION)
