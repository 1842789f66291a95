"""What the commands of ``nodalroom`` have in common."""

from __future__ import annotations

import difflib
import json
import shlex
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from . import headroom as run_headroom
from ._asked import check_buses
from ._cli_groups import Edits
from ._cli_options import balance_from, band_from, numbers_from
from ._edit_words import CUT_OFF
from ._output import TABLE_ENDINGS, check_output
from ._packing import ENDING, KINDS
from ._partial import READABLE, left_over, targets
from .archive import load
from .contingency import Sweep
from .errors import InputError, OptionError, PartialResultWarning
from .network import Network, read
from .study import Study
from .upgrades import Ladder, UpgradeList

#: What a command may end with, besides what all of them may.
UNSOLVED_WORDS = "1 the case has no power-flow solution (what --out names is written all the same); "
PARTIAL_WORDS = ": what was finished is written, to FILE.partial.ENDING for --out FILE.ENDING"


def exit_codes(unsolved: bool = True, partial: bool = True) -> str:
    return (
        f"Exit codes: 0 done; {UNSOLVED_WORDS if unsolved else ''}2 wrong usage, bad input, an option out of range, or "
        f"output that cannot be written; 130 interrupted (Ctrl-C){PARTIAL_WORDS if partial else ''}; 141 the reader of "
        "the output went away, as in '| head'; 70 a bug of nodalroom."
    )


EXIT_CODES = exit_codes()
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
    finished: int,
    progress: bool = True,
    report: Callable[[Path], Any] | None = None,
) -> list[Path]:
    """A result in the files named, each as its ending says; one that is not complete in files beside them. The files
    that were written.
    """
    written = targets(paths, outcome.complete, finished)
    for path in written:
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
    return written


def say_interrupted(done: str, asked: list[Path] | None, written: list[Path]) -> None:
    """What there is of a result that was interrupted, and where."""
    if written:
        done += f"; written to {', '.join(path.name for path in written)}"
    elif asked:
        done += "; nothing was written"
    say(f"interrupted: {done}")


def network_of(case: Path, edits: Edits, progress: bool = True) -> Network:
    """The case, edited as the options say."""
    check_case(case)
    with working(f"reading {case}", progress):
        try:
            net = read(case, cut_off=edits.cut_off)
        except InputError as error:
            problem = error.problem.replace("cut_off='isolate'", f"{CUT_OFF} isolate")
            raise InputError(error.file, error.line, problem) from None
        return edits.of(net)


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
        command = shlex.join(["nodalroom", "headroom", str(path), "--out", f"A{ENDING}"])
        raise OptionError(f"{name} {path}: is a case; save its study first: {command}")
    with working(f"loading {path}"):
        return load(path)


def study_in(path: Path, name: str) -> Study:
    """A saved study, given as the argument of that name."""
    found = result_in(path, name)
    if not isinstance(found, Study):
        raise OptionError(f"{name} {path}: is a saved {KINDS[found._KIND]}; name a saved study")
    return found


def study_of(
    net: Network, buses: str | int | None, options: dict[str, Any], skip_done: list[Path] | None = None
) -> Study:
    """The study that a command's options ask for: of the buses of --buses, or of the one of the argument BUS."""
    named = [buses] if isinstance(buses, int) else numbers_from("--buses", "bus numbers", buses)
    check_buses(net, "BUS" if isinstance(buses, int) else "--buses", named)
    if named is not None and options.get("min_kv"):
        raise OptionError("--min-kv and --buses: give one of them; the buses of --buses are studied as they are named")
    for option in ("movable_units", "max_moved_mw"):
        if options[option] is not None and not options["redispatch"]:
            raise OptionError(
                f"--{option.replace('_', '-')} is nothing without --redispatch; give that too, or neither"
            )
    if skip_done:
        named = left_over(net, named, options["min_kv"], skip_done)
        options = {**options, "min_kv": 0.0}
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


def end_of(study: Study, asked: list[Path] | None = None, written: Iterable[Path] = ()) -> None:
    """What is left to say of a study, and the exit code."""
    if not study.complete:
        written = list(written)
        say_interrupted(f"{len(study.table):,} of {study.candidates:,} buses were finished", asked, written)
        readable = [path for path in written if path.suffix.lower() in READABLE]
        if readable:
            say(f"the rest: the same command with --skip-done {shlex.quote(str(readable[0]))}")
        raise typer.Exit(INTERRUPTED)
    if not study.intact_solved:
        say(f"no solution: {study.reason}")
        raise typer.Exit(NO_SOLUTION)
