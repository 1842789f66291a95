"""Draws the picture of the README from a headroom study.

    python docs/images/make_picture.py data/case_ACTIVSg2000.m --min-kv 230 docs/images/headroom.png

Needs matplotlib and an installed nodalroom. --table FILE.csv draws from the table of a study made before
(`nodalroom headroom CASE --min-kv 230 --out FILE.csv`) instead of making one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.lines import Line2D

INK, MUTED, GRID = "#1f2933", "#66727f", "#e4e7eb"
COLOURS = {
    "thermal": "#c2410c",
    "low voltage": "#1d4ed8",
    "high voltage": "#0e7490",
    "collapse": "#7c3aed",
    "generation": "#15803d",
    "none up to the cap": "#9aa5b1",
}
BARS = 7


def kind_of(limit_type: str) -> str:
    return "none up to the cap" if limit_type == "none" else limit_type.replace("_", " ")


def read_table(arguments: argparse.Namespace) -> pd.DataFrame:
    if arguments.table is not None:
        return pd.read_csv(arguments.table, index_col="bus")
    import nodalroom as nr

    return nr.headroom(nr.read(arguments.case), min_kv=arguments.min_kv).table


def capacity_curve(axes: plt.Axes, table: pd.DataFrame) -> None:
    ranked = table.sort_values("headroom_mw", ascending=False)
    kinds = ranked["limit_type"].map(kind_of)
    axes.bar(range(len(ranked)), ranked["headroom_mw"], width=1.0, color=[COLOURS[kind] for kind in kinds], linewidth=0)
    axes.set_xlim(-0.5, len(ranked) - 0.5)
    axes.set_xlabel(f"{len(ranked)} buses, most headroom first")
    axes.set_ylabel("headroom, MW of new load")
    median = ranked["headroom_mw"].median()
    axes.axhline(median, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.annotate(f"median {median:.0f} MW", (len(ranked) - 1, median), xytext=(0, 4), textcoords="offset points", ha="right", color=INK)
    present = [kind for kind in COLOURS if (kinds == kind).any()]
    handles = [Line2D([], [], marker="s", linestyle="", color=COLOURS[kind], label=f"{kind} ({(kinds == kind).sum()})") for kind in present]
    axes.legend(handles=handles, title="what binds", frameon=False, loc="upper right", labelcolor=INK, alignment="left")


def binding_bars(axes: plt.Axes, table: pd.DataFrame) -> None:
    bound = table[table["limit_type"] != "none"]
    groups = bound.groupby(["element", "contingency", "limit_type"], dropna=False)
    counts = groups["headroom_mw"].agg(["size", "median"]).sort_values("size", ascending=False).head(BARS)[::-1]
    for place, ((element, contingency, limit_type), row) in enumerate(counts.iterrows()):
        axes.barh(place, row["size"], height=0.34, color=COLOURS[kind_of(limit_type)])
        after = "intact" if contingency == "intact" else f"after the loss of {contingency}"
        axes.annotate(element, (0, place), xytext=(0, 17), textcoords="offset points", va="center", color=INK)
        axes.annotate(after, (0, place), xytext=(0, 8.5), textcoords="offset points", va="center", color=MUTED, fontsize=7)
        axes.annotate(f"{row['size']:.0f} buses, median {row['median']:.0f} MW", (row["size"], place), xytext=(4, 0), textcoords="offset points", va="center", color=INK)
    axes.set_ylim(-0.5, len(counts) - 0.2)
    axes.set_xlim(0, counts["size"].max() * 1.75)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.set_title("what binds most buses", loc="left", fontsize=9, color=INK)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--min-kv", type=float, default=0.0)
    parser.add_argument("--table", type=Path)
    arguments = parser.parse_args()
    table = read_table(arguments)

    plt.rcParams.update(
        {
            "font.size": 8,
            "axes.edgecolor": MUTED,
            "axes.labelcolor": INK,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.9), width_ratios=[1.25, 1], layout="constrained")
    figure.get_layout_engine().set(wspace=0.04)
    left.grid(axis="y", color=GRID, linewidth=0.6)
    left.set_axisbelow(True)
    capacity_curve(left, table)
    binding_bars(right, table)
    right.spines[["left", "bottom"]].set_visible(False)
    name = arguments.case.stem.removeprefix("case_")
    level = f" at or above {arguments.min_kv:g} kV" if arguments.min_kv > 0 else ""
    figure.suptitle(f"N-1 headroom of {name}: buses{level}, one new load at a time", x=0.01, ha="left", fontsize=11, color=INK)
    figure.patch.set_facecolor("white")
    figure.savefig(arguments.picture, dpi=160, metadata={"Software": None})


main()
