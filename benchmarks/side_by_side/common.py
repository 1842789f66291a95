"""What the steps of all tools share: the question, and how a step says what came of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: The case, and the bus whose headroom is asked for (MATPOWER's number).
CASE = Path(__file__).parents[2] / "data" / "case24_ieee_rts.m"
BUS = 8
#: MVAr per MW at power factor 0.95.
MVAR_PER_MW = math.tan(math.acos(0.95))

#: The steps in their order: name of the function, and what it stands for.
STEPS = {
    "read": "read a MATPOWER case",
    "headroom": "headroom of a bus, N-1 secure, with the binding limit",
    "redispatch": "headroom with redispatch",
    "unlock": "what would unlock more",
    "what_if": "change an assumption, compare two studies",
    "save": "save and load a study",
    "plots": "plots",
    "report": "one-file offline report",
    "command": "command line",
    "recheck": "recheck a number in another tool",
}


class NotOffered(Exception):  # noqa: N818
    """The tool has nothing for the step; the message says what comes nearest."""


def largest(fits: Callable[[float], bool], most: float = 1000.0, step: float = 0.1) -> float:
    """The largest load below which `fits` holds, by bisection."""
    low, high = 0.0, most
    while high - low > step:
        middle = (low + high) / 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low
