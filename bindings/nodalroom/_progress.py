"""Progress of long calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TypeAlias

from ._options import flag

ProgressCall: TypeAlias = Callable[[str, int, int], None]


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
    # Without ipywidgets a notebook would get rich's warning about it in the place of a bar.
    if not (console.is_terminal or (console.is_jupyter and find_spec("ipywidgets") is not None)):
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
