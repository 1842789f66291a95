"""Options of calls: from what Python passes to what the extension module takes."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from . import _core
from .errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

BalanceRule: TypeAlias = Literal["spare", "pmax", "reference"]
Balance: TypeAlias = "BalanceRule | Mapping[int, float] | pd.Series | ArrayLike"
RowValues: TypeAlias = "Mapping[int, float] | pd.Series | ArrayLike"
Contingencies: TypeAlias = Literal["n-1", "branches", "units", "none"]
Rating: TypeAlias = Literal["A", "B", "C"]
Band: TypeAlias = "tuple[float, float] | None"

CONTINGENCIES = "'n-1', 'branches', 'units' or 'none'"
RATINGS = "'A', 'B' or 'C'"


def number(name: str, value: Any) -> float:
    """A float, or OptionError naming the option."""
    if isinstance(value, (bool, str, bytes)):
        raise OptionError(f"{name} = {value!r}; must be a number")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise OptionError(f"{name} = {value!r}; must be a number") from None


def whole_number(name: str, value: Any, least: int, most: int = 2**31 - 1) -> int:
    """An int in [least, most], or OptionError naming the option."""
    asked = number(name, value)
    if not (math.isfinite(asked) and asked == int(asked) and least <= asked <= most):
        upper = "" if most == 2**31 - 1 or asked < least else f" and <= {most}"
        raise OptionError(f"{name} = {value!r}; must be a whole number >= {least}{upper}")
    return int(asked)


def word(name: str, value: Any, choices: str) -> str:
    """A str, or OptionError naming the option and its choices; which words there are is checked elsewhere."""
    if not isinstance(value, str):
        raise OptionError(f"{name} = {value!r}; must be {choices}")
    return value


def flag(name: str, value: Any) -> bool:
    """A bool, or OptionError naming the option: 'no' would be true."""
    if not isinstance(value, (bool, np.bool_)):
        raise OptionError(f"{name} = {value!r}; must be True or False")
    return bool(value)


def network_of(call: str, net: Any) -> Any:
    """The extension module's network, or a TypeError that says how to get one."""
    from .network import Network

    if not isinstance(net, Network):
        given = repr(net) if isinstance(net, (str, os.PathLike)) else "CASE"
        raise TypeError(
            f"{call}() needs a Network, not {type(net).__name__}; read one first: "
            f"nodalroom.{call}(nodalroom.read({given}))"
        )
    return net._core


def threads_of(value: int | None) -> int:
    return 0 if value is None else whole_number("threads", value, least=1, most=_core.MOST_THREADS)


def band_of(name: str, value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    try:
        low, high = value
    except (TypeError, ValueError):
        raise OptionError(f"{name} = {value!r}; must be two voltages in per unit (low, high)") from None
    return number(name, low), number(name, high)


def optional_number(name: str, value: Any) -> float | None:
    return None if value is None else number(name, value)


def balance_of(balance: Any, area: Any, units: int) -> dict[str, Any]:
    """The arguments ``balance``, ``weights`` and ``area`` of the extension module."""
    area = None if area is None else whole_number("balance_area", area, least=-(2**31))
    if isinstance(balance, str):
        if balance not in ("spare", "pmax", "reference"):
            raise OptionError(
                f"balance = {balance!r}; must be 'spare', 'pmax', 'reference' or one weight per generator row"
            )
        return {"balance": balance, "weights": [], "area": area}
    return {"balance": "weights", "weights": _weights(balance, units), "area": area}


def _weights(balance: Any, units: int) -> list[float]:
    if isinstance(balance, (pd.Series, Mapping)):
        weights = np.zeros(units)
        _set_rows(weights, "balance", "generator row", balance)
        return weights.tolist()
    try:
        given = np.asarray(balance, dtype=float)
    except (TypeError, ValueError):
        raise OptionError(f"balance = {balance!r}; must be a word or one weight per generator row") from None
    if given.shape != (units,):
        raise OptionError(f"balance has the shape {given.shape}; must be one weight per generator row ({units})")
    return [float(weight) for weight in given]


def _set_rows(values: np.ndarray, name: str, row_word: str, given: Any) -> None:
    """Puts values given by 1-based row (a Series or mapping) in their places."""
    for row, value in given.items():
        position = whole_number(name, row, least=1) - 1
        if position >= len(values):
            raise OptionError(f"{name}: there is no {row_word} {row}; the case has {len(values)}")
        values[position] = number(f"{name} of {row_word} {row}", value)


def row_values(name: str, given: Any, rows: int, in_case: Callable[[], Any]) -> np.ndarray:
    """One value per row of a table; an empty array where none are given."""
    if given is None:
        return np.empty(0)
    if isinstance(given, (pd.Series, Mapping)):
        values = np.array(in_case(), dtype=float)
        _set_rows(values, name, "row", given)
    else:
        try:
            values = np.asarray(given, dtype=float)
        except (TypeError, ValueError):
            raise OptionError(f"{name} = {given!r}; must be one number per row ({rows})") from None
        if values.shape != (rows,):
            raise OptionError(f"{name} has the shape {values.shape}; must be one number per row ({rows})")
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise OptionError(f"{name} of row {row + 1} = {values[row]}; must be finite")
    return values


def buses_of(buses: Any) -> list[int] | None:
    """Bus numbers, each once; None where all are asked for."""
    if buses is None:
        return None
    if isinstance(buses, (int, np.integer)):
        buses = [buses]
    if isinstance(buses, (str, bytes)) or not isinstance(buses, Iterable):
        raise OptionError(f"buses = {buses!r}; must be bus numbers of the case")
    numbers: dict[int, None] = {}
    for bus in buses:
        try:
            value = whole_number("buses", bus, least=-(2**53), most=2**53)
        except OptionError:
            raise OptionError(f"buses: {bus!r} is no bus number") from None
        if value in numbers:
            raise OptionError(f"buses: {value} is named twice")
        numbers[value] = None
    if not numbers:
        raise OptionError("buses is empty; leave it out to study every bus at or above min_kv")
    return list(numbers)


def unit_rows_of(name: str, rows: Any) -> list[int] | None:
    """1-based generator rows, each once; None where all may."""
    if rows is None:
        return None
    if isinstance(rows, (int, np.integer)):
        rows = [rows]
    if isinstance(rows, (str, bytes)) or not isinstance(rows, Iterable):
        raise OptionError(f"{name} = {rows!r}; must be 1-based generator rows")
    found = dict.fromkeys(whole_number(name, row, least=1) for row in rows)
    if not found:
        raise OptionError(f"{name} is empty; leave it out to let every unit in service move")
    return list(found)
