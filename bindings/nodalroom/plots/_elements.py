"""The bars of what holds most buses back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._words import LIMIT_WORDS, counted
from ..errors import OptionError
from ..report.charts import LIMIT_COLOURS
from ._parts import axes_of, clean, set_title, study_of, values_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..study import Study


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
