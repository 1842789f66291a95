"""Branches named by the buses they join, as in ``5-6`` or ``5-6:2``: what the file's rows stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .errors import OptionError

if TYPE_CHECKING:
    from . import _core

FORM = "a 1-based row of the file, or the two buses as in '5-6', with the circuit as in '5-6:2'"
NAME = re.compile(r"\s*(\d+)\s*-\s*(\d+)\s*(?::\s*(\d+)\s*)?")


def branch_row(core: _core.Network, option: str, name: str) -> int:
    """The 1-based row of a branch named by its buses, in either order."""
    found = NAME.fullmatch(name)
    if found is None:
        raise OptionError(f"{option} = {name!r}; must be {FORM}")
    start, end = int(found[1]), int(found[2])
    branches = core.branches()
    ends = np.column_stack([branches["from_bus"], branches["to_bus"]])
    joined = np.flatnonzero((np.sort(ends, axis=1) == sorted((start, end))).all(axis=1))
    circuits = {int(branches["circuit"][row]): int(row) + 1 for row in joined}
    if not circuits:
        raise OptionError(f"{option}: there is no branch {start}-{end} in {core.source}{neighbours(ends, start, end)}")
    if found[3] is None and len(circuits) > 1:
        each = ", ".join(f"{start}-{end}:{circuit} (row {row})" for circuit, row in sorted(circuits.items()))
        raise OptionError(f"{option}: {start}-{end} has {len(circuits)} circuits; say which: {each}")
    circuit = next(iter(circuits)) if found[3] is None else int(found[3])
    if circuit not in circuits:
        there = ", ".join(map(str, sorted(circuits)))
        raise OptionError(f"{option}: {start}-{end} has no circuit {circuit}; there is {there}")
    return circuits[circuit]


def neighbours(ends: np.ndarray, start: int, end: int) -> str:
    """``; bus 5 has branches to 1, 10``."""
    for bus in (start, end):
        others = sorted({int(other) for pair in ends if bus in pair for other in pair if other != bus})
        if others:
            shown = ", ".join(map(str, others[:8])) + (", …" if len(others) > 8 else "")
            return f"; bus {bus} has branches to {shown}"
    return ""


def branch_rows(core: _core.Network, option: str, given: Any) -> Any:
    """Rows in place of the names among them; what is no name stays as it is."""
    if isinstance(given, str):
        return branch_row(core, option, given)
    if isinstance(given, Iterable) and not isinstance(given, (bytes, Mapping)):
        return [branch_row(core, option, one) if isinstance(one, str) else one for one in given]
    return given


def by_branch_row(core: _core.Network, option: str, given: Any) -> Any:
    """Values by row in place of those by name."""
    if isinstance(given, (pd.Series, pd.DataFrame)):
        if not any(isinstance(key, str) for key in given.index):
            return given
        return given.set_axis(branch_rows(core, option, list(given.index)), axis=0)
    if isinstance(given, Mapping) and any(isinstance(key, str) for key in given):
        return pd.Series(list(given.values()), index=branch_rows(core, option, list(given)), dtype=object)
    return given
