"""What a peer has to offer. Each tool is one file beside this one, with a class `Peer`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from harness.cases import Case

#: The kinds of work, in the order they are run.
KINDS = {
    "solve": "one AC power flow from a DC start, nothing kept from before",
    "solve-again": "the same with the structure of the solve before it kept",
    "sweep": "N-1: every in-service branch that is no bridge, no reactive limits",
    "sweep-q": "the same sweep with reactive limits enforced",
    "headroom": "N-1 headroom of some buses",
}


class Unsupported(Exception):
    """The tool cannot do this kind of work, or not on this case; the message says why."""


@dataclass
class Task:
    kind: str
    #: Largest power mismatch, per unit.
    tolerance: float
    #: 0-based branch rows, ascending; empty for kinds without outages.
    outages: np.ndarray
    #: Positions in `outages` whose answers are handed back to be compared.
    sample: np.ndarray
    #: Buses of a headroom study.
    buses: list[int] = field(default_factory=list)
    #: False: timed; a tool that pays for handing answers back may leave them out.
    compare: bool = True

    @property
    def q_limits(self) -> bool:
        return self.kind in ("sweep-q", "headroom")


@dataclass
class Outcome:
    """What one run took and gave.

    `answer` holds, in file order of buses and branches: for a solve `v`, complex per unit; for a sweep
    one row per entry of the sample: `v` (NaN where no solution was found), `s_from` and `s_to` (MVA), and,
    of a tool that keeps only these, `extremes` (smallest and largest magnitude, largest loading in percent).
    """

    #: The work itself, without conversion from and to Python where the tool lets them be told apart.
    seconds: float
    answer: dict[str, np.ndarray] = field(default_factory=dict)
    #: Outages simulated and solved.
    states: int = 0
    solved: int = 0
    #: The whole call as its user waits for it, where it differs.
    call_seconds: float | None = None
    #: Largest mismatch the tool itself states, per unit.
    stated_mismatch: float | None = None
    detail: dict[str, Any] = field(default_factory=dict)


class Peer(ABC):
    #: Names of the packages whose versions are stated.
    packages: ClassVar[tuple[str, ...]] = ()
    #: Per kind of work it does: what the timed part includes, and what it gives.
    kinds: ClassVar[dict[str, str]] = {}
    #: False: it always simulates every outage.
    takes_outages: ClassVar[bool] = True
    #: True: more than one thread makes a difference to its sweeps.
    threaded: ClassVar[bool] = False

    def __init__(self, case: Case, threads: int) -> None:
        self.case = case
        self.threads = threads

    @abstractmethod
    def run(self, task: Task) -> Outcome:
        """Does the work once. Raises Unsupported, or anything: the message is reported."""

    def versions(self) -> dict[str, str]:
        return {name: metadata.version(name) for name in self.packages}
