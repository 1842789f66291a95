"""Runs the kernel benchmarks (`--kinds kernels`). Standard library only: it needs no environment of peers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from . import machine
from .environment import TREE, say

PROGRAM = TREE / "build" / "bench" / "benchmarks" / "kernels" / "nodalroom_kernels"
FILE = "kernels.json"
#: The lane kernels, and the machine's own limits to set them beside.
GROUPS = "^(lanes|machine)/"
#: Seconds of one repetition of one kernel, at least.
LEAST_TIME = 0.1


def build() -> Path:
    say("Building the kernel benchmarks (minutes, on a slow machine)")
    for words in (["--preset", "bench", "--log-level=WARNING"], ["--build", "--preset", "bench"]):
        if subprocess.run(["cmake", *words], cwd=TREE, stdout=subprocess.DEVNULL, check=False).returncode:
            sys.exit("error: the kernel benchmarks could not be built; Debian's package is libbenchmark-dev")
    return PROGRAM


def command(program: Path, cases: list[Path], repeats: int, out: Path) -> list[str]:
    return [
        str(program),
        *(word for case in cases for word in ("--case", str(case))),
        f"--benchmark_filter={GROUPS}",
        f"--benchmark_min_time={LEAST_TIME}",
        f"--benchmark_repetitions={repeats}",
        "--benchmark_enable_random_interleaving=true",
        "--benchmark_display_aggregates_only=true",
        "--benchmark_out_format=json",
        f"--benchmark_out={out}",
    ]


def measure(cases: list[Path], repeats: int, cpu: int, folder: Path) -> Path:
    """Writes kernels.json: what the machine is, and what Google Benchmark says."""
    about = machine.describe([cpu])
    program = build()
    raw = folder / "kernels-raw.json"
    say(f"Kernels of {', '.join(str(case) for case in cases)}, {repeats} interleaved runs each, on processor {cpu}")
    words = command(program, [case.resolve() for case in cases], repeats, raw)
    ended = subprocess.run(
        words, stdout=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, [cpu]), check=False
    )
    if ended.returncode:
        sys.exit(f"error: {program.name} ended with exit code {ended.returncode}")
    given: dict[str, Any] = json.loads(raw.read_text())
    raw.unlink()
    path = folder / FILE
    path.write_text(json.dumps({"machine": about, "repeats": repeats, "runs": given["benchmarks"]}, indent=1) + "\n")
    return path
