"""Members packed into one file, and taken out of it again: each with its SHA-256, none of them believed unseen."""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from . import _core
from ._output import plain
from .errors import InputError

#: What can be in a file, and what people call it.
KINDS = {"study": "study", "sweep": "sweep", "ladder": "ladder", "upgrades": "list of upgrades"}
#: Raised when a reader of the number before could not make sense of a file any more.
FORMAT_VERSION = 1
ENDING = ".nodalroom"
#: Most that a file may hold once unpacked, bytes.
LARGEST = 4 << 30

#: Columns of words in a saved result; the others are numbers.
WORDS = {"status", "redispatch_status", "limit_type", "outage_kind", "kind", "reason"}


def pack(kind: str, about: dict[str, Any], members: dict[str, bytes]) -> bytes:
    """The bytes of a file; the same members give the same bytes."""
    manifest = {
        "format": f"nodalroom {kind}",
        "format_version": FORMAT_VERSION,
        **about,
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


def unpack(content: bytes, label: str) -> tuple[str, dict[str, Any], dict[str, bytes]]:
    """What kind of result it is, the manifest and what it lists, each checked against its hash."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        what = "it is cut off" if content.startswith(b"PK\x03\x04") else "it is not a zip file"
        raise InputError(label, 0, f"this is no saved result: {what}")
    what = "result"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "manifest.json" not in names or len(set(names)) != len(names):
                raise InputError(label, 0, "this is no saved result: it has no manifest.json, or twice the same member")
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
                raise InputError(label, 0, f"it would unpack to more than {LARGEST >> 30} GiB")
            manifest = json.loads(archive.read("manifest.json"))
            kind = kind_of(manifest, label)
            what = KINDS[kind]
            members = {}
            for name, digest in manifest["sha256"].items():
                if name not in names:
                    raise InputError(label, 0, f"the saved {what} is damaged: it has no {name}")
                members[name] = archive.read(name)
                if hashlib.sha256(members[name]).hexdigest() != digest:
                    raise InputError(label, 0, f"the saved {what} is damaged: {name} has not the SHA-256 it says")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(label, 0, f"the saved {what} is damaged: {error}") from None
    return kind, manifest, members


def kind_of(manifest: Any, label: str) -> str:
    """What the manifest says the file is, if this version can read it."""
    formats = {f"nodalroom {kind}": kind for kind in KINDS}
    given = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(given, str) or given not in formats:
        raise InputError(label, 0, "this is no saved result: its manifest says something else")
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
    return formats[given]


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
    """What :func:`encoded` gave, columns in tables and values beside them."""
    number: Callable[[Any], Any] = lambda value: math.nan if value is None else INFINITE.get(value, value)
    table: Callable[[Any], Any] = lambda columns: {
        name: values if name in WORDS else [number(value) for value in values] for name, values in columns.items()
    }
    return {
        name: table(value) if isinstance(value, dict) else value if name in WORDS else number(value)
        for name, value in result.items()
    }


INFINITE = {"inf": math.inf, "-inf": -math.inf}


def bands_restored(options: dict[str, Any]) -> dict[str, Any]:
    """Options whose voltage bands are tuples, as JSON cannot say."""
    bands = {name: tuple(options[name]) for name in ("voltage_band", "voltage_band_post") if options.get(name)}
    return {**options, **bands}


def refuse_unknown(options: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(options) - known)
    if unknown:
        raise ValueError(f"options that this version does not have: {', '.join(unknown)}")
