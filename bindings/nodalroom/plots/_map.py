"""The map of headroom."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .._words import counted
from ..errors import OptionError
from ..report.charts import class_bounds
from ._parts import FIGURES, GREY, axes_of, clean, set_title, study_of, values_of
from ._positions import positions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..coordinates import Coordinates
    from ..study import Study

#: A map names every bus up to this many.
MOST_NAMED = 40


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
