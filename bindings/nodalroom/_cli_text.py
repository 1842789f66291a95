"""What the command ``nodalroom`` shows people."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import typer

from ._cli_table import print_lines, print_rows
from ._holding import binding_counts
from ._output import plain
from ._words import counted, describe_ladder, describe_list, describe_study
from .study import Study, option_words, witness_command
from .witness import case_words

if TYPE_CHECKING:
    import pandas as pd

    from .compare import Comparison
    from .contingency import Sweep
    from .powerflow import PowerFlow
    from .upgrades import Ladder, UpgradeList


def show_table(title: str, frame: pd.DataFrame, formats: dict[str, str] | None = None, top: int | None = None) -> None:
    """A table of a DataFrame's columns on standard output: in a terminal as wide as that, elsewhere in full.

    With `top`, so many rows of it, and how many more there are.
    """
    if not len(frame):
        return
    formats = formats or {}
    more = 0 if top is None else max(len(frame) - top, 0)
    if frame.index.name is not None:
        frame = frame.reset_index()
    frame = frame.head(len(frame) - more)
    if "base_kv" in frame:
        frame = frame.assign(base_kv=frame["base_kv"].where(frame["base_kv"] > 0))  # 0: unknown
    typer.echo(f"\n{title}")
    heads = [str(name) for name in frame.columns]
    right = [frame[name].dtype.kind in "iuf" for name in frame.columns]
    rows = [
        [cell(value, formats.get(name, "")) for name, value in zip(heads, row, strict=True)]
        for row in frame.itertuples(index=False)
    ]
    if len(rows):
        print_rows(heads, right, rows)
    if more:
        typer.echo(f"… and {more:,} more (--top)")


def cell(value: Any, spec: str) -> str:
    if isinstance(value, float) and value == float("inf"):
        return "none"
    value = plain(value)
    if value is None:
        return "-"
    return format(value, spec) if spec and not isinstance(value, str) else str(value)


def power_text(mw: float, mvar: float) -> str:
    """``90.00 MW - 22.55 MVAr``."""
    return f"{mw:,.2f} MW {'-' if mvar < 0 else '+'} {abs(mvar):,.2f} MVAr"


def show_info(
    content: dict[str, Any], diagnostics: pd.DataFrame, top: int, branches: pd.DataFrame | None = None
) -> None:
    typer.echo(f"{content['name']} ({content['source']})")
    typer.echo(
        f"  {counted(content['buses'], 'bus', 'buses')} ({content['isolated_buses']} isolated), "
        f"{counted(content['islands'], 'island', 'islands')}, "
        f"reference {', '.join(map(str, content['reference_buses']))}"
    )
    typer.echo(
        f"  {content['branches_in_service']} of {counted(content['branches'], 'branch', 'branches')} in service, "
        f"{counted(content['transformers'], 'transformer', 'transformers')}, "
        f"{counted(content['bridges'], 'bridge', 'bridges')}"
    )
    typer.echo(
        f"  {content['units_in_service']} of {counted(content['units'], 'unit', 'units')} in service: "
        f"{content['generation_mw']:,.1f} MW of {cell(content['capacity_mw'], ',.1f')} MW"
    )
    typer.echo(f"  load {power_text(content['load_mw'], content['load_mvar'])}, power base {content['base_mva']:g} MVA")
    levels = {f"{kv} kV" if kv != "0" else "an unknown voltage": count for kv, count in content["base_kv"].items()}
    print_lines(["  " + ", ".join(f"{count} at {level}" for level, count in levels.items())])
    if branches is not None:
        shown = ["from_bus", "to_bus", "circuit", "kind", "in_service", "rate_a_mva", "rate_b_mva", "rate_c_mva"]
        show_table("Branches (a rating of 0: no limit)", branches[shown], dict.fromkeys(shown[-3:], "g"))
    show_table("Diagnostics", diagnostics, top=top)


def show_flow(name: str, flow: PowerFlow, balance: str, top: int) -> None:
    print_lines([f"{name}: {flow.reason}"])
    if flow.converged:
        typer.echo(f"  largest mismatch {flow.max_mismatch_pu:.1e} pu, balance {balance}")
        units = flow.generators
        held = units["at_limit"].notna().sum()
        typer.echo(
            f"  generation {power_text(units['p_mw'].sum(), units['q_mvar'].sum())}, "
            f"{counted(int(held), 'unit', 'units')} at a reactive limit"
        )
        branches = flow.branches
        show_table(
            "Most loaded branches",
            branches[branches["loading_percent"].notna()].nlargest(top, "loading_percent")[
                ["name", "s_mva", "rate_a_mva", "loading_percent"]
            ],
            {"s_mva": ".2f", "loading_percent": ".1f"},
        )
        voltages = {"vm_pu": ".4f", "va_degree": ".2f"}
        shown = ["name", "base_kv", "vm_pu", "va_degree"]
        show_table("Lowest voltages", flow.buses.nsmallest(top, "vm_pu")[shown], voltages)
        show_table("Highest voltages", flow.buses.nlargest(top, "vm_pu")[shown], voltages)
    else:
        show_table("Attempts", flow.attempts, {"max_mismatch_pu": ".2e"})
        show_table("Largest mismatches", flow.worst_buses, {"p_mw": ".3f", "q_mvar": ".3f"})


def show_sweep(result: Sweep, counts: dict[str, int], top: int) -> None:
    table, options = result.table, result.options
    print_lines([f"{result.network.name}: {result.reason}"])
    typer.echo(
        f"  balance {options['balance']}, ratings {options['rating_intact']} intact and "
        f"{options['rating_post']} after an outage"
    )
    typer.echo(
        f"  {counted(len(table), 'state', 'states')}: "
        f"{', '.join(f'{n} {status}' for status, n in counts.items())}; "
        f"{counted(len(result.bridges), 'bridge', 'bridges')} not simulated; {result.seconds:.1f} s"
    )
    broken = int(((table["thermal_violations"] + table["voltage_violations"]) > 0).sum())
    total = result.violations_total
    typer.echo(f"  {counted(total, 'limit', 'limits')} broken in {counted(broken, 'state', 'states')}")
    listed = len(result.violations)
    if listed < total:
        print_lines(
            [
                f"  {listed:,} of them are listed, at most {options['worst_violations']:,} of each state "
                f"(--worst-violations), and {total - listed:,} are not"
            ]
        )
    rated = ["worst_loading_percent", "worst_branch"]
    voltages = ["vm_min_pu", "vm_min_bus", "vm_max_pu", "vm_max_bus"]
    formats = {"worst_loading_percent": ".1f", "vm_min_pu": ".4f", "vm_max_pu": ".4f"}
    if table["worst_loading_percent"].notna().any():
        worst = table.nlargest(top, "worst_loading_percent")
        show_table("Highest loadings", worst[["contingency", *rated, *voltages]], formats)
    else:
        show_table("Lowest voltages", table.nsmallest(top, "vm_min_pu")[["contingency", *voltages]], formats)
    lost = table[~table["status"].isin(["converged", "not_run"])]
    show_table(
        "States without a solution: they deserve a look of their own",
        lost[["contingency", "status", "iterations"]],
        top=top,
    )


def show_command(what_for: str, command: str) -> None:
    """A command on a line of its own, to be copied whole."""
    typer.echo(f"\n{what_for}:\n" + "\n".join(f"  {line}" for line in command.splitlines()))


def show_redispatch(table: pd.DataFrame, top: int) -> None:
    """The buses that take most once generation makes way."""
    names = {"redispatch_contingency": "contingency", "redispatch_element": "element"}
    shown = ["name", "base_kv", "headroom_mw", "redispatch_mw", "redispatch_status", "redispatch_moved_mw", *names]
    best = table.sort_values("redispatch_mw", ascending=False, kind="stable", na_position="last")[shown]
    spec = dict.fromkeys(("headroom_mw", "redispatch_mw", "redispatch_moved_mw"), ".1f")
    show_table("Most redispatch headroom", best.rename(columns=names), {**spec, "base_kv": "g"}, top)


def show_summary(study: Study, top: int) -> None:
    lines = describe_study(study)
    print_lines(line.strip("<>") for line in lines)
    table = study.table
    if not study.intact_solved or not len(table):
        return
    spec = dict.fromkeys(("headroom_mw", "median_mw"), ".1f")
    best = table.sort_values("headroom_mw", ascending=False, kind="stable")
    shown = ["name", "base_kv", "headroom_mw", "status", "limit_type", "contingency", "element"]
    show_table("Most headroom", best[shown], {**spec, "base_kv": "g"}, top)
    if study.options["redispatch"]:
        show_redispatch(table, top)
    binding = binding_counts(table)[["buses", "median_mw", "limit_type", "contingency", "element"]]
    show_table("What binds most buses", binding, spec, top)
    show_table("States without a solution, left out", study.unsolvable[["contingency"]], top=top)
    if len(best):
        show_command("Check a number in another tool", witness_command(study, int(str(best.index[0]))))
        if study.options["redispatch"] and table["redispatch_mw"].notna().any():
            bus = int(str(table["redispatch_mw"].idxmax()))
            show_command("With its dispatch", witness_command(study, bus, redispatch=True))


def show_ladder(ladder: Ladder) -> None:
    print_lines(line.strip("<") for line in describe_ladder(ladder))
    shown = ["certified_mw", "status", "limit_type", "contingency", "element", "upgrade"]
    show_table("Rungs", ladder.table[shown], {"certified_mw": ".1f"})
    needs = ladder.needs.assign(
        **{
            name: [
                cell(value, ".1f" if unit == "MVA" else ".4f")
                for value, unit in zip(ladder.needs[name], ladder.needs["unit"], strict=True)
            ]
            for name in ("value", "limit")
        }
    )
    shown = ["element", "quantity", "value", "limit", "unit", "contingency"]
    show_table("What the upgraded elements carry at the last rung", needs[shown])


def show_upgrades(upgrades: UpgradeList, top: int) -> None:
    print_lines(line.strip("<") for line in describe_list(upgrades))
    spec = dict.fromkeys(("unlocked_sum_mw", "unlocked_median_mw", "best_unlocked_mw"), ".1f")
    shown = ["element", "buses_held", "unlocked_sum_mw", "unlocked_median_mw", "best_bus", "best_unlocked_mw"]
    if upgrades.redispatch:
        shown.insert(2, "weight")
    show_table("Upgrades", upgrades.table[shown], {**spec, "weight": ".1f"})
    buses = upgrades.buses.sort_values("unlocked_mw", ascending=False, kind="stable", na_position="last")
    spec = dict.fromkeys(("before_mw", "after_mw", "unlocked_mw"), ".1f")
    shown = ["name", "before_mw", "after_mw", "unlocked_mw", "status_after", "element"]
    show_table("Buses that gain most", buses[shown], spec, top)
    gains = buses[buses["unlocked_mw"] > 0]
    if len(gains):
        study = upgrades.study
        note, case, edits = case_words(study)
        words = note + shlex.join(["nodalroom", "ladder", case, str(gains.index[0]), *edits])
        options = option_words(study, upgrades.redispatch, leave_out=("min_kv", "max_mw"))
        show_command("Upgrade after upgrade, to a target", f"{words} {options}".rstrip())


def show_comparison(found: Comparison, top: int) -> None:
    typer.echo(f"{found.first.network.name} against {found.second.network.name}")
    print_lines(f"  {question}: {answer}" for question, answer in found.facts())
    show_table("Options that differ", found.options_in_words().replace("None", "-"))
    shown = ["name", "before_mw", "after_mw", "change_mw", "why"]
    spec = {"before_mw": ".1f", "after_mw": ".1f", "change_mw": "+.1f"}
    show_table("Largest changes", found.largest_changes(len(found.table))[shown], spec, top)
