"""What the lane kernels reach of what the machine can do. Figures from kernels.json; standard library only.

Flops and bytes are counted from the structure (benchmarks/kernels/lane_work.cpp), times are medians.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from .machine import BUSY_LOAD

UNITS = ("plain", "neon", "avx2", "avx512")
FACTORS = ("shared_single", "shared_double", "own_single", "own_double")
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True)
class Machine:
    """Limits of one processor with one vector unit."""

    flops: float
    flops_single: float
    #: Bytes per second of a triad, by where its arrays lie: l1, l2, ..., memory.
    bandwidth: dict[str, float]


@dataclass(frozen=True)
class Kernel:
    """One kernel of the lanes on one case: what one call does for all lanes, and how long it takes."""

    case: str
    unit: str
    factors: str
    name: str
    lanes: int
    seconds: float
    low: float
    high: float
    flops: float
    flops_single: float
    bytes: float
    bytes_again: float

    @property
    def intensity(self) -> float:
        return (self.flops + self.flops_single) / self.bytes

    @property
    def rate(self) -> float:
        return (self.flops + self.flops_single) / self.seconds

    def share_of_peak(self, machine: Machine) -> float:
        """Time the arithmetic alone would take, by the time taken: both precisions at their own speed."""
        return (self.flops / machine.flops + self.flops_single / machine.flops_single) / self.seconds

    def share_of_bandwidth(self, machine: Machine, level: str) -> float:
        return self.bytes / self.seconds / machine.bandwidth.get(level, math.nan)


@dataclass(frozen=True)
class States:
    """Whole N-1 states through the lanes of one unit."""

    case: str
    unit: str
    factors: str
    q_limits: bool
    lanes: int
    seconds: float  # per state
    low: float
    high: float
    steps: float
    solved_share: float


@dataclass
class Roofline:
    about: dict[str, Any]
    repeats: int
    machines: dict[str, Machine]
    kernels: list[Kernel]
    states: list[States]
    failed: list[str]

    @staticmethod
    def load(path: Path) -> Roofline:
        data = json.loads(path.read_text())
        return made_of(data["machine"], data["repeats"], data["runs"])


def made_of(about: dict[str, Any], repeats: int, runs: list[dict[str, Any]]) -> Roofline:
    single: dict[str, list[dict[str, Any]]] = {}
    failed = []
    for run in sorted(runs, key=lambda run: run["family_index"]):  # as entered, not as interleaved
        if run.get("error_occurred"):
            failed.append(f"{run['name']}: {run['error_message']}")
        elif run["run_type"] == "iteration":
            single.setdefault(run["run_name"], []).append(run)
    limits: dict[str, dict[str, float]] = {}
    made = Roofline(about, repeats, {}, [], [], list(dict.fromkeys(failed)))
    for name, of_name in single.items():
        parts = name.removesuffix("/manual_time").split("/")
        first = of_name[0]
        if parts[0] == "machine":
            rate = "flops_per_second" if "flops_per_second" in first else "bytes_per_second"
            # The most it can do: what disturbs a run only makes it slower.
            limits.setdefault(parts[1], {})[parts[2]] = max(run[rate] for run in of_name)
            continue
        # The case's own name may hold anything but comes last.
        unit, rest = parts[1], parts[2:] if parts[2] in FACTORS else ["-", *parts[2:]]
        factors, kernel, case = rest[0], rest[1], "/".join(rest[2:])
        seconds = sorted(run["real_time"] * SECONDS[run["time_unit"]] for run in of_name)
        spread = (median(seconds), seconds[len(seconds) // 4], seconds[(3 * len(seconds)) // 4])
        if kernel.startswith("states"):
            each = [value / first["states"] for value in spread]
            made.states.append(
                States(case, unit, factors, kernel == "states_q", int(first["lanes"]), *each, first["steps"], first["solved_share"])
            )
        else:
            counted = [first[key] for key in ("flops", "flops_single", "bytes", "bytes_again")]
            made.kernels.append(Kernel(case, unit, factors, kernel, int(first["lanes"]), *spread, *counted))
    for unit, found in limits.items():
        bandwidth = {name.removeprefix("triad_"): value for name, value in found.items() if name.startswith("triad_")}
        made.machines[unit] = Machine(found["multiply_add"], found["multiply_add_single"], bandwidth)
    return made


def micro(seconds: float) -> str:
    return f"{seconds * 1e6:.3g} µs" if seconds < 0.9995e-3 else f"{seconds * 1e3:.3g} ms"


def percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.0f} %"


def giga(value: float) -> str:
    return "-" if math.isnan(value) else f"{value / 1e9:.3g}"


def table(head: list[str], body: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body)] + [""]


def markdown(made: Roofline, level: str = "##") -> str:
    about = made.about
    places = list(dict.fromkeys(place for machine in made.machines.values() for place in machine.bandwidth))
    lines = [
        f"{level} Roofline",
        "",
        f"The lane kernels by themselves and whole N-1 states, single threaded; {about['when']}, nodalroom at {about['revision']},",
        f"{about['processor']}, load before the run {about['load_before']}. Medians of {made.repeats} interleaved runs [quartiles]. Flops and bytes are",
        "counted from the structure, not measured: every array once per pass. *Again* is what a factorisation reads again of",
        "the rows above, out of whichever cache holds them. Peak is an FMA loop (for `plain` of x86 a multiply and an add) and",
        "bandwidth a triad, in the same program with the same vector unit; a share of memory bandwidth above 100 % says that",
        "the data came out of a cache.",
        *(["The machine was doing other work: these figures show the order of magnitude."] if about["load_before"] > BUSY_LOAD else []),
        "",
        "What the machine can do:",
        "",
    ]
    lines += table(
        ["unit", "Gflop/s double", "Gflop/s single", *(f"GB/s {name_of(place)}" for place in places)],
        [
            [unit, giga(m.flops), giga(m.flops_single), *(giga(m.bandwidth.get(place, math.nan)) for place in places)]
            for unit, m in ordered(made.machines)
        ],
    )
    for case in dict.fromkeys(kernel.case for kernel in made.kernels):
        lines += [f"Kernels, {case}, one call for all lanes:", ""]
        lines += table(
            ["unit", "factors", "kernel", "lanes", "time", "per state", "flop/byte", "Gflop/s", "of peak", "GB/s", "again GB/s",
             "of L2", "of memory"],
            [cells(kernel, made.machines[kernel.unit]) for kernel in made.kernels if kernel.case == case],
        )  # fmt: skip
    for case in dict.fromkeys(states.case for states in made.states):
        lines += [f"Whole states, {case}, N-1 branch outages from the intact voltages; unsolved ones are handed on:", ""]
        lines += table(
            ["unit", "factors", "lanes", "reactive limits", "per state", "states a second", "steps", "solved"],
            [
                [s.unit, s.factors.replace("_", " "), str(s.lanes), "yes" if s.q_limits else "no",
                 f"{micro(s.seconds)} [{micro(s.low)}, {micro(s.high)}]", f"{1 / s.seconds:,.0f}", f"{s.steps:.2f}",
                 percent(s.solved_share)]
                for s in made.states if s.case == case
            ],
        )  # fmt: skip
    if made.failed:
        lines += ["Without a figure:", "", *(f"- {line}" for line in made.failed), ""]
    return "\n".join(lines)


def cells(kernel: Kernel, machine: Machine) -> list[str]:
    return [
        kernel.unit,
        kernel.factors.replace("_", " "),
        kernel.name,
        str(kernel.lanes),
        f"{micro(kernel.seconds)} [{micro(kernel.low)}, {micro(kernel.high)}]",
        micro(kernel.seconds / kernel.lanes),
        f"{kernel.intensity:.2g}",
        giga(kernel.rate),
        percent(kernel.share_of_peak(machine)),
        giga(kernel.bytes / kernel.seconds),
        giga(kernel.bytes_again / kernel.seconds) if kernel.bytes_again else "-",
        percent(kernel.share_of_bandwidth(machine, "l2")),
        percent(kernel.share_of_bandwidth(machine, "memory")),
    ]


def ordered(machines: dict[str, Machine]) -> list[tuple[str, Machine]]:
    return [(unit, machines[unit]) for unit in UNITS if unit in machines]


def name_of(place: str) -> str:
    return place.upper() if place.startswith("l") else place
