"""What a run wrote: results.json, and the figures made of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .measure import Record
from .statistics import PowerLaw, Spread, fit_power_law

#: The tool whose figures the others are set against.
OURS = "nodalroom"


@dataclass
class Row:
    """One peer on one case, kind of work and number of threads."""

    record: Record
    #: Of the whole run, seconds; None where it was not timed.
    total: Spread | None
    #: Per solve, per outage, or per bus of a headroom study.
    each: Spread | None
    #: Largest residual of the runs: of the voltages compared by the harness's definition, and of all states
    #: where the tool states it.
    residual_pu: float
    #: How many times as long as nodalroom takes for the same.
    times_ours: float = math.nan

    @property
    def states(self) -> int:
        return self.record.runs[0]["states"] if self.record.runs else 0

    @property
    def solved(self) -> int:
        return self.record.runs[0]["solved"] if self.record.runs else 0


@dataclass
class Results:
    machine: dict[str, Any]
    options: dict[str, Any]
    cases: list[dict[str, Any]]
    records: list[Record]

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(plain(asdict(self)), indent=1, allow_nan=False) + "\n")

    @staticmethod
    def load(path: Path) -> Results:
        data = json.loads(path.read_text())
        data["records"] = [Record(**record) for record in data["records"]]
        return Results(**data)

    def rows(self) -> list[Row]:
        rows = [row_of(record) for record in self.records]
        ours = {key(row): row.each.median for row in rows if row.record.peer == OURS and row.each}
        for row in rows:
            if row.each and key(row) in ours:
                row.times_ours = row.each.median / ours[key(row)]
        return rows

    def groups(self) -> Iterator[tuple[str, int, list[Row]]]:
        """Rows by kind of work and number of threads, in the order they were run."""
        rows = self.rows()
        for kind, threads in dict.fromkeys((row.record.kind, row.record.threads) for row in rows):
            yield kind, threads, [row for row in rows if (row.record.kind, row.record.threads) == (kind, threads)]

    def versions(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for record in self.records:
            found.update(record.versions)
        return found


def plain(value: Any) -> Any:
    """JSON has no NaN: null stands for it."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def key(row: Row) -> tuple[str, str, int]:
    return row.record.case, row.record.kind, row.record.threads


def row_of(record: Record) -> Row:
    if record.status != "timed" or not record.runs:
        return Row(record, None, None, math.nan)
    total = Spread.of([run["seconds"] for run in record.runs])
    parts = record.runs[0]["detail"].get("buses") or record.runs[0]["states"]
    given = [run.get(name) for run in record.runs for name in ("residual_pu", "stated_mismatch")]
    residuals = [value for value in given if value is not None]
    return Row(record, total, total.per(max(1, parts)), max(residuals, default=math.nan))


def exponents(rows: list[Row]) -> dict[str, PowerLaw]:
    """Of one group: how the cost of a state grows with the number of buses, per peer."""
    fits = {}
    for peer in dict.fromkeys(row.record.peer for row in rows):
        timed = [row for row in rows if row.record.peer == peer and row.each]
        fit = fit_power_law([row.record.buses for row in timed], [row.each.median for row in timed])
        if fit is not None:
            fits[peer] = fit
    return fits
