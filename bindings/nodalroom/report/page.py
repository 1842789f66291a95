"""The page, put together from a study."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

import pandas as pd

from .._words import LIMIT_WORDS, balance_text, counted
from ..coordinates import read_coordinates
from ..errors import OptionError
from ..upgrades import Ladder, UpgradeList
from .data import columns_of, study_data
from .sections import (
    assumptions_section,
    bridges_section,
    check_section,
    curve_section,
    diagnostics_section,
    figures_notes,
    figures_section,
    footer,
    holds_section,
    ladders_section,
    unsolvable_section,
    upgrades_section,
)

if TYPE_CHECKING:
    from ..coordinates import Coordinates
    from ..study import Study

#: The script of the page, one after the other in one function.
SCRIPTS = ["theme", "data", "state", "colour", "map", "moves", "panel", "table", "desk"]


def study_page(
    study: Study,
    title: str | None = None,
    coordinates: Coordinates | None = None,
    upgrades: UpgradeList | None = None,
    ladders: Iterable[Ladder] | Ladder = (),
) -> str:
    """The whole page as text."""
    title = title or f"Headroom of {study.network.name}"
    climbs = _checked(study, upgrades, ladders)
    places = None if coordinates is None else read_coordinates(coordinates, study.network)
    has_numbers = study.intact_solved and len(study.table) > 0
    parts = [_intro(study, title, has_numbers, upgrades is not None, bool(climbs))]
    data: dict[str, Any] = {}
    if has_numbers:
        loadings, flow_note = _loadings(study)
        data = study_data(study, places, loadings)
        parts += [
            figures_section(study),
            _desk(study, places, flow_note, data["network"]["placed"]),
            _table(study),
            curve_section(study),
            holds_section(study),
        ]
    if upgrades is not None:
        parts.append(upgrades_section(upgrades))
    if climbs:
        parts.append(ladders_section(climbs))
    parts.append(assumptions_section(study))
    if has_numbers:
        parts.append(check_section(study))
    parts += [unsolvable_section(study), bridges_section(study), diagnostics_section(study), footer(study)]
    script = '"use strict";\n(() => {\n' + "\n".join(_asset(f"{name}.js") for name in SCRIPTS) + "})();\n"
    return _DOCUMENT.format(
        title=escape(title),
        hash=base64.b64encode(hashlib.sha256(f"\n{script}".encode()).digest()).decode(),
        css=_asset("page.css") + _asset("desk.css"),
        body="\n".join(part for part in parts if part),
        data=_json(data),
        js=script,
    )


# Names from a case are text everywhere. If one ever were not, the policy would not run it: only the script with this
# hash does, and nothing is fetched.
_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'">
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
    """JSON that cannot end the script element it stands in; all but ASCII is escaped, U+2028 with it."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _checked(study: Study, upgrades: Any, ladders: Any) -> list[Ladder]:
    if upgrades is not None and not isinstance(upgrades, UpgradeList):
        raise OptionError(f"upgrades = {type(upgrades).__name__}; must be what study.upgrades() gives")
    if not isinstance(ladders, (Ladder, Iterable)):
        raise OptionError(f"ladders = {type(ladders).__name__}; must be what study.ladder() gives, one or several")
    climbs = [ladders] if isinstance(ladders, Ladder) else list(ladders)
    for ladder in climbs:
        if not isinstance(ladder, Ladder):
            raise OptionError(f"ladders: {type(ladder).__name__}; each must be what study.ladder() gives")
    for outcome in [*climbs, *([] if upgrades is None else [upgrades])]:
        of, here = outcome.study.network.name, study.network.name
        if of != here:
            raise OptionError(f"{type(outcome).__name__} of {of}; the report is of {here}")
    return climbs


def _loadings(study: Study) -> tuple[pd.DataFrame | None, str]:
    """The flows of the intact case as it is, and a word on them."""
    options = study.options
    balance = options["balance"] if options["balance"] in ("spare", "pmax", "reference") else "reference"
    flow = study.network.solve(
        q_limits=options["q_limits"],
        balance=balance,
        tolerance=options["tolerance"],
        balance_area=options["balance_area"] if balance == options["balance"] else None,
    )
    if not flow.converged:
        return None, f"Loadings are missing: {flow.reason}"
    if balance != options["balance"]:
        return flow.branches, "Loadings: intact, without new load, losses from the reference bus, of rating A."
    return flow.branches, "Loadings: intact, without new load, of rating A."


def _intro(study: Study, title: str, has_numbers: bool, has_upgrades: bool, has_ladders: bool) -> str:
    net, options = study.network, study.options
    lines = [
        "<header><div class='top'>",
        f"<h1>{' '.join(_title_word(word) for word in title.split(' '))}</h1>",
        "<button id='theme' type='button' hidden>Theme: system</button></div>",
        "<p class='lead'>How many MW of new load fit at each bus before the first limit counts against them, in the "
        f"{'intact grid' if options['contingencies'] == 'none' else 'intact grid and after any single outage'}, "
        "and which limit it is.</p>",
    ]
    notes = len(net.diagnostics)
    asked = [
        f"{len(study.table):,} of {counted(study.candidates, 'bus', 'buses')}",
        f"contingencies {options['contingencies']}, {counted(study.states_total, 'state', 'states')}",
        f"balance {balance_text(options)}",
        f"power factor {options['power_factor']:g}, up to {options['max_mw']:g} MW",
        f"ratings {options['rating_intact']} and {options['rating_post']}",
        f"certificate {options['certify']}",
    ]
    about = " · ".join(escape(words) for words in asked)
    note = (
        f" · <a href='#notes'>{counted(notes, 'note on the case', 'notes on the case')}</a>" if notes else ""
    )
    lines.append(f"<p class='asked'>{about} · <a href='#assumed'>all that was assumed</a>{note}</p>")
    if has_numbers:
        places = [("desk", "Map"), ("all", "Buses"), ("curve", "Curve"), ("holds", "What holds back")]
        places += [("upgrades", "Upgrades")] if has_upgrades else []
        places += [("ladders", "Ladders")] if has_ladders else []
        places += [("assumed", "Assumptions"), ("check", "How to check")]
        links = "".join(f"<a href='#{at}'>{name}</a>" for at, name in places)
        lines.insert(2, f"<nav aria-label='Parts of this page'>{links}</nav>")
    if not study.intact_solved:
        lines.append(
            f"<p class='alarm'>No number is given: the intact case has no solution. {escape(study.reason)}</p>"
        )
    elif not study.complete:
        lines.append(
            f"<p class='alarm'>Interrupted: {len(study.table)} of {counted(study.candidates, 'bus', 'buses')} were "
            "finished; the others are not in this report.</p>"
        )
    elif not len(study.table):
        lines.append("<p class='alarm'>No bus was studied, so there is no number to show.</p>")
    return "\n".join([*lines, "</header>"])


def _title_word(word: str) -> str:
    """A name such as case_ACTIVSg200 goes to a line of its own before it is broken, and then after an underscore."""
    return f"<span class='word'>{escape(word).replace('_', '_<wbr>')}</span>" if "_" in word else escape(word)


def _map_words(places: pd.DataFrame | None, placed: list[int]) -> str:
    if places is None:
        return (
            "<b>A drawing, not a map</b>: no coordinates were given. Places follow from which buses are connected; "
            "distances and directions mean nothing. With <code>coordinates=</code> (or <code>--coordinates</code>) "
            "buses stand where they are."
        )
    words = f"By the coordinates of {counted(placed.count(0), 'bus', 'buses')}"
    if placed.count(1):
        words += f"; {placed.count(1):,} without any stand at the mean of their neighbours (dotted outline)"
    if placed.count(2):
        words += f"; {placed.count(2):,} without neighbours that have any stand in a row below the map"
    return words + ". Buses of one place are drawn around it."


def _limits_of(study: Study) -> list[str]:
    """The limit types that stop a bus by either figure, that of most buses first."""
    found = study.table["limit_type"]
    if study.options["redispatch"]:
        found = pd.concat([found, study.table["redispatch_limit_type"]])
    return [str(limit) for limit in found.value_counts().index]


def _desk(study: Study, places: pd.DataFrame | None, flow_note: str, placed: list[int]) -> str:
    limits = "".join(
        f"<option value='{escape(limit)}'>{escape(LIMIT_WORDS.get(limit, limit))}</option>"
        for limit in _limits_of(study)
    )
    areas = "".join(f"<option>{area}</option>" for area in sorted(set(study.table["area"].tolist())))
    figure = ""
    if study.options["redispatch"]:
        figure = (
            "<label>Figure <select id='figure'><option value='headroom_mw'>fixed rule</option>"
            "<option value='redispatch_mw'>redispatch</option></select></label>"
        )
    return (
        "<section id='desk'><h2 class='unseen'>The grid</h2>"
        "<div class='tools' id='filters' role='search' aria-label='Filters of the map and the table'>"
        "<label class='grow'>Bus <input id='find' type='search' placeholder='number, name' autocomplete='off'></label>"
        "<label class='grow'>Stopped by <input id='held-by' type='search' placeholder='state, element' autocomplete='off'>"
        f"</label><label>Limit <select id='kind'><option value=''>any</option>{limits}</select></label>"
        f"<label>Area <select id='area'><option value=''>any</option>{areas}</select></label>"
        "<span class='range'><label>kV from <input id='least-kv' type='number' min='0' step='any'></label>"
        "<label>to <input id='most-kv' type='number' min='0' step='any'></label></span>"
        "<span class='range'><label>MW from <input id='least-mw' type='number' min='0' step='any'></label>"
        "<label>to <input id='most-mw' type='number' min='0' step='any'></label></span>"
        "<button id='reset' type='button'>Reset</button>"
        "<button id='held' type='button' hidden></button>"
        "<output id='count' aria-live='polite'></output></div>"
        f"<div class='tools'>{figure}<label>Colour <select id='colour'><option value='mw'>MW that fit</option>"
        "<option value='limit'>what limits</option></select></label>"
        "<ul class='legend' id='bus-legend' aria-label='Colours of buses'></ul></div>"
        "<div class='stage'><div class='map'>"
        "<canvas id='map' tabindex='0' role='application' aria-describedby='map-help' "
        "aria-label='Map of the network; the table below has the same buses'></canvas>"
        "<div class='under'><ul class='legend' id='branch-legend' aria-label='Branches by loading'></ul>"
        "<div class='zoom'><button id='zoom-in' type='button' aria-label='Zoom in'>+</button>"
        "<button id='zoom-out' type='button' aria-label='Zoom out'>−</button>"
        "<button id='zoom-all' type='button'>All</button>"
        "<button id='zoom-bound' type='button' hidden>What binds</button></div></div>"
        "<div id='tip' hidden></div></div>"
        "<aside id='panel' tabindex='-1' aria-label='The bus chosen' hidden></aside></div>"
        f"{figures_notes(study)}<p class='note'>{_map_words(places, placed)} {escape(flow_note)}</p>"
        "<p class='note' id='map-help'>Drag to move, pinch or turn the wheel with Ctrl to zoom (without it once the map "
        "was clicked). On the keyboard: arrows move, + and − zoom, 0 shows all, Enter opens the bus nearest to the middle, "
        "Esc closes it.</p><noscript><p class='alarm'>The map and the table need the script inside this page.</p>"
        "</noscript></section>"
    )


def _table(study: Study) -> str:
    heads = "".join(
        f"<th scope='col' role='columnheader' data-column='{name}' title='{escape(explanation, quote=True)}'>"
        f"<button type='button'>{escape(heading)}</button></th>"
        for name, heading, explanation, _ in columns_of(study)
    )
    return (
        "<section id='all'><h2>All buses</h2>"
        "<p class='note'>Those that the filters above leave. A heading sorts, a row opens its bus. On the keyboard: "
        "arrows, Page Up and Down, Home and End move, Enter opens. A dash: does not apply; “none”: no such limit up to "
        f"the cap of {study.options['max_mw']:,g} MW, or up to the load from which on a state has no solution (Collapse "
        "MW); *: past its limit, passed at a smaller load or before any.</p>"
        "<div class='tools'><button id='columns' type='button' aria-pressed='false'>All columns</button>"
        "<button id='download' type='button'>CSV of these rows</button><output id='rows'></output></div>"
        "<div class='scroll tall' id='table-window' tabindex='0' role='grid' aria-label='Buses'>"
        f"<table id='buses' role='presentation'><thead><tr role='row'>{heads}</tr></thead><tbody></tbody></table>"
        "</div><p class='note' id='print-note' hidden></p></section>"
    )
