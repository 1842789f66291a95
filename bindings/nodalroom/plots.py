"""Figures of studies with matplotlib, for notebooks and papers: ``pip install 'nodalroom[plots]'``.

Every function draws on ``ax``, or on a new figure, and gives the Axes back.

>>> study = nr.headroom(net)
>>> nr.plots.capacity_curve(study)
>>> nr.plots.pv_curve(study, 8).figure.savefig("pv.png", dpi=200)
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from ._options import Balance, buses_of, word
from ._plot_parts import (
    COLOURS,
    FIGURES,
    GREY,
    MARKERS,
    axes_of,
    clean,
    grid,
    labelled_studies,
    mw_axis,
    require_pyplot,
    set_title,
    study_of,
    values_of,
)
from ._positions import positions
from ._pv import trace_pv
from ._words import LIMIT_WORDS, counted
from .errors import OptionError
from .report.charts import LIMIT_COLOURS, class_bounds
from .study import Study, headroom

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .coordinates import Coordinates

    from .network import Network

__all__ = ["Sensitivity", "binding_elements", "capacity_curve", "headroom_map", "pv_curve", "sensitivity"]

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
#: A map names every bus up to this many.
MOST_NAMED = 40


class Sensitivity(NamedTuple):
    """Outcome of :func:`sensitivity`."""

    ax: Axes
    #: One row per value of the option, one column per bus: MW.
    table: pd.DataFrame


def capacity_curve(
    study: Study | Mapping[str, Study], figures: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """How many buses take at least so many MW, each studied on its own.

    Args:
        study: a study, or several to compare, by the label each is to have: ``{"0.95": first, "1.0": second}``.
        figures: columns of MW to draw, such as ``["headroom_mw", "thermal_mw"]``; None for ``headroom_mw``, and
            ``redispatch_mw`` beside it where there is one. A bus without such a limit up to the cap counts there.
        ax: what to draw on; None for a new figure.

    Raises:
        OptionError: matplotlib is missing; no study has the figure, or none of its buses a number.
    """
    studies = labelled_studies(study)
    if figures is None:
        chosen = ["headroom_mw"]
        if any("redispatch_mw" in each.table.columns for each in studies.values()):
            chosen.append("redispatch_mw")
    else:
        chosen = [figures] if isinstance(figures, str) else list(figures)
        if not chosen:
            raise OptionError("figures is empty; name at least one column, such as headroom_mw")
    curves: list[tuple[str, np.ndarray, int, int]] = []
    for position, (label, each) in enumerate(studies.items()):
        for kind, figure in enumerate(chosen):
            if figures is None and figure not in each.table.columns:
                continue
            values = values_of(each, figure)
            words = [label] if len(studies) > 1 else []
            words += [FIGURES[figure]] if len(chosen) > 1 or not words else []
            missing = len(each.table) - len(values)
            note = f" ({missing:,} of {len(each.table):,} without a figure)" if missing else ""
            curves.append((", ".join(words) + note, values, position, kind))
    ax = axes_of(ax, (7.2, 4.4))
    one_each = len(studies) == 1
    caps = [float(each.options["max_mw"]) for each in studies.values()]
    for label, values, position, kind in curves:
        steps, ties = np.unique(values, return_counts=True)
        at_least = len(values) - np.cumsum(ties) + ties
        # Nobody knows how the curve goes on beyond the cap; where it ends before, it comes down to none.
        ended = steps[-1:] if steps[-1] < caps[position] else steps[:0]
        # The number at x is that of buses with x or more, so the step down comes just after each value.
        ax.plot(
            np.concatenate([[0.0], steps, ended]),
            np.concatenate([[len(values)], at_least, 0 * ended]),
            drawstyle="steps-pre",
            color=COLOURS[(kind if one_each else position) % len(COLOURS)],
            linestyle=("-", "--", "-.", ":")[(0 if one_each else kind) % 4],
            linewidth=1.8,
            label=label,
        )
    everything = np.concatenate([values for _, values, _, _ in curves])
    mw_axis(ax, everything)
    at_cap = max(caps) if everything.max() >= max(caps) else None
    if at_cap is not None:
        cap_words = f"Cap of the search, {at_cap:,g} MW"
        ax.axvline(at_cap, color=GREY, linestyle="--", linewidth=1, label=cap_words, zorder=1)
    ax.set_ylabel("Buses that take at least so much")
    ax.set_ylim(0, 1.04 * max(len(values) for _, values, _, _ in curves))
    set_title(ax, list(studies.values()), "How many buses take how much")
    grid(ax)
    if len(curves) > 1 or curves[0][0] != FIGURES[chosen[0]] or at_cap is not None:
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.14), ncols=2, fontsize="small")
    return ax


def binding_elements(study: Study, most: int = 15, figure: str = "headroom_mw", ax: Axes | None = None) -> Axes:
    """The elements that hold most buses back: how many, by which type of limit, and the median MW those buses get.

    Args:
        study: the study.
        most: how many elements, those that hold most buses.
        figure: ``headroom_mw``, or ``redispatch_mw``: the element of the pair that is worth most to each bus.
        ax: what to draw on; None for a new figure.

    Raises:
        OptionError: matplotlib is missing, the study has no such figure, or nothing holds a bus.
    """
    if isinstance(most, bool) or not isinstance(most, (int, np.integer)) or most < 1:
        raise OptionError(f"most = {most!r}; must be a whole number >= 1")
    if figure not in ("headroom_mw", "redispatch_mw"):
        raise OptionError(f"figure = {figure!r}; must be 'headroom_mw' or 'redispatch_mw'")
    values_of(study_of("binding_elements", study), figure)
    prefix = "redispatch_" if figure == "redispatch_mw" else ""
    held = pd.DataFrame(
        {
            "element": study.table[f"{prefix}element"],
            "limit_type": study.table[f"{prefix}limit_type"],
            "mw": study.table[figure],
        }
    )
    held = held[held["element"].notna() & held["mw"].notna()]
    if held.empty:
        raise OptionError(f"no element holds a bus of {study.network.name} back: nothing breaks up to the cap")
    counts = held.groupby(["element", "limit_type"]).size().unstack(fill_value=0)
    order = counts.sum(axis=1).sort_values(ascending=False, kind="stable").index
    shown = order[:most]
    medians = held.groupby("element")["mw"].median()
    ax = axes_of(ax, (7.6, 1.6 + 0.3 * len(shown)))
    from matplotlib.ticker import MaxNLocator

    rows = np.arange(len(shown))
    before = np.zeros(len(shown))
    for limit in [name for name in LIMIT_COLOURS if name in counts.columns]:
        widths = counts.loc[shown, limit].to_numpy(dtype=float)
        if not widths.any():
            continue
        ax.barh(rows, widths, left=before, height=0.68, color=LIMIT_COLOURS[limit], label=LIMIT_WORDS[limit])
        before += widths
    for row, element in enumerate(shown):
        ax.annotate(
            f"{medians[element]:,.0f} MW",
            (before[row], row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
            color="#444444",
        )
    ax.set_yticks(rows, [str(element) for element in shown])
    ax.set_ylim(len(shown) - 0.4, -0.6)
    # The legend stands at the lower right, where bars are short, or else beyond them.
    ax.set_xlim(0, (1.16 if before[-1] < 0.6 * before.max() else 1.5) * before.max())
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    left_out = len(order) - len(shown)
    rest = f"\n{counted(left_out, 'further element is', 'further elements are')} not shown" if left_out else ""
    ax.set_xlabel(f"Buses held (beside each bar: the median they get){rest}")
    set_title(ax, [study], f"What holds most buses{' after redispatch' if prefix else ''}")
    ax.grid(axis="x", color="#dddddd", linewidth=0.6)
    clean(ax)
    ax.tick_params(axis="y", length=0)
    ax.legend(frameon=False, loc="lower right")
    return ax


def headroom_map(
    study: Study,
    coordinates: Coordinates | None = None,
    figure: str = "headroom_mw",
    ax: Axes | None = None,
) -> Axes:
    """The network with its buses coloured by headroom. Buses that were not studied are small and grey.

    Args:
        study: the study.
        coordinates: what :func:`~nodalroom.read_coordinates` takes: a CSV file with ``bus,lat,lon``, a table, a
            pandapower net; None for a drawing of the graph, the same each time, which says that it is no map.
        figure: the column of MW that gives the colour.
        ax: what to draw on; None for a new figure.

    Raises:
        OptionError: matplotlib is missing, the study has no such figure, or the coordinates cannot be used.
        InputError: the file of coordinates cannot be used.
    """
    values_of(study_of("headroom_map", study), figure)
    places, note, is_degrees = positions(study, coordinates)
    ax = axes_of(ax, (7.6, 6.2))
    from matplotlib.collections import LineCollection
    from matplotlib.colors import BoundaryNorm

    branches = study.network.branches
    branches = branches[branches["in_service"]]
    pairs = np.sort(branches[["from_bus", "to_bus"]].to_numpy(), axis=1)
    pairs = np.unique(pairs[np.isin(pairs, places.index).all(axis=1)], axis=0)
    ends = np.stack([places.loc[pairs[:, k], ["x", "y"]].to_numpy() for k in (0, 1)], axis=1)
    ax.add_collection(LineCollection(list(ends), colors="#b8bcc2", linewidths=0.8, zorder=1))

    values = study.table[figure].replace(math.inf, float(study.options["max_mw"]))
    values = values[values.notna() & values.index.isin(places.index)].sort_values(kind="stable")
    if values.empty:
        raise OptionError("coordinates: none of the buses with a figure has any")
    others = places.index.difference(values.index)
    size = float(np.clip(9000 / max(len(places), 1), 14, 130))
    ax.scatter(
        places.loc[others, "x"], places.loc[others, "y"], s=size / 5, color=GREY, linewidths=0, zorder=2,
        label="not studied",
    )  # fmt: skip
    # The classes of the report's map; the last is open upwards.
    bounds = [0.0, *class_bounds(values)]
    norm = BoundaryNorm([*bounds, max(1.0, bounds[-1], float(values.max())) * 1.01], 256)
    dots = ax.scatter(
        places.loc[values.index, "x"], places.loc[values.index, "y"], s=size, c=values.to_numpy(), cmap="viridis",
        norm=norm, edgecolors="#333333", linewidths=0.4, zorder=3, label="studied",
    )  # fmt: skip
    if len(places) <= MOST_NAMED:
        for bus in places.index:
            ax.annotate(
                str(bus), (places.at[bus, "x"], places.at[bus, "y"]), xytext=(6, 5), textcoords="offset points",
                fontsize="small", zorder=4,
            )  # fmt: skip
    bar = ax.figure.colorbar(dots, ax=ax, shrink=0.82, pad=0.02)
    bar.set_label(f"{FIGURES[figure]} (MW)")
    bar.set_ticks(bounds, labels=[f"{bound:,g}" for bound in bounds])
    bar.minorticks_off()
    if not is_degrees:
        ax.set_aspect("equal", adjustable="datalim")
        ax.set_xticks([])
        ax.set_yticks([])
        for side in ax.spines.values():
            side.set_visible(False)
    else:
        ax.set_aspect(1 / max(math.cos(math.radians(float(places["y"].mean()))), 0.1), adjustable="datalim")
        ax.set_xlabel("Longitude (degrees)")
        ax.set_ylabel("Latitude (degrees)")
        clean(ax)
    ax.margins(0.04)
    ax.autoscale_view()
    grey = f"{counted(len(others), 'bus', 'buses')} in grey: no figure" if len(others) else ""
    notes = "; ".join(part for part in (note, grey) if part)
    if notes:
        ax.annotate(
            notes, (0, 0), xycoords="axes fraction", xytext=(0, -46 if is_degrees else -6),
            textcoords="offset points", va="top", fontsize="small", color="#444444",
        )  # fmt: skip
    set_title(ax, [study], f"{FIGURES[figure]} of each bus")
    return ax


def pv_curve(
    net_or_study: Network | Study,
    bus: int,
    power_factor: float | None = None,
    contingency: str | tuple[str, int] | None = None,
    *,
    balance: Balance | None = None,
    max_mw: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Voltage of a bus against new load there, power flow after power flow, up to the last that has a solution.

    Args:
        net_or_study: a network, or a study: its options are those of the power flows, and its limits are marked.
        bus: number of an energised bus of the case.
        power_factor: of the new load, lagging; None for the study's, 0.95 for a network.
        contingency: an outage, as tables of a study call it (``"branch 4: 2-4 ckt 1"``, ``"unit 3 at 1"``) or as
            ``("branch", 4)``; None for the intact state.
        balance: who supplies the new load, as in :func:`~nodalroom.headroom`; None for the study's, ``spare`` for a network.
        max_mw: where the curve ends at the latest; None for the study's, 2000 for a network.
        ax: what to draw on; None for a new figure. The curve is its first line.

    Raises:
        OptionError: matplotlib is missing, an option is out of range, the bus or the outage does not exist, or the
            state has no solution without the new load.
    """
    study = net_or_study if isinstance(net_or_study, Study) else None
    net = net_or_study.network if isinstance(net_or_study, Study) else net_or_study
    curve = trace_pv(net, None if study is None else study.options, bus, power_factor, contingency, balance, max_mw)
    ax = axes_of(ax, (7.2, 4.9))
    loads, volts = curve.load_mw, curve.vm_pu
    ax.plot(loads, volts, color=COLOURS[0], linewidth=1.8, label=f"Bus {curve.bus}, {curve.state}", zorder=3)
    if curve.nose:
        ax.plot(loads[-1:], volts[-1:], "o", color=COLOURS[6], markersize=5, zorder=4,
                label=f"Nose: {loads[-1]:,.1f} MW, {volts[-1]:.3f} pu")  # fmt: skip
    else:
        ax.plot([], [], " ", label=f"No nose up to {loads[-1]:,.0f} MW")
    lowest = float(curve.vmin_pu)
    below = np.flatnonzero(volts < lowest)
    label = f"Vmin {lowest:g} pu"
    if len(below) and below[0] > 0:
        k = int(below[0])
        share = (volts[k - 1] - lowest) / (volts[k - 1] - volts[k])
        label += f", reached at {loads[k - 1] + share * (loads[k] - loads[k - 1]):,.1f} MW"
    elif len(below):
        label += ", not held without new load"
    ax.axhline(lowest, color=COLOURS[1], linestyle="--", linewidth=1.2, label=label)
    if study is not None and curve.bus in study.table.index:
        row: Any = study.table.loc[curve.bus]
        where = "intact" if study.options["contingencies"] == "none" else "all states"
        for column, words, colour, style in (
            ("headroom_mw", "Headroom", COLOURS[2], "-"),
            ("thermal_mw", "Thermal limit", COLOURS[3], ":"),
        ):
            at = float(row[column])
            if math.isfinite(at) and (column == "headroom_mw" or at > float(row["headroom_mw"])):
                what = f"\n({_held_by(row)})" if column == "headroom_mw" else ""
                label = f"{words}, {where}: {at:,.1f} MW{what}"
                ax.axvline(at, color=colour, linestyle=style, linewidth=1.4, label=label)
    ax.set_xlabel(f"New load at bus {curve.bus} (MW), power factor {curve.power_factor:g} lagging")
    ax.set_ylabel("Voltage (per unit)")
    ax.set_xlim(left=0)
    low, high = min(float(volts.min()), lowest), max(float(volts.max()), lowest)
    room = max(high - low, 0.02)
    ax.set_ylim(low - 0.08 * room, high + 0.08 * room)
    ax.set_title(
        f"{net.name}: voltage of bus {curve.bus} as load is added\n{curve.state}, balance {curve.balance}",
        loc="left",
        fontsize="medium",
    )
    grid(ax)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.14), ncols=2, fontsize="small")
    return ax


def _held_by(row: Any) -> str:
    element = row["element"]
    return LIMIT_WORDS[row["limit_type"]] + (f", {element}" if isinstance(element, str) else "")


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
