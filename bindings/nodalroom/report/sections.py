"""Parts of the page, but the desk itself: figures, tables, and what was asked and assumed."""

from __future__ import annotations

from datetime import datetime, timezone
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from .._holding import holding_elements, holding_pairs
from .._words import (
    LADDER_WORDS,
    LIMIT_WORDS,
    REDISPATCH_WORDS,
    STATUS_WORDS,
    balance_text,
    counted,
    describe_options,
    limit_counts,
    over_without_load,
    over_words,
    past_limit,
    status_counts,
)
from .charts import LIMIT_COLOURS, capacity_curve, limit_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..study import Study
    from ..upgrades import Ladder, UpgradeList

#: Rows of a table of elements before the rest is only counted.
MOST_ELEMENTS = 20
#: A part of a name with as many letters may be broken after all.
LONG_PART = 24


def _short(mw: float) -> str:
    return f"{mw:,.0f}" if mw >= 1000 else f"{mw:,.1f}"


def figures_section(study: Study) -> str:
    table = study.table
    numbers = table["headroom_mw"]
    counts = status_counts(table)
    best = numbers.idxmax()
    name = table["name"].get(best)
    figures = [
        (f"{_short(numbers.median())} MW", "median headroom", f"of {counted(len(table), 'bus', 'buses')}"),
        (f"{_short(numbers.max())} MW", "largest headroom", f"bus {best} {name or ''}"),
        (f"{int((numbers >= 100).sum()):,}", "buses take 100 MW", f"or more, of {len(table):,}"),
        (f"{counts.get('already_limited', 0):,}", "buses take nothing", "any load breaks a limit"),
        (
            f"{study.states_total:,}",
            "states",
            f"{counted(study._core.bridges, 'bridge outage', 'bridge outages')} not simulated",
        ),
        _certificate_figure(study),
    ]
    if study.options["redispatch"] and table["redispatch_mw"].notna().any():
        again = table["redispatch_mw"]
        at = again.idxmax()
        figures[2:2] = [
            (f"{_short(again.median())} MW", "median, redispatch", "once generation makes way"),
            (f"{_short(again.max())} MW", "largest, redispatch", f"bus {at} {table['name'].get(at) or ''}"),
        ]
    cards = "".join(
        f"<div class='card'><b>{escape(value)}</b><span>{escape(label)}</span><small>{escape(note)}</small></div>"
        for value, label, note in figures
    )
    return f"<section class='cards'>{cards}</section>"


def _certificate_figure(study: Study) -> tuple[str, str, str]:
    table = study.table
    if study.options["certify"] == "all":
        certified = int(table["certified"].sum())
        return f"{certified:,} of {len(table):,}", "buses certified", "every state AC-solved just below the answer"
    return "screened", "certificate", "certify=all solves every state"


def figures_notes(study: Study) -> str:
    """What the figures rest on, and what their statuses mean."""
    table = study.table
    counts = status_counts(table)
    statuses = "; ".join(f"{count:,} {status} ({STATUS_WORDS[status]})" for status, count in counts.items())
    taken = int(over_without_load(table).sum())
    if taken:
        statuses += f". {over_words(taken)}"
    past = int(past_limit(table).sum()) - taken
    if past:
        voltage, thermal = study.options["attribution_voltage"], study.options["attribution"]
        statuses += (
            f". In {counted(past, 'row', 'rows')} the value stands past its limit (marked *): the limit itself was "
            "passed at a smaller load, or before any, and what is reached is the attribution, from which on it counts "
            f"against the new load: a voltage moved by {voltage:g} pu, a flow raised by {thermal:g} MVA per MW"
        )
    certified = int(table["certified"].sum())
    sure = f"{certified:,} of {counted(len(table), 'bus', 'buses')} had every state AC-solved just below the answer"
    return (
        f"<p class='note'>The new load is supplied by the balance <b>{escape(balance_text(study.options))}</b>; "
        f"no other option moves these numbers more. Statuses: {escape(statuses)}. {sure}.</p>"
        f"{_redispatch_note(study)}"
    )


def _redispatch_note(study: Study) -> str:
    if not study.options["redispatch"]:
        return ""
    counts = study.table["redispatch_status"].value_counts()
    statuses = "; ".join(
        f"{count:,} {str(status).replace('_', ' ')} ({REDISPATCH_WORDS[str(status)]})"
        for status, count in counts.items()
    )
    return (
        "<p class='note'><b>Redispatch headroom</b> is what the bus takes when the units in service are dispatched for "
        "it, within Pmin to Pmax: one dispatch for all states, each of them AC-checked. Where the two figures differ "
        f"much, it is the dispatch that binds and not the site. Statuses: {escape(statuses)}.</p>"
    )


def assumptions_section(study: Study) -> str:
    items = "".join(
        f"<div><dt>{escape(question)}</dt><dd>{escape(answer)}</dd></div>"
        for question, answer in describe_options(study.options)
    )
    net = study.network
    return (
        "<section id='assumed'><h2>What was asked and assumed</h2>"
        f"<p>{escape(repr(net).strip('<>'))}. Read from <code>{escape(net.source)}</code>. What the load hardly touches "
        f"does not count, so a limit may be a little passed.</p><dl>{items}</dl></section>"
    )


def curve_section(study: Study) -> str:
    again = study.table["redispatch_mw"].tolist() if study.options["redispatch"] else None
    return (
        "<section id='curve'><h2>How many buses take how much</h2>"
        f"{capacity_curve(study.table['headroom_mw'].tolist(), again)}"
        f"<h3>What limits them</h3>{limit_bar(limit_counts(study.table))}</section>"
    )


def holds_section(study: Study) -> str:
    parts = ["<section id='holds'><h2>What holds the grid back</h2>"]
    found = holding_elements(study)
    if not len(found):
        return ""
    parts.append(
        "<p class='note'>The elements at which the next MW breaks a limit, by the number of buses they stop, and the MW "
        "at which they stop them. Headrooms of two buses cannot be added. An element’s button shows its buses on the "
        "map and in the table.</p>"
    )
    rows = [
        [
            _element_cell(row, "headroom_mw"),
            _n(f"{row.buses:,}"),
            _n(f"{row.median:,.1f}"),
            _n(f"{row.least:,.1f}"),
            _n(f"{row.most:,.1f}"),
            f"<td class='tag'>{_limit_tag(str(row.limit_type))}</td>",
            f"<td>{_whole(row.state)}{_others(row.states)}</td>",
        ]
        for row in found.head(MOST_ELEMENTS).itertuples()
    ]
    heads = ["Element", "#Buses", "#Median MW", "#Least MW", "#Most MW", "Limit", "Most often in state"]
    parts.append(html_table(heads, rows, "The elements that stop most buses") + _further(len(found)))
    if study.options["redispatch"] and len(study.redispatch_pairs):
        found = holding_pairs(study)
        rows = [
            [
                _element_cell(row, "redispatch_mw"),
                _n(f"{row.per_percent:,.2f}"),
                _n(f"{row.buses:,}"),
                f"<td class='tag'>{_limit_tag(str(row.limit_type))}</td>",
                f"<td>{_whole(row.state)}{_others(row.states)}</td>",
            ]
            for row in found.head(MOST_ELEMENTS).itertuples()
        ]
        parts.append(
            "<h3>With redispatch</h3><p class='note'>Several elements hold a bus at once. MW per percent: what one "
            "percent more of the limit is worth to all buses it holds, to first order.</p>"
            + html_table(
                ["Element", "#MW per percent", "#Buses", "Limit", "Most often in state"],
                rows,
                "The elements that hold most redispatch headroom",
            )
            + _further(len(found))
        )
    return "".join(parts) + "</section>"


def _element_cell(row: Any, figure: str) -> str:
    if row.element_kind not in ("branch", "bus") or pd.isna(row.element_row):
        return f"<td>{_whole(row.element or '–')}</td>"
    return (
        f"<td><button type='button' class='held' data-kind='{row.element_kind}' data-row='{int(row.element_row)}' "
        f"data-figure='{figure}'>{_whole(row.element)}</button></td>"
    )


def _whole(text: Any) -> str:
    """A name as HTML, whose parts such as 2-4 are not broken at a line's end."""
    return " ".join(
        f"<span class='whole'>{escape(part)}</span>" if "-" in part and len(part) < LONG_PART else escape(part)
        for part in str(text).split(" ")
    )


def _others(states: int) -> str:
    return "" if states <= 1 else f" <small>and {counted(states - 1, 'other', 'others')}</small>"


def _further(total: int) -> str:
    more = total - MOST_ELEMENTS
    return f"<p class='note'>{counted(more, 'further element', 'further elements')}.</p>" if more > 0 else ""


def _n(text: str) -> str:
    return f"<td class='n'>{text}</td>"


def _mw(value: float, digits: int = 1) -> str:
    return _n("–" if pd.isna(value) else f"{value:,.{digits}f}")


def _text(value: Any) -> str:
    return f"<td>{'–' if value is None or pd.isna(value) else _whole(value)}</td>"


def html_table(heads: list[str], rows: list[list[str]], caption: str) -> str:
    """A table of cells that are HTML already; the headings of numbers begin with #."""
    head = "".join(
        f"<th scope='col' class='n'>{escape(name[1:])}</th>"
        if name[0] == "#"
        else f"<th scope='col'>{escape(name)}</th>"
        for name in heads
    )
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    return (
        f"<div class='scroll' tabindex='0' role='group' aria-label='{escape(caption, quote=True)}'><table>"
        f"<caption class='quiet'>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def upgrades_section(upgrades: UpgradeList) -> str:
    """The elements run without their limit, and what each would unlock."""
    figure = "redispatch headroom" if upgrades.redispatch else "headroom"
    ranked = upgrades.table.sort_values("unlocked_sum_mw", ascending=False, kind="stable", na_position="last")
    rows = [
        [
            _text(row.element),
            _mw(row.unlocked_sum_mw),
            _n(f"{row.buses_held:,}"),
            _mw(row.unlocked_median_mw),
            _n("–" if pd.isna(row.best_bus) else _bus_link(int(row.best_bus))),
            _mw(row.best_unlocked_mw),
        ]
        for row in ranked.itertuples()
    ]
    interrupted = (
        "" if upgrades.complete else "<p class='alarm'>Interrupted: elements without a number were not run.</p>"
    )
    return (
        "<section id='upgrades'><h2>What upgrades would unlock</h2>"
        f"<p class='note'>Each element with its limit removed alone, and {figure} found anew for the buses it holds: "
        f"{upgrades.runs[0]:,} of {counted(upgrades.elements_total, 'element', 'elements')}. Most MW "
        f"unlocked first, summed over those buses. What two elements unlock cannot be added.</p>{interrupted}"
        + html_table(
            ["Element", "#Unlocked in all MW", "#Buses held", "#Median MW", "#Best bus", "#Unlocked there MW"],
            rows,
            "Upgrades by element",
        )
        + "</section>"
    )


def ladders_section(ladders: Sequence[Ladder]) -> str:
    """Each ladder rung by rung, and what the upgraded elements carry at its end."""
    return (
        "<section id='ladders'><h2>Upgrade after upgrade</h2>"
        + "".join(_ladder(ladder) for ladder in ladders)
        + "</section>"
    )


def _ladder(ladder: Ladder) -> str:
    figure = "redispatch headroom" if ladder.redispatch else "headroom"
    rungs = [
        [
            _n(str(row.Index)),
            _mw(row.certified_mw),
            _text(str(row.status).replace("_", " ")),
            f"<td class='tag'>{_limit_tag(str(row.limit_type))}</td>",
            _text(row.contingency),
            _text(row.element),
            _text(row.upgrade),
        ]
        for row in ladder.table.itertuples()
    ]
    needs = [
        [
            _text(row.element),
            _mw(row.value, 4 if row.unit == "pu" else 1),
            _mw(row.limit, 4 if row.unit == "pu" else 1),
            _text(row.unit),
            _text(row.quantity),
            _text(row.contingency),
        ]
        for row in ladder.needs.itertuples()
    ]
    carries = (
        "<h4>What the upgraded elements carry at the end</h4>"
        + html_table(
            ["Element", "#Value", "#Limit before", "Unit", "Quantity", "In state"],
            needs,
            f"What the upgraded elements of bus {ladder.bus} carry",
        )
        if needs
        else ""
    )
    return (
        f"<h3>Bus {_bus_link(ladder.bus)}, to {ladder.target_mw:,g} MW of {figure}</h3>"
        f"<p class='note'>{escape(ladder.status.replace('_', ' '))}: {escape(LADDER_WORDS.get(ladder.status, ''))}.</p>"
        + html_table(
            ["#Rung", "#MW", "Status", "Limit", "State", "Element", "Upgrade for the next rung"],
            rungs,
            f"Ladder of bus {ladder.bus}",
        )
        + carries
    )


def _bus_link(bus: int) -> str:
    return f"<button type='button' class='bus-link' data-bus='{bus}'>{bus}</button>"


def _limit_tag(limit: str) -> str:
    colour = LIMIT_COLOURS.get(limit, "#999")
    return f"<i class='dot' style='background:{colour}'></i>{escape(LIMIT_WORDS.get(limit, limit))}"


def unsolvable_section(study: Study) -> str:
    if not study.intact_solved:
        return ""
    if not study.states_known:
        return (
            "<section id='left-out'><h2>States left out</h2><p class='alarm'>Not known: the study was interrupted before every state "
            "was solved without the new load.</p></section>"
        )
    states = study.unsolvable
    if not len(states):
        return "<section id='left-out'><h2>States left out</h2><p>None: every state has a solution without the new load.</p></section>"
    items = "".join(f"<li>{escape(str(name))}</li>" for name in states["contingency"].head(200))
    more = f"<p>… and {len(states) - 200} more.</p>" if len(states) > 200 else ""
    which = ("has", "It limits", "deserves") if len(states) == 1 else ("have", "They limit", "deserve")
    return (
        f"<section id='left-out'><h2>States left out</h2><p>{len(states):,} of {counted(study.states_total, 'state', 'states')} "
        f"{which[0]} no solution before any load is added. {which[1]} no bus here, and {which[2]} a look of "
        f"{'its' if len(states) == 1 else 'their'} own.</p>"
        f"<ul class='columns'>{items}</ul>{more}</section>"
    )


def bridges_section(study: Study) -> str:
    names = study.bridges["name"]
    if not len(names) or study.options["contingencies"] in ("none", "units"):
        return ""
    items = "".join(f"<li>{escape(str(name))}</li>" for name in names)
    return (
        "<section><h2>Bridge outages not simulated</h2><p>The loss of any of these branches splits its island. What is "
        "cut off is consequential load loss, and a new load behind one goes with it; buses behind one have it as "
        f"their radial feed.</p><details><summary>{counted(len(names), 'branch', 'branches')}</summary>"
        f"<ul class='columns'>{items}</ul></details></section>"
    )


def diagnostics_section(study: Study) -> str:
    found = study.network.diagnostics
    if not len(found):
        return ""
    items = "".join(
        f"<li><b>{escape(str(row.severity))}</b> <code>{escape(str(row.code))}</code> {escape(str(row.message))}</li>"
        for row in found.itertuples()
    )
    return f"<section id='notes'><h2>Notes on the case</h2><ul>{items}</ul></section>"


def check_section(study: Study) -> str:
    from ..study import witness_command

    bus = study.table["headroom_mw"].idxmax()
    return (
        "<section id='check'><h2>How to check a number</h2>"
        "<p>Every row has a witness: the case with the new load connected, the state’s outage applied, and every unit "
        f"at the production that balances it. For bus <b id='witness-bus'>{bus}</b>:</p>"
        f"<pre id='witness' aria-live='polite'>{escape(witness_command(study, int(bus)))}</pre>"
        "<p>Open the file in any power-flow tool and solve it without reactive limits: the element named in the row "
        "stands at the value given there, at its limit or past it; the file’s head says which. "
        "In Python: <code>study.witness(bus).save(path)</code>.</p></section>"
    )


def footer(study: Study) -> str:
    from .. import __version__

    made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return f"<footer>nodalroom {escape(__version__)}, {made}; the study took {study.seconds:,.1f} s.</footer>"
