"""What the figures of studies share: colours, axes, titles, and the numbers of a column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .._options import number
from .._words import balance_text
from ..errors import OptionError
from ..study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colours that stay apart for colour-blind readers (Okabe and Ito), dark ones first.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#b3a41e")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
GREY = "#9aa0a6"

FIGURES = {
    "headroom_mw": "Headroom",
    "redispatch_mw": "Redispatch headroom",
    "thermal_mw": "Thermal limits alone",
    "voltage_mw": "Voltage limits alone",
    "collapse_mw": "Collapse alone",
    "generation_mw": "Spare generation alone",
}
#: Beyond this ratio of largest to median a linear axis would show little but the largest.
LONG_TAIL = 12


def require_pyplot() -> Any:
    try:
        import matplotlib.pyplot
    except ImportError:
        raise OptionError("plots need matplotlib: pip install 'nodalroom[plots]'") from None
    return matplotlib.pyplot


def axes_of(ax: Axes | None, size: tuple[float, float]) -> Axes:
    pyplot = require_pyplot()
    if ax is not None:
        return ax
    made: Axes = pyplot.subplots(figsize=size, layout="constrained")[1]
    return made


def study_of(call: str, study: Any) -> Study:
    if not isinstance(study, Study):
        raise TypeError(f"plots.{call}() needs a Study, not {type(study).__name__}; make one: nodalroom.headroom(net)")
    return study


def labelled_studies(study: Study | Mapping[str, Study]) -> dict[str, Study]:
    if isinstance(study, Mapping):
        if not study:
            raise OptionError("study: there is none to draw")
        return {str(label): study_of("capacity_curve", each) for label, each in study.items()}
    return {"": study_of("capacity_curve", study)}


def values_of(study: Study, figure: str) -> np.ndarray:
    """The numbers of a column, MW: those missing left out, and infinite ones at the cap. Never empty."""
    if figure not in FIGURES:
        raise OptionError(f"figure {figure!r}; must be one of {', '.join(FIGURES)}")
    if len(study.table) == 0:
        raise OptionError(f"the study of {study.network.name} has no finished bus to draw")
    if figure not in study.table.columns:
        raise OptionError(f"the study of {study.network.name} has no {figure}; make it with redispatch=True")
    values = study.table[figure].to_numpy(dtype=float)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        raise OptionError(f"no bus of {study.network.name} has a {figure}: {study.reason}")
    return np.where(np.isinf(values), number("max_mw", study.options["max_mw"]), values)


def mw_axis(ax: Axes, values: np.ndarray) -> None:
    ax.set_xlabel("New load (MW)")
    top = float(values.max())
    if top > LONG_TAIL * max(float(np.median(values)), 1.0):
        ax.set_xscale("symlog", linthresh=1.0, linscale=0.3)
        ticks = round_ticks(top, 1.0)
        ax.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
        ax.minorticks_off()
    ax.set_xlim(0, 1.04 * max(top, 1.0))


def round_ticks(top: float, least: float) -> list[float]:
    """0, and round numbers from `least` to `top` for a scale that narrows upwards."""
    return [0.0, *(tick for k in range(7) for tick in (10.0**k, 3 * 10.0**k) if least <= tick <= top)]


def set_title(ax: Axes, studies: list[Study], text: str, without: str = "") -> None:
    """What is drawn, and the assumptions that every study of it shares."""
    names = dict.fromkeys(study.network.name for study in studies)
    said = {
        "contingencies": [f"outages: {study.options['contingencies']}" for study in studies],
        "power_factor": [f"power factor {study.options['power_factor']:g}" for study in studies],
        "balance": [f"balance {balance_text(study.options)}" for study in studies],
    }
    shared = [words[0] for option, words in said.items() if option != without and len(set(words)) == 1]
    ax.set_title(f"{', '.join(names)}: {text}\n{', '.join(shared)}", loc="left", fontsize="medium")


def grid(ax: Axes) -> None:
    ax.grid(color="#dddddd", linewidth=0.6)
    clean(ax)


def clean(ax: Axes) -> None:
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
