"""What every row of a headroom study must satisfy by docs/headroom.md, sections 6, 7 and 9."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .checks import Checks

STATUSES = {"limited", "already_limited", "cap_reached", "generation_limited", "unsolved", "not_settled"}
REDISPATCH = {
    "limited",
    "already_limited",
    "cap_reached",
    "generation_limited",
    "open",
    "no_movable_unit",
    "not_run",
    "unsolved",
    "not_settled",
}
PER_TYPE = ("thermal_mw", "voltage_mw", "collapse_mw", "generation_mw")
#: Widths promised in section 7, MW.
WIDTH, COLLAPSE_WIDTH = 0.01, 0.4
ROUNDING = 1e-6


def check_rows(checks: Checks, study: Any, options: dict[str, Any], about: list[str]) -> None:
    for bus, row in study.table.iterrows():
        check_row(
            checks, row, options, f"bus {bus}", about, f"study.table.loc[{bus}].to_string()".replace("study", about[0])
        )
        if options.get("redispatch"):
            check_redispatch_row(checks, row, options, f"bus {bus}", about, f"{about[0]}.table.loc[{bus}].to_string()")


def check_row(checks: Checks, row: Any, options: dict[str, Any], name: str, about: list[str], show: str = "") -> None:
    def that(holds: bool, kind: str, message: str) -> bool:
        return checks.that(bool(holds), f"row: {kind}", f"{name}: {message}", about, show)

    status, headroom, cap = row["status"], row["headroom_mw"], options.get("max_mw", 2000.0)
    feasible, violated = row["feasible_mw"], row["violated_mw"]
    if not that(status in STATUSES, "statuses", f"status '{status}' is none of those known"):
        return
    if status == "unsolved":
        that(math.isnan(headroom), "statuses", f"unsolved, with {headroom} MW")
        return
    if status == "not_settled":
        that(feasible <= violated, "brackets", f"not settled between {feasible} and {violated} MW")
        return
    if not that(np.isfinite([headroom, feasible]).all(), "finite", f"{status} with {headroom}, feasible {feasible}"):
        return
    that(-ROUNDING <= headroom <= cap + ROUNDING, "finite", f"{headroom} MW is outside 0 to {cap}")
    if status == "cap_reached":
        that(
            headroom == cap == feasible and math.isnan(violated),
            "brackets",
            f"cap {cap}: {feasible} {headroom} {violated}",
        )
    else:
        check_bracket(that, row, feasible, headroom, violated)
    least = min(row[column] for column in PER_TYPE)
    that(
        abs(least - headroom) <= WIDTH
        or (status == "cap_reached" and least >= cap - WIDTH)
        or headroom == 0 == max(least, 0),
        "least of its types",
        f"headroom {headroom}, the least of the types' figures {least}",
    )
    certified = bool(row["certified"]) == (row["states_solved"] == row["states_total"])
    that(
        certified or headroom == 0,
        "certificates",
        f"{row['states_solved']} of {row['states_total']}: {row['certified']}",
    )
    if options.get("certify") == "all":
        that(
            bool(row["certified"]), "certify='all'", f"{status}: {row['states_solved']} of {row['states_total']} states"
        )


def check_bracket(that: Any, row: Any, feasible: float, headroom: float, violated: float) -> None:
    kind = row["limit_type"]
    width = COLLAPSE_WIDTH if kind == "collapse" else WIDTH
    text = f"{kind}: feasible {feasible}, headroom {headroom}, violated {violated}"
    that(kind != "none" and np.isfinite(violated), "finite", text)
    if row["status"] == "already_limited":
        that(headroom == 0 == feasible and violated <= max(width, 0.005) + ROUNDING, "brackets", text)
        return
    that(feasible <= headroom + ROUNDING and headroom <= violated + ROUNDING, "brackets", text)
    that(violated - feasible <= width + ROUNDING, "widths", text)
    figures = [row["value"], *([row["factor"]] if kind != "collapse" else [])]
    that(
        np.isfinite(np.array(figures, dtype=float)).all(),
        "finite",
        f"{kind}: value {row['value']}, factor {row['factor']}",
    )


def at_its_limit(row: Any, options: dict[str, Any]) -> str:
    """Empty where the value stands at its limit, or where its change is what section 6 asks for; else words."""
    kind, status, headroom = row["limit_type"], row["status"], row["headroom_mw"]
    value, limit = float(row["value"]), float(row["limit"] if row["limit"] is not None else math.nan)
    by_load, by_voltage = options.get("attribution", 0.03), options.get("attribution_voltage", 0.005)
    if kind in ("collapse", "none") or status not in ("limited", "generation_limited") or headroom <= WIDTH:
        return ""  # at 0 MW a limit may have been passed before any load
    before = float(row["value_without_load"])
    if kind == "generation":
        border = limit
    elif kind == "thermal":
        border = max(limit, before + by_load * headroom)
    elif kind == "low_voltage":
        border = min(limit, before - by_voltage)
    else:
        border = max(limit, before + by_voltage)
    # The value stands at one of the two checked loads, 0.005 MW from the answer.
    slack = WIDTH * (abs(float(row["factor"])) + by_load * (kind == "thermal")) + 2e-6 * max(1.0, abs(border))
    return "" if abs(value - border) <= slack else f"{kind}: value {value:.8g} where {border:.8g} is the border"


def check_binding(checks: Checks, study: Any, options: dict[str, Any], about: list[str]) -> None:
    for bus, row in study.table.iterrows():
        wrong = at_its_limit(row, options)
        checks.that(
            not wrong,
            "row: value at its limit",
            f"bus {bus}, {row['headroom_mw']:.4f} MW, {row['contingency']}, {row['element']}: {wrong}",
            about,
            f"{about[0]}.table.loc[{bus}].to_string()",
        )


def check_redispatch_row(
    checks: Checks, row: Any, options: dict[str, Any], name: str, about: list[str], show: str = ""
) -> None:
    def that(holds: bool, kind: str, message: str) -> bool:
        return checks.that(bool(holds), f"redispatch: {kind}", f"{name}: {message}", about, show)

    status, found = row["redispatch_status"], row["redispatch_mw"]
    cap, moved = options.get("max_mw", 2000.0), row["redispatch_moved_mw"]
    if not that(status in REDISPATCH, "statuses", f"status '{status}' is none of those known"):
        return
    if status in ("no_movable_unit", "not_run", "unsolved", "not_settled"):
        that(math.isnan(found) or status == "not_settled", "statuses", f"{status}, with {found} MW")
        return
    if not that(
        np.isfinite([found, row["redispatch_bound_mw"], moved]).all(), "finite", f"{status}: {found} MW, moved {moved}"
    ):
        return
    # A search by the rule that did not settle has no figure; that with redispatch starts from 0 MW then.
    by_rule = 0.0 if row["status"] == "not_settled" else row["headroom_mw"]
    that(
        found >= by_rule - WIDTH, "not below the fixed rule", f"{found} MW, {row['headroom_mw']} by the rule"
    )
    that(found <= cap + ROUNDING, "finite", f"{found} MW above the cap of {cap}")
    if "max_moved_mw" in options:
        that(
            moved <= options["max_moved_mw"] + 0.05,
            "moved within its cap",
            f"moved {moved} of {options['max_moved_mw']}",
        )
    certified = bool(row["redispatch_certified"]) == (row["redispatch_states_solved"] == row["states_total"])
    that(
        certified,
        "certificates",
        f"{row['redispatch_states_solved']} of {row['states_total']}: {row['redispatch_certified']}",
    )
    if options.get("certify") == "all":
        that(bool(row["redispatch_certified"]), "certify='all'", f"{status}: {row['redispatch_states_solved']} states")
