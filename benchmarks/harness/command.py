"""The command benchmarks/run. Imports only the standard library until the environment is there."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from . import environment

TREE = environment.TREE
PEERS = list(environment.PACKAGES)
UNITS = ["avx512", "avx2", "plain", "neon"]
KINDS = ["solve", "solve-again", "sweep", "sweep-q", "headroom"]
#: Not beside other tools, and only where it is asked for: it builds the kernel benchmarks.
KERNELS = "kernels"


def comma_list(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks/run",
        description="Measures nodalroom beside its peers on the same cases: answers are compared first, then the tools "
        "are timed in turns. Writes results.json, table.md and a picture per kind of work; of kernels, kernels.json and roofline.md.",
    )
    add = parser.add_argument
    add("--case", action="append", type=Path, required=True, metavar="FILE.m", help="may be given several times")
    add("--peers", type=comma_list, default=PEERS, metavar="A,B", help=f"beside nodalroom: {', '.join(PEERS[1:])}; default all")
    add("--kinds", type=comma_list, default=KINDS, metavar="A,B", help=f"kinds of work: {', '.join(KINDS)} (default: these), and {KERNELS}: the lane kernels by themselves")
    add("--units", type=comma_list, default=[], metavar="A,B", help=f"nodalroom also with these vector units: {', '.join(UNITS)} (NODALROOM_VECTOR_UNIT)")
    add("--repeats", type=int, default=5, metavar="N", help="timed runs of each (default 5)")
    add("--threads", type=comma_list, default=["1"], metavar="1,2", help="numbers of threads, each pinned (default 1)")
    add("--outages", default="all", metavar="K|all", help="outages of a sweep, evenly spread (default all)")
    add("--tolerance", type=float, default=1e-6, metavar="PU", help="largest power mismatch (default 1e-6)")
    add("--sample", type=int, default=20, metavar="N", help="outages whose answers are compared (default 20)")
    add("--buses", type=int, default=8, metavar="N", help="buses of the headroom study, evenly spread (default 8)")
    add("--timeout", type=float, default=600, metavar="S", help="time limit of one run of one tool (default 600)")
    add("--budget", type=float, default=120, metavar="S",
        help="a tool that would take longer for one sweep gets fewer outages, evenly spread (default 120)")  # fmt: skip
    add("--cpus", type=comma_list, metavar="0,1", help="processors to pin to, in this order (default: those there are)")
    add("--out", type=Path, default=TREE / "out" / "benchmarks", metavar="DIR", help="default out/benchmarks")
    add("--env", type=Path, default=TREE / "build" / "bench-env", metavar="DIR", help="default build/bench-env")
    add("--upgrade", action="store_true", help="take the newest versions of the peers again")
    arguments = parser.parse_args(words)
    arguments.peers = list(dict.fromkeys(["nodalroom", *arguments.peers]))
    lists = (
        ("--peers", arguments.peers, PEERS),
        ("--kinds", arguments.kinds, [*KINDS, KERNELS]),
        ("--units", arguments.units, UNITS),
    )
    for option, given, known in lists:
        if unknown := [name for name in given if name not in known]:
            parser.error(f"{option} {','.join(unknown)}: known are {', '.join(known)}")
    try:
        arguments.threads = [int(count) for count in arguments.threads]
        arguments.cpus = [int(cpu) for cpu in arguments.cpus] if arguments.cpus else sorted(os.sched_getaffinity(0))
        arguments.outages = None if arguments.outages == "all" else int(arguments.outages)
    except ValueError as error:
        parser.error(str(error))
    if min(arguments.threads) < 1 or max(arguments.threads) > len(arguments.cpus):
        parser.error(f"--threads {max(arguments.threads)}: there are {len(arguments.cpus)} processors to pin to")
    if arguments.repeats < 1 or (arguments.outages is not None and arguments.outages < 1) or arguments.sample < 1:
        parser.error("--repeats, --outages and --sample must be at least 1")
    return arguments


def main() -> None:
    arguments = parse(sys.argv[1:])
    if arguments.kinds == [KERNELS]:  # no peers, no environment
        measure_kernels(arguments)
        return
    if not environment.is_inside(arguments.env):
        python = environment.make(arguments.env, arguments.peers, arguments.upgrade)
        sys.stdout.flush()
        os.execv(python, [str(python), sys.argv[0], *sys.argv[1:]])
    if KERNELS in arguments.kinds:
        measure_kernels(arguments)
        arguments.kinds.remove(KERNELS)
    measure(arguments)


def measure_kernels(arguments: argparse.Namespace) -> None:
    from . import kernels, roofline

    arguments.out.mkdir(parents=True, exist_ok=True)
    written = kernels.measure(arguments.case, arguments.repeats, arguments.cpus[0], arguments.out)
    table = arguments.out / "roofline.md"
    table.write_text(roofline.markdown(roofline.Roofline.load(written)))
    print(table.read_text())
    environment.say(f"Wrote {written}, {table}")


def measure(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from . import cases, machine, plots, tables
    from .measure import Plan, measure_case
    from .results import Results

    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        [*arguments.peers, *(f"nodalroom {unit}" for unit in arguments.units)], Path(__file__).parents[1] / "peers", arguments.kinds, arguments.repeats, arguments.threads,
        arguments.outages, arguments.tolerance, arguments.sample, arguments.buses, arguments.timeout, arguments.budget,
        arguments.cpus, out, say=lambda text: print(f"    {text}", flush=True),
    )  # fmt: skip
    options = {
        "tolerance_pu": plan.tolerance,
        "repeats": plan.repeats,
        "outages": plan.outages,
        "sample": plan.sample,
        "headroom_buses": plan.buses,
        "timeout_s": plan.timeout_s,
        "budget_s": plan.budget_s,
        "voltages_agree_pu": plan.limits.voltage_pu,
        "flows_agree": plan.limits.flow,
        "residual_factor": plan.limits.residual_factor,
    }
    results = Results(machine.describe(plan.cpus[: max(plan.threads)]), options, [], [])
    for path in arguments.case:
        environment.say(f"{path}")
        case = cases.prepare(path, out / "cases" / path.stem)
        results.cases.append(
            {"name": case.name, "buses": len(case.bus), "branches": len(case.branch), "outages": len(case.outages)}
        )
        results.records += measure_case(case, plan)
        # After every case: a long run that is ended keeps what it has.
        results.save(out / "results.json")
    (out / "table.md").write_text(tables.markdown(results))
    console = Console(highlight=False)
    tables.show(results, console if console.is_terminal else Console(highlight=False, width=200))
    written = [out / "results.json", out / "table.md", *plots.draw(results, out)]
    environment.say("Wrote " + ", ".join(str(path) for path in written))
