"""Two studies beside each other."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from ._frames import Arrow
from ._html import comparison_card
from ._words import LIMIT_WORDS, counted
from .errors import OptionError

if TYPE_CHECKING:
    from .study import Study

__all__ = ["Comparison"]

#: A change is said to be one from here on, MW: answers are certain to 0.1 (docs/headroom.md, section 7).
SAME_MW = 0.1


class Comparison(Arrow):
    """Two studies beside each other; outcome of :meth:`Study.compare`. As an Arrow stream it is ``table``."""

    def __init__(self, first: Study, second: Study) -> None:
        #: The study compared, "before".
        self.first = first
        #: The one it is compared with, "after".
        self.second = second
        if not len(first.table.index.intersection(second.table.index)):
            raise OptionError(
                f"nothing to compare: the studies of {first.network.source} and {second.network.source} have no bus "
                "in common"
            )

    @cached_property
    def same_case(self) -> bool:
        """Whether both studies are of the same case, bit for bit (``case_hash``). Rows and names of elements
        are those of each study's own case.
        """
        return self.first.case_hash == self.second.case_hash

    @cached_property
    def options(self) -> pd.DataFrame:
        """The options that differ; index ``option``, columns ``first`` and ``second``. Weights of units are one
        option, ``weights``; edits of networks another, ``edits``.
        """
        both = [{**study.options, "weights": study._weights or None} for study in (self.first, self.second)]
        names = [name for name in dict.fromkeys([*both[0], *both[1]]) if both[0].get(name) != both[1].get(name)]
        data = {
            side: pd.Series([given.get(name) for name in names], dtype=object)
            for side, given in zip(("first", "second"), both, strict=True)
        }
        return pd.DataFrame(data).set_index(pd.Index(names, name="option", dtype=object))

    def options_in_words(self) -> pd.DataFrame:
        """``options`` as short texts."""
        return self.options.map(shown)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per bus of either study, in the order of the first; index ``bus``.

        ``before_mw`` and ``after_mw``: ``headroom_mw`` of the first and the second study, MW, NaN where it has
        none; ``change_mw``, the second less the first; ``why``, in a few words. ``status limit_type
        contingency element value limit`` of both, with ``_before`` and ``_after``; ``name`` and ``base_kv`` of
        the bus. Where both studies have redispatch figures: ``redispatch_before_mw``, ``redispatch_after_mw``,
        ``redispatch_change_mw``, ``redispatch_status_before`` and ``redispatch_status_after``.
        """
        before, after = self.first.table, self.second.table
        order = before.index.append(after.index.difference(before.index, sort=False))
        left, right = before.reindex(order), after.reindex(order)
        found = pd.DataFrame(index=order.rename("bus"))
        found["name"] = left["name"].where(order.isin(before.index), right["name"])
        found["base_kv"] = left["base_kv"].where(order.isin(before.index), right["base_kv"])
        found["before_mw"] = left["headroom_mw"]
        found["after_mw"] = right["headroom_mw"]
        found["change_mw"] = right["headroom_mw"] - left["headroom_mw"]
        found["why"] = pd.Series(
            [why(bus, before, after) for bus in order], index=found.index, dtype=object
        )
        for name in ("status", "limit_type", "contingency", "element", "value", "limit"):
            for side, given in (("before", left), ("after", right)):
                column = given[name]
                found[f"{name}_{side}"] = column.where(column.notna(), None) if column.dtype == object else column
        if self.has_redispatch:
            found["redispatch_before_mw"] = left["redispatch_mw"]
            found["redispatch_after_mw"] = right["redispatch_mw"]
            found["redispatch_change_mw"] = right["redispatch_mw"] - left["redispatch_mw"]
            for side, given in (("before", left), ("after", right)):
                status = given["redispatch_status"]
                found[f"redispatch_status_{side}"] = status.where(status.notna(), None)
        return found

    @property
    def has_redispatch(self) -> bool:
        """Whether both studies have redispatch figures."""
        return bool(self.first.options["redispatch"] and self.second.options["redispatch"])

    def largest_changes(self, most: int = 10) -> pd.DataFrame:
        """The rows of ``table`` whose figure changed by 0.1 MW or more, the largest change first."""
        change = self.table["change_mw"].abs()
        order = change[change >= SAME_MW].sort_values(ascending=False, kind="stable").index
        return self.table.loc[order[:most]]

    def facts(self) -> list[tuple[str, str]]:
        """What there is to say of it as a whole: pairs of (question, answer)."""
        table = self.table
        first, second = set(self.first.table.index), set(self.second.table.index)
        change = table["change_mw"].dropna()
        facts = [("Buses", f"{counted(len(first & second), 'bus', 'buses')} in both" + only(first, second))]
        if len(change):
            up, down = int((change >= SAME_MW).sum()), int((change <= -SAME_MW).sum())
            facts.append(("Headroom", f"{up} higher, {down} lower, {len(change) - up - down} the same"))
            facts.append(
                (
                    "Change",
                    f"median {change.median():+.1f} MW, from {change.min():+.1f} MW at bus {change.idxmin()} to "
                    f"{change.max():+.1f} MW at bus {change.idxmax()}",
                )
            )
        facts.append(("Case", "the same in both" if self.same_case else self._cases()))
        for words, study in (("The first", self.first), ("The second", self.second)):
            if not study.complete:
                facts.append((words, "was interrupted: buses that it did not finish are missing"))
        if self.first.version != self.second.version:
            facts.append(("Versions", f"nodalroom {self.first.version} and {self.second.version}"))
        return facts

    def _cases(self) -> str:
        names = f"{self.first.network.source} and {self.second.network.source}"
        if self.first.network.source == self.second.network.source:
            return f"not the same: {self.first.network.source}, changed or edited between the studies"
        return f"not the same: {names}; buses are matched by number"

    def _arrow_frame(self) -> pd.DataFrame:
        return self.table

    def __repr__(self) -> str:
        lines = [f"<Comparison of two studies: {self.first.network.name} and {self.second.network.name}"]
        lines += [f"  {question}: {answer}" for question, answer in self.facts()]
        for option, first, second in self.options.itertuples():
            lines.append(f"  Option {option}: {shown(first)} | {shown(second)}")
        for bus, row in self.largest_changes(5).iterrows():
            lines.append(f"  Bus {bus}: {row['before_mw']:.1f} to {row['after_mw']:.1f} MW; {row['why']}")
        return "\n".join(lines) + ">"

    def _repr_html_(self) -> str:
        return comparison_card(self)


def only(first: set[Any], second: set[Any]) -> str:
    return "".join(
        f", {len(left):,} only in the {word}"
        for left, word in ((first - second, "first"), (second - first, "second"))
        if left
    )


def shown(value: Any) -> str:
    """An option in few letters: long lists are counted."""
    if isinstance(value, list) and len(value) > 6:
        return counted(len(value), "value", "values")
    if isinstance(value, tuple):
        return " to ".join(f"{item:g}" for item in value)
    return "; ".join(map(str, value)) if isinstance(value, list) and value else str(value)


def why(bus: Any, before: pd.DataFrame, after: pd.DataFrame) -> str:
    """Why a bus has another figure, or none, in one short sentence."""
    if bus not in after.index:
        return "only in the first"
    if bus not in before.index:
        return "only in the second"
    old, new = before.loc[bus], after.loc[bus]
    for row, word in ((old, "first"), (new, "second")):
        if math.isnan(row["headroom_mw"]):
            return f"the {word} has no number ({row['status']})"
    change = new["headroom_mw"] - old["headroom_mw"]
    size = "unchanged" if abs(change) < SAME_MW else "higher" if change > 0 else "lower"
    if new["limit_type"] == "none":
        return f"at the cap in both, {size}" if old["limit_type"] == "none" else "nothing holds it up to the cap now"
    if all(old[key] == new[key] for key in ("limit_type", "contingency", "element")):
        return same_limit(old, new, size)
    return f"now held by {held_by(new)}"


def same_limit(old: pd.Series, new: pd.Series, size: str) -> str:
    if new["limit_type"] in ("thermal", "low_voltage", "high_voltage", "voltage_change") and old["limit"] != new["limit"]:
        unit = "MVA" if new["limit_type"] == "thermal" else "pu"
        return f"same element, its limit {old['limit']:g} -> {new['limit']:g} {unit}; {size}"
    return f"same limit, {size}"


def held_by(row: pd.Series) -> str:
    if row["limit_type"] == "generation":
        return LIMIT_WORDS["generation"]
    when = "intact" if row["contingency_kind"] == "intact" else f"after {row['contingency']}"
    return f"{row['element']} ({LIMIT_WORDS[row['limit_type']]}, {when})"
