"""What one task does: a grid and options from (seed, number) alone, studies of it, and their checks."""

from __future__ import annotations

import math
import re
import traceback
from pathlib import Path
from typing import Any

import numpy as np
from nodalroom.errors import NodalroomError

from . import options as random_options
from .below import Below, check_below
from .case import Case, live_buses, read_case, weights
from .changes import HARDER, SAME, Asked
from .checks import Checks
from .dispatches import check_dispatch
from .grids import random_grid
from .options import of_flow, words
from .rows import check_binding, check_rows
from .script import Script, Tell
from .solutions import LOW_PU, check_flow, lowest, nobody_holds, solved
from .states import State, broken, in_state, somebody_balances, states
from .witnesses import check_witness

#: Refusals that are right: what was asked has no meaning for the case.
ALLOWED = re.compile(
    "no unit of the whole network|no unit in service has a weight|no unit .* weight|is above every bus|out of service"
    "|is isolated|without any unit|no reference bus|isolate"
)
#: Refusals that are findings, by words of the message.
REFUSED = {
    "one reference bus": "several reference buses",
    "must not both be 0": "branches without impedance",
    "no unit in service": "dead buses",
}
NO_BALANCE = re.compile("no in-service unit can take part")


class Task:
    def __init__(self, seed: int, number: int, folder: Path, tell: Tell = lambda _: None) -> None:
        self.rng = np.random.default_rng([seed, number])
        self.script = Script(folder, tell)
        self.checks = Checks(self.script)
        self.case: Case
        self.said: list[str] = []

    def run(self) -> Checks:
        """Runs one of the kinds of task; whatever is raised is a finding, or a refusal that is right."""
        kinds, weights = list(KINDS), np.array(list(KINDS.values()), dtype=float)
        kind = kinds[int(self.rng.choice(len(kinds), p=weights / weights.sum()))]
        self.checks.counts[f"tasks: {kind.__name__}"] += 1
        try:
            self.read(tiny=kind is below)
            kind(self)
        except NodalroomError as error:
            known = next((name for words, name in REFUSED.items() if words in str(error)), None)
            without_balance = NO_BALANCE.search(str(error)) and not self.somebody_balances()
            if known is None and (ALLOWED.search(str(error)) or without_balance):
                self.checks.counts["refusals that are right"] += 1
            else:
                kind = f"refused: {known or 'what should not be'}"
                self.checks.that(False, kind, f"{type(error).__name__}: {error}"[:300])
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.checks.that(
                False,
                "exceptions",
                f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"[:400],
            )
        return self.checks

    def read(self, tiny: bool = False) -> None:
        self.case, self.said = random_grid(self.rng, tiny=tiny, plain=tiny)
        self.script.case("net", self.case)

    def somebody_balances(self) -> bool:
        """Whether any unit could take part in the last balance asked for; weights are never all 0."""
        rule = re.search(r"balance='(\w+)'", self.script.lines[-1])
        area = re.search(r"balance_area=(\d+)", self.script.lines[-1])
        return bool(weights(self.case, rule[1] if rule else "spare", int(area[1]) if area else None).sum() > 0)

    def study(self, redispatch: bool | None = None) -> dict[str, Any]:
        """Makes a study under random options and checks its rows; the options."""
        asked = random_options.headroom(self.rng, self.case, redispatch)
        if len(self.case.bus) > 60:
            asked["buses"] = asked["buses"][:1]
        study = self.script.run(f"study = nr.headroom(net{words(asked)}, threads=1, progress=False)")
        check_rows(self.checks, study, asked, ["study"])
        check_binding(self.checks, study, asked, ["study"])
        return asked

    def witness(self, asked: dict[str, Any], bus: int, redispatch: bool = False) -> None:
        """A witness for every number."""
        row = self.script.names["study"].table.loc[bus]
        number = row["redispatch_mw"] if redispatch else row["headroom_mw"]
        if not math.isfinite(number) or row["status"] == "not_settled":
            return
        what = "witness: of redispatch" if redispatch else "witness: of the fixed rule"
        call = f"study.witness({bus}{', redispatch=True' if redispatch else ''})"
        try:
            made = self.script.run(f"witness = {call}")
        except NodalroomError as error:
            self.checks.that(False, what, f"bus {bus}: {error}", ["witness"])
            return
        self.checks.counts[what] += 1
        wrong = check_witness(self.case, made.text, row, asked, fixed_rule=not redispatch)
        self.checks.counts["witness: solves"] += 1
        for kind, message in wrong:
            self.checks.found(
                kind, f"bus {bus}: {message}", ["witness"], f"study.table.loc[{bus}].to_string(), witness.text"
            )


# ---------------------------------------------------------------- kinds of tasks
def solve(task: Task) -> None:
    asked = random_options.flow(task.rng, task.case)
    flow = task.script.run(f"flow = net.solve({words(asked)[2:]})")
    check_flow(task.checks, task.case, flow, asked, "flow")
    if "init" in asked or not live_buses(task.case).any():
        return
    low = lowest(task.case, flow)
    for start in ("stored", "dc", "flat"):
        plain = task.script.run(f"plain = net.solve({words({**asked, 'init': start})[2:]})")
        other = lowest(task.case, plain)
        ordinary = math.isfinite(other) and other > 0.5
        task.checks.that(
            not (ordinary and not low > LOW_PU),
            "solve: an ordinary solution is taken",
            f"init='{start}' has {other:.4f} pu at the lowest bus, 'auto' {low:.4f} ({flow.reason})",
            ["flow", "plain"],
            "flow, plain",
        )


def sweep(task: Task) -> None:
    """A sweep, and its outages as edits of the network: both ways give the same answer."""
    asked = random_options.sweep(task.rng, task.case)
    swept = task.script.run(f"swept = nr.sweep(net{words(asked)}, threads=1, progress=False)")
    table = swept.table
    if task.rng.random() < 0.3:
        other = task.script.run(f"other = nr.sweep(net{words(asked)}, threads=2, progress=False)")
        same = table.equals(other.table) and swept.violations.equals(other.violations)
        task.checks.that(same, "same: threads of a sweep", "tables differ", ["swept", "other"], "swept, other")
    if not swept.intact_solved:
        return
    for at, row in table.iterrows():
        show = f"swept.table.loc[{at}].to_string()"
        figures = [row["vm_min_pu"], row["vm_max_pu"], row["supply_mw"]]
        fine = bool(np.isfinite(figures).all()) == (row["status"] == "converged")
        task.checks.that(
            fine,
            "sweep: figures of converged states",
            f"{row['contingency']}: {row['status']}, {figures}",
            ["swept"],
            show,
        )
    known = [
        state
        for state in states(task.case, asked.get("contingencies", "n-1"))
        if somebody_balances(task.case, state, asked)
    ]
    chosen = task.rng.permutation(len(known))[:12]
    for state in [known[at] for at in chosen]:
        same = (table["contingency_kind"] == state.kind) & (table["contingency_row"].fillna(0) == state.row)
        if not task.checks.that(
            int(same.sum()) == 1, "sweep: has every state", f"{state}: {int(same.sum())} rows", ["swept"]
        ):
            continue
        compare_edit(task, table[same].iloc[0], state, asked)


def compare_edit(task: Task, row: Any, state: State, asked: dict[str, Any]) -> None:
    try:
        task.script.run(f"edited = net{state.edit}")
    except NodalroomError:
        return  # a part would lose its last unit or its reference
    flow = task.script.run(f"flow = edited.solve({words(of_flow(asked))[2:]})")
    case = in_state(task.case, state)
    check_flow(task.checks, case, flow, of_flow(asked), "flow")
    if flow.converged and nobody_holds(case, solved(flow).held):
        return  # there may be many solutions
    low, seen = lowest(case, flow), row["vm_min_pu"] if row["status"] == "converged" else math.nan
    low, seen = (value if value > LOW_PU else math.nan for value in (low, seen))
    agree = (math.isnan(low) and math.isnan(seen)) or abs(low - seen) < 1e-5
    if row["status"] == "converged" and agree and math.isfinite(low):
        top = float(flow.buses["vm_pu"].to_numpy(float)[live_buses(case)].max())
        agree = abs(top - row["vm_max_pu"]) < 1e-5
    kind = "sweep: a failing state has no solution as an edit" if math.isnan(seen) else "sweep: the same as an edit"
    at = int(row.name)
    if agree and math.isfinite(low) and "voltage_change_max" not in asked:
        count_violations(task, row, state, asked, flow)
    task.checks.that(
        agree,
        kind,
        f"{state}: {row['status']}, lowest {row['vm_min_pu']:.6f} pu; as an edit {flow.status}, {low:.6f}",
        ["swept", "flow"],
        f"swept.table.loc[{at}].to_string(), flow, flow.buses.to_string()",
    )


def count_violations(task: Task, row: Any, state: State, asked: dict[str, Any], flow: Any) -> None:
    """The limits broken are those that the voltages break; what stands at its limit may be counted or not."""
    fewest, most = (broken(task.case, state, asked, solved(flow).v, slack) for slack in (1e-5, -1e-5))
    seen = (row["thermal_violations"], row["voltage_violations"])
    fine = all(low <= count <= high for low, count, high in zip(fewest, seen, most, strict=True))
    show = f"swept.table.loc[{row.name}].to_string(), swept.violations.to_string(), flow.branches.to_string()"
    message = f"{state}: {seen} branches and buses, {fewest} to {most} by its voltages"
    task.checks.that(fine, "sweep: limits broken", message, ["swept", "flow"], show)


def headroom(task: Task) -> None:
    asked = task.study(redispatch=False)
    for bus in asked["buses"]:
        task.witness(asked, bus)
    if task.rng.random() < 0.3:
        saved(task)


def redispatch(task: Task) -> None:
    asked = task.study(redispatch=True)
    study = task.script.names["study"]
    for bus in asked["buses"]:
        task.witness(asked, bus, redispatch=True)
        if np.isfinite(study.table.at[bus, "redispatch_mw"]):
            check_dispatch(task.script, task.checks, task.case, study.table.loc[bus], bus, asked)
    if task.rng.random() < 0.3:
        other = task.script.run(f"other = nr.headroom(net{words(asked)}, threads=2, progress=False)")
        pairs = zip(study.table["redispatch_mw"], other.table["redispatch_mw"], strict=True)
        differ = [(a, b) for a, b in pairs if not (abs(a - b) < 1e-6 or (math.isnan(a) and math.isnan(b)))]
        show = "study.table.T.to_string(), other.table.T.to_string()"
        task.checks.that(not differ, "same: threads of a redispatch", f"{differ}", ["study", "other"], show)
    if task.rng.random() < 0.2:
        saved(task)


def same_answer(task: Task) -> None:
    """One bus, asked again in other ways."""
    asked = task.study(redispatch=False)
    asking = Asked(task.script, task.checks, task.case, asked)
    for at in task.rng.permutation(len(SAME))[:4]:
        SAME[at](asking, task.rng)
    for at in task.rng.permutation(len(HARDER))[:2]:
        HARDER[at](asking, task.rng)


def below(task: Task) -> None:
    asked = task.study(redispatch=False)
    for bus, row in task.script.names["study"].table.iterrows():
        if row["status"] not in ("unsolved", "not_settled"):
            kind = (
                "below: counts below the answer"
                if bool(row["certified"])
                else "below: counts below an answer that is only screened"
            )
            check_below(Below(task.script, task.checks, task.case, bus, asked), row, task.rng, kind=kind)
            break


def ladder(task: Task) -> None:
    asked = task.study(redispatch=bool(task.rng.random() < 0.15))
    bus = asked["buses"][0]
    target = float(task.rng.choice([50, 200, 500]))
    factor = "" if task.rng.random() < 0.5 else f", rating_factor={float(task.rng.choice([1.1, 1.5, 2]))}"
    climbs = ", redispatch=True" if asked.get("redispatch") and task.rng.random() < 0.5 else ""
    made = task.script.run(
        f"ladder = study.ladder({bus}, {target}{factor}{climbs}, max_rungs=8, threads=1, progress=False)"
    )
    figures = made.table["certified_mw"].to_numpy(float)
    for below_, above in zip(figures[:-1], figures[1:], strict=True):
        text = f"bus {bus}: {below_:.4f} MW, then {above:.4f}"
        slack = 1.0 if "collapse" in set(made.table["limit_type"]) else 0.1
        task.checks.that(
            not above < below_ - slack, "ladder: rungs never go down", text, ["ladder"], "ladder.table.to_string()"
        )
    last = made.table.iloc[-1] if len(made.table) else None
    reached = made.status != "target_reached" or (last is not None and abs(last["certified_mw"] - target) <= 1.0)
    task.checks.that(reached, "ladder: reaches its target", f"bus {bus}: {made.status} at {last}", ["ladder"], "ladder")
    known = made.status in LADDERS
    task.checks.that(known, "ladder: statuses", f"bus {bus}: {made.status}", ["ladder"], "ladder")
    if task.rng.random() < 0.3:
        written(task, "ladder")


def upgrades(task: Task) -> None:
    asked = task.study(redispatch=False)
    made = task.script.run("upgrades = study.upgrades(most=3, threads=1, progress=False)")
    rows = task.script.names["study"].table
    for bus, row in made.buses.iterrows():
        before, after = float(row["before_mw"]), float(row["after_mw"])
        show = "upgrades.buses.to_string()"
        task.checks.that(
            abs(before - rows.at[bus, "headroom_mw"]) < 1e-9,
            "upgrades: as in the study",
            f"bus {bus}: {before}",
            ["upgrades"],
            show,
        )
        slack = 1.0 if rows.at[bus, "limit_type"] == "collapse" else 0.1
        task.checks.that(
            not after < before - slack,
            "upgrades: never take away",
            f"bus {bus}: {before} to {after} MW",
            ["upgrades"],
            show,
        )
    if task.rng.random() < 0.3:
        written(task, "upgrades")
    del asked


def saved(task: Task) -> None:
    written(task, "study")
    task.script.run('study.report(HERE / "report.html")')
    page = (task.script.folder / "report.html").read_text(encoding="utf-8")
    task.checks.that("</html>" in page, "saved: report", f"{len(page)} characters", ["study"])
    task.script.run("text = study.to_json()")
    task.script.run("text = study.to_csv()")
    task.checks.counts["saved: JSON and CSV"] += 1


def written(task: Task, name: str) -> None:
    """What is saved and loaded again is the same."""
    task.script.run(f'{name}.save(HERE / "{name}.nodalroom")')
    loaded = task.script.run(f'loaded = nr.load(HERE / "{name}.nodalroom")')
    same = loaded.table.equals(task.script.names[name].table)
    task.checks.that(same, "saved: loads the same", name, [name, "loaded"], f"{name}.table.compare(loaded.table)")


LADDERS = {
    "target_reached",
    "generation_limited",
    "not_upgradable",
    "rungs_exhausted",
    "no_gain",
    "unsolved",
    "not_settled",
}
KINDS = {solve: 3, sweep: 3, headroom: 4, redispatch: 2.5, same_answer: 4, below: 4, ladder: 1.5, upgrades: 1}

__all__ = ["Task", "read_case", "solved"]
