"""Tables and studies written out."""

from __future__ import annotations

import json
import math
import os
import secrets
import stat
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .errors import OptionError

TABLE_ENDINGS = (".csv", ".parquet", ".json")
STUDY_ENDINGS = (*TABLE_ENDINGS, ".html", ".nodalroom")
SAVED_ENDINGS = (*TABLE_ENDINGS, ".nodalroom")
#: Endings that mean the same as another one, and go without saying.
ALSO = {".htm": ".html"}


def check_output(
    path: str | os.PathLike[str],
    endings: tuple[str, ...] = TABLE_ENDINGS,
    keep: Iterable[str | os.PathLike[str]] = (),
    option: str = "",
) -> None:
    """Refuses, before any work is done, a file that could not be written at the end, or is among those to keep."""
    path = Path(path)
    label = f"{option} {path}".strip()
    if ending_of(path) not in endings:
        raise OptionError(f"{label}: the file name must end in {', '.join(endings)}")
    if ending_of(path) == ".parquet":
        require_pyarrow()
    if path.is_dir() or not path.parent.is_dir():
        raise OptionError(f"{label}: {'is a folder' if path.is_dir() else f'there is no folder {path.parent}'}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OptionError(f"{label}: no permission to write {'this file' if path.exists() else f'in {path.parent}'}")
    for other in keep:
        if path.exists() and os.path.exists(other) and os.path.samefile(path, other):
            raise OptionError(f"{label}: this file is read here and would be overwritten; name another one")


def write_file(
    path: str | os.PathLike[str],
    endings: tuple[str, ...],
    write: Callable[[Path], Any],
    keep: Iterable[str | os.PathLike[str]] = (),
) -> None:
    """Writes a file; whatever stands against it is an OptionError that names it."""
    check_output(path, endings, keep)
    try:
        write_whole(Path(path), write)
    except OSError as error:
        raise OptionError(f"{os.fspath(path)}: cannot be written: {reason(error)}") from None


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """The whole file or, where that fails or is interrupted, the one that was there before, or none."""
    target = Path(os.path.realpath(path))
    if (target.exists() and not target.is_file()) or not os.access(target.parent, os.W_OK):
        write(path)  # a device or a pipe, or a folder that takes no new file
        return
    draft = new_file_beside(target)
    try:
        write(draft)
        if target.exists():
            draft.chmod(stat.S_IMODE(target.stat().st_mode))
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def new_file_beside(target: Path) -> Path:
    """An empty file in the same folder. Its permissions are those of any new file of this process: its umask applies
    by itself, and is neither asked for nor changed, which other threads would see.
    """
    while True:
        draft = target.parent / f".nodalroom-{secrets.token_hex(8)}{target.suffix}"
        try:
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666))
        except FileExistsError:
            continue
        return draft


def ending_of(path: str | os.PathLike[str]) -> str:
    ending = Path(path).suffix.lower()
    return ALSO.get(ending, ending)


def reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def require_pyarrow() -> None:
    if find_spec("pyarrow") is None:
        raise OptionError("Parquet files need pyarrow: pip install 'nodalroom[parquet]'")


def write_parquet(frame: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    require_pyarrow()
    frame.to_parquet(path)


def write_table(frame: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """A table as the ending of the file name says."""
    ending = ending_of(path)
    index = frame.index.name is not None

    def write(file: Path) -> None:
        if ending == ".csv":
            frame.to_csv(file, index=index)
        elif ending == ".parquet":
            write_parquet(frame, file)
        else:
            file.write_text(json.dumps(records(frame), indent=1) + "\n", encoding="utf-8")

    write_file(path, TABLE_ENDINGS, write)


def plain(value: Any) -> Any:
    """A value as JSON can hold it: null for NaN and what is missing, the text "inf" for infinity, as in CSV."""
    if value is None or value is pd.NA:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else f"{value}"
    return value


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, with the index where it has a name."""
    if frame.index.name is not None:
        frame = frame.reset_index()
    columns = {str(name): [plain(value) for value in frame[name].tolist()] for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
