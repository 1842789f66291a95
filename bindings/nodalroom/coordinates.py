"""Where buses are: coordinates from a table, a file or a pandapower net, checked against a case."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import numpy as np
import pandas as pd

from ._output import reason
from ._words import counted
from .errors import InputError, OptionError

if TYPE_CHECKING:
    from .network import Network

__all__ = ["Coordinates", "read_coordinates"]

#: A CSV file, a table, or a pandapower net.
Coordinates: TypeAlias = "str | os.PathLike[str] | pd.DataFrame | Any"

#: Headings a column may have, in any case; the first is what messages call it.
HEADINGS = {
    "bus": ("bus", "bus id", "bus_id", "bus number", "bus_number", "busnum", "bus_i"),
    "lat": ("lat", "latitude"),
    "lon": ("lon", "lng", "long", "longitude"),
}
FIELDS = ("bus", "lat", "lon")


@dataclass
class _Entry:
    """One line of what was given, as it was given."""

    line: int
    bus: Any
    lat: Any
    lon: Any


class _Place:
    """Says where in what was given a problem is."""

    def __init__(self, label: str, of_file: bool) -> None:
        self.label = label
        self.of_file = of_file

    def refuse(self, problem: str, entry: _Entry | None = None) -> NoReturn:
        if self.of_file:
            raise InputError(self.label, 0 if entry is None else entry.line, problem)
        raise OptionError(f"{self.label}: {problem}")

    def other(self, entry: _Entry) -> str:
        return f" (line {entry.line})" if self.of_file else ""


def read_coordinates(source: Coordinates, net: Network) -> pd.DataFrame:
    """Coordinates of every bus of a network, from what has some.

    Args:
        source: a CSV file with the columns ``bus,lat,lon`` (in any order and case; RTS-GMLC's ``bus.csv`` with
            ``Bus ID``, ``lat``, ``lng`` is one), a DataFrame with ``lat`` and ``lon`` and the bus numbers as index
            or in a column ``bus``, or a pandapower net with coordinates of its buses.
        net: the network they are of.

    Returns:
        One row per bus; index ``bus``. ``lat lon`` in degrees, or ``x y`` where a pandapower net has coordinates
        that are none; ``placed``: ``given``; ``neighbours`` (it was not given, and stands at the mean of the
        buses it has branches to); ``apart`` (nor were any of those; NaN).

    Raises:
        InputError: a file cannot be used: a column missing, a bus unknown or given twice, a value that is no
            number or out of range. ``file`` and ``line`` say where.
        OptionError: the same for a table or a net.
    """
    if isinstance(source, (str, os.PathLike)):
        place = _Place(os.fspath(source), of_file=True)
        entries, plane = _from_file(place), False
    elif isinstance(source, pd.DataFrame):
        place = _Place("coordinates", of_file=False)
        entries, plane = _from_frame(source, place), False
    elif isinstance(getattr(source, "bus", None), pd.DataFrame):
        place = _Place("coordinates (pandapower net)", of_file=False)
        entries, plane = _from_pandapower(source, place)
    else:
        raise OptionError(
            f"coordinates = {type(source).__name__}; must be a CSV file, a DataFrame with lat and lon, or a pandapower net"
        )
    known = _checked(entries, net.buses.index, place, plane)
    frame = _completed(known, net, plane)
    frame.columns = pd.Index(["y", "x", "placed"] if plane else ["lat", "lon", "placed"])
    return frame[["x", "y", "placed"]] if plane else frame


def _columns(names: Iterable[Any], wanted: Iterable[str], place: _Place, entry: _Entry | None = None) -> dict[str, Any]:
    """The name of the column that has each field."""
    names = list(names)
    found: dict[str, Any] = {}
    for field in wanted:
        matching = [name for name in names if str(name).strip().lower() in HEADINGS[field]]
        if not matching:
            has = ", ".join(str(name) for name in names[:12]) or "nothing"
            place.refuse(f"no column {field} ({', '.join(HEADINGS[field])}); it has {has}", entry)
        if len(matching) > 1:
            place.refuse(f"more than one column {field}: {', '.join(map(str, matching))}", entry)
        found[field] = matching[0]
    return found


def _from_file(place: _Place) -> list[_Entry]:
    try:
        with open(place.label, encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except OSError as error:
        place.refuse(f"cannot be read: {reason(error)}")
    except UnicodeDecodeError as error:
        place.refuse(f"is no UTF-8 text: {error.reason} at byte {error.start}")
    first = text.split("\n", 1)[0]
    delimiter = next((mark for mark in ",;\t" if mark in first), ",")
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    try:
        head = next(reader, [])
        start = _Entry(1, None, None, None)
        columns = _columns(head, FIELDS, place, start)
        at = [head.index(columns[field]) for field in FIELDS]
        entries = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            entry = _Entry(reader.line_num, *(cells[i].strip() if i < len(cells) else "" for i in at))
            if len(cells) <= max(at):
                place.refuse(f"{len(cells)} values where the heading has {len(head)}", entry)
            entries.append(entry)
    except csv.Error as error:
        place.refuse(str(error), _Entry(reader.line_num, None, None, None))
    return entries


def _from_frame(frame: pd.DataFrame, place: _Place) -> list[_Entry]:
    has_bus = any(str(name).strip().lower() in HEADINGS["bus"] for name in frame.columns)
    columns = _columns(frame.columns, FIELDS if has_bus else FIELDS[1:], place)
    buses = frame[columns["bus"]].tolist() if has_bus else frame.index.tolist()
    values = zip(buses, frame[columns["lat"]].tolist(), frame[columns["lon"]].tolist(), strict=True)
    return [_Entry(0, *row) for row in values]


def _from_pandapower(source: Any, place: _Place) -> tuple[list[_Entry], bool]:
    """GeoJSON points in ``bus.geo`` (pandapower 3), or ``bus_geodata`` before; x is the longitude."""
    entries: list[_Entry] = []
    table = getattr(source, "bus_geodata", None)
    if "geo" in source.bus.columns and source.bus["geo"].notna().any():
        for bus, cell in source.bus["geo"].items():
            if cell is None or (isinstance(cell, float) and math.isnan(cell)) or cell == "":
                continue
            try:
                point = json.loads(cell) if isinstance(cell, str) else cell
                x, y = point["coordinates"][:2]
            except (ValueError, KeyError, TypeError):
                place.refuse(f"bus {bus}: geo = {str(cell)[:60]!r} is no GeoJSON point")
            entries.append(_Entry(0, bus, y, x))
    elif isinstance(table, pd.DataFrame) and {"x", "y"} <= set(table.columns):
        entries = [
            _Entry(0, *row) for row in zip(table.index.tolist(), table["y"].tolist(), table["x"].tolist(), strict=True)
        ]
    else:
        place.refuse("has no coordinates of buses, in bus.geo or in bus_geodata")
    geographic = all(_within(entry.lat, 90) and _within(entry.lon, 360) for entry in entries)
    return entries, not geographic


def _within(value: Any, most: float) -> bool:
    try:
        return abs(float(value)) <= most
    except (TypeError, ValueError):
        return True  # refused later, as no number


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value == "" or (isinstance(value, float) and math.isnan(value))


def _checked(entries: list[_Entry], buses: pd.Index, place: _Place, plane: bool) -> dict[int, tuple[float, float]]:
    known = set(buses.tolist())
    seen: dict[int, _Entry] = {}
    found: dict[int, tuple[float, float]] = {}
    read: list[tuple[_Entry, int, float, float]] = []
    for entry in entries:
        bus = _bus_number(entry, place)
        if bus not in known:
            hint = ""
            if place.label.endswith("net)"):
                hint = "; where it was numbered from 0, give a table with the numbers of the case"
            place.refuse(f"bus = {bus}; the case has no such bus{hint}", entry)
        if bus in seen:
            place.refuse(f"bus = {bus} is given twice{place.other(seen[bus])}", entry)
        seen[bus] = entry
        if _missing(entry.lat) and _missing(entry.lon):
            continue
        lat = _value("y" if plane else "lat", entry.lat, bus, entry, place)
        lon = _value("x" if plane else "lon", entry.lon, bus, entry, place)
        read.append((entry, bus, lat, lon))
        found[bus] = (lat, lon)
    if not plane:
        _check_ranges(read, place)
    if not found:
        place.refuse(f"no coordinates of any of the {counted(len(buses), 'bus', 'buses')} of the case")
    return found


def _bus_number(entry: _Entry, place: _Place) -> int:
    try:
        number = float(entry.bus)
        if not number.is_integer():
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        place.refuse(f"bus = {entry.bus!r}; must be a bus number of the case", entry)
    return int(number)


def _value(field: str, value: Any, bus: int, entry: _Entry, place: _Place) -> float:
    try:
        number = float(value)
        if not math.isfinite(number):
            raise ValueError
    except (TypeError, ValueError):
        shown = "" if _missing(value) else str(value)
        place.refuse(f"bus {bus}: {field} = {shown!r}; must be a number", entry)
    return number


def _check_ranges(read: list[tuple[_Entry, int, float, float]], place: _Place) -> None:
    beyond = [(entry, bus, lat) for entry, bus, lat, _ in read if abs(lat) > 90]
    if beyond:
        entry, bus, lat = beyond[0]
        swapped = all(abs(lon) <= 90 for _, _, _, lon in read)
        hint = "; every lon is: are lat and lon swapped?" if swapped else ""
        place.refuse(f"bus {bus}: lat = {lat:g} is not within -90 to 90{hint}", entry)
    for entry, bus, _, lon in read:
        if abs(lon) > 360:
            place.refuse(f"bus {bus}: lon = {lon:g} is not within -360 to 360", entry)


def _completed(known: dict[int, tuple[float, float]], net: Network, plane: bool) -> pd.DataFrame:
    """A row for every bus; those not given stand at the mean of their neighbours, nearest to the given first."""
    buses = net.buses.index
    row_of = {bus: row for row, bus in enumerate(buses.tolist())}
    places = np.full((len(buses), 2), np.nan)
    placed = np.full(len(buses), "apart", dtype=object)
    for bus, values in known.items():
        places[row_of[bus]] = values
        placed[row_of[bus]] = "given"
    if not plane and _spans(places[:, 1]):
        places[:, 1] = _same_side(places[:, 1])
    branches = net.branches
    first = branches["from_bus"].map(row_of).to_numpy()
    second = branches["to_bus"].map(row_of).to_numpy()
    while True:
        has = ~np.isnan(places[:, 0])
        sums, counts = np.zeros_like(places), np.zeros(len(places))
        for a, b in ((first, second), (second, first)):
            use = ~has[a] & has[b]
            np.add.at(sums, a[use], places[b[use]])
            np.add.at(counts, a[use], 1)
        new = counts > 0
        if not new.any():
            break
        places[new] = sums[new] / counts[new, None]
        placed[new] = "neighbours"
    frame = pd.DataFrame({"lat": places[:, 0], "lon": places[:, 1], "placed": placed}, index=buses)
    frame.index.name = "bus"
    return frame


def _spans(lon: np.ndarray) -> bool:
    """Whether longitudes lie on both sides of the 180th meridian, as far as can be told."""
    given = lon[~np.isnan(lon)]
    if len(given) == 0 or np.abs(given).max() > 180 or np.ptp(given) <= 180:
        return False
    return bool(np.ptp(_same_side(given)) < np.ptp(given))


def _same_side(lon: np.ndarray) -> np.ndarray:
    return np.where(lon < 0, lon + 360, lon)
