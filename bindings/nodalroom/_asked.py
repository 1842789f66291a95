"""What calls and commands ask for, where it does not fit the case or itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ._edits import BUS_NUMBER, no_bus
from .errors import OptionError

if TYPE_CHECKING:
    from .network import Network


def check_buses(net: Network, name: str, buses: Iterable[int] | None) -> None:
    """Refuses numbers that no bus has, with the nearest that there are."""
    there = set(net._core.cells("bus")[:, BUS_NUMBER].astype(int).tolist())
    for bus in buses or []:
        if bus not in there:
            raise no_bus(net._core, name, bus)


def check_asked(net: Network, options: dict[str, Any]) -> None:
    """Refuses options of a study that would say nothing, and candidates that the case has not got."""
    if not options["redispatch"]:
        for name in ("movable_units", "max_moved_mw"):
            if options[name] is not None:
                raise OptionError(f"{name} says what redispatch may move, and is nothing without redispatch=True")
    buses, min_kv = options["buses"], options["min_kv"]
    if buses is not None and min_kv > 0:
        raise OptionError(f"min_kv = {min_kv:g} and buses: give one of them; buses are studied as they are named")
    check_buses(net, "buses", buses)
    if buses is None and min_kv > 0:
        table = net.buses
        levels = table.loc[table["island"].notna(), "base_kv"]
        highest = float(levels.max())
        if highest == 0:
            raise OptionError(f"min_kv = {min_kv:g}: the case gives no base voltages (baseKV is 0 at every bus)")
        if highest < min_kv:
            raise OptionError(
                f"min_kv = {min_kv:g}: no bus in service is at or above it; the highest is {highest:g} kV"
            )
