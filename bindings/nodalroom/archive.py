"""Results in files: saved, and loaded again (docs/python.md says what is inside).

A file is a zip of JSON, text and plain arrays. Nothing in it is executed, and whatever comes from it is doubted:
hashes, sizes, names and rows are checked before they are used.
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._log import logger
from ._output import reason, write_file
from ._packing import ENDING, KINDS, decoded, encoded, pack, to_json, unpack
from ._saved_case import case_members, case_of
from .errors import InputError, NodalroomError

if TYPE_CHECKING:
    from ._outcome import Outcome
    from .contingency import Sweep
    from .study import Study
    from .upgrades import Ladder, UpgradeList

__all__ = ["load"]

#: The study that was asked, in files of what it was asked for.
STUDY = "study.nodalroom"
#: Tables of numbers that would be large as JSON.
ARRAYS = ("dispatch",)


def save(outcome: Outcome, path: str | os.PathLike[str]) -> None:
    """Outcome.save()."""
    content = to_bytes(outcome)
    write_file(path, (ENDING,), lambda file: file.write_bytes(content), keep=[outcome.network.source])
    logger.info("saved %s: %s bytes", os.fspath(path), len(content))


def load(path: str | os.PathLike[str]) -> Study | Sweep | Ladder | UpgradeList:
    """Loads a study, sweep, ladder or list of upgrades that its ``save()`` wrote, with its case and options: tables,
    and what a study is asked for (witnesses, reports, ladders), are as if it had just been made. The file it was read
    from is not needed.

    Raises:
        InputError: there is no such file, it is no saved result, it is damaged, or it was written in a newer
            format.
    """
    label = os.fspath(path)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(label, 0, f"cannot be read: {reason(error)}") from None
    outcome: Study | Sweep | Ladder | UpgradeList = from_bytes(content, label)
    words = KINDS[outcome._KIND]
    logger.info("loaded %s: %s of %s by nodalroom %s", label, words, outcome.network.name, outcome.version)
    return outcome


def to_bytes(outcome: Outcome) -> bytes:
    """A result as the bytes of a file; the same result gives the same bytes."""
    kind = outcome._KIND
    net = outcome.network
    core: Any = vars(outcome)["_core"]
    result = core.save()
    arrays = {name: result.pop(name) for name in ARRAYS if name in result}
    study: Study | None = getattr(outcome, "study", None)
    members = case_members(net) if study is None else {STUDY: to_bytes(study)}
    members[f"{kind}.json"] = to_json({**outcome._asked(), "seconds": outcome.seconds, "result": encoded(result)})
    for name, table in outcome._tables().items():
        members[f"tables/{name}.csv"] = table.to_csv(index=table.index.name is not None).encode()
    for name, array in arrays.items():
        file = io.BytesIO()
        np.save(file, array, allow_pickle=False)
        members[f"{name}.npy"] = file.getvalue()
    about = {"nodalroom": outcome.version, "case": net.name, "source": net.source, "edits": net.edits}
    return pack(kind, about, members)


def from_bytes(content: bytes, label: str = "<saved result>", wanted: str = "") -> Any:
    """The result of :func:`to_bytes`; ``label`` names it in messages, ``wanted`` is the only kind it may be."""
    words = "result"
    try:
        kind, manifest, members = unpack(content, label)
        words = KINDS[kind]
        if wanted and kind != wanted:
            raise ValueError(f"a {words} stands where a {KINDS[wanted]} must be")
        return rebuild(kind, manifest, members, label)
    except InputError as error:
        raise error if error.file == label else damaged(label, words, error) from None
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, NodalroomError) as error:
        raise damaged(label, words, error) from None


def damaged(label: str, what: str, error: Exception) -> InputError:
    words = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) and error.args else str(error)
    return InputError(label, 0, f"the saved {what} does not hold together: {words}")


def rebuild(kind: str, manifest: dict[str, Any], members: dict[str, bytes], label: str) -> Outcome:
    from .contingency import Sweep
    from .study import Study
    from .upgrades import Ladder, UpgradeList

    of: dict[str, Any] = {made._KIND: made for made in (Study, Sweep, Ladder, UpgradeList)}
    asked_of: Any
    if issubclass(of[kind], (Study, Sweep)):
        asked_of = case_of(members, manifest["edits"])
    else:
        asked_of = from_bytes(members[STUDY], label, "study")
    saved = json.loads(members[f"{kind}.json"])
    result = decoded(saved["result"])
    for name in ARRAYS:
        if f"{name}.npy" in members:
            result[name] = np.load(io.BytesIO(members[f"{name}.npy"]), allow_pickle=False)
    outcome: Outcome = of[kind]._restored(asked_of, saved, result)
    outcome.seconds = float(saved["seconds"])
    outcome._version = str(manifest["nodalroom"])
    return outcome
