"""Results in a notebook's cell: compact, and readable on light and dark ground.

Whatever comes from a case is text here: it is escaped, and never markup.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from ._words import (
    counted,
    describe_options,
    limit_counts,
    limits_broken,
    over_without_load,
    past_limit,
    status_counts,
)

if TYPE_CHECKING:
    from .compare import Comparison
    from .contingency import Sweep
    from .network import Network
    from .powerflow import PowerFlow
    from .study import Study
    from .upgrades import Ladder, UpgradeList

#: Rows of a table that are shown.
SHOWN = 8
#: Letters of a text that stays on one line.
LONG = 40

# Colours are those of the notebook: only lines and muted words are our own, in grey that both grounds bear.
LINE = "1px solid rgba(128,128,128,.35)"
CELL = "padding:.15em .7em;border:0;background:none"
MUTED = "opacity:.7"


def card(title: str, facts: Iterable[tuple[str, str]], *tables: str, folded: str = "") -> str:
    """A titled list of facts, tables below, and what is folded away under a summary."""
    return (
        f"<div style='border-left:3px solid rgba(128,128,128,.5);padding:.1em 0 .1em .8em;max-width:72em'>"
        f"<div><b>{escape(title)}</b></div>{facts_table(facts)}{''.join(tables)}{folded}</div>"
    )


def fold(title: str, body: str) -> str:
    return f"<details><summary style='cursor:pointer;{MUTED}'>{escape(title)}</summary>{body}</details>"


def facts_table(facts: Iterable[tuple[str, str]]) -> str:
    rows = "".join(
        f"<tr style='background:none'><td style='{CELL};text-align:left;vertical-align:top;{MUTED}'>{escape(name)}</td>"
        f"<td style='{CELL};text-align:left'>{escape(value)}</td></tr>"
        for name, value in facts
    )
    return f"<table style='border-collapse:collapse;margin:.3em 0'>{rows}</table>"


def small_table(caption: str, frame: pd.DataFrame, columns: Sequence[str]) -> str:
    """The first rows of a table, with the index where it has a name."""
    total = len(frame)
    shown = frame.head(SHOWN)
    columns = [name for name in columns if name != "name" or shown[name].notna().any()]
    if shown.index.name is not None:
        shown = shown.reset_index()
        columns = [str(frame.index.name), *columns]
    numeric = {name: pd.api.types.is_numeric_dtype(shown[name].dtype) for name in columns}

    def cell(tag: str, name: str, text: str) -> str:
        side = "right" if numeric[name] else "left"
        width = "white-space:nowrap" if len(text) <= LONG else "min-width:20em"
        return f"<{tag} style='{CELL};text-align:{side};{width}'>{escape(text)}</{tag}>"

    head = "".join(cell("th", name, name) for name in columns)
    body = "".join(
        f"<tr style='background:none;border-top:{LINE}'>"
        + "".join(cell("td", name, words_of(value)) for name, value in zip(columns, row, strict=True))
        + "</tr>"
        for row in zip(*(shown[name].tolist() for name in columns), strict=True)
    )
    more = f" <span style='{MUTED}'>… and {total - len(shown):,} more</span>" if total > len(shown) else ""
    return (
        f"<div style='margin:.4em 0;overflow-x:auto'><div style='{MUTED}'>{escape(caption)}</div>"
        f"<table style='border-collapse:collapse;border-bottom:{LINE}'><thead><tr style='background:none'>{head}"
        f"</tr></thead><tbody>{body}</tbody></table>{more}</div>"
    )


def words_of(value: Any) -> str:
    """A cell: an en dash for what is missing."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.4g}"
    return str(value)


def network_card(net: Network) -> str:
    buses, branches, units, loads = net.buses, net.branches, net.generators, net.loads
    in_service = units["in_service"]
    levels = sorted({kv for kv in buses["base_kv"] if kv > 0}, reverse=True)
    facts = [
        ("Read from", net.source),
        *[("Edited", edit) for edit in net.edits],
        ("Buses", f"{len(buses):,}, {counted(net.islands, 'island', 'islands')}"),
        ("Branches in service", f"{int(branches['in_service'].sum()):,} of {len(branches):,}"),
        ("Units in service", f"{int(in_service.sum()):,} of {len(units):,}"),
        (
            "Load and dispatch",
            f"{loads['p_mw'][loads['in_service']].sum():,.0f} MW and {units['p_mw'][in_service].sum():,.0f} MW",
        ),
        ("Base voltages", ", ".join(f"{kv:g}" for kv in levels) + " kV" if levels else "unknown"),
    ]
    notes = net.diagnostics
    tables = [small_table("Diagnostics", notes, ["severity", "code", "message"])] if len(notes) else []
    return card(f"Network {net.name}", facts, *tables)


def power_flow_card(flow: PowerFlow) -> str:
    facts = [("Status", flow.status), ("What came of it", flow.reason)]
    if not flow.converged:
        return card(f"Power flow of {flow.network.name}", facts)
    voltages = flow.buses["vm_pu"]
    facts.append(("Lowest voltage", f"{voltages.min():.4f} pu at bus {voltages.idxmin()}"))
    facts.append(("Highest voltage", f"{voltages.max():.4f} pu at bus {voltages.idxmax()}"))
    loaded = flow.branches.dropna(subset="loading_percent").nlargest(SHOWN, "loading_percent")
    columns = ["name", "s_mva", "rate_a_mva", "loading_percent"]
    return card(
        f"Power flow of {flow.network.name}",
        facts,
        *([small_table("Highest loadings", loaded, columns)] if len(loaded) else []),
    )


def sweep_card(sweep: Sweep) -> str:
    facts = [
        ("States", joined(status_counts(sweep.table)) + ("" if sweep.complete else "; interrupted")),
        ("Balance", str(sweep.options["balance"])),
        ("Limits broken", limits_broken(sweep, "violation", "violations")),
        *[("Edited", edit) for edit in sweep.network.edits],
    ]
    if not sweep.intact_solved:
        facts.append(("Intact case", sweep.reason))
    columns = ["contingency", "limit_type", "element", "value", "limit", "unit"]
    tables = [small_table("Violations", sweep.violations, columns)] if len(sweep.violations) else []
    return card(f"N-1 sweep of {sweep.network.name}", facts, *tables)


def study_card(study: Study) -> str:
    table = study.table
    facts = [
        (
            "Buses",
            f"{len(table):,} of {study.candidates:,}{'' if study.complete else ' (interrupted)'}, "
            f"{counted(study.states_total, 'state', 'states')}, {study.seconds:.1f} s",
        ),
        *[("Edited", edit) for edit in study.network.edits],
    ]
    if not study.intact_solved:
        facts.append(("No number", study.reason))
    else:
        facts.append(("Status", joined(status_counts(table)) or "nothing finished"))
        facts.append(("What binds", joined(limit_counts(table)) or "–"))
    if len(study.unsolvable):
        states = counted(len(study.unsolvable), "state has", "states have")
        facts.append(("Left out", f"{states} no solution without any new load (unsolvable)"))
    taken = int(over_without_load(table).sum())
    if taken:
        facts.append(("Over without load", counted(taken, "bus", "buses") + ": the new load adds to what is over already"))
    past = int(past_limit(table).sum()) - taken
    if past:
        facts.append(("Past the limit", counted(past, "value", "values") + ": what is reached is the attribution"))
    columns = ["name", "base_kv", "headroom_mw", "status", "limit_type", "contingency", "element"]
    if study.options["redispatch"]:
        columns[3:3] = ["redispatch_mw"]
    tables = []
    if len(table) and study.intact_solved:
        numbers = table["headroom_mw"]
        facts.append(("Headroom", f"median {numbers.median():,.1f} MW, largest {numbers.max():,.1f} MW"))
        if study.options["redispatch"] and table["redispatch_mw"].notna().any():
            again = table["redispatch_mw"]
            facts.append(("With redispatch", f"median {again.median():,.1f} MW, largest {again.max():,.1f} MW"))
        best = table.sort_values("headroom_mw", ascending=False, kind="stable")
        tables.append(small_table("Most headroom", best, columns))
    asked = fold("What was asked and assumed", facts_table(describe_options(study.options)))
    return card(f"Headroom study of {study.network.name}", facts, *tables, folded=asked)


def ladder_card(ladder: Ladder) -> str:
    facts = [
        ("Climbs", f"{'redispatch headroom' if ladder.redispatch else 'headroom'}, to {ladder.target_mw:g} MW"),
        ("Status", ladder.status),
    ]
    columns = ["certified_mw", "limit_type", "contingency", "element", "upgrade"]
    title = f"Ladder of bus {ladder.bus} of {ladder.study.network.name}"
    asked = fold("What was asked and assumed", facts_table(describe_options(ladder.options)))
    return card(title, facts, small_table("Rungs", ladder.table, columns), folded=asked)


def upgrades_card(upgrades: UpgradeList) -> str:
    done, wanted = upgrades.runs
    facts = [
        ("Elements", f"{done} of {wanted} run without their limit; {upgrades.elements_total} hold a bus"),
        ("Holds a bus", "pairs of redispatch headroom" if upgrades.redispatch else "what binds headroom"),
    ]
    columns = ["element", "buses_held", "unlocked_sum_mw", "unlocked_median_mw", "best_bus", "best_unlocked_mw"]
    asked = fold("What was asked and assumed", facts_table(describe_options(upgrades.options)))
    title = f"Upgrades of {upgrades.study.network.name}"
    return card(title, facts, small_table("What each unlocks", upgrades.table, columns), folded=asked)


def comparison_card(found: Comparison) -> str:
    columns = ["name", "before_mw", "after_mw", "change_mw", "status_after", "why"]
    moved = found.largest_changes(len(found.table))
    tables = [small_table("Largest changes", moved, columns)]
    if len(found.options):
        tables.insert(0, small_table("Options that differ", found.options_in_words(), ["first", "second"]))
    return card(f"{found.first.network.name} against {found.second.network.name}", found.facts(), *tables)


def joined(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {word}" for word, count in counts.items())
