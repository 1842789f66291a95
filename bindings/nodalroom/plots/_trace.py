"""The voltage of a bus as load is added there, by one power flow after another."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .._options import network_of, number, whole_number
from ..errors import OptionError
from ..network import Network, parse

#: A step in which the voltage moves more is made again, half as long.
LARGEST_STEP_PU = 0.01
#: A step in which it moves less is followed by a longer one.
SMALL_STEP_PU = 0.004
#: The nose lies between the last load with a solution and this much more, MW.
NOSE_MW = 0.02
FEWEST_STEPS = 40

#: Columns of MATPOWER's tables, from 0.
PD, GEN_STATUS, BRANCH_STATUS = 2, 7, 10


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
    network_of("plots.pv_curve", net)
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
    text = net.to_matpower() or ""
    if kind == "branch":
        text = _with_cell(text, "branch", row, BRANCH_STATUS, "0")
    elif kind == "unit":
        text = _with_cell(text, "gen", row, GEN_STATUS, "0")
    p_mw, q_mvar = _load_of(net, asked)
    if p_mw == 0 and q_mvar == 0:
        # So that the bus has a load whose power can be set; it is set in every power flow.
        text = _with_cell(text, "bus", int(buses["row"][asked]), PD, "1")
    state = parse(text, net.source)
    loads = state.loads
    load_row = int(loads.index[loads["bus"] == asked][0])
    solver = state.solver(
        q_limits=options.get("q_limits", True),
        balance=rule,
        balance_area=area,
        tolerance=options.get("tolerance", 1e-8),
    )
    per_mw = math.tan(math.acos(factor))

    def solved(added: float, start: Any) -> Any:
        return solver.solve(
            load_p_mw={load_row: p_mw + added}, load_q_mvar={load_row: q_mvar + added * per_mw}, init=start
        )

    words = "intact" if kind == "intact" else f"without {_name_of(net, kind, row)}"
    last = solved(0.0, None)
    if not last.converged:
        raise OptionError(f"bus {asked}: the state ({words}) has no solution without new load: {last.reason}")
    points = [(0.0, float(last.buses["vm_pu"][asked]))]
    step = largest = cap / FEWEST_STEPS
    while points[-1][0] < cap and step >= NOSE_MW:
        load, volts = points[-1]
        further = min(load + step, cap)
        flow = solved(further, last)
        # An eased solution was not reached from the one before: it may lie on another branch.
        reached = flow.converged and not flow.attempts["eased"].iloc[-1]
        moved = abs(float(flow.buses["vm_pu"][asked]) - volts) if reached else math.inf
        if moved > LARGEST_STEP_PU:
            step /= 2
            continue
        last = flow
        points.append((further, float(flow.buses["vm_pu"][asked])))
        if moved < SMALL_STEP_PU:
            step = min(1.5 * step, largest)
    band = options.get("voltage_band" if kind == "intact" else "voltage_band_post")
    values = np.array(points)
    return PvCurve(
        bus=asked,
        load_mw=values[:, 0],
        vm_pu=values[:, 1],
        nose=points[-1][0] < cap,
        vmin_pu=float(buses["vmin_pu"][asked] if band is None else band[0]),
        power_factor=factor,
        balance=(rule if isinstance(rule, str) else "weights") + ("" if area is None else f" in area {area}"),
        state=words,
    )


def _load_of(net: Network, bus: int) -> tuple[float, float]:
    loads = net.loads
    rows = loads[loads["bus"] == bus]
    return (0.0, 0.0) if rows.empty else (float(rows["p_mw"].iloc[0]), float(rows["q_mvar"].iloc[0]))


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


def _with_cell(text: str, table: str, row: int, column: int, value: str) -> str:
    """A case as nodalroom writes it, with one cell of a table replaced; rows from 1, columns from 0."""
    lines = text.splitlines()
    at = lines.index(f"mpc.{table} = [") + row
    cells = lines[at].strip().rstrip(";").split()
    cells[column] = value
    lines[at] = "\t" + "\t".join(cells) + ";"
    return "\n".join(lines) + "\n"
