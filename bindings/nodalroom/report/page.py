"""The page, put together from a study."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

from .._output import plain
from .._words import (
    LIMIT_WORDS,
    REDISPATCH_WORDS,
    STATUS_WORDS,
    balance_text,
    binding_counts,
    counted,
    describe_options,
    limit_counts,
    past_limit,
    status_counts,
)
from .charts import LIMIT_COLOURS, capacity_curve, limit_bar

if TYPE_CHECKING:
    import pandas as pd

    from ..study import Study

#: Columns of the table of buses, as the page shows them: (column, heading, explanation).
COLUMNS = [
    ("bus", "Bus", "number in the case file"),
    ("name", "Name", "name in the case file"),
    ("base_kv", "kV", "base voltage"),
    ("headroom_mw", "Headroom MW", "MW of new load that fit"),
    ("status", "Status", "what kind of answer it is"),
    ("limit_type", "Limit type", "what the next MW breaks"),
    ("contingency", "State", "the outage in which it breaks, or intact"),
    ("element", "Element", "where it breaks"),
    ("value", "Value", "at the headroom: MVA, pu, or MW of spare generation; * past the limit"),
    ("limit", "Limit is", "the limit, in the same unit"),
    ("value_without_load", "Without load", "the value in the same state without the new load"),
    ("factor", "Per MW", "growth of the value per MW of new load"),
    ("thermal_mw", "Thermal MW", "first thermal limit"),
    ("voltage_mw", "Voltage MW", "first voltage limit"),
    ("collapse_mw", "Collapse MW", "last load with a solution"),
    ("generation_mw", "Spare gen. MW", "spare generation of the intact state"),
    ("feasible_mw", "Clean at MW", "highest load checked clean"),
    ("violated_mw", "Broken at MW", "lowest load checked violated"),
    ("states", "States solved", "AC-solved at the highest clean load, of all states"),
    ("radial_feed", "Radial feed", "the one branch that feeds the bus, whose outage is not simulated"),
]


#: Beside them, where redispatch was asked for: after the column before which they stand.
REDISPATCH_COLUMNS = [
    ("redispatch_mw", "Redispatch MW", "MW of new load that fit once generation makes way"),
    ("redispatch_bound_mw", "Bound MW", "what the linear program still promises there"),
    ("redispatch_status", "Redispatch status", "whether both agree, or what ends it"),
    ("redispatch_moved_mw", "Moved MW", "taken over by some units from others, beside the balance rule"),
    ("redispatch_contingency", "Its state", "of the pair whose limit is worth most there"),
    ("redispatch_element", "Its element", "of the pair whose limit is worth most there"),
]


def columns_of(study: Study) -> list[tuple[str, str, str]]:
    if not study.options["redispatch"]:
        return COLUMNS
    at = [name for name, _, _ in COLUMNS].index("status")
    return [*COLUMNS[:at], *REDISPATCH_COLUMNS[:1], *COLUMNS[at:], *REDISPATCH_COLUMNS[1:]]


def study_page(study: Study, title: str | None = None) -> str:
    """The whole page as text."""
    title = title or f"Headroom of {study.network.name}"
    parts = [_intro(study, title)]
    if study.intact_solved and len(study.table):
        parts += [
            _figures(study),
            _assumptions(study),
            _curve(study),
            _binding(study),
            _worth(study),
            _buses(study),
            _check(study),
        ]
    else:
        parts.append(_assumptions(study))
    parts += [_unsolvable(study), _bridges(study), _diagnostics(study), _footer(study)]
    return _DOCUMENT.format(
        title=escape(title),
        css=_asset("page.css"),
        body="\n".join(part for part in parts if part),
        data=_json(_data(study)),
        js=_asset("page.js"),
    )


_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{title}</title>
<style>
{css}</style>
</head>
<body>
<main>
{body}
</main>
<script type="application/json" id="study">{data}</script>
<script>
{js}</script>
</body>
</html>
"""


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _json(content: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data(study: Study) -> dict[str, Any]:
    """The table of buses, and how to make a witness, for the script of the page."""
    from ..study import witness_words

    frame = study.table.reset_index()
    past = past_limit(study.table).tolist() if len(frame) else []
    frame["base_kv"] = frame["base_kv"].where(frame["base_kv"] > 0)  # 0: unknown
    frame["states"] = [
        f"{solved} of {total}" for solved, total in zip(frame["states_solved"], frame["states_total"], strict=True)
    ]
    columns = columns_of(study)
    rows = zip(*(_values(frame[name]) for name, _, _ in columns), strict=True)
    return {
        "columns": [name for name, _, _ in columns],
        "rows": [list(row) for row in rows],
        "limits": LIMIT_WORDS,
        "colours": LIMIT_COLOURS,
        "past_limit": past,
        "witness": witness_words(study),
        "file": f"headroom_{_file_name(study.network.name)}.csv",
    }


def _file_name(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name)


def _values(column: pd.Series) -> list[Any]:
    """Values as JSON has them; infinity is text, missing is null; no more digits than a reader can use."""
    values: list[Any] = []
    for value in column.tolist():
        if isinstance(value, float) and value == float("inf"):
            values.append("inf")
        else:
            value = plain(value)
            values.append(float(f"{value:.7g}") if isinstance(value, float) else value)
    return values


def _intro(study: Study, title: str) -> str:
    net = study.network
    lines = [
        f"<header><h1>{escape(title)}</h1>",
        "<p class='lead'>How many MW of new load fit at each bus before the first limit counts against them, in the "
        f"{'intact grid' if study.options['contingencies'] == 'none' else 'intact grid and after any single outage'}, "
        "and which limit it is. What the load hardly touches does not count, so a limit may be a little passed.</p>",
        f"<p>{escape(repr(net).strip('<>'))}. Read from <code>{escape(net.source)}</code>.</p>",
    ]
    if not study.intact_solved:
        lines.append(
            f"<p class='alarm'>No number is given: the intact case has no solution. {escape(study.reason)}</p>"
        )
    elif not study.complete:
        lines.append(
            f"<p class='alarm'>Interrupted: {len(study.table)} of {counted(study.candidates, 'bus', 'buses')} were "
            "finished; the others are not in this report.</p>"
        )
    return "\n".join([*lines, "</header>"])


def _short(mw: float) -> str:
    return f"{mw:,.0f}" if mw >= 1000 else f"{mw:,.1f}"


def _figures(study: Study) -> str:
    table = study.table
    numbers = table["headroom_mw"]
    counts = status_counts(table)
    best = numbers.idxmax()
    name = table["name"].get(best)
    certified = int(table["certified"].sum())
    figures = [
        (f"{_short(numbers.median())} MW", "median headroom", f"of {counted(len(table), 'bus', 'buses')}"),
        (f"{_short(numbers.max())} MW", "largest headroom", f"bus {best} {name or ''}"),
        (f"{int((numbers >= 100).sum()):,}", "buses that take 100 MW or more", f"of {len(table):,}"),
        (f"{counts.get('already_limited', 0):,}", "buses that take nothing", "any load breaks a limit"),
        (
            f"{study.states_total:,}",
            "states",
            f"{counted(study._core.bridges, 'bridge outage', 'bridge outages')} not simulated",
        ),
        (
            f"{certified:,}",
            "buses certified",
            f"every state AC-solved just below the answer, of {len(table):,}",
        ),
    ]
    if study.options["redispatch"] and table["redispatch_mw"].notna().any():
        again = table["redispatch_mw"]
        at = again.idxmax()
        figures[2:2] = [
            (f"{_short(again.median())} MW", "median redispatch headroom", "once generation makes way"),
            (f"{_short(again.max())} MW", "largest redispatch headroom", f"bus {at} {table['name'].get(at) or ''}"),
        ]
    cards = "".join(
        f"<div class='card'><b>{escape(value)}</b><span>{escape(label)}</span><small>{escape(note)}</small></div>"
        for value, label, note in figures
    )
    statuses = "; ".join(f"{count:,} {status} ({STATUS_WORDS[status]})" for status, count in counts.items())
    past = int(past_limit(table).sum())
    if past:
        voltage, thermal = study.options["attribution_voltage"], study.options["attribution"]
        statuses += (
            f". In {counted(past, 'row', 'rows')} the value stands past its limit (marked *): the limit itself was "
            "passed at a smaller load, or before any, and what is reached is the attribution, from which on it counts "
            f"against the new load: a voltage moved by {voltage:g} pu, a flow raised by {thermal:g} MVA per MW"
        )
    return (
        f"<section class='cards'>{cards}</section>"
        f"<p class='note'>The new load is supplied by the balance <b>{escape(balance_text(study.options))}</b>; "
        f"no other option moves these numbers more. Statuses: {escape(statuses)}.</p>{_redispatch_note(study)}"
    )


def _redispatch_note(study: Study) -> str:
    if not study.options["redispatch"]:
        return ""
    counts = study.table["redispatch_status"].value_counts()
    statuses = "; ".join(
        f"{count:,} {str(status).replace('_', ' ')} ({REDISPATCH_WORDS[str(status)]})" for status, count in counts.items()
    )
    return (
        "<p class='note'><b>Redispatch headroom</b> is what the bus takes when the units in service are dispatched for "
        "it, within Pmin to Pmax: one dispatch for all states, each of them AC-checked. Where the two figures differ "
        f"much, it is the dispatch that binds and not the site. Statuses: {escape(statuses)}.</p>"
    )


def _assumptions(study: Study) -> str:
    items = "".join(
        f"<div><dt>{escape(question)}</dt><dd>{escape(answer)}</dd></div>"
        for question, answer in describe_options(study.options)
    )
    return f"<section><h2>What was asked and assumed</h2><dl>{items}</dl></section>"


def _curve(study: Study) -> str:
    return (
        "<section><h2>How many buses take how much</h2>"
        f"{capacity_curve(study.table['headroom_mw'].tolist())}"
        f"<h3>What limits them</h3>{limit_bar(limit_counts(study.table))}</section>"
    )


def _binding(study: Study) -> str:
    counts = binding_counts(study.table)
    shown = counts.head(15)
    if not len(shown):
        return ""
    rows = "".join(
        f"<tr><td class='n'>{row.buses:,}</td><td class='n'>{row.median_mw:,.1f}</td>"
        f"<td>{_limit_tag(str(row.limit_type))}</td><td>{escape(str(row.contingency))}</td>"
        f"<td>{escape(str(row.element or ''))}</td></tr>"
        for row in shown.itertuples()
    )
    note = (
        f"<p class='note'>{counted(len(counts) - len(shown), 'further pair binds', 'further pairs bind')} no more "
        "buses than these.</p>"
        if len(counts) > len(shown)
        else ""
    )
    return (
        "<section><h2>What binds most buses</h2><div class='scroll'><table><thead><tr><th class='n'>Buses</th>"
        "<th class='n'>Median MW</th><th>Limit</th><th>State</th><th>Element</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{note}</section>"
    )


def _worth(study: Study) -> str:
    """The pairs that hold most redispatch headroom, by what a percent more of their limit is worth."""
    if not study.options["redispatch"] or not len(study.redispatch_pairs):
        return ""
    pairs = study.redispatch_pairs.reset_index()
    pairs["per_percent"] = 0.01 * pairs["shadow_price"] * pairs["limit"].abs()
    keys = ["limit_type", "contingency", "element"]
    groups = pairs.groupby(keys, dropna=False, sort=False)["per_percent"]
    worth = groups.agg(buses="size", per_percent="sum").reset_index()
    shown = worth.sort_values("per_percent", ascending=False, kind="stable").head(15)
    rows = "".join(
        f"<tr><td class='n'>{row.buses:,}</td><td class='n'>{row.per_percent:,.2f}</td>"
        f"<td>{_limit_tag(str(row.limit_type))}</td><td>{escape(str(row.contingency))}</td>"
        f"<td>{escape(str(row.element or ''))}</td></tr>"
        for row in shown.itertuples()
    )
    return (
        "<section><h2>What holds redispatch headroom back</h2><p class='note'>Pairs that bind at the dispatch found, by "
        "the MW that one percent more of their limit is worth to all buses they hold, to first order.</p>"
        "<div class='scroll'><table><thead><tr><th class='n'>Buses</th><th class='n'>MW per percent</th>"
        f"<th>Limit</th><th>State</th><th>Element</th></tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _limit_tag(limit: str) -> str:
    colour = LIMIT_COLOURS.get(limit, "#999")
    return f"<i class='dot' style='background:{colour}'></i>{escape(LIMIT_WORDS.get(limit, limit))}"


def _buses(study: Study) -> str:
    heads = "".join(
        f"<th scope='col' data-column='{name}' title='{escape(explanation, quote=True)}'>{escape(heading)}</th>"
        for name, heading, explanation in columns_of(study)
    )
    kinds = "".join(
        f"<option value='{escape(limit)}'>{escape(LIMIT_WORDS.get(limit, limit))}</option>"
        for limit in study.table["limit_type"].value_counts().index
    )
    return (
        "<section><h2>All buses</h2>"
        "<p class='note'>Click a heading to sort, a row for the command that makes its witness (below); Enter does the "
        "same on the keyboard. A dash: does not apply; “none”: no such limit up to the cap; *: past its limit, where "
        "the attribution is what is reached.</p>"
        "<div class='tools'><input id='find' type='search' placeholder='Bus, name, state or element' aria-label='Find'>"
        f"<select id='kind' aria-label='Limit'><option value=''>every limit</option>{kinds}</select>"
        "<label>at least <input id='least-kv' type='number' min='0' step='any'> kV</label>"
        "<label>at least <input id='least-mw' type='number' min='0' step='any'> MW</label>"
        "<button id='download' type='button'>CSV of these rows</button>"
        "<span id='count' aria-live='polite'></span></div>"
        f"<div class='scroll tall'><table id='buses'><thead><tr>{heads}</tr></thead><tbody></tbody></table></div>"
        "<button id='more' type='button' hidden>Show more</button>"
        "<noscript><p class='alarm'>The table needs the script inside this page.</p></noscript></section>"
    )


def _unsolvable(study: Study) -> str:
    if not study.intact_solved:
        return ""
    if not study.states_known:
        return (
            "<section><h2>States left out</h2><p class='alarm'>Not known: the study was interrupted before every state "
            "was solved without the new load.</p></section>"
        )
    states = study.unsolvable
    if not len(states):
        return (
            "<section><h2>States left out</h2><p>None: every state has a solution without the new load.</p></section>"
        )
    items = "".join(f"<li>{escape(str(name))}</li>" for name in states["contingency"].head(200))
    more = f"<p>… and {len(states) - 200} more.</p>" if len(states) > 200 else ""
    which = ("has", "It limits", "deserves") if len(states) == 1 else ("have", "They limit", "deserve")
    return (
        f"<section><h2>States left out</h2><p>{len(states):,} of {counted(study.states_total, 'state', 'states')} "
        f"{which[0]} no solution before any load is added. {which[1]} no bus here, and {which[2]} a look of "
        f"{'its' if len(states) == 1 else 'their'} own.</p>"
        f"<ul class='columns'>{items}</ul>{more}</section>"
    )


def _bridges(study: Study) -> str:
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


def _diagnostics(study: Study) -> str:
    found = study.network.diagnostics
    if not len(found):
        return ""
    items = "".join(
        f"<li><b>{escape(str(row.severity))}</b> <code>{escape(str(row.code))}</code> {escape(str(row.message))}</li>"
        for row in found.itertuples()
    )
    return f"<section><h2>Doubts about the case</h2><ul>{items}</ul></section>"


def _check(study: Study) -> str:
    from ..study import witness_command

    bus = study.table["headroom_mw"].idxmax()
    return (
        "<section><h2>How to check a number</h2>"
        "<p>Every row has a witness: the case with the new load connected, the state’s outage applied, and every unit "
        f"at the production that balances it. For bus <b id='witness-bus'>{bus}</b>:</p>"
        f"<pre id='witness' aria-live='polite'>{escape(witness_command(study, int(bus)))}</pre>"
        "<p>Open the file in any power-flow tool and solve it without reactive limits: the element named in the row "
        "stands at the value given there, at its limit or past it; the file’s head says which. "
        "In Python: <code>study.witness(bus).save(path)</code>.</p></section>"
    )


def _footer(study: Study) -> str:
    from .. import __version__

    made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return f"<footer>nodalroom {escape(__version__)}, {made}; the study took {study.seconds:,.1f} s.</footer>"
