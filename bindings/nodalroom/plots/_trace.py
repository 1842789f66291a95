"""The voltage of a bus as load is added there, along the path that a study follows."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import _core
from .._options import balance_of, flag, network_of, number, whole_number
from ..errors import OptionError
from ..network import Network


@dataclass
class PvCurve:
    """Voltages over loads, and the assumptions behind them."""

    bus: int
    load_mw: np.ndarray
    vm_pu: np.ndarray
    #: Whether it ends because there is no further solution, not at the cap.
    nose: bool
    vmin_pu: float
    power_factor: float
    balance: str
    #: The state in words.
    state: str


def trace_pv(
    net: Network,
    study_options: dict[str, Any] | None,
    bus: Any,
    power_factor: Any,
    contingency: Any,
    balance: Any,
    max_mw: Any,
) -> PvCurve:
    """Follows the solution from no new load upwards, under the options of a study where there is one."""
    core_network = network_of("plots.pv_curve", net)
    options = study_options or {}
    buses = net.buses
    asked = whole_number("bus", bus, least=-(2**53), most=2**53)
    if asked not in buses.index:
        raise OptionError(f"bus = {asked}; {net.name} has no such bus")
    if buses["island"].isna()[asked]:
        raise OptionError(f"bus = {asked}; it is out of service")
    factor = number("power_factor", options.get("power_factor", 0.95) if power_factor is None else power_factor)
    if not 0 < factor <= 1:
        raise OptionError(f"power_factor = {factor:g}; must be in (0, 1]")
    cap = number("max_mw", options.get("max_mw", 2000.0) if max_mw is None else max_mw)
    if not (math.isfinite(cap) and cap > 0):
        raise OptionError(f"max_mw = {cap:g}; must be finite and > 0")
    if balance is None and options.get("balance") == "weights":
        raise OptionError("the weights of a study are not kept; give them again: balance=...")
    rule = options.get("balance", "spare") if balance is None else balance
    area = options.get("balance_area") if balance is None else None

    kind, row = _outage(net, contingency)
    words = "intact" if kind == "intact" else f"without {_name_of(net, kind, row)}"
    columns, ends, problem = _core.trace_load(
        core_network,
        bus=asked,
        contingency_kind=kind,
        contingency_row=row,
        power_factor=factor,
        max_mw=cap,
        q_limits=flag("q_limits", options.get("q_limits", True)),
        **balance_of(rule, area, net._units()),
        tolerance=options.get("tolerance", 1e-8),
    )
    if problem:
        raise OptionError(f"bus {asked}: the state ({words}) has no solution without new load: {problem}")
    band = options.get("voltage_band" if kind == "intact" else "voltage_band_post")
    return PvCurve(
        bus=asked,
        load_mw=columns["load_mw"],
        vm_pu=columns["vm_pu"],
        nose=ends,
        vmin_pu=float(buses["vmin_pu"][asked] if band is None else band[0]),
        power_factor=factor,
        balance=(rule if isinstance(rule, str) else "weights") + ("" if area is None else f" in area {area}"),
        state=words,
    )


def _outage(net: Network, contingency: Any) -> tuple[str, int]:
    """Kind and 1-based row of an outage, checked."""
    if contingency is None or contingency == "intact":
        return "intact", 0
    if isinstance(contingency, str):
        found = re.match(r"(branch|unit) (\d+)\b", contingency)
        kind, row = (found[1], int(found[2])) if found else ("", 0)
    elif isinstance(contingency, tuple) and len(contingency) == 2 and contingency[0] in ("branch", "unit"):
        kind, row = contingency[0], whole_number("contingency", contingency[1], least=1)
    else:
        kind, row = "", 0
    if not kind:
        raise OptionError(
            f"contingency = {contingency!r}; must be an outage such as 'branch 4: 2-4 ckt 1' or ('branch', 4)"
        )
    table: pd.DataFrame = net.branches if kind == "branch" else net.generators
    if row not in table.index:
        raise OptionError(f"contingency = {contingency!r}; there is no {kind} {row}, the case has {len(table)}")
    if isinstance(contingency, str) and contingency not in (f"{kind} {row}", _name_of(net, kind, row)):
        raise OptionError(f"contingency = {contingency!r}; {kind} {row} of the case is {_name_of(net, kind, row)!r}")
    if not table["in_service"][row]:
        raise OptionError(f"contingency = {contingency!r}; it is out of service already")
    if kind == "branch" and table["is_bridge"][row]:
        raise OptionError(f"contingency = {contingency!r}; its loss splits the network and is not simulated")
    return kind, row


def _name_of(net: Network, kind: str, row: int) -> str:
    return str((net.branches if kind == "branch" else net.generators)["name"][row])
