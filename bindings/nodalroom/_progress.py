"""Progress of long calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from importlib import import_module
from typing import Any, TypeAlias

from ._options import flag

ProgressCall: TypeAlias = Callable[[str, int, int], None]

#: Room for what a terminal shows of Ctrl-C: where it begins another line, the bar would not be erased.
CTRL_C = 6


@contextmanager
def reporting(progress: bool | ProgressCall) -> Iterator[ProgressCall | None]:
    """What the extension module calls with (stage, done, total), or None.

    True shows a bar on standard error in a terminal, or in a notebook's cell where ipywidgets is installed;
    elsewhere nothing.
    """
    if callable(progress):
        yield progress
        return
    if not flag("progress", progress):
        yield None
        return

    from rich.console import Console

    console = Console(stderr=True)
    if console.is_jupyter:
        with notebook_bar() as show_in_cell:
            yield show_in_cell
        return
    if not console.is_terminal:
        yield None
        return

    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, width=max(console.width - CTRL_C, 20))
    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        current = ""

        def show(stage: str, done: int, total: int) -> None:
            nonlocal current, task
            if stage != current:
                current = stage
                bar.remove_task(task)
                task = bar.add_task(stage, total=total or None)
            bar.update(task, completed=done, total=total or None)

        yield show


@contextmanager
def notebook_bar() -> Iterator[ProgressCall]:
    """A bar in the notebook's cell, gone at the end. It needs no widgets, which many notebooks lack."""
    ipython: Any = import_module("IPython.display")
    handle = ipython.display(ipython.HTML("starting"), display_id=True)

    def show(stage: str, done: int, total: int) -> None:
        bar = f"<progress value='{done}' max='{total}'></progress> {done:,} of {total:,}" if total else ""
        handle.update(ipython.HTML(f"{escape(stage)} {bar}"))

    try:
        yield show
    finally:
        handle.update(ipython.HTML(""))
