"""Cost against size, one picture per kind of work."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from .results import OURS, Results, Row, exponents
from .statistics import duration
from .tables import EACH, title

INK, MUTED, GRID = "#1f2933", "#66727f", "#e4e7eb"
#: By tool; told apart by marker too, for who sees no colours.
STYLES = {
    "nodalroom": ("#c2410c", "o"),
    "nodalroom avx2": ("#b45309", "h"),
    "nodalroom plain": ("#92704f", "X"),
    "lightsim2grid": ("#1d4ed8", "s"),
    "pandapower": ("#15803d", "^"),
    "pypowsybl": ("#7c3aed", "D"),
    "power-grid-model": ("#0e7490", "v"),
    "matpower": ("#66727f", "P"),
}


def draw(results: Results, folder: Path) -> list[Path]:
    plt.rcParams.update({"font.size": 8, "axes.edgecolor": MUTED, "axes.labelcolor": INK, "xtick.color": MUTED,
                         "ytick.color": MUTED, "axes.spines.top": False, "axes.spines.right": False,
                         "svg.hashsalt": "nodalroom"})  # fmt: skip
    written = []
    for kind, threads, rows in results.groups():
        timed = [row for row in rows if row.each]
        if not timed:
            continue
        figure, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
        figure.patch.set_facecolor("white")
        one_size = len({row.record.buses for row in timed}) == 1
        (bars if one_size else curves)(axes, timed)
        each = EACH.get(kind, "per solve")
        axes.set_title(f"{title(kind, threads)}: time {each}, median and quartiles", loc="left", fontsize=9, color=INK)
        for ending in ("svg", "png"):
            path = folder / f"{kind}-{threads}.{ending}"
            metadata = {"Date": None, "Creator": None} if ending == "svg" else {"Software": None}
            figure.savefig(path, dpi=160, metadata=metadata)
            written.append(path)
        plt.close(figure)
    return written


def curves(axes: plt.Axes, rows: list[Row]) -> None:
    fits = exponents(rows)
    ends = []
    for peer in dict.fromkeys(row.record.peer for row in rows):
        of_peer = sorted((row for row in rows if row.record.peer == peer), key=lambda row: row.record.buses)
        colour, marker = STYLES.get(peer, (INK, "x"))
        buses = [row.record.buses for row in of_peer]
        median = [row.each.median for row in of_peer]
        spread = [[row.each.median - row.each.low for row in of_peer], [row.each.high - row.each.median for row in of_peer]]
        axes.errorbar(buses, median, yerr=spread, color=colour, marker=marker, markersize=4.5, linewidth=1.2, capsize=2.5,
                      zorder=3 if peer == OURS else 2)  # fmt: skip
        exponent = f", $n^{{{fits[peer].exponent:.2f}}}$" if peer in fits else ""
        ends.append((buses[-1], median[-1], f"{peer}{exponent}", colour))
    axes.set_xscale("log")
    axes.set_yscale("log")
    sizes = sorted({row.record.buses for row in rows})
    # Of two sizes too near to write side by side the larger has its number.
    written = [small for small, large in zip(sizes, [*sizes[1:], math.inf], strict=True) if large > 1.2 * small]
    axes.set_xticks(sizes, [f"{size:,}" if size in written else "" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("buses")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    label_ends(axes, ends)


def label_ends(axes: plt.Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Names at the ends of the curves; those at the right edge pushed apart where they would overlap."""
    axes.figure.draw_without_rendering()
    right = max(end[0] for end in ends)
    height = axes.get_window_extent().height
    taken: list[float] = []
    for x, y, text, colour in sorted(ends, key=lambda end: end[1]):
        if x < right:
            axes.annotate(text, (x, y), xytext=(6, 0), textcoords="offset points", va="center", color=colour)
            continue
        place = axes.transAxes.inverted().transform(axes.transData.transform((right, y)))[1]
        least = 11 * axes.figure.dpi / 72 / height
        place = max([place, *[other + least for other in taken]])
        taken.append(place)
        axes.annotate(text, (1.0, place), xycoords="axes fraction", xytext=(6, 0), textcoords="offset points", va="center",
                      color=colour, annotation_clip=False)  # fmt: skip


def bars(axes: plt.Axes, rows: list[Row]) -> None:
    ordered = sorted(rows, key=lambda row: -row.each.median)
    for place, row in enumerate(ordered):
        colour = STYLES.get(row.record.peer, (INK, "x"))[0]
        spread = [[row.each.median - row.each.low], [row.each.high - row.each.median]]
        axes.barh(place, row.each.median, height=0.55, color=colour, xerr=spread, ecolor=INK, capsize=2.5)
        axes.annotate(duration(row.each.median), (row.each.high, place), xytext=(6, 0), textcoords="offset points",
                      va="center", color=INK)  # fmt: skip
    axes.set_yticks(range(len(ordered)), [f"{row.record.peer}\n{row.record.case}" for row in ordered])
    axes.set_xlim(0, max(row.each.high for row in ordered) * 1.2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value) if value else "0"))
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
