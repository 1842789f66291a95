"""Studies in files: saved, and loaded again (docs/python.md says what is inside).

A file is a zip of JSON, text and one plain array. Nothing in it is executed, and whatever comes from it is
doubted: hashes, sizes, names and rows are checked before they are used.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._log import logger
from ._output import plain, reason, write_file
from .errors import InputError, NodalroomError
from .network import Network

if TYPE_CHECKING:
    from .study import Study

__all__ = ["load"]

FORMAT = "nodalroom study"
#: Raised when a reader of the number before could not make sense of a file any more.
FORMAT_VERSION = 1
ENDING = ".nodalroom"
#: Most that a file may hold once unpacked, bytes.
LARGEST = 4 << 30

#: Columns of words in a saved result; the others are numbers.
WORDS = {"status", "limit_type", "outage_kind"}


def save_study(study: Study, path: str | os.PathLike[str]) -> None:
    """Study.save()."""
    content = study_bytes(study)
    write_file(path, (ENDING,), lambda file: file.write_bytes(content), keep=[study.network.source])
    logger.info("saved %s: %s bytes", os.fspath(path), len(content))


def load(path: str | os.PathLike[str]) -> Study:
    """Loads a study that :meth:`Study.save` wrote, with its case and options: tables, witnesses, reports and
    ladders are as if it had just been made. The file it was read from is not needed.

    Raises:
        InputError: there is no such file, it is no saved study, it is damaged, or it was written in a newer
            format.
    """
    label = os.fspath(path)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(label, 0, f"cannot be read: {reason(error)}") from None
    study = study_from_bytes(content, label)
    logger.info("loaded %s: study of %s by nodalroom %s", label, study.network.name, study.version)
    return study


def study_bytes(study: Study) -> bytes:
    """A study as the bytes of a file; the same study gives the same bytes."""
    result = study._core.save()
    dispatch = result.pop("dispatch", None)
    members = {
        "case.m": study.network._core.format([]),
        "case.json": to_json(provenance(study.network)),
        "study.json": to_json(
            {
                "options": study.options,
                "weights": study._weights,
                "balance_file": study._balance_file,
                "seconds": study.seconds,
                "result": encoded(result),
            }
        ),
        "tables/headroom.csv": study.table.to_csv().encode(),
        "tables/unsolvable.csv": study.unsolvable.to_csv(index=False).encode(),
        "tables/bridges.csv": study.bridges.to_csv().encode(),
    }
    if dispatch is not None:
        file = io.BytesIO()
        np.save(file, dispatch, allow_pickle=False)
        members["dispatch.npy"] = file.getvalue()
        members["tables/redispatch_pairs.csv"] = study.redispatch_pairs.to_csv().encode()
        members["tables/redispatch_units.csv"] = study.redispatch_units.to_csv().encode()
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "nodalroom": study.version,
        "case": study.network.name,
        "source": study.network.source,
        "edits": study.network.edits,
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in members.items()},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"manifest.json": to_json(manifest), **members}.items():
            entry = zipfile.ZipInfo(name)  # of 1980: no clock in the bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def study_from_bytes(content: bytes, label: str = "<saved study>") -> Study:
    """The study of :func:`study_bytes`; ``label`` names it in messages."""
    try:
        manifest, members = unpack(content, label)
        study = rebuild(manifest, members)
    except InputError as error:
        raise error if error.file == label else damaged(label, error) from None
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, NodalroomError) as error:
        raise damaged(label, error) from None
    return study


def damaged(label: str, error: Exception) -> InputError:
    words = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) and error.args else str(error)
    return InputError(label, 0, f"the saved study does not hold together: {words}")


def unpack(content: bytes, label: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest and what it lists, each checked against its hash."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        what = "it is cut off" if content.startswith(b"PK\x03\x04") else "it is not a zip file"
        raise InputError(label, 0, f"this is no saved study: {what}")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "manifest.json" not in names or len(set(names)) != len(names):
                raise InputError(label, 0, "this is no saved study: it has no manifest.json, or twice the same member")
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
                raise InputError(label, 0, f"it would unpack to more than {LARGEST >> 30} GiB")
            manifest = json.loads(archive.read("manifest.json"))
            check_format(manifest, label)
            members = {}
            for name, digest in manifest["sha256"].items():
                if name not in names:
                    raise InputError(label, 0, f"the saved study is damaged: it has no {name}; save it again")
                members[name] = archive.read(name)
                if hashlib.sha256(members[name]).hexdigest() != digest:
                    raise InputError(
                        label, 0, f"the saved study is damaged: {name} has not the SHA-256 it says; save it again"
                    )
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(label, 0, f"the saved study is damaged ({error}): save it again") from None
    return manifest, members


def check_format(manifest: Any, label: str) -> None:
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InputError(label, 0, "this is no saved study: its manifest says something else")
    version = manifest.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InputError(label, 0, f"format_version = {version!r}; must be a whole number from 1")
    if version > FORMAT_VERSION:
        raise InputError(
            label,
            0,
            f"it was written in format {version} by nodalroom {manifest.get('nodalroom')}; this is nodalroom "
            f"{_core.__version__}, which reads format {FORMAT_VERSION}: a newer nodalroom is needed",
        )


def rebuild(manifest: dict[str, Any], members: dict[str, bytes]) -> Study:
    from .study import DEFAULTS, Study, core_arguments

    net = restore_network(members["case.m"], json.loads(members["case.json"]), manifest["edits"])
    saved = json.loads(members["study.json"])
    given = {name: tuple(value) if is_band(name, value) else value for name, value in saved["options"].items()}
    unknown = sorted(set(given) - {"buses", "edits", *DEFAULTS})
    if unknown:
        raise ValueError(f"options that this version does not have: {', '.join(unknown)}")
    options = {"buses": None, **DEFAULTS, **given}  # an option that is younger than the file was not in force
    result = decoded(saved["result"])
    if "dispatch.npy" in members:
        result["dispatch"] = np.load(io.BytesIO(members["dispatch.npy"]), allow_pickle=False)
    weights = [float(weight) for weight in saved["weights"]]
    core = _core.headroom(net._core, **core_arguments(options, weights), threads=0, progress=None, saved=result)
    study = Study(core, net, options, float(saved["seconds"]))
    study._weights = weights
    study._balance_file = str(saved["balance_file"])
    study._version = str(manifest["nodalroom"])
    return study


def is_band(name: str, value: Any) -> bool:
    return name in ("voltage_band", "voltage_band_post") and value is not None


def provenance(net: Network) -> dict[str, Any]:
    """What the text of a case does not say: where it came from, line by line, and what its reader found."""
    source, name, _, base_mva_line, tables, texts, notes, _ = net._core.__getstate__()
    return {
        "source": source,
        "name": name,
        "base_mva_line": base_mva_line,
        "tables": [{"name": table[0], "line": table[4], "lines": table[3]} for table in tables],
        "texts": [{"name": text[0], "line": text[3]} for text in texts],
        "notes": notes,
        "edit_options": net._edit_words,
    }


def restore_network(text: bytes, origin: dict[str, Any], edits: list[str]) -> Network:
    """The network of a case's text, with the lines of the file it came from."""
    parsed = _core.parse(text, "case.m")
    _, _, base_mva, _, tables, texts, _, header = parsed.__getstate__()
    if [table[0] for table in tables] != [table["name"] for table in origin["tables"]]:
        raise ValueError("case.m and case.json have other tables")
    if [text[0] for text in texts] != [text["name"] for text in origin["texts"]]:
        raise ValueError("case.m and case.json have other tables of texts")
    placed = [
        (name, columns, values, [int(line) for line in from_file["lines"]], int(from_file["line"]))
        for (name, columns, values, _, _), from_file in zip(tables, origin["tables"], strict=True)
    ]
    worded = [
        (name, columns, cells, int(from_file["line"]))
        for (name, columns, cells, _), from_file in zip(texts, origin["texts"], strict=True)
    ]
    notes = [(bool(warns), str(code), int(line), str(said)) for warns, code, line, said in origin["notes"]]
    core = _core.Network.__new__(_core.Network)
    core.__setstate__(
        (origin["source"], origin["name"], base_mva, int(origin["base_mva_line"]), placed, worded, notes, header)
    )
    given = origin.get("edit_options", None if edits else [])  # files of before it was kept have none
    words = None if given is None else tuple((str(option), str(value)) for option, value in given)
    return Network(core, tuple(str(edit) for edit in edits), words)


def to_json(content: Any) -> bytes:
    return (json.dumps(content, indent=None, allow_nan=False, sort_keys=True) + "\n").encode()


def encoded(value: Any) -> Any:
    """JSON has no NaN and no infinity: null, and the texts "inf" and "-inf"."""
    if isinstance(value, dict):
        return {name: encoded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [encoded(item) for item in value]
    return plain(value)


def decoded(result: dict[str, Any]) -> dict[str, Any]:
    number: Callable[[Any], Any] = lambda value: math.nan if value is None else INFINITE.get(value, value)
    return {
        name: {
            column: values if column in WORDS else [number(value) for value in values]
            for column, values in table.items()
        }
        if isinstance(table, dict)
        else table
        for name, table in result.items()
    }


INFINITE = {"inf": math.inf, "-inf": -math.inf}
