"""Counts what was checked, property by property, and keeps what did not hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from .script import Script


@dataclass
class Finding:
    """Something that does not hold, with what gives it again."""

    kind: str
    message: str
    lines: list[str]
    files: dict[str, str] = field(default_factory=dict)


class Checks:
    """The checks of one task."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script
        self.counts: Counter[str] = Counter()
        self.findings: list[Finding] = []

    def that(self, holds: bool, kind: str, message: str, about: Iterable[str] = (), show: str = "") -> bool:
        """Counts one check of a property; where it does not hold, keeps a finding of that kind."""
        self.counts[kind] += 1
        if not holds:
            self.found(kind, message, about, show)
        return bool(holds)

    def found(self, kind: str, message: str, about: Iterable[str] = (), show: str = "") -> None:
        lines = self.script.again(about, show) if self.script else []
        text = "\n".join(lines)
        message = message.replace(f"{self.script.folder}/", "") if self.script else message
        files = {name: file for name, file in self.script.files.items() if f'"{name}"' in text} if self.script else {}
        self.findings.append(Finding(kind, message, lines, files))

    def kinds(self) -> set[str]:
        return {finding.kind for finding in self.findings}

    def told(self) -> dict[str, Any]:
        return {"counts": dict(self.counts), "findings": [asdict(finding) for finding in self.findings]}
