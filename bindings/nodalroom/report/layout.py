"""A drawing of a network without coordinates: a graph layout, the same each time.

Graph distances to some pivot buses give the overall shape (pivot MDS), sparse stress gives branches an even length
(Ortmann, Klimenta and Brandes, 2016), and a last pass pushes buses apart that came to lie on each other.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

PIVOTS = 60
DIRECTION_STEPS = 100
STRESS_STEPS = 60
SPREAD_STEPS = 80
#: Buses compared with each bus, along a strip, when those too near are pushed apart.
NEIGHBOURS = 12
#: Above this many buses around one, the distances among them are left out.
HUB = 60


def graph_layout(count: int, ends: Ints) -> Floats:
    """Places (count, 2) of the buses of a network with branches between the rows `ends` (m, 2), about 1 apart."""
    ends = np.asarray(ends, dtype=np.int64).reshape(-1, 2)
    ends = ends[ends[:, 0] != ends[:, 1]]
    if len(ends):
        ends = np.unique(np.sort(ends, axis=1), axis=0)
    parts = _components(count, ends)
    sizes = np.bincount(parts, minlength=1)
    places = np.zeros((count, 2))
    boxes: list[Ints] = []
    for part in np.argsort(-sizes, kind="stable"):
        rows = np.flatnonzero(parts == part)
        if len(rows) == 0:
            continue
        where = np.full(count, -1, dtype=np.int64)
        where[rows] = np.arange(len(rows))
        inner = where[ends[parts[ends[:, 0]] == part]] if len(ends) else ends
        places[rows] = _component_layout(len(rows), inner)
        boxes.append(rows)
    _pack(places, boxes)
    return places


def _components(count: int, ends: Ints) -> Ints:
    """A number for each bus: that of the part it is connected with."""
    label = np.arange(count)
    while len(ends):
        low = np.minimum(label[ends[:, 0]], label[ends[:, 1]])
        before = label.copy()
        np.minimum.at(label, ends[:, 0], low)
        np.minimum.at(label, ends[:, 1], low)
        label = label[label]
        if (label == before).all():
            break
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


def _adjacency(count: int, ends: Ints) -> tuple[Ints, Ints]:
    """Starts and neighbours: those of bus i are neighbours[starts[i]:starts[i + 1]]."""
    both = np.concatenate([ends, ends[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    starts = np.searchsorted(both[:, 0], np.arange(count + 1))
    return starts.astype(np.int64), both[:, 1].copy()


def _hops(source: int, count: int, starts: Ints, neighbours: Ints) -> Floats:
    """Branches between one bus and each other."""
    found = np.full(count, -1.0)
    found[source] = 0
    front = np.array([source])
    step = 0.0
    while len(front):
        step += 1
        lengths = starts[front + 1] - starts[front]
        offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        reached = neighbours[np.repeat(starts[front], lengths) + offsets]
        front = np.unique(reached[found[reached] < 0])
        found[front] = step
    return found


def _component_layout(count: int, ends: Ints) -> Floats:
    if count == 1:
        return np.zeros((1, 2))
    if count == 2:
        return np.array([[0.0, 0.0], [1.0, 0.0]])
    starts, neighbours = _adjacency(count, ends)
    pivots: list[int] = []
    columns: list[Floats] = []
    nearest = np.full(count, np.inf)
    following = int(np.argmax(starts[1:] - starts[:-1]))
    for _ in range(min(PIVOTS, count)):
        pivots.append(following)
        columns.append(_hops(following, count, starts, neighbours))
        nearest = np.minimum(nearest, columns[-1])
        following = int(np.argmax(nearest))
    hops = np.stack(columns, axis=1)
    places = _pivot_mds(hops)
    places = _stress(places, ends, np.array(pivots), hops, starts, neighbours)
    places = _spread(places, ends)
    return _turned(places)


def _two_directions(matrix: Floats) -> Floats:
    """The two directions (n, 2) in which a positive semidefinite matrix is largest, nearly, by orthogonal iteration.

    Where several are equally large, as in a star, a solver of eigenvalues gives whichever its rounding leads to, another
    one on another processor. From a fixed start the way ends at the same two, whatever the rounding.
    """
    directions = np.random.default_rng(0).standard_normal((len(matrix), 2))
    for _ in range(DIRECTION_STEPS):
        directions, _ = np.linalg.qr(matrix @ directions)
    return directions


def _pivot_mds(hops: Floats) -> Floats:
    squares = hops**2
    centred = -0.5 * (squares - squares.mean(axis=0) - squares.mean(axis=1, keepdims=True) + squares.mean())
    places = centred @ _two_directions(centred.T @ centred)
    scale = np.sqrt((places**2).sum(axis=0))
    # In a chain the second direction has no length; leaves of one bus have one place. Both need a little of their own.
    places = places / np.where(scale > 0, scale[0] if scale[0] > 0 else 1.0, 1.0) * hops.max() * np.sqrt(len(hops)) / 2
    jitter = np.random.default_rng(1).standard_normal(places.shape)
    return np.asarray(places + 0.05 * jitter)


def _two_hops(starts: Ints, neighbours: Ints) -> Ints:
    """Pairs of buses around one."""
    found = []
    for bus in range(len(starts) - 1):
        around = neighbours[starts[bus] : starts[bus + 1]]
        if 1 < len(around) <= HUB:
            first, second = np.triu_indices(len(around), 1)
            found.append(np.column_stack([around[first], around[second]]))
    return np.unique(np.concatenate(found), axis=0) if found else np.zeros((0, 2), dtype=np.int64)


def _stress(places: Floats, ends: Ints, pivots: Ints, hops: Floats, starts: Ints, neighbours: Ints) -> Floats:
    """Distances drawn made like distances in the graph."""
    count = len(places)
    twos = _two_hops(starts, neighbours)
    if len(twos):
        known = set(map(tuple, ends.tolist()))
        twos = twos[[pair not in known for pair in map(tuple, np.sort(twos, axis=1).tolist())]]
    near = np.concatenate([ends, twos]).reshape(-1, 2)
    wanted = np.concatenate([np.full(len(ends), 1.0), np.full(len(twos), 2.0)])
    near_weight = 1.0 / wanted**2
    # A pivot stands for the buses nearest to it, as many of them as are not farther from it than half the way.
    owner = np.argmin(hops, axis=1)
    weight = np.zeros_like(hops)
    for k in range(len(pivots)):
        own = np.sort(hops[owner == k, k])
        stands_for = np.searchsorted(own, hops[:, k] / 2, side="right")
        weight[:, k] = np.where(hops[:, k] > 2, stands_for / np.maximum(hops[:, k], 1) ** 2, 0)
    total = weight.sum(axis=1)
    for column in (0, 1):
        total += np.bincount(near[:, column], weights=near_weight, minlength=count)
    for _ in range(STRESS_STEPS):
        pulls = np.zeros_like(places)
        for k, pivot in enumerate(pivots):
            away = places - places[pivot]
            length = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-6)
            pulls += weight[:, k, None] * (places[pivot] + away * (hops[:, k] / length)[:, None])
        away = places[near[:, 0]] - places[near[:, 1]]
        length = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-6)
        reach = away * (wanted / length)[:, None]
        # Each end goes where the other one is, and the wanted distance on.
        to_first = places[near[:, 1]] + reach
        to_second = places[near[:, 0]] - reach
        for axis in (0, 1):
            pulls[:, axis] += np.bincount(near[:, 0], weights=near_weight * to_first[:, axis], minlength=count)
            pulls[:, axis] += np.bincount(near[:, 1], weights=near_weight * to_second[:, axis], minlength=count)
        places = 0.2 * places + 0.8 * pulls / total[:, None]
    return places


def _spread(places: Floats, ends: Ints) -> Floats:
    """Buses nearer to each other than most branches are long are pushed apart, branches kept short."""
    count = len(places)
    length = np.hypot(*(places[ends[:, 0]] - places[ends[:, 1]]).T)
    unit = float(np.median(length)) or 1.0
    places = places / unit
    chance = np.random.default_rng(2)
    for step in range(SPREAD_STEPS):
        push = np.zeros_like(places)
        axis = step % 2
        strips = np.floor(places[:, axis] + chance.random())
        order = np.lexsort((places[:, 1 - axis], strips))
        for shift in range(1, min(NEIGHBOURS, count - 1) + 1):
            first, second = order[:-shift], order[shift:]
            away = places[first] - places[second]
            gap = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-9)
            force = np.where(gap < 0.7, 0.25 * (0.7 - gap) / gap, 0.0)[:, None] * away
            for column in (0, 1):
                push[:, column] += np.bincount(first, weights=force[:, column], minlength=count)
                push[:, column] -= np.bincount(second, weights=force[:, column], minlength=count)
        away = places[ends[:, 0]] - places[ends[:, 1]]
        gap = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-9)
        force = np.where(gap > 1.3, 0.05 * (gap - 1.3) / gap, 0.0)[:, None] * away
        for column in (0, 1):
            push[:, column] -= np.bincount(ends[:, 0], weights=force[:, column], minlength=count)
            push[:, column] += np.bincount(ends[:, 1], weights=force[:, column], minlength=count)
        # Ever shorter steps: where many buses push each other, none would come to rest otherwise.
        longest = 0.5 * (1 - step / SPREAD_STEPS)
        far = np.maximum(np.hypot(push[:, 0], push[:, 1]) / longest, 1.0)
        places = places + push / far[:, None]
    return places


def _turned(places: Floats) -> Floats:
    """The longest direction across; the side with more buses to the left and at the bottom, so that it is one way."""
    places = places - places.mean(axis=0)
    _, vectors = np.linalg.eigh(places.T @ places)
    places = places @ vectors[:, ::-1]
    for axis in (0, 1):
        if (places[:, axis] ** 3).sum() < 0:
            places[:, axis] *= -1
    return np.asarray(places)


def _pack(places: Floats, boxes: list[Ints]) -> None:
    """Parts beside each other, the largest first, in rows about as wide as that."""
    if not boxes:
        return
    low = [places[rows].min(axis=0) for rows in boxes]
    size = [places[rows].max(axis=0) - corner for rows, corner in zip(boxes, low, strict=True)]
    width = max(size[0][0], 1.6 * np.sqrt(sum((extent[0] + 2) * (extent[1] + 2) for extent in size)))
    x, y, height = 0.0, 0.0, 0.0
    for rows, corner, extent in zip(boxes, low, size, strict=True):
        if x > 0 and x + extent[0] > width:
            x, y, height = 0.0, y - height - 2, 0.0
        places[rows] += np.array([x - corner[0], y - corner[1] - extent[1]])
        x += extent[0] + 2
        height = max(height, extent[1])
