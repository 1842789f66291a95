"""What the script of the page works on: columns of the study and of its network."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._output import plain
from .._words import LIMIT_WORDS, REDISPATCH_WORDS, STATUS_WORDS, describe_options, over_without_load, past_limit
from .charts import LIMIT_COLOURS, class_bounds
from .layout import graph_layout

if TYPE_CHECKING:
    from ..study import Study

#: Columns of the table of buses, as the page shows them: (column, heading, explanation, how it is written).
#: Digits after the point; "limit": 4 per unit, 1 otherwise; "factor": 4 or an exponent; "word", "text".
COLUMNS = [
    ("bus", "Bus", "number in the case file", "whole"),
    ("name", "Name", "name in the case file", "text"),
    ("base_kv", "kV", "base voltage", "kv"),
    ("area", "Area", "area in the case file", "whole"),
    ("headroom_mw", "Headroom MW", "MW of new load that fit", 1),
    ("status", "Status", "what kind of answer it is", "word"),
    ("limit_type", "Limit type", "what the next MW breaks", "limit_type"),
    ("contingency", "State", "the outage in which it breaks, or intact", "text"),
    ("element", "Element", "where it breaks", "text"),
    ("value", "Value", "at the headroom: MVA, pu, or MW of spare generation; * past the limit", "limit"),
    ("limit", "Limit is", "the limit, in the same unit", "limit"),
    ("value_without_load", "Without load", "the value in the same state without the new load", "limit"),
    ("factor", "Per MW", "growth of the value per MW of new load", "factor"),
    ("thermal_mw", "Thermal MW", "first thermal limit", 1),
    ("voltage_mw", "Voltage MW", "first voltage limit", 1),
    ("collapse_mw", "Collapse MW", "last load with a solution", 1),
    ("generation_mw", "Spare gen. MW", "spare generation of the intact state", 1),
    ("feasible_mw", "Clean at MW", "highest load checked clean", 2),
    ("violated_mw", "Broken at MW", "lowest load checked violated", 2),
    ("states", "States solved", "AC-solved at the highest clean load, of all states", "states"),
    ("radial_feed", "Radial feed", "the one branch that feeds the bus, whose outage is not simulated", "text"),
]

#: Beside them, where redispatch was asked for.
REDISPATCH_COLUMNS = [
    ("redispatch_mw", "Redispatch MW", "MW of new load that fit once generation makes way", 1),
    ("redispatch_bound_mw", "Bound MW", "what the linear program still promises there", 1),
    ("redispatch_status", "Redispatch status", "whether both agree, or what ends it", "word"),
    ("redispatch_moved_mw", "Moved MW", "taken over by some units from others, beside the balance rule", 1),
    ("redispatch_contingency", "Its state", "of the pair whose limit is worth most there", "text"),
    ("redispatch_element", "Its element", "of the pair whose limit is worth most there", "text"),
]

#: What a page shows at first, until all columns are asked for.
FIRST = [
    "bus",
    "name",
    "base_kv",
    "area",
    "headroom_mw",
    "redispatch_mw",
    "status",
    "limit_type",
    "contingency",
    "element",
]

#: Columns that only the script needs: what to mark on the map, and what the panel says.
QUIET = [
    "contingency_kind",
    "contingency_row",
    "element_kind",
    "element_row",
    "states_solved",
    "states_total",
    "certified",
]
QUIET_REDISPATCH = ["redispatch_limit_type", "redispatch_states_solved", "redispatch_certified"]

#: Units shown for each bus, those that move most: with all of them a page of 10,000 buses would be too large.
MOST_UNITS = 12
UNIT_COLUMNS = {"unit": None, "case_mw": 1, "rule_mw": 1, "p_mw": 1, "moved_mw": 1}
#: How far buses of one place are drawn apart, in typical lengths of a branch.
APART = 0.12


def columns_of(study: Study) -> list[tuple[str, str, str, Any]]:
    if not study.options["redispatch"]:
        return COLUMNS
    at = [name for name, *_ in COLUMNS].index("status")
    return [*COLUMNS[:at], *REDISPATCH_COLUMNS[:1], *COLUMNS[at:], *REDISPATCH_COLUMNS[1:]]


def study_data(study: Study, places: pd.DataFrame | None, loadings: pd.DataFrame | None) -> dict[str, Any]:
    """Everything the script needs, small enough for large networks."""
    from ..study import witness_words

    table = study.table.reset_index()
    table["base_kv"] = table["base_kv"].where(table["base_kv"] > 0)  # 0: unknown
    per_unit = table["limit_type"].str.contains("voltage|collapse", na=False).to_numpy(dtype=bool)
    redispatch = bool(study.options["redispatch"])
    columns = columns_of(study)
    rows = {
        name: column(table[name], np.where(per_unit, 4, 1) if form == "limit" else form)
        for name, _, _, form in columns
        if name != "states"
    }
    rows |= {name: column(table[name]) for name in [*QUIET, *(QUIET_REDISPATCH if redispatch else [])]}
    figures = ["headroom_mw", *(["redispatch_mw"] if redispatch else [])]
    return {
        "columns": [list(entry) for entry in columns],
        "first": FIRST,
        "rows": rows,
        "past_limit": np.flatnonzero(past_limit(study.table)).tolist(),
        "over_without_load": np.flatnonzero(over_without_load(study.table)).tolist(),
        "max_mw": study.options["max_mw"],
        "certify": study.options["certify"],
        "studied": dict(describe_options(study.options))["Buses studied"],
        "complete": study.complete,
        "limits": LIMIT_WORDS,
        "statuses": STATUS_WORDS,
        "redispatch_statuses": REDISPATCH_WORDS,
        "colours": LIMIT_COLOURS,
        "classes": class_bounds(pd.concat([table[name] for name in figures])),
        "witness": witness_words(study),
        "redispatch_witness": witness_words(study, redispatch=True) if redispatch else None,
        "file": f"headroom_{file_name(study.network.name)}.csv",
        "network": network_data(study, places, loadings),
        "pairs": _pairs(study) if redispatch else None,
        "units": _units(study) if redispatch else None,
    }


def file_name(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name)


def column(values: pd.Series, form: Any = None) -> dict[str, Any]:
    """A column as the page keeps it: texts once each, with a number per row; other values as they are."""
    if values.dtype == object:
        codes, words = pd.factorize(values)
        return {"w": [str(word) for word in words], "i": codes.tolist()}
    if not pd.api.types.is_float_dtype(values):
        return {"v": [plain(value) for value in values.tolist()]}
    one = form if isinstance(form, int) else None
    digits = form.tolist() if isinstance(form, np.ndarray) else [one] * len(values)
    return {"v": [number(value, places) for value, places in zip(values.tolist(), digits, strict=True)]}


def number(value: float, digits: int | None = None) -> float | str | None:
    """A number with seven digits, which written with `digits` after the point reads as the number itself does."""
    if not math.isfinite(value):
        return None if math.isnan(value) else f"{value}"
    short = float(f"{value:.7g}")
    if digits is not None:
        wanted = f"{value:.{digits}f}"
        scaled = short * 10.0**digits
        tie = abs(scaled - math.floor(scaled) - 0.5) < 1e-2
        if f"{short:.{digits}f}" != wanted or (tie and _as_script(short, digits) != wanted):
            short = float(wanted)
    return int(short) if short.is_integer() else short


def _as_script(value: float, digits: int) -> str:
    """What toFixed() of a browser writes."""
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP):f}"


def network_data(study: Study, places: pd.DataFrame | None, loadings: pd.DataFrame | None) -> dict[str, Any]:
    """Buses and branches with their places; branches by the numbers of their buses here, from 0."""
    net = study.network
    buses, branches = net.buses, net.branches
    index = pd.Index(buses.index)
    first = index.get_indexer(branches["from_bus"])
    second = index.get_indexer(branches["to_bus"])
    x, y, placed = _places(np.column_stack([first, second]), len(buses), places)
    percent = pd.Series(np.nan, index=branches.index) if loadings is None else loadings["loading_percent"]
    mva = pd.Series(np.nan, index=branches.index) if loadings is None else loadings["s_mva"]
    return {
        "kind": "graph" if places is None else "map",
        "bus": index.tolist(),
        "name": column(buses["name"]),
        "kv": column(buses["base_kv"].where(buses["base_kv"] > 0)),
        "area": buses["area"].tolist(),
        "x": x,
        "y": y,
        "placed": placed,
        "row": pd.Index(study.table.index).get_indexer(index).tolist(),
        "from": first.tolist(),
        "to": second.tolist(),
        "branch": column(branches["name"]),
        "on": branches["in_service"].astype(int).tolist(),
        "percent": column(percent.round(1), 1),
        "mva": column(mva.round(1), 1),
        "rate": column(branches["rate_a_mva"].where(branches["rate_a_mva"] > 0), 1),
        "bus_row": buses["row"].tolist(),
        "branch_row": branches.index.tolist(),
        "unit_bus": index.get_indexer(net.generators["bus"]).tolist(),
    }


def _places(ends: Any, count: int, places: pd.DataFrame | None) -> tuple[list[float], list[float], list[int]]:
    """Where each bus is drawn, to the right and upwards; 0 given, 1 at its neighbours, 2 apart from the others."""
    if places is None:
        drawn = graph_layout(count, ends)
        return np.round(drawn[:, 0], 3).tolist(), np.round(drawn[:, 1], 3).tolist(), [0] * count
    if "lat" in places:
        middle = (places["lat"].min() + places["lat"].max()) / 2
        x = places["lon"].to_numpy(dtype=float) * math.cos(math.radians(min(max(middle, -85.0), 85.0)))
        y = places["lat"].to_numpy(dtype=float).copy()
    else:
        x, y = places["x"].to_numpy(dtype=float).copy(), places["y"].to_numpy(dtype=float).copy()
    apart = np.isnan(x)
    width = float(np.ptp(x[~apart])) or 1.0
    x[apart] = np.nanmin(x) + width * np.linspace(0, 1, int(apart.sum()) + 2)[1:-1]
    y[apart] = np.nanmin(y) - 0.08 * max(width, float(np.ptp(y[~apart])))
    _part_same_places(x, y, ends)
    size = max(float(np.ptp(x)), float(np.ptp(y))) or 1.0
    digits = max(0, 5 - math.floor(math.log10(size)))
    words = {"given": 0, "neighbours": 1, "apart": 2}
    return np.round(x, digits).tolist(), np.round(y, digits).tolist(), places["placed"].map(words).tolist()


def _part_same_places(x: Any, y: Any, ends: Any) -> None:
    """Buses of one place, such as those of a substation, are drawn around it."""
    length = np.hypot(x[ends[:, 0]] - x[ends[:, 1]], y[ends[:, 0]] - y[ends[:, 1]]) if len(ends) else np.zeros(0)
    some = length[length > 0]
    unit = APART * (float(np.median(some)) if len(some) else 1.0)
    groups = pd.DataFrame({"x": x, "y": y}).groupby(["x", "y"], sort=False).indices
    for rows in groups.values():
        if len(rows) < 2:
            continue
        turn = np.arange(len(rows)) * math.pi * (3 - math.sqrt(5))
        reach = unit * np.sqrt(np.arange(len(rows)) + 0.5)
        x[rows] += reach * np.cos(turn)
        y[rows] += reach * np.sin(turn)


def _pairs(study: Study) -> dict[str, Any]:
    """The pairs of redispatch; beside a limit that is not the rating itself but the attribution, the rating."""
    pairs = study.redispatch_pairs.drop(columns=["value", "value_without_load"])
    branches, options = study.network.branches, study.options
    sets = {letter: branches[f"rate_{letter.lower()}_mva"] for letter in "ABC"}
    post = sets[options["rating_post"]]
    intact, post = sets[options["rating_intact"]], post.where(post > 0, sets["A"])
    thermal = ((pairs["limit_type"] == "thermal") & (pairs["element_kind"] == "branch")).to_numpy(dtype=bool)
    rows = pairs["element_row"].where(thermal)
    rating = rows.map(post).where(pairs["contingency_kind"] != "intact", rows.map(intact)).astype(float)
    pairs["rating"] = rating.where((rating > 0) & (rating - pairs["limit"]).abs().gt(0.05)).round(1)
    return _grouped(pairs, study)


def _units(study: Study) -> dict[str, Any]:
    units = study.redispatch_units[list(UNIT_COLUMNS)]
    for name, digits in UNIT_COLUMNS.items():
        if digits is not None:
            units = units.assign(**{name: [float(f"{value:.{digits}f}") for value in units[name].tolist()]})
    return _grouped(units, study, MOST_UNITS)


def _grouped(frame: pd.DataFrame, study: Study, most: int | None = None) -> dict[str, Any]:
    """Rows by bus: those of row i of the table are start[i] to start[i + 1]; `more` were left out."""
    row = pd.Index(study.table.index).get_indexer(frame.index)
    order = np.argsort(row, kind="stable")
    frame, row = frame.iloc[order].reset_index(drop=True), row[order]
    count = np.bincount(row[row >= 0], minlength=len(study.table))
    more = np.zeros_like(count)
    if most is not None:
        within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        frame = frame[within < most]
        more = np.maximum(count - most, 0)
        count = np.minimum(count, most)
    return {
        "start": [0, *np.cumsum(count).tolist()],
        "more": more.tolist(),
        "columns": {str(name): column(frame[name]) for name in frame.columns},
    }
