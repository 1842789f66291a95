"""The same question asked in another way, and harder ones: answers that must agree, and answers that must not rise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .case import BUS, FROM, G_BUS, REF, SHIFT, TAP, TO, TYPE, B, Case, R, X
from .checks import Checks
from .grids import rebased
from .options import Options, of_sweep, some_buses, words
from .script import Script

#: Answers hold to ±0.1 MW, and to ±1 MW for a collapse (section 7).
AGREE_MW, AGREE_COLLAPSE_MW = 0.2, 2.0


#: Without options that are about redispatch.
PLAIN = {"redispatch": None, "movable_units": None, "max_moved_mw": None}


def tolerance(*rows: Any) -> float:
    return AGREE_COLLAPSE_MW if any(row["limit_type"] == "collapse" for row in rows) else AGREE_MW


def figures_differ(first: Any, second: Any, exactly: bool = False) -> str:
    """Words where two rows of one question do not agree."""
    a, b = float(first["headroom_mw"]), float(second["headroom_mw"])
    settled = "not_settled" not in (first["status"], second["status"])
    if not settled or (np.isnan(a) and np.isnan(b)):
        return ""
    if not abs(a - b) <= (1e-6 if exactly else tolerance(first, second)):
        return f"{a:.4f} MW ({first['limit_type']}) and {b:.4f} MW ({second['limit_type']})"
    return ""


def rises(easier: Any, harder: Any) -> str:
    """Words where the harder question has the larger answer."""
    a, b = float(easier["headroom_mw"]), float(harder["headroom_mw"])
    settled = "not_settled" not in (easier["status"], harder["status"])
    if settled and b > a + tolerance(easier, harder):
        return f"{a:.4f} MW ({easier['limit_type']}) before, {b:.4f} MW ({harder['limit_type']}) with less allowed"
    return ""


class Asked:
    """A study of one bus, and others beside it."""

    def __init__(self, script: Script, checks: Checks, case: Case, options: Options) -> None:
        self.script, self.checks, self.case, self.options = script, checks, case, options
        self.bus: int = options["buses"][0]
        self.study = script.names["study"]
        self.row = self.study.table.loc[self.bus]

    def other(self, net: str = "net", bus: int | None = None, threads: int = 1, **changed: Any) -> Any:
        """The row of another study of the same bus."""
        bus = self.bus if bus is None else bus
        options = {**self.options, "buses": [bus], **changed}
        options = {name: value for name, value in options.items() if value is not None}
        study = self.script.run(f"other = nr.headroom({net}{words(options)}, threads={threads}, progress=False)")
        return study.table.loc[bus]

    def elsewhere(self, net: str) -> str:
        """Whether states have other solutions there before any load: then it is not the search that differs."""
        if net == "reordered" and not isinstance(self.options.get("balance", ""), str):
            return ""  # weights are by row
        sweeps = []
        for name in ("net", net):
            swept = self.script.run(
                f"swept = nr.sweep({name}{words(of_sweep(self.options))}, threads=1, progress=False)"
            )
            table = swept.table.sort_values(["vm_min_pu", "vm_max_pu"])
            sweeps.append(np.nan_to_num(table[["vm_min_pu", "vm_max_pu"]].to_numpy(float)))
        return "" if np.abs(sweeps[0] - sweeps[1]).max(initial=0) < 1e-5 else ", from other solutions without load"

    def same(self, kind: str, row: Any, exactly: bool = False, net: str = "net") -> None:
        wrong = figures_differ(self.row, row, exactly)
        if wrong and net != "net":
            kind += self.elsewhere(net)
        self.checks.that(not wrong, f"same: {kind}", f"bus {self.bus}: {wrong}", ["study", "other"], self.show(row))

    def harder(self, kind: str, row: Any) -> None:
        wrong = rises(self.row, row)
        self.checks.that(
            not wrong, f"never more: {kind}", f"bus {self.bus}: {wrong}", ["study", "other"], self.show(row)
        )

    def show(self, row: Any) -> str:
        return f"study.table.loc[{self.bus}].to_string(), other.table.loc[{row.name}].to_string()"


# ---------------------------------------------------------------- the same question
def threads(asked: Asked, rng: np.random.Generator) -> None:
    asked.same("threads", asked.other(threads=2, buses=asked.options["buses"]), exactly=True)


def company(asked: Asked, rng: np.random.Generator) -> None:
    others = [bus for bus in some_buses(rng, asked.case, 4) if bus != asked.bus]
    asked.same("company of other buses", asked.other(buses=[*others, asked.bus]), exactly=True)


def certify(asked: Asked, rng: np.random.Generator) -> None:
    if asked.options.get("certify") != "all":
        asked.same("certify='all'", asked.other(certify="all"))


def cap(asked: Asked, rng: np.random.Generator) -> None:
    """A cap above the answer changes nothing, one below is reached."""
    found = float(asked.row["headroom_mw"])
    if asked.row["status"] in ("cap_reached", "unsolved", "not_settled") or not np.isfinite(found):
        return
    above = [round(1.03 * found + 3, 2), round(2 * found + 20, 1), round(8 * found + 300.0), 5000.0]
    asked.same("max_mw above the answer", asked.other(max_mw=float(rng.choice(above))))
    if found > 5:
        row = asked.other(max_mw=round(0.7 * found, 2))
        asked.checks.that(
            row["status"] == "cap_reached", "same: max_mw below the answer is reached",
            f"bus {asked.bus}: {found:.4f} MW, and {row['headroom_mw']:.4f} MW with a cap of {round(0.7 * found, 2)}",
            ["study", "other"], asked.show(row),
        )  # fmt: skip


def order_of_rows(asked: Asked, rng: np.random.Generator) -> None:
    """Rows in another order; those that have a rule of their own (units of one bus, references) keep theirs."""
    case = asked.case
    changed = case.copy()
    changed.bus = case.bus[rng.permutation(len(case.bus))]
    if (case.bus[:, TYPE] == REF).sum() > 1:
        changed.bus = case.bus
    changed.branch = case.branch[rng.permutation(len(case.branch))]
    _, first = np.unique(case.gen[:, G_BUS], return_inverse=True)
    place = rng.permutation(first.max() + 1)
    rows = np.lexsort((np.arange(len(first)), place[first]))
    changed.gen = case.gen[rows]
    asked.script.case("reordered", changed)
    balance = asked.options.get("balance", "spare")
    moved = {} if isinstance(balance, str) else {"balance": [balance[row] for row in rows]}
    asked.same("order of rows", asked.other("reordered", **moved, **PLAIN), net="reordered")


def base_mva(asked: Asked, rng: np.random.Generator) -> None:
    changed = asked.case.copy()
    rebased(changed, float(rng.choice([1.0, 10.0, 250.0, 1000.0])))
    asked.script.case("rebased", changed)
    asked.same("baseMVA", asked.other("rebased", **PLAIN), net="rebased")


def numbers(asked: Asked, rng: np.random.Generator) -> None:
    case = asked.case.copy()
    new = dict(
        zip(
            case.bus[:, BUS],
            rng.permutation(np.arange(1, 3 * len(case.bus)))[: len(case.bus)].astype(float),
            strict=True,
        )
    )
    for table, column in ((case.bus, BUS), (case.gen, G_BUS), (case.branch, FROM), (case.branch, TO)):
        table[:, column] = [new[number] for number in table[:, column]]
    asked.script.case("renumbered", case)
    row = asked.other("renumbered", int(new[asked.bus]), **PLAIN)
    asked.same("bus numbers", row, net="renumbered")


def reversed_branches(asked: Asked, rng: np.random.Generator) -> None:
    changed = asked.case.copy()
    for at in np.flatnonzero(rng.random(len(changed.branch)) < 0.5):
        line = changed.branch[at]
        tap = line[TAP] or 1.0
        line[[FROM, TO]] = line[[TO, FROM]]
        if tap != 1 or line[SHIFT] != 0:
            line[[TAP, SHIFT]] = 1 / tap, -line[SHIFT]
            line[[R, X]] *= tap**2
            line[B] /= tap**2
    asked.script.case("reversed_", changed)
    asked.same("reversed branches", asked.other("reversed_", **PLAIN), net="reversed_")


# ---------------------------------------------------------------- harder questions
def more_outages(asked: Asked, rng: np.random.Generator) -> None:
    wider = {"none": ["branches", "units", "n-1"], "branches": ["n-1"], "units": ["n-1"]}
    more = wider.get(asked.options.get("contingencies", "n-1"))
    if more:
        asked.harder("with more outages", asked.other(contingencies=str(rng.choice(more)), **PLAIN))
        return
    row = asked.other(contingencies=str(rng.choice(["none", "branches", "units"])), **PLAIN)
    wrong = rises(row, asked.row)
    asked.checks.that(
        not wrong, "never more: with more outages", f"bus {asked.bus}: {wrong}", ["study", "other"], asked.show(row)
    )


def narrower_band(asked: Asked, rng: np.random.Generator) -> None:
    name = str(rng.choice(["voltage_band", "voltage_band_post"]))
    if name not in asked.options:
        return
    low, high = asked.options[name]
    asked.harder("with a narrower band", asked.other(**{name: (round(low + 0.01, 3), round(high - 0.005, 3))}, **PLAIN))


def lower_ratings(asked: Asked, rng: np.random.Generator) -> None:
    factor = float(rng.choice([0.8, 0.95, 0.99]))
    asked.script.run(f"weaker = net.with_ratings(factor={factor})")
    asked.harder("with lower ratings", asked.other("weaker", **PLAIN))


def smaller_attribution(asked: Asked, rng: np.random.Generator) -> None:
    name, value = ("attribution", 0.03) if rng.random() < 0.5 else ("attribution_voltage", 0.005)
    value = asked.options.get(name, value)
    if value > 0:
        asked.harder("with a smaller attribution", asked.other(**{name: float(rng.choice([0, value / 3]))}, **PLAIN))


SAME: list[Callable[[Asked, np.random.Generator], None]] = [
    threads, company, certify, cap, order_of_rows, base_mva, numbers, reversed_branches,
]  # fmt: skip
HARDER: list[Callable[[Asked, np.random.Generator], None]] = [
    more_outages, narrower_band, lower_ratings, smaller_attribution,
]  # fmt: skip
