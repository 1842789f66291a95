"""What the command ``nodalroom`` shows people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from ._output import plain
from ._words import LIMIT_WORDS, binding_counts, describe_study
from .study import Study, witness_command

if TYPE_CHECKING:
    import pandas as pd


def show_table(title: str, frame: pd.DataFrame, formats: dict[str, str] | None = None) -> None:
    """A table of a DataFrame's columns on standard output."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not len(frame):
        return
    formats = formats or {}
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=200)
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    if frame.index.name is not None:
        frame = frame.reset_index()
    for name in frame.columns:
        table.add_column(str(name), justify="right" if frame[name].dtype.kind in "iuf" else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        cells = [cell(value, formats.get(str(name), "")) for name, value in zip(frame.columns, row, strict=True)]
        table.add_row(*[Text(cell) for cell in cells])
    console.print()
    console.print(table)


def cell(value: Any, spec: str) -> str:
    if isinstance(value, float) and value == float("inf"):
        return "none"
    value = plain(value)
    if value is None:
        return "-"
    return format(value, spec) if spec and not isinstance(value, str) else str(value)


def show_summary(study: Study, top: int) -> None:
    lines = describe_study(study)
    typer.echo("\n".join(line.strip("<>") for line in lines))
    table = study.table
    if not study.intact_solved or not len(table):
        return
    spec = dict.fromkeys(("headroom_mw", "median_mw", "base_kv"), ".1f")
    best = table.nlargest(top, "headroom_mw")
    show_table(
        "Most headroom",
        best[["name", "base_kv", "headroom_mw", "status", "limit_type", "contingency", "element"]],
        {**spec, "base_kv": "g"},
    )
    binding = binding_counts(table).head(top)
    binding["limit_type"] = binding["limit_type"].map(LIMIT_WORDS)
    show_table("What binds most buses", binding[["buses", "median_mw", "limit_type", "contingency", "element"]], spec)
    show_table("States without a solution, left out", study.unsolvable.head(top)[["contingency"]])
    if len(best):
        typer.echo(f"\nCheck a number in another tool: {witness_command(study, int(best.index[0]))}")
