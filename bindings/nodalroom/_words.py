"""Options and outcomes of studies in words, for everything people read."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from .contingency import Sweep
    from .study import Study
    from .upgrades import Ladder, UpgradeList


def counted(count: int, one: str, many: str) -> str:
    """``1 bridge``, ``2,000 bridges``."""
    return f"{count:,} {one if count == 1 else many}"


STATUS_WORDS = {
    "limited": "a limit was found",
    "already_limited": "any load breaks a limit (0 MW)",
    "cap_reached": "nothing breaks up to the cap",
    "generation_limited": "spare generation runs out first",
    "not_settled": "the search used up its steps: a bracket, and no figure",
    "unsolved": "the intact case has no solution",
}

REDISPATCH_WORDS = {
    "limited": "no dispatch gets further",
    "already_limited": "any load breaks a limit, whatever the dispatch",
    "cap_reached": "a dispatch leaves nothing broken up to the cap",
    "generation_limited": "units that may move have no more to give",
    "open": "certified, but a higher bound was not ruled out",
    "no_movable_unit": "no unit of the island may move",
    "unsolved": "the intact case has no solution",
    "not_run": "interrupted",
}

LADDER_WORDS = {
    "target_reached": "nothing breaks up to the target",
    "generation_limited": "units have no more to give, or never had as much as the target asks for",
    "not_upgradable": "what binds has no limit that could be raised",
    "rungs_exhausted": "as many upgrades were made as asked for",
    "no_gain": "what binds has lost its limit already",
    "not_settled": "the search of a rung used up its steps",
    "unsolved": "the intact case has no solution",
    "cancelled": "interrupted",
}

LIMIT_WORDS = {
    "thermal": "thermal",
    "low_voltage": "low voltage",
    "high_voltage": "high voltage",
    "voltage_change": "voltage change",
    "collapse": "collapse",
    "generation": "spare generation",
    "none": "none up to the cap",
}

BALANCE_WORDS = {
    "spare": "in-service units, in proportion to Pmax - P",
    "pmax": "in-service units, in proportion to Pmax",
    "reference": "the units at the reference bus",
    "weights": "in-service units, by the weights given",
}

CONTINGENCY_WORDS = {
    "n-1": "every branch that is no bridge, and every unit",
    "branches": "every branch that is no bridge",
    "units": "every unit",
    "none": "none: the intact state only",
}


def balance_text(options: dict[str, Any]) -> str:
    """``spare``, or ``spare in area 2``."""
    area = options["balance_area"]
    return options["balance"] if area is None else f"{options['balance']} in area {area}"


def describe_options(options: dict[str, Any]) -> list[tuple[str, str]]:
    """What a headroom study asked and assumed: pairs of (question, answer)."""

    def band(value: tuple[float, float] | None) -> str:
        return "the case's Vmin to Vmax" if value is None else f"{value[0]:g} to {value[1]:g} pu"

    area = options["balance_area"]
    change = options["voltage_change_max"]
    watched = options["monitor_min_kv"]
    if options["buses"] is not None:
        candidates = counted(len(options["buses"]), "bus that was named", "buses that were named")
    elif options["min_kv"] > 0:
        candidates = f"every energised bus at or above {options['min_kv']:g} kV"
    else:
        candidates = "every energised bus"
    return [
        *[("Case edited after it was read", edit) for edit in options.get("edits", [])],
        ("Buses studied", candidates),
        (
            "New load",
            f"power factor {options['power_factor']:g} lagging, up to {options['max_mw']:g} MW, one bus at a time",
        ),
        (
            "Supplied by",
            f"{BALANCE_WORDS[options['balance']]}{'' if area is None else f', in area {area}'} "
            f"(balance: {balance_text(options)})",
        ),
        ("Outages", f"{CONTINGENCY_WORDS[options['contingencies']]} (contingencies: {options['contingencies']})"),
        ("Ratings", f"{options['rating_intact']} intact, {options['rating_post']} after an outage"),
        ("Voltages intact", band(options["voltage_band"])),
        ("Voltages after an outage", band(options["voltage_band_post"])),
        ("Voltage change after an outage", "not limited" if change is None else f"at most {change:g} pu"),
        ("Watched", "every branch and bus" if watched == 0 else f"branches and buses at or above {watched:g} kV"),
        (
            "A limit counts",
            f"where the load adds more than {options['attribution']:g} MVA per MW to a branch, "
            f"or moves a voltage by more than {options['attribution_voltage']:g} pu",
        ),
        ("Reactive limits of units", "enforced" if options["q_limits"] else "not enforced"),
        (
            "Certificate",
            "every state AC-solved just below each answer"
            if options["certify"] == "all"
            else "the states the screen cannot rule out, AC-solved just below each answer",
        ),
        *redispatch_lines(options),
        ("Mismatch", f"at most {options['tolerance']:g} pu"),
    ]


def redispatch_lines(options: dict[str, Any]) -> list[tuple[str, str]]:
    """What redispatch may move, where it was asked for."""
    if not options["redispatch"]:
        return []
    movable, most = options["movable_units"], options["max_moved_mw"]
    which = "every in-service unit" if movable is None else counted(len(movable), "unit", "units")
    cap = "" if most is None else f", {most:g} MW taken over from others at most"
    return [("Redispatch", f"{which} of the bus's island, within Pmin to Pmax{cap}; one dispatch for all states")]


def status_counts(table: pd.DataFrame) -> dict[str, int]:
    return {str(status): int(count) for status, count in table["status"].value_counts().items()}


def redispatch_counts(table: pd.DataFrame) -> str:
    """``1,500 limited, 3 open``."""
    counts = table["redispatch_status"].value_counts()
    return ", ".join(f"{count:,} {status}" for status, count in counts.items())


def limit_counts(table: pd.DataFrame) -> dict[str, int]:
    return {str(limit): int(count) for limit, count in table["limit_type"].value_counts().items()}


def has_spare(study: Study) -> bool:
    """Whether a unit that takes part in the balance can give more than it does in the case."""
    units = study.network.generators
    taking_part = units["in_service"]
    area = study.options["balance_area"]
    if area is not None:
        of_bus = study.network.buses["area"]
        taking_part = taking_part & units["bus"].map(of_bus).eq(area)
    return bool((taking_part & (units["p_max_mw"] > units["p_mw"])).any())


def describe_study(study: Study) -> list[str]:
    """A few lines: what was studied, under which balance, and what came of it."""
    options = study.options
    table = study.table
    lines = [
        f"<Study of {study.network.name}: {len(table)} of {counted(study.candidates, 'bus', 'buses')}"
        f"{'' if study.complete else ' (interrupted)'}, {counted(study.states_total, 'state', 'states')}, "
        f"{study.seconds:.1f} s"
    ]
    lines += [f"  {question}: {answer}" for question, answer in describe_options(options)]
    if options["balance"] == "spare" and not has_spare(study):
        lines.append("  No unit that takes part has any spare: they share by Pmax, and give a new load nothing")
    if not study.intact_solved:
        return [*lines, f"  No number is given: {study.reason}>"]
    counts = ", ".join(f"{count} {status}" for status, count in status_counts(table).items())
    lines.append(f"  Status: {counts or 'nothing finished'}")
    if len(study.unsolvable):
        states = counted(len(study.unsolvable), "state has", "states have")
        own = "its own" if len(study.unsolvable) == 1 else "their own"
        lines.append(
            f"  {states} no solution without any new load: left out here, and worth a look of {own} (unsolvable)"
        )
    if not study.states_known:
        lines.append("  Interrupted before every state was solved without new load: which have no solution is unknown")
    if len(table):
        numbers = table["headroom_mw"]
        lines.append(
            f"  Headroom: median {numbers.median():.1f} MW, largest {numbers.max():.1f} MW at bus {numbers.idxmax()}"
        )
        if options["redispatch"]:
            again = table["redispatch_mw"]
            if again.notna().any():
                lines.append(
                    f"  Redispatch headroom: median {again.median():.1f} MW, largest {again.max():.1f} MW at bus "
                    f"{again.idxmax()}; " + redispatch_counts(table)
                )
    past = int((past_limit(table) & ~over_without_load(table)).sum())
    if past:
        lines.append(
            f"  {counted(past, 'value stands', 'values stand')} past the limit, passed at a smaller load or before any: "
            "what is reached is the attribution (value_without_load)"
        )
    lines += limited_already(study)
    lines[-1] += ">"
    return lines


def limited_already(study: Study, bus: int | None = None) -> list[str]:
    """Where buses take nothing: that limits are broken before any new load, and what to do next."""
    from .witness import NOT_OF_SWEEPS, case_words, option_words

    table = study.table if bus is None else study.table[study.table.index == bus]
    rows = table[table["status"] == "already_limited"]
    if not len(rows):
        return []
    broken = rows[over_without_load(rows)]
    intact = bool((broken["contingency_kind"] == "intact").any())
    outages = broken["contingency"].nunique() - intact
    where = ["in the intact state"] * intact
    where += [f"after {counted(outages, 'outage', 'outages')} at least"] * bool(outages)
    why = "any new load breaks a limit"
    if len(broken):
        why = f"the case breaks its limits before any new load, {' and '.join(where)}, and the load adds to it"
    note, case, edits = case_words(study)
    command = "nodalroom.sweep(study.network)"
    if not note:
        words = option_words(study, leave_out=NOT_OF_SWEEPS)
        command = f"{shlex.join(['nodalroom', 'sweep', case, *edits])} {words}".rstrip()
    options = ["--with-rating or --scale-ratings"] * bool((rows["limit_type"] == "thermal").any())
    options += ["--voltage-band or --voltage-band-post"] * bool(rows["limit_type"].str.endswith("_voltage").any())
    return [
        f"  {len(rows)} of {counted(len(table), 'bus takes', 'buses take')} nothing: {why} (value_without_load)",
        f"  To see what is broken: {command}",
        f"  To go on: mend the case{', as with ' if options else ''}{', '.join(options)}"
        + ("; or leave the outages out with --contingencies none" if outages and not intact else ""),
    ]


def limits_broken(sweep: Sweep, one: str, many: str) -> str:
    """How many limits a sweep found broken, and how many of them it lists where those are not all."""
    total, listed = sweep.violations_total, len(sweep.violations)
    words = counted(total, one, many)
    if listed == total:
        return words
    return f"{words} ({listed:,} listed: at most {sweep.options['worst_violations']:,} of each state, the worst)"


def past_limit(table: pd.DataFrame) -> pd.Series:
    """Rows whose value stands past its limit, which was passed earlier: at a smaller load, or before any."""
    return _is_past(table, "value") & table["value_without_load"].notna()


def over_without_load(table: pd.DataFrame) -> pd.Series:
    """Those of them that take nothing: past the limit without any new load, which adds to it from its first MW."""
    return past_limit(table) & (table["status"] == "already_limited") & _is_past(table, "value_without_load")


def over_words(count: int) -> str:
    """``1 bus takes nothing: its element is …``."""
    buses = "1 bus takes nothing: its" if count == 1 else f"{count:,} buses take nothing: their"
    return f"{buses} element is overloaded, or out of its voltage band, without any new load, and the load adds to it"


def _is_past(table: pd.DataFrame, column: str) -> pd.Series:
    beyond = (table[column] - table["limit"]).where(
        table["limit_type"] != "low_voltage", table["limit"] - table[column]
    )
    by_more_than = table["limit_type"].map({"thermal": 0.01}).fillna(1e-5).astype(float)
    return beyond > by_more_than


def describe_ladder(ladder: Ladder) -> list[str]:
    """A few lines: from what to what a ladder climbs, by which steps, and why it ends."""
    table = ladder.table
    figures = table["certified_mw"].dropna()
    climbed = "without a figure"
    if len(figures):
        climbed = f"{figures.iloc[0]:.1f} MW as it is"
    if len(figures) > 1:
        made = counted(len(figures) - 1, "upgrade", "upgrades")
        climbed += f", {figures.iloc[-1]:.1f} MW after {made}"
    factor = ladder.rating_factor
    rating = "its ratings removed" if factor is None else f"its ratings x {factor:g}"
    lines = [
        f"<Ladder of bus {ladder.bus} of {ladder.study.network.name}: {climbed}"
        f"{'' if ladder.complete else ' (interrupted)'}, {ladder.seconds:.1f} s"
    ]
    lines += [f"  {question}: {answer}" for question, answer in describe_options(ladder.options)]
    lines += [
        f"  Climbs: {'redispatch headroom' if ladder.redispatch else 'headroom'}, to {ladder.target_mw:g} MW",
        f"  At each rung: what binds is upgraded, a branch with {rating}, a bus with its voltage limits lifted; "
        f"{counted(ladder.max_rungs, 'upgrade', 'upgrades')} at most",
        f"  Status: {ladder.status} ({LADDER_WORDS.get(ladder.status, 'not run')}"
        f"{', to 1 MW' if ladder.redispatch and ladder.status == 'target_reached' else ''})",
    ]
    if "already_limited" in set(table["status"]):
        lines += limited_already(ladder.study, ladder.bus)
        lines.append("  Every upgrade raises one limit, so it may take many before a rung is above 0 MW")
    if ladder.target_mw > ladder.most_generation_mw:
        lines.append(f"  Units could never give a load here more than {ladder.most_generation_mw:.1f} MW")
    if not ladder.needs_known:
        lines.append("  Interrupted before it was known what the upgraded elements carry (needs)")
    return lines


def rung_lines(ladder: Ladder) -> list[str]:
    """``Rung 0: 51.3 MW; then lift the voltage limits of bus 8``."""
    rungs = ladder.table[["certified_mw", "upgrade"]].itertuples()
    return [
        f"  Rung {rung}: {mw:.1f} MW" + ("" if upgrade is None else f"; then {upgrade}") for rung, mw, upgrade in rungs
    ]


def describe_list(upgrades: UpgradeList) -> list[str]:
    """A few lines: what was asked of a study, and what unlocks most."""
    table = upgrades.table
    done, _ = upgrades.runs
    study = upgrades.study
    of = counted(upgrades.elements_total, "element that holds a bus", "elements that hold a bus")
    lines = [
        f"<Upgrades of {study.network.name}: {done} of {of}"
        f"{'' if upgrades.complete else ' (interrupted)'}, {upgrades.seconds:.1f} s"
    ]
    lines += [f"  {question}: {answer}" for question, answer in describe_options(upgrades.options)]
    lines.append(
        "  Holds a bus: "
        + ("each pair that redispatch headroom stops at" if upgrades.redispatch else "what binds its headroom")
        + f"; {counted(upgrades.most, 'element', 'elements')} at most, each with its limit removed alone"
    )
    if not study.complete:
        lines.append(f"  The study was interrupted: {len(study.table)} of {study.candidates} buses")
    if not study.intact_solved:
        lines.append(f"  No number is given: {study.reason}")
    for kind, words in (("collapse", "the end of solutions"), ("generation", "spare generation")):
        held = int(table.loc[table["element_kind"] == kind, "buses_held"].sum())
        if held:
            lines.append(f"  {counted(held, 'bus is', 'buses are')} held by {words}, where there is no limit to raise")
    run = table[table["was_run"]]
    if len(run):
        best = run.loc[run["unlocked_sum_mw"].idxmax()]
        buses = counted(int(best["buses_held"]), "bus", "buses")
        lines.append(f"  Most unlocked: {best['unlocked_sum_mw']:.1f} MW over {buses}, by {best['element']}")
    if study.intact_solved:
        lines += limited_already(study)
    return lines
