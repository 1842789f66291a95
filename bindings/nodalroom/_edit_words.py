"""Edits of networks as options of the command, so that commands that are printed make them too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

if TYPE_CHECKING:
    from .network import Network

#: Pairs of option and value in the order the edits were made; None where an edit has no option.
EditWords: TypeAlias = "tuple[tuple[str, str], ...] | None"

SCALE_RATINGS, WITH_RATING, WITH_LOAD = "--scale-ratings", "--with-rating", "--with-load"
WITHOUT_BRANCH, WITHOUT_UNIT, CUT_OFF = "--without-branch", "--without-unit", "--cut-off"
#: In the order in which the command makes them.
EDIT_FLAGS = (SCALE_RATINGS, WITH_RATING, WITH_LOAD, WITHOUT_BRANCH, WITHOUT_UNIT, CUT_OFF)
#: More than so many words and no command is printed.
MOST_WORDS = 100


def load_words(bus: Any, mw: Any, mvar: Any, power_factor: Any) -> EditWords:
    """with_load()."""
    given = f"{int(bus)}:{digits(mw)}"
    if power_factor is not None:
        mvar = float(mw) * math.tan(math.acos(float(power_factor)))
    if mvar is not None:
        given += f":{digits(mvar)}"
    return ((WITH_LOAD, given),)


def outage_words(branch: Any, unit: Any, cut_off: str) -> EditWords:
    """without()."""
    words = [
        (flag, str(int(row))) for flag, rows in ((WITHOUT_BRANCH, branch), (WITHOUT_UNIT, unit)) for row in listed(rows)
    ]
    return (*words, *([(CUT_OFF, cut_off)] if cut_off != "refuse" else []))


def rating_words(ratings: Any, rating: Any, factor: Any) -> EditWords:
    """with_ratings()."""
    if factor is not None:
        return ((SCALE_RATINGS, digits(factor)),) if rating is None else None
    if not isinstance(ratings, (pd.Series, Mapping)):
        return None
    letter = "A" if rating is None else str(rating).upper()
    return tuple((WITH_RATING, f"{int(row)}:{digits(mva)}:{letter}") for row, mva in dict(ratings).items())


def listed(rows: Any) -> list[Any]:
    if rows is None:
        return []
    return list(rows) if isinstance(rows, Iterable) else [rows]


def digits(value: Any) -> str:
    """Every digit of a number, and no ``.0``."""
    number = float(value)
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def added(before: EditWords, more: EditWords) -> EditWords:
    return None if before is None or more is None else (*before, *more)


def command_words(net: Network) -> list[str] | None:
    """The options that edit the case as this network was edited; None where there are none that would.

    The command makes edits in an order of its own, which is why a few sequences cannot be said.
    """
    words = net._edit_words
    if words is None or len(words) > MOST_WORDS:
        return None
    flags = [flag for flag, _ in words]
    if flags.count(SCALE_RATINGS) > 1 or (SCALE_RATINGS in flags and WITH_RATING in flags[: flags.index(SCALE_RATINGS)]):
        return None
    ratings = {value.split(":")[0] + value.split(":")[-1]: value for flag, value in words if flag == WITH_RATING}
    found: list[str] = []
    for wanted in EDIT_FLAGS:
        values = [value for flag, value in words if flag == wanted]
        if wanted == WITH_RATING:
            values = list(ratings.values())
        elif wanted == CUT_OFF:
            values = values[:1]
        for value in values:
            found += [wanted, value]
    return found

