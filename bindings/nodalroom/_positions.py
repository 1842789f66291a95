"""Where a drawing puts the buses of a network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .errors import OptionError

if TYPE_CHECKING:
    from .study import Study

PIVOTS = 50
STEPS = 60


def _positions(study: Study, coordinates: Any) -> tuple[pd.DataFrame, str]:
    """``x`` and ``y`` of the buses that have a place (index ``bus``), and what a reader has to know about them."""
    buses = study.network.buses
    if coordinates is None:
        return _graph_layout(study), "Layout of the graph, not a map"
    if isinstance(coordinates, (str, os.PathLike)):
        try:
            coordinates = pd.read_csv(coordinates, index_col="bus")
        except (OSError, ValueError) as error:
            raise OptionError(f"{os.fspath(coordinates)}: cannot be used as bus,lat,lon: {error}") from None
    if not isinstance(coordinates, pd.DataFrame) or not {"lat", "lon"} <= set(coordinates.columns):
        raise OptionError("coordinates: must be a table with the columns lat and lon, and bus numbers as index")
    unknown = coordinates.index.difference(buses.index)
    if len(unknown):
        raise OptionError(f"coordinates: bus = {unknown[0]}; the case has no such bus")
    if coordinates.index.has_duplicates:
        raise OptionError(f"coordinates: bus = {coordinates.index[coordinates.index.duplicated()][0]} is given twice")
    places = pd.DataFrame(index=coordinates.index)
    try:
        places["x"], places["y"] = coordinates["lon"].astype(float), coordinates["lat"].astype(float)
    except (TypeError, ValueError) as error:
        raise OptionError(f"coordinates: {error}") from None
    places = places[np.isfinite(places.to_numpy()).all(axis=1)]
    far = places.index[(places["y"].abs() > 90) | (places["x"].abs() > 360)]
    if len(far):
        raise OptionError(f"coordinates: bus {far[0]} is not within -90 to 90 (lat) and -360 to 360 (lon)")
    if places.empty:
        raise OptionError("coordinates: none of the buses of the case has any")
    missing = len(buses) - len(places)
    return places, f"{missing:,} of {len(buses):,} buses have no coordinates and are not drawn" if missing else ""


def _graph_layout(study: Study) -> pd.DataFrame:
    """Energised buses so that distances look like numbers of branches between them; the same each time."""
    buses = study.network.buses
    buses = buses[buses["island"].notna()]
    row_of = pd.Series(np.arange(len(buses)), index=buses.index)
    branches = study.network.branches
    branches = branches[branches["in_service"]]
    ends = np.column_stack([row_of.loc[branches[end]].to_numpy() for end in ("from_bus", "to_bus")])
    ends = np.unique(np.sort(ends, axis=1), axis=0)
    ends = ends[ends[:, 0] != ends[:, 1]]
    count = len(buses)
    around: list[list[int]] = [[] for _ in range(count)]
    for first, second in ends.tolist():
        around[first].append(second)
        around[second].append(first)
    hops = np.full((min(PIVOTS, count), count), -1.0)
    nearest = np.full(count, np.inf)
    pivots = []
    for k in range(len(hops)):
        pivots.append(int(np.argmax(nearest)))
        front, steps = [pivots[-1]], 0
        while front:
            hops[k, front] = steps
            steps += 1
            front = list({bus for one in front for bus in around[one] if hops[k, bus] < 0})
            hops[k, front] = steps
        nearest = np.minimum(nearest, np.where(hops[k] < 0, count, hops[k]))
    # Other islands stand a little beyond the farthest bus of this one.
    hops = np.where(hops < 0, hops.max() + 2, hops).T
    centred = hops**2 - (hops**2).mean(axis=0)
    centred -= centred.mean(axis=1, keepdims=True)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    places = centred @ vectors[:, ::-1][:, :2]
    if places.shape[1] < 2:
        places = np.column_stack([places, np.zeros(count)])
    places = places / max(float(np.abs(places).max()), 1e-9) * hops.max() / 2
    places = places + 0.1 * np.random.default_rng(1).standard_normal(places.shape)
    spread = 2.0 / max(count, 1) ** 0.5 * hops.max() / 4
    for step in range(STEPS):
        pull = np.zeros_like(places)
        weight = np.full(count, 1e-9)
        for first, second in ((ends[:, 0], ends[:, 1]), (ends[:, 1], ends[:, 0])):
            away = places[first] - places[second]
            reach = places[second] + away / np.maximum(np.hypot(*away.T), 1e-6)[:, None]
            weight += np.bincount(first, minlength=count) * 2.0
            for axis in (0, 1):
                pull[:, axis] += 2.0 * np.bincount(first, weights=reach[:, axis], minlength=count)
        for k, pivot in enumerate(pivots):
            away = places - places[pivot]
            w = np.where(hops[:, k] > 0, 1 / np.maximum(hops[:, k], 1) ** 2, 0)
            weight += w
            pull += w[:, None] * (places[pivot] + away * (hops[:, k] / np.maximum(np.hypot(*away.T), 1e-6))[:, None])
        places = 0.3 * places + 0.7 * pull / weight[:, None]
        if step >= STEPS // 2:
            places = _apart(places, spread, step)
    return pd.DataFrame(places, index=buses.index, columns=["x", "y"])


def _apart(places: np.ndarray, least: float, step: int) -> np.ndarray:
    """Pushes buses apart that are near in one strip of the drawing."""
    axis = step % 2
    order = np.lexsort((places[:, 1 - axis], np.floor(places[:, axis] / (2 * least) + 0.5 * (step % 4 // 2))))
    moved = places.copy()
    for shift in range(1, min(8, len(places) - 1) + 1):
        first, second = order[:-shift], order[shift:]
        away = places[first] - places[second]
        gap = np.maximum(np.hypot(*away.T), 1e-6)
        push = np.where(gap < least, 0.25 * (least - gap) / gap, 0.0)[:, None] * away
        np.add.at(moved, first, push)
        np.add.at(moved, second, -push)
    return moved
