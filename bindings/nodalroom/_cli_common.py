"""What the commands of ``nodalroom`` have in common."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from . import headroom as run_headroom
from ._cli_options import balance_from, band_from, numbers_from
from .errors import PartialResultWarning
from .network import Network
from .study import DEFAULTS, Study
from .upgrades import Ladder, UpgradeList

EXIT_CODES = (
    "Exit codes: 0 done; 1 the case has no power-flow solution (tables and report are written); 2 wrong usage, "
    "bad input, an option out of range, or output that cannot be written; 130 interrupted (Ctrl-C): what was "
    "finished is written; 141 the reader of the output went away, as in '| head'."
)
NO_SOLUTION, BAD_INPUT, INTERRUPTED, NO_READER = 1, 2, 130, 141
STUDY_OPTIONS = {*DEFAULTS, "threads", "progress"}


def say(text: str = "") -> None:
    sys.stderr.write(text + "\n")


def print_json(content: dict[str, Any]) -> None:
    typer.echo(json.dumps(content, indent=1, allow_nan=False))


def write(path: Path, writer: Callable[[Path], Any], quiet: bool) -> None:
    writer(path)
    if not quiet:
        typer.echo(f"wrote {path}")


def write_outcome(outcome: Study | Ladder | UpgradeList, paths: list[Path] | None, quiet: bool) -> None:
    """A result in the files named, each as its ending says."""
    for path in paths or []:
        writers: dict[str, Callable[[Path], Any]] = {
            ".csv": outcome.to_csv,
            ".parquet": outcome.to_parquet,
            ".json": outcome.to_json,
        }
        write(path, writers[path.suffix.lower()], quiet)


def study_of(net: Network, buses: list[int] | None, options: dict[str, Any]) -> Study:
    """The study that a command's options ask for."""
    balance_file = options["balance"]
    options["balance"] = balance_from(options["balance"], net._units())
    options["movable_units"] = numbers_from("--movable-units", "generator rows", options["movable_units"])
    options["voltage_band"] = band_from("--voltage-band", options["voltage_band"])
    options["voltage_band_post"] = band_from("--voltage-band-post", options["voltage_band_post"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PartialResultWarning)
        study = run_headroom(net, buses, **options)
    study._balance_file = balance_file
    return study
