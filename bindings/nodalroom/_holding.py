"""What holds buses back: the states and elements that bind, grouped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from .study import Study

ELEMENT = ["element_kind", "element_row", "element", "limit_type"]


def grouped(table: pd.DataFrame, keys: list[str], by: str = "buses", **columns: Any) -> pd.DataFrame:
    """One row per group, those with most in ``by`` first, and equal ones in the order of the table. What is missing in
    the keys, such as a row of spare generation, is a group too. Columns are pairs of (column, figure).
    """
    found: pd.DataFrame = table.groupby(keys, dropna=False, sort=False).agg(**columns).reset_index()
    return found.sort_values(by, ascending=False, kind="stable", ignore_index=True)


def most_frequent(names: pd.Series) -> Any:
    return names.value_counts().index[0]


def binding_counts(table: pd.DataFrame) -> pd.DataFrame:
    """The states and elements that bind, most buses first: ``contingency element limit_type buses median_mw``."""
    return grouped(
        table[table["limit_type"] != "none"],
        ["contingency", "element", "limit_type"],
        buses=("headroom_mw", "size"),
        median_mw=("headroom_mw", "median"),
    )


def holding_elements(study: Study) -> pd.DataFrame:
    """What binds, by element: ``element_kind element element_row limit_type buses least median most states state``."""
    return grouped(
        study.table[study.table["element_kind"].isin(["branch", "bus", "generation"])],
        ELEMENT,
        buses=("headroom_mw", "size"),
        least=("headroom_mw", "min"),
        median=("headroom_mw", "median"),
        most=("headroom_mw", "max"),
        states=("contingency", "nunique"),
        state=("contingency", most_frequent),
    )


def holding_pairs(study: Study) -> pd.DataFrame:
    """The same for redispatch headroom: ``… buses per_percent states``, by MW that a percent more of it is worth."""
    pairs = study.redispatch_pairs.reset_index()
    pairs["per_percent"] = 0.01 * pairs["shadow_price"] * pairs["limit"].abs()
    return grouped(
        pairs,
        ELEMENT,
        by="per_percent",
        buses=("bus", "nunique"),
        per_percent=("per_percent", "sum"),
        states=("contingency", "nunique"),
        state=("contingency", most_frequent),
    )
