"""Headroom against an assumption."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from .._headroom import headroom
from .._options import buses_of, word
from ..errors import OptionError
from ._parts import COLOURS, FIGURES, GREY, MARKERS, axes_of, grid, require_pyplot, set_title, values_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..network import Network
    from ..study import Study

#: What an axis calls an option that is varied.
OPTION_WORDS = {
    "power_factor": "Power factor of the new load, lagging",
    "max_mw": "Cap of the search (MW)",
    "attribution": "Attribution of thermal limits (MVA per MW)",
    "attribution_voltage": "Attribution of voltage limits (per unit)",
    "voltage_change_max": "Largest voltage change after an outage (per unit)",
    "max_moved_mw": "Most that redispatch may move (MW)",
    "monitor_min_kv": "Lowest voltage level watched (kV)",
    "rating_intact": "Rating set in the intact state",
    "rating_post": "Rating set after an outage",
    "balance": "Who supplies the new load (balance)",
    "contingencies": "Outages looked at (contingencies)",
    "voltage_band": "Voltages allowed intact (per unit)",
    "voltage_band_post": "Voltages allowed after an outage (per unit)",
    "q_limits": "Reactive limits of units enforced",
}
#: As many buses as can be told apart in one figure.
MOST_LINES = 16


class Sensitivity(NamedTuple):
    """Outcome of :func:`sensitivity`."""

    ax: Axes
    #: One row per value of the option, one column per bus: MW.
    table: pd.DataFrame


def sensitivity(
    net: Network,
    option: str,
    values: Iterable[Any] | Mapping[str, Any],
    *,
    buses: Iterable[int],
    figure: str = "headroom_mw",
    ax: Axes | None = None,
    **headroom_options: Any,
) -> Sensitivity:
    """Headroom against an assumption: one study for each value of an option.

    Args:
        net: the network.
        option: the option of :func:`~nodalroom.headroom` that is varied, such as ``power_factor`` or ``balance``.
        values: its values, drawn as lines where they are numbers, side by side where they are not; or a mapping from
            the label to the value, for those that have no short name (weights, voltage bands).
        buses: numbers of the buses to look at, 16 at most.
        figure: the column of MW to draw.
        ax: what to draw on; None for a new figure.
        headroom_options: the other options, the same in every study.

    Returns:
        The Axes and the table of what is drawn: one row per value, one column per bus.

    Raises:
        OptionError: matplotlib is missing, there is no such option, or a study refuses its options.
    """
    known = [name for name in inspect.signature(headroom).parameters if name not in _NOT_VARIED]
    if word("option", option, "an option of headroom()") not in known:
        raise OptionError(f"option = {option!r}; must be one of {', '.join(known)}")
    if option in headroom_options:
        raise OptionError(f"{option} is what is varied; it cannot be given besides")
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise OptionError(f"values = {values!r}; must be values of {option}")
    asked: dict[Any, Any] = dict(values) if isinstance(values, Mapping) else {}
    if not isinstance(values, Mapping):
        for value in values:
            label = float(value) if _is_number(value) else str(value)
            if label in asked:
                raise OptionError(f"values: {value} is named twice")
            asked[label] = value
    if not asked:
        raise OptionError(f"values is empty; name at least one value of {option}")
    chosen = buses_of(buses)
    if chosen is None or len(chosen) > MOST_LINES:
        raise OptionError(f"buses: {MOST_LINES} at most can be told apart in one figure")
    require_pyplot()  # before the studies, which take longer
    progress = headroom_options.pop("progress", False)
    columns, studies = {}, []
    for label, value in asked.items():
        study = headroom(net, buses=chosen, progress=progress, **{**headroom_options, option: value})
        if figure not in FIGURES or figure not in study.table.columns:
            values_of(study, figure)
        columns[label] = study.table[figure].reindex(chosen)
        studies.append(study)
    table = pd.DataFrame(columns).T
    table.index.name, table.columns.name = option, "bus"
    if table.isna().all(axis=None):
        raise OptionError(f"no bus has a figure with any value of {option}: {studies[0].reason}")
    return Sensitivity(_draw_sensitivity(table, studies, option, figure, ax), table)


_NOT_VARIED = ("net", "buses", "min_kv", "threads", "progress", "redispatch")


def _draw_sensitivity(table: pd.DataFrame, studies: list[Study], option: str, figure: str, ax: Axes | None) -> Axes:
    numeric = len(table) > 1 and all(isinstance(label, float) and math.isfinite(label) for label in table.index)
    drawn = table.sort_index() if numeric else table
    cap = [float(study.options["max_mw"]) for study in studies]
    drawn = drawn.where(~np.isinf(drawn), max(cap))
    ax = axes_of(ax, (7.2, 4.4))
    base = np.arange(len(drawn)) if not numeric else drawn.index.to_numpy(dtype=float)
    count = len(drawn.columns)
    for k, bus in enumerate(drawn.columns):
        # Points of one value stand beside each other, or the last drawn would hide the others.
        shift = 0.0 if numeric else (k - (count - 1) / 2) * 0.6 / max(count, 1)
        ax.plot(
            base + shift,
            drawn[bus].to_numpy(dtype=float),
            color=COLOURS[k % len(COLOURS)],
            marker=MARKERS[(k + k // len(COLOURS)) % len(MARKERS)],
            markersize=5 if numeric else 6,
            linestyle=("-" if k < len(COLOURS) else "--") if numeric else "none",
            linewidth=1.6,
            label=f"bus {bus}",
        )
    if numeric and len(base) <= 9:
        ax.set_xticks(base, [f"{value:g}" for value in base])
    if not numeric:
        ax.set_xticks(base, [f"{label:g}" if isinstance(label, float) else str(label) for label in drawn.index])
        ax.set_xlim(-0.5, len(drawn) - 0.5)
        for between in base[:-1] + 0.5:
            ax.axvline(between, color="#dddddd", linewidth=0.6)
    if option != "max_mw" and (drawn == cap[0]).any(axis=None):
        ax.axhline(cap[0], color=GREY, linestyle="--", linewidth=1, label=f"cap, {cap[0]:g} MW", zorder=1)
    ax.set_xlabel(OPTION_WORDS.get(option, option))
    ax.set_ylabel(f"{FIGURES[figure]} (MW)")
    top = max(float(np.nanmax(drawn.to_numpy(dtype=float))), 1.0)
    ax.set_ylim(-0.02 * top, 1.06 * top)
    set_title(ax, studies, f"{FIGURES[figure]} against {option}", without=option)
    grid(ax)
    ax.xaxis.grid(numeric)
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize="small")
    return ax


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, (bool, np.bool_))
