"""Edits of networks: each puts other cells into the tables the network was built from, and builds it anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from ._edit_words import EditWords, added
from ._options import number, whole_number, word
from ._words import counted
from .errors import InputError, OptionError

if TYPE_CHECKING:
    from . import _core
    from .network import Network

    Cells: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

CutOff: TypeAlias = "Literal['refuse', 'isolate']"

#: Columns of the tables of a case, from 0 (MATPOWER User's Manual, appendix B).
BUS_NUMBER, BUS_TYPE, BUS_PD, BUS_QD, BUS_VMAX, BUS_VMIN = 0, 1, 2, 3, 11, 12
GEN_PG, GEN_STATUS = 1, 7
BRANCH_STATUS = 10
RATE_COLUMNS = {"A": 5, "B": 6, "C": 7}
ISOLATED = 4.0

#: How many elements an edit names.
NAMED = 4


def rebuilt(
    core: _core.Network, call: str, tables: dict[str, Cells], said: list[str], made: int, isolate: bool
) -> tuple[_core.Network, list[str]]:
    """The network with these tables, and what was done; what it said before are the first lines at its head."""
    try:
        built, isolated = core.with_cells(tables, [f"Edited: {edit}" for edit in said], after=made, isolate=isolate)
        return built, [*said, *([isolated] if isolated else [])]
    except InputError as error:
        if call == "without" and any(words in error.problem for words in ("has no unit", "has no reference bus")):
            raise OptionError(cut_off_words(core, tables, said)) from None
        raise OptionError(f"{call}: {error.problem}") from None


def named(names: list[str]) -> str:
    """``branch 3: 2-3 ckt 1, branch 5: 2-4 ckt 1 and 7 more``."""
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"


def bus_position(core: _core.Network, name: str, bus: Any) -> int:
    asked = whole_number(name, bus, least=0)
    found = np.flatnonzero(core.cells("bus")[:, BUS_NUMBER] == asked)
    if not len(found):
        raise no_bus(core, name, asked)
    return int(found[0])


def no_bus(core: _core.Network, name: str, bus: int) -> OptionError:
    """That a case has no such bus, and which numbers are nearest."""
    numbers = sorted(core.cells("bus")[:, BUS_NUMBER].astype(int).tolist(), key=lambda other: (abs(other - bus), other))
    nearest = ", ".join(str(number) for number in sorted(numbers[:3]))
    return OptionError(f"{name}: there is no bus {bus} in {core.source}; the nearest numbers are {nearest}")


def load_cells(
    core: _core.Network, bus: Any, mw: Any, mvar: Any, power_factor: Any
) -> tuple[dict[str, Cells], list[str]]:
    """with_load()."""
    row = bus_position(core, "bus", bus)
    p = finite("mw", mw)
    if mvar is not None and power_factor is not None:
        raise OptionError("mvar and power_factor say the same; give one of them")
    if mvar is not None:
        q = finite("mvar", mvar)
    else:
        factor = 0.95 if power_factor is None else number("power_factor", power_factor)
        if not 0.0 < factor <= 1.0:
            raise OptionError(f"power_factor = {factor:g}; must be in (0, 1]")
        q = p * math.tan(math.acos(factor))
    if p == 0.0 and q == 0.0:
        raise OptionError("mw = 0 and no mvar: that is no load")
    cells = core.cells("bus")
    if core.buses()["type"][row] == "isolated":
        why = "type 4" if cells[row, BUS_TYPE] == ISOLATED else "no unit feeds it"
        raise OptionError(f"bus {int(cells[row, BUS_NUMBER])} is out of service ({why}); a load there would be dead")
    cells[row, BUS_PD] += p
    cells[row, BUS_QD] += q
    return {"bus": cells}, [f"load at bus {int(cells[row, BUS_NUMBER])}: {p:+.6g} MW, {q:+.6g} MVAr"]


def isolates(cut_off: Any) -> bool:
    """Whether buses that no unit feeds are to be dead, load and all."""
    if word("cut_off", cut_off, "'refuse' or 'isolate'") not in ("refuse", "isolate"):
        raise OptionError(f"cut_off = {cut_off!r}; must be 'refuse' or 'isolate'")
    return bool(cut_off == "isolate")


def outage_cells(core: _core.Network, branch: Any, unit: Any) -> tuple[dict[str, Cells], list[str]]:
    """without()."""
    if branch is None and unit is None:
        raise OptionError("neither branch nor unit is given; which rows are to go out of service?")
    tables: dict[str, Cells] = {}
    names: list[str] = []
    for option, table, column, given, shown in (
        ("branch", "branch", BRANCH_STATUS, branch, core.branches),
        ("unit", "gen", GEN_STATUS, unit, core.units),
    ):
        if given is None:
            continue
        cells = core.cells(table)
        columns = shown()
        for row in rows_of(option, given, len(cells)):
            if not columns["in_service"][row - 1]:
                raise OptionError(f"{option} row {row} is out of service already")
            cells[row - 1, column] = 0.0
            names.append(columns["name"][row - 1])
        tables[table] = cells
    return tables, [f"out of service: {name}" for name in names]


def cut_off_words(core: _core.Network, tables: dict[str, Cells], said: list[str]) -> str:
    """What an outage cuts off, and what to do about it."""
    out = named([words.removeprefix("out of service: ") for words in said if words.startswith("out of service: ")])
    parts = core.parts(tables)
    lives = any(units for _, units, _, _ in parts)
    for numbers, units, has_reference, has_load in parts:
        if (has_reference and units) or (lives and not units and not has_load):
            continue
        names = named([f"bus {number}" for number in numbers])
        if has_reference:
            return f"taking out {out} leaves {names}, with the reference bus, without any unit in service"
        if not units:
            return (
                f"taking out {out} cuts off {names}, where no unit is in service; cut_off='isolate' leaves that out too"
            )
        listed = ", ".join(map(str, units))
        return (
            f"taking out {out} cuts off {names} from the reference bus; to leave that out too, take its units out as "
            f"well (generator {'row' if len(units) == 1 else 'rows'} {listed}) with cut_off='isolate'"
        )
    return f"what taking out {out} leaves is no network"


def rating_cells(core: _core.Network, ratings: Any, rating: Any, factor: Any) -> tuple[dict[str, Cells], list[str]]:
    """with_ratings()."""
    letters = sets_of(rating)
    if (ratings is None) == (factor is None):
        raise OptionError("with_ratings needs either ratings by branch row or a factor for all")
    cells = core.cells("branch")
    if factor is not None:
        by = positive("factor", factor)
        for letter in letters or list(RATE_COLUMNS):
            cells[:, RATE_COLUMNS[letter]] *= by
        return {"branch": cells}, [f"{sets_text(letters or list(RATE_COLUMNS))} of every branch x {by:g}"]
    names = core.branches()["name"]
    said = []
    for letter, given in rating_columns(ratings, letters).items():
        column = RATE_COLUMNS[letter]
        changes = []
        for row, value in row_items(f"ratings {letter}", "branch row", given, len(cells)):
            mva = positive(f"rating {letter} of branch row {row}", value)
            changes.append(f"{names[row - 1]} {cells[row - 1, column]:g} -> {mva:g} MVA")
            cells[row - 1, column] = mva
        said.append(f"rating {letter} of {named(changes)}")
    return {"branch": cells}, said


def sets_of(rating: Any) -> list[str]:
    if rating is None:
        return []
    letter = word("rating", rating, "'A', 'B' or 'C'").upper()
    if letter not in RATE_COLUMNS:
        raise OptionError(f"rating = {rating!r}; must be 'A', 'B' or 'C'")
    return [letter]


def sets_text(letters: list[str]) -> str:
    return f"rating {letters[0]}" if len(letters) == 1 else f"ratings {', '.join(letters[:-1])} and {letters[-1]}"


def rating_columns(ratings: Any, letters: list[str]) -> dict[str, Any]:
    """Ratings by set: those of a DataFrame are named as in ``net.branches``."""
    if not isinstance(ratings, pd.DataFrame):
        return {(letters or ["A"])[0]: ratings}
    if letters:
        raise OptionError("rating: the columns of a DataFrame say which ratings they are")
    columns = {f"rate_{letter.lower()}_mva": letter for letter in RATE_COLUMNS}
    strange = [str(name) for name in ratings.columns if name not in columns]
    if strange or not len(ratings.columns):
        raise OptionError(f"ratings: columns are {', '.join(columns)}, not {', '.join(strange) or 'none'}")
    return {columns[str(name)]: ratings[name] for name in ratings.columns}


def dispatch_cells(core: _core.Network, dispatch: Any) -> tuple[dict[str, Cells], list[str]]:
    """with_dispatch()."""
    cells = core.cells("gen")
    before = cells[:, GEN_PG].copy()
    items = row_items("dispatch", "generator row", dispatch, len(cells))
    for row, value in items:
        cells[row - 1, GEN_PG] = finite(f"dispatch of generator row {row}", value)
    more = float(np.sum(cells[:, GEN_PG] - before))
    return {"gen": cells}, [f"dispatch of {counted(len(items), 'unit', 'units')}: {more:+.6g} MW in all"]


def limit_cells(core: _core.Network, vmin: Any, vmax: Any) -> tuple[dict[str, Cells], list[str]]:
    """with_limits()."""
    if vmin is None and vmax is None:
        raise OptionError("neither vmin nor vmax is given")
    cells = core.cells("bus")
    numbers = {int(bus): row for row, bus in enumerate(cells[:, BUS_NUMBER])}
    said = []
    for name, given, column in (("vmin", vmin, BUS_VMIN), ("vmax", vmax, BUS_VMAX)):
        if given is None:
            continue
        if not isinstance(given, (pd.Series, Mapping)):
            cells[:, column] = in_band(name, given)
            said.append(f"{name} of every bus: {cells[0, column]:g} pu")
            continue
        changes = []
        for bus, value in items_of(name, given):
            asked = whole_number(name, bus, least=0)
            if asked not in numbers:
                raise OptionError(f"{name}: there is no bus {asked} in {core.source}")
            volts = in_band(f"{name} of bus {asked}", value)
            changes.append(f"bus {asked} {cells[numbers[asked], column]:g} -> {volts:g} pu")
            cells[numbers[asked], column] = volts
        said.append(f"{name} of {named(changes)}")
    return {"bus": cells}, said


def in_band(name: str, value: Any) -> float:
    volts = finite(name, value)
    if not 0.0 <= volts <= 2.0:
        raise OptionError(f"{name} = {volts:g}; must be in per unit, from 0 to 2")
    return volts


def finite(name: str, value: Any) -> float:
    asked = number(name, value)
    if not math.isfinite(asked):
        raise OptionError(f"{name} = {asked}; must be finite")
    return asked


def positive(name: str, value: Any) -> float:
    asked = finite(name, value)
    if asked <= 0.0:
        raise OptionError(f"{name} = {asked:g}; must be > 0")
    return asked


def rows_of(name: str, rows: Any, count: int) -> list[int]:
    """1-based rows, each once and in the table."""
    if isinstance(rows, (int, float, np.integer, np.floating)):
        rows = [rows]
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Iterable):
        raise OptionError(f"{name} = {rows!r}; must be a 1-based row of the file, or several")
    found: dict[int, None] = {}
    for row in rows:
        check_row(name, row, count, found)
    if not found:
        raise OptionError(f"{name} is empty; leave it out to take none")
    return list(found)


def check_row(name: str, row: Any, count: int, found: dict[int, None]) -> int:
    asked = whole_number(name, row, least=1)
    if asked > count:
        raise OptionError(f"{name}: there is no row {asked}; the case has {count}")
    if asked in found:
        raise OptionError(f"{name}: row {asked} is named twice")
    found[asked] = None
    return asked


def items_of(name: str, given: Any) -> list[tuple[Any, Any]]:
    if not isinstance(given, (pd.Series, Mapping)):
        raise OptionError(f"{name} = {given!r}; must be a mapping or Series")
    items = list(given.items())
    if not items:
        raise OptionError(f"{name} is empty")
    seen = set()
    for key, _ in items:
        if key in seen:
            raise OptionError(f"{name}: {key} is named twice")
        seen.add(key)
    return items


def row_items(name: str, what: str, given: Any, count: int) -> list[tuple[int, Any]]:
    """Values by 1-based row, each row once and in the table."""
    found: dict[int, None] = {}
    return [(check_row(f"{name}, {what}", row, count, found), value) for row, value in items_of(name, given)]


def kept(rows: Any) -> Any:
    """Rows that can be gone through twice."""
    return list(rows) if isinstance(rows, Iterator) else rows


def edited(
    net: Network,
    call: str,
    edit: tuple[dict[str, Cells], list[str]],
    words: Callable[[], EditWords] = lambda: None,
    isolate: bool = False,
) -> Network:
    """A new network with an edit made; the old one stays as it is. ``words`` says it as options of the command."""
    from .network import Network as Built

    tables, said = edit
    core, said = rebuilt(net._core, call, tables, said, len(net._edits), isolate)
    return Built(core, (*net._edits, *said), added(net._edit_words, words()))
