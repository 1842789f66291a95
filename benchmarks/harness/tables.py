"""The same table for the terminal and for Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .results import OURS, Results, Row, exponents
from .statistics import Spread, duration

if TYPE_CHECKING:
    from rich.console import Console

WORDS = {
    "solve": "One power flow from a DC start",
    "solve-again": "One power flow from a DC start, structure kept",
    "sweep": "N-1 sweep without reactive limits",
    "sweep-q": "N-1 sweep with reactive limits",
    "headroom": "N-1 headroom",
}
EACH = {"sweep": "per outage", "sweep-q": "per outage", "headroom": "per bus"}


def title(kind: str, threads: int) -> str:
    single = kind in ("solve", "solve-again")
    return WORDS.get(kind, kind) + ("" if single else f", {threads} thread{'s' if threads > 1 else ''}")


def with_quartiles(spread: Spread) -> str:
    return f"{duration(spread.median)} [{duration(spread.low)}, {duration(spread.high)}]"


def small(value: float | None) -> str:
    return "-" if value is None or not math.isfinite(value) else f"{value:.1e}"


def columns(kind: str) -> list[str]:
    if kind == "headroom":
        return ["case", "tool", EACH[kind], "whole run", "buses", "states of each", "settled a second", "solved a second"]
    if kind in EACH:
        head = ["case", "tool", EACH[kind], "whole run", "outages, solved"]
    else:
        head = ["case", "tool", "time"]
    return [*head, f"× {OURS}", "residual, pu", "voltages differ, pu"]


def cells(row: Row, kind: str) -> list[str]:
    """A row of `columns(kind)`, of a peer that was timed."""
    record = row.record
    if row.each is None or row.total is None:
        raise ValueError(f"{record.peer} has no time on {record.case}: {record.reason}")
    head = [record.case, record.peer]
    if kind == "headroom":
        buses, states = record.runs[0]["detail"]["buses"], record.runs[0]["detail"]["states_total"]
        rates = [f"{count / row.total.median:,.0f}" for count in (buses * states, row.solved)]
        return [*head, with_quartiles(row.each), duration(row.total.median), str(buses), f"{states:,}", *rates]
    if kind in EACH:
        head += [with_quartiles(row.each), duration(row.total.median), f"{row.states:,}, {row.solved:,}"]
    else:
        head.append(with_quartiles(row.each))
    times = "-" if math.isnan(row.times_ours) else f"{row.times_ours:.2f}"
    differ = (record.agreement or {}).get("voltage_pu")
    return [*head, times, small(row.residual_pu), small(differ)]


def markdown_table(head: list[str], body: list[list[str]]) -> list[str]:
    def line(values: list[str]) -> str:
        return "| " + " | ".join(value.replace("|", "\\|") for value in values) + " |"

    return [line(head), "|" + "---|" * len(head), *[line(row) for row in body]]


def exponent_line(rows: list[Row]) -> str:
    fits = exponents(rows)
    if not fits:
        return ""
    texts = [f"{peer} {fit.exponent:.2f} ({fit.points} cases)" for peer, fit in fits.items()]
    return "Fitted exponent of the cost with the number of buses: " + ", ".join(texts) + "."


def not_timed(rows: list[Row]) -> list[str]:
    """Tools without a time and why, the same reason told once."""
    reasons: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        # Headroom is no comparison: that nobody else has it needs no list.
        if row.each is None and not (row.record.kind == "headroom" and row.record.status == "unsupported"):
            reasons.setdefault(row.record.reason, {}).setdefault(row.record.peer, []).append(row.record.case)
    cases = {row.record.case for row in rows}
    lines = []
    for reason, peers in reasons.items():
        names = [peer if set(of) == cases else f"{peer} ({', '.join(of)})" for peer, of in peers.items()]
        lines.append(f"{', '.join(names)}: {reason}")
    return lines


def markdown(results: Results, level: str = "##") -> str:
    """Tables of every kind of work."""
    lines: list[str] = []
    for kind, threads, rows in results.groups():
        lines += [f"{level} {title(kind, threads)}", ""]
        timed = [row for row in rows if row.each]
        if timed:
            lines += markdown_table(columns(kind), [cells(row, kind) for row in timed])
            lines.append("")
        if exponent := exponent_line(rows):
            lines += [exponent, ""]
        if left_out := not_timed(rows):
            lines += ["Not timed:", "", *[f"- {line}" for line in left_out], ""]
    return "\n".join(lines)


def show(results: Results, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    for kind, threads, rows in results.groups():
        table = Table(title=title(kind, threads), title_justify="left", box=None, pad_edge=False, header_style="bold")
        for k, name in enumerate(columns(kind)):
            table.add_column(name, justify="left" if k < 2 else "right", no_wrap=k < 2)
        for row in rows:
            if row.each:
                table.add_row(*[Text(cell) for cell in cells(row, kind)])
        console.print()
        console.print(table)
        for line in not_timed(rows):
            console.print(Text(f"not timed: {line}"), style="dim")
        if exponent := exponent_line(rows):
            console.print(exponent, highlight=False)
