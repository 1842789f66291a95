"""Networks in saved files: the text of the case, and what that does not say."""

from __future__ import annotations

import json
from typing import Any

from . import _core
from ._packing import to_json
from .network import Network


def case_members(net: Network) -> dict[str, bytes]:
    return {"case.m": net._core.format([]), "case.json": to_json(provenance(net))}


def case_of(members: dict[str, bytes], edits: list[str]) -> Network:
    """The network of :func:`case_members`."""
    return restore_network(members["case.m"], json.loads(members["case.json"]), edits)


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
    parsed = _core.parse(text, "case.m", False)[0]
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
