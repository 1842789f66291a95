"""Runs the peers: compare first, then time in turns."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import cases as c
from .agreement import Agreement, Tolerances, compare, compare_solve
from .cases import Case, evenly
from .truth import Truth
from .workers import PeerFailure, Worker

SOLVES = ("solve", "solve-again")
SWEEPS = ("sweep", "sweep-q")


@dataclass
class Plan:
    #: Names of peers; "nodalroom avx2": that peer with that vector unit.
    peers: list[str]
    #: Where the adapters are.
    peers_folder: Path
    kinds: list[str]
    repeats: int
    threads: list[int]
    #: Outages of a sweep; None: all.
    outages: int | None
    tolerance: float
    #: Outages whose voltages and flows are compared.
    sample: int
    #: Buses of a headroom study.
    buses: int
    #: Seconds a peer may take for one run, and for reading a case.
    timeout_s: float
    #: Seconds one timed sweep should take at most; slower tools get fewer outages, evenly spread.
    budget_s: float
    cpus: list[int]
    out: Path
    limits: Tolerances = field(default_factory=Tolerances)
    say: Callable[[str], None] = print


@dataclass
class Record:
    """What came of one peer on one case, kind of work and number of threads."""

    case: str
    buses: int
    kind: str
    threads: int
    peer: str
    #: timed, refused (another answer), unsupported, failed
    status: str = "failed"
    reason: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    timed_part: str = ""
    agreement: dict[str, Any] | None = None
    runs: list[dict[str, Any]] = field(default_factory=list)


class Contender:
    """A peer that may still be timed."""

    def __init__(self, worker: Worker, record: Record, positions: np.ndarray) -> None:
        self.worker, self.record = worker, record
        #: Of the case's outages, those it is given.
        self.positions = positions


def measure_case(case: Case, plan: Plan) -> list[Record]:
    truth = Truth(case, plan.sample)
    records = []
    for place, threads in enumerate(plan.threads):
        kinds = [kind for kind in plan.kinds if place == 0 or kind not in SOLVES]
        if kinds:
            records += measure_with_threads(case, truth, plan, kinds, threads)
    return records


def measure_with_threads(case: Case, truth: Truth, plan: Plan, kinds: list[str], threads: int) -> list[Record]:
    records: list[Record] = []
    workers: dict[str, Worker] = {}
    unable: dict[str, PeerFailure] = {}
    try:
        for peer in plan.peers:
            log = plan.out / "logs" / f"{case.name}-{peer.replace(' ', '-')}-{threads}.log"
            name, _, unit = peer.partition(" ")
            file, cpus = plan.peers_folder / f"{name}.py", plan.cpus[:threads]
            variables = {"NODALROOM_VECTOR_UNIT": unit} if unit else {}
            workers[peer] = Worker(peer, file, case.folder, threads, cpus, plan.timeout_s, log, variables)
            try:
                workers[peer].start()
            except PeerFailure as failure:
                unable[peer] = failure
        for kind in kinds:
            contenders = []
            for peer, worker in workers.items():
                record = Record(case.name, len(case.bus), kind, threads, peer)
                records.append(record)
                if peer in unable:
                    record.status, record.reason = status_of(unable[peer]), str(unable[peer])
                elif contender := check(worker, record, case, truth, plan):
                    contenders.append(contender)
                plan.say(f"{case.name} {kind} {peer}: {record.reason}")
            take_turns(contenders, case, truth, plan)
    finally:
        for worker in workers.values():
            worker.close()
    return records


def check(worker: Worker, record: Record, case: Case, truth: Truth, plan: Plan) -> Contender | None:
    """The first run: warms up, is compared and never timed. None: this peer is not to be timed."""
    introduction, kind = worker.introduction, record.kind
    record.versions = introduction["versions"]
    if kind not in introduction["kinds"]:
        record.status, record.reason = "unsupported", "does not do this"
        return None
    if record.threads > 1 and not introduction["threaded"]:
        record.status, record.reason = "unsupported", "uses one thread"
        return None
    record.timed_part = introduction["kinds"][kind]
    every = np.arange(len(case.outages))
    asked = every if plan.outages is None else np.union1d(evenly(len(every), plan.outages), truth.sample)
    if not introduction["takes_outages"]:
        asked = every
    first = asked if kind not in SWEEPS or not introduction["takes_outages"] else truth.sample
    contender = Contender(worker, record, first if kind in SWEEPS else np.array([], dtype=int))
    try:
        reply, agreement = run_once(contender, case, truth, plan, comparing=True)
    except PeerFailure as failure:
        record.status, record.reason = status_of(failure), str(failure)
        return None
    if agreement is None:
        record.reason = "no peer to compare with" if kind == "headroom" else "gave nothing to compare"
        if kind != "headroom":
            record.status = "refused"
            return None
    else:
        record.agreement, record.reason = agreement.as_dict(), agreement.reason
        if not agreement.agrees:
            record.status = "refused"
            return None
    if kind in SWEEPS and introduction["takes_outages"]:
        per_outage = (reply["call_seconds"] or reply["seconds"]) / max(1, reply["states"])
        affordable = int(plan.budget_s / max(per_outage, 1e-9))
        if affordable < len(asked):
            asked = np.union1d(evenly(len(every), max(affordable, len(truth.sample))), truth.sample)
        contender.positions = asked
    record.status = "timed"
    return contender


def take_turns(contenders: list[Contender], case: Case, truth: Truth, plan: Plan) -> None:
    """Every repeat times every peer once, beginning with another one each time."""
    for repeat in range(plan.repeats):
        turn = repeat % max(1, len(contenders))
        for contender in contenders[turn:] + contenders[:turn]:
            record = contender.record
            if record.status != "timed":
                continue
            try:
                reply, agreement = run_once(contender, case, truth, plan, comparing=False)
            except PeerFailure as failure:
                record.status, record.reason, record.runs = status_of(failure), str(failure), []
                continue
            if agreement is not None and not agreement.agrees:
                record.status, record.reason, record.runs = "refused", f"in a timed run: {agreement.reason}", []
                continue
            residual = agreement.residual_pu if agreement is not None else (record.agreement or {}).get("residual_pu")
            record.runs.append({**reply, "residual_pu": residual})


def run_once(
    contender: Contender, case: Case, truth: Truth, plan: Plan, comparing: bool
) -> tuple[dict[str, Any], Agreement | None]:
    record, positions = contender.record, contender.positions
    is_sweep, q_limits = record.kind in SWEEPS, record.kind == "sweep-q"
    sample = np.flatnonzero(np.isin(positions, truth.sample)) if is_sweep else []
    energised = np.flatnonzero(case.bus[:, c.BUS_TYPE] != c.ISOLATED)
    buses = case.bus[energised[evenly(len(energised), plan.buses)], c.BUS_I] if record.kind == "headroom" else []
    with tempfile.TemporaryDirectory(dir=plan.out) as folder:
        file = Path(folder, "answer.npz")
        reply = contender.worker.run(
            {
                "kind": record.kind,
                "tolerance": plan.tolerance,
                "outages": [int(row) for row in case.outages[positions]],
                "sample": [int(position) for position in sample],
                "buses": [int(bus) for bus in buses],
                "compare": comparing,
                "answer": str(file),
            }
        )
        with np.load(file) as data:
            answer = dict(data)
    if "v" not in answer:
        return reply, None
    if is_sweep:
        outages = [int(row) for row in case.outages[truth.sample]]
        agreement = compare(truth.reference, outages, truth.states(q_limits), answer, plan.tolerance, plan.limits, q_limits)
    else:
        agreement = compare_solve(truth.reference, truth.intact(), answer, plan.tolerance, plan.limits)
    return reply, agreement


def status_of(failure: PeerFailure) -> str:
    return "unsupported" if failure.unsupported else "failed"
