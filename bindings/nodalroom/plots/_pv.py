"""The curve of voltage against load."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .._options import Balance
from .._words import LIMIT_WORDS
from ..study import Study
from ._parts import COLOURS, axes_of, grid
from ._trace import trace_pv

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..network import Network


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
