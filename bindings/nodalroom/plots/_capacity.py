"""The curve of how many buses take how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import OptionError
from ._parts import COLOURS, FIGURES, GREY, axes_of, grid, labelled_studies, mw_axis, set_title, values_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..study import Study


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
