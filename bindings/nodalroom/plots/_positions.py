"""Where a drawing puts the buses of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..coordinates import Coordinates, read_coordinates
from ..report.layout import graph_layout

if TYPE_CHECKING:
    from ..study import Study


def positions(study: Study, coordinates: Coordinates | None) -> tuple[pd.DataFrame, str, bool]:
    """``x`` and ``y`` of the buses that have a place (index ``bus``), what a reader has to know about them, and
    whether they are degrees.
    """
    buses = study.network.buses
    if coordinates is None:
        buses = buses[buses["island"].notna()]
        row_of = pd.Series(np.arange(len(buses)), index=buses.index)
        branches = study.network.branches
        branches = branches[branches["in_service"]]
        ends = np.column_stack([row_of.loc[branches[end]].to_numpy() for end in ("from_bus", "to_bus")])
        places = pd.DataFrame(graph_layout(len(buses), ends), index=buses.index, columns=["x", "y"])
        return places, "Layout of the graph, not a map", False
    found = read_coordinates(coordinates, study.network)
    is_degrees = "lat" in found.columns
    places = found.rename(columns={"lon": "x", "lat": "y"})[["x", "y"]]
    beside = int((found["placed"] == "neighbours").sum())
    nowhere = int((found["placed"] == "apart").sum())
    notes = []
    if beside:
        notes.append(
            f"{beside:,} of {len(buses):,} buses have no coordinates and stand at the mean of their neighbours"
        )
    if nowhere:
        notes.append(f"{nowhere:,} of {len(buses):,} buses have no coordinates and are not drawn")
    return places[found["placed"] != "apart"], "; ".join(notes), is_degrees
