"""Results that were interrupted: where they are written, and how to go on with the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ._packing import ENDING
from .archive import load
from .errors import OptionError
from .network import Network
from .study import Study

#: Endings of files that say which buses are done.
READABLE = (".csv", ".parquet", ".json", ENDING)


def partial_path(path: Path) -> Path:
    """``h.partial.csv`` for ``h.csv``; a number more where there is one already, which is never overwritten."""
    beside = path.with_name(f"{path.stem}.partial{path.suffix}")
    number = 2
    while beside.exists():
        beside = path.with_name(f"{path.stem}.partial-{number}{path.suffix}")
        number += 1
    return beside


def targets(paths: Iterable[Path] | None, complete: bool, finished: int) -> list[Path]:
    """The files to write: those named; others beside them for what is not complete, and none for nothing."""
    if complete:
        return list(paths or [])
    return [partial_path(path) for path in paths or []] if finished else []


def left_over(net: Network, named: list[int] | None, min_kv: float, files: Iterable[Path]) -> list[int]:
    """The buses of a study that are in none of the files, in the study's order."""
    if named is None:
        buses = net.buses
        named = buses.index[buses["island"].notna() & (buses["base_kv"] >= min_kv)].tolist()
    there = set(net.buses.index)
    done: set[int] = set()
    for path in files:
        finished = finished_buses(path)
        strange = sorted(finished - there)
        if strange:
            raise OptionError(
                f"--skip-done {path}: it has bus {strange[0]}, which is not in the case; is it of another?"
            )
        done |= finished
    left = [int(bus) for bus in named if bus not in done]
    if not left:
        raise OptionError("--skip-done: every bus that is asked for is done; there is nothing left to study")
    return left


def finished_buses(path: Path) -> set[int]:
    """The buses of a study's table, as --out wrote it."""
    ending = path.suffix.lower()
    if ending not in READABLE:
        raise OptionError(f"--skip-done {path}: the file name must end in {', '.join(READABLE)}")
    try:
        if ending == ".csv":
            numbers = pd.read_csv(path)["bus"]
        elif ending == ".parquet":
            numbers = pd.read_parquet(path).reset_index()["bus"]
        elif ending == ".json":
            numbers = pd.Series([row["bus"] for row in json.loads(path.read_text(encoding="utf-8"))["buses"]])
        else:
            saved = load(path)
            if not isinstance(saved, Study):
                raise OptionError(f"--skip-done {path}: is no saved study")
            numbers = saved.table.index.to_series()
        return {int(number) for number in numbers}
    except OSError as error:
        raise OptionError(f"--skip-done {path}: cannot be read: {error.strerror or error}") from None
    except (ImportError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, OptionError):
            raise
        raise OptionError(f"--skip-done {path}: is no table that headroom --out wrote") from None
