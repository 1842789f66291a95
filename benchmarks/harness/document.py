"""docs/performance.md, from the results of a run: tables and pictures are never edited by hand."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from . import environment
from .environment import TREE
from .machine import BUSY_LOAD

SCRIPT = "benchmarks/report"


def main() -> None:
    parser = argparse.ArgumentParser(prog=SCRIPT, description="Writes the performance page from a run's results.")
    parser.add_argument("--in", dest="folder", type=Path, default=TREE / "out" / "benchmarks", metavar="DIR")
    parser.add_argument("--also", action="append", type=Path, default=[], metavar="DIR",
                        help="another run, whose tables go to the end; may be given several times")  # fmt: skip
    parser.add_argument("--out", type=Path, default=TREE / "docs" / "performance.md", metavar="FILE.md")
    parser.add_argument("--env", type=Path, default=TREE / "build" / "bench-env", metavar="DIR", help="for matplotlib")
    arguments = parser.parse_args()
    if not environment.is_inside(arguments.env) and (python := arguments.env / "bin" / "python").exists():
        os.execv(python, [str(python), sys.argv[0], *sys.argv[1:]])
    write(arguments.folder, arguments.out, arguments.also)


def load(folder: Path):
    from .results import Results

    if not (folder / "results.json").exists():
        sys.exit(f"error: no results.json in {folder}; benchmarks/run writes it, of any kind of work but kernels alone")
    return Results.load(folder / "results.json")


def write(folder: Path, page: Path, also: list[Path]) -> None:
    from . import kernels, plots

    results, others = load(folder), [load(other) for other in also]
    pictures = page.parent / "images"
    pictures.mkdir(parents=True, exist_ok=True)
    for old in pictures.glob("performance-*.svg"):
        old.unlink()
    drawn = {}
    for path in plots.draw(results, folder):
        if path.suffix == ".svg":
            target = pictures / f"performance-{path.name}"
            # Line ends of the drawing library are trimmed: the file is kept in a repository.
            target.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")
            drawn[path.stem] = target
    names = {name: path.relative_to(page.parent).as_posix() for name, path in drawn.items()}
    page.write_text(text(results, names, folder / kernels.FILE, others))


def text(results, pictures: dict[str, str], kernels: Path | None = None, others: list | None = None) -> str:
    """`kernels`: figures of the kernels by themselves, where there are any. `others`: further runs."""
    from . import roofline, tables

    parts = ["# Performance", "", *method(results), "## Machine and versions", "", *machine(results)]
    body = tables.markdown(results)
    for kind, threads, _ in results.groups():
        if picture := pictures.get(f"{kind}-{threads}"):
            heading = f"## {tables.title(kind, threads)}\n"
            body = body.replace(heading, f"{heading}\n![{tables.title(kind, threads)}]({picture})\n", 1)
    parts += [body.rstrip("\n"), "", "## Where others are faster", "", *losses(results)]
    if kernels is not None and kernels.exists():
        parts += ["", roofline.markdown(roofline.Roofline.load(kernels)).rstrip("\n")]
    for number, other in enumerate(others or [], start=2):
        parts += ["", f"## Run {number}", "", *machine(other), tables.markdown(other, "###").rstrip("\n")]
    return "\n".join(parts) + "\n"


def method(results) -> list[str]:
    from .tables import WORDS

    options = results.options
    parts = dict.fromkeys((r.kind, r.peer, r.timed_part) for r in results.records if r.timed_part)
    lines = [
        f"Written by `{SCRIPT}` from a run of `benchmarks/run`; [how to run it](../benchmarks/README.md). Nothing here is",
        "typed in by hand.",
        "",
        "- Every tool gets the same network, made from one MATPOWER file: units at the reference bus cover losses,",
        "  taps and shunts are fixed, unlimited branches get a rating so that every flow is evaluated.",
        f"- Before any time counts, voltages and flows of {options['sample']} outages (or of the one solve) are compared with an",
        "  independent solution (SciPy, all equations to 1e-10 pu). A tool whose complex voltages differ by more than",
        f"  {options['voltages_agree_pu']:.0e} pu, or whose residual is above {options['residual_factor']:g} times the tolerance, gets no time here.",
        f"- Tolerance asked for: {options['tolerance_pu']:.0e} pu of largest mismatch. The residual shown is measured on the voltages",
        "  returned, by one definition for all; where a tool states its largest mismatch of all states, the larger is shown.",
        "  nodalroom's sweep keeps no voltages: single solves of the same states are compared, and the sweep's own",
        "  extremes of each state.",
        f"- {options['repeats']} timed runs each, taken in turns, every tool in its own process pinned to the threads stated, after",
        "  one run that does not count. Shown: median [first quartile, third quartile].",
        f"- A tool that would need more than {options['budget_s']:g} s for a sweep gets fewer outages, evenly spread; the table says how many.",
        "  What a sweep costs once (reading the network, the intact solve) then weighs more on each.",
        "- Outages are in-service branches that are no bridges.",
        "- Headroom: settled are all states of all buses asked for, solved those AC-solved just below each answer (the",
        "  screen rules out the others); the search before solves more, which is not counted. With the case's own",
        "  ratings and reactive limits, and the options `nr.headroom` has by default.",
        "- Where a tool's own clock was used, `results.json` also has the whole call as its user waits for it.",
        "",
        "What the time includes:",
        "",
    ]
    for kind in dict.fromkeys(kind for kind, _, _ in parts):
        lines.append(f"- {WORDS.get(kind, kind)}:")
        lines += [f"  - {peer}: {part}" for of, peer, part in parts if of == kind]
    return [*lines, ""]


def machine(results) -> list[str]:
    m = results.machine
    kind = "virtual machine" if m["virtual"] else "machine"
    versions = ", ".join(f"{name} {version}" for name, version in sorted(results.versions().items()))
    cases = ", ".join(f"{case['name']} ({case['buses']:,} buses, {case['outages']:,} outages)" for case in results.cases)
    busy = [
        "- The machine was doing other work: these figures show the order of magnitude, and the spread is not that of the tools."
    ]
    return [
        *(busy if m["load_before"] > BUSY_LOAD else []),
        f"- {m['when']}, nodalroom at {m['revision']}",
        f"- {m['processor']}; {kind} with {m['processors']} processors, {m['memory_gib']} GiB; load before the run {m['load_before']}",
        f"- {m['system']}, Python {m['python']}",
        f"- {versions}",
        f"- Cases: {cases}",
        "",
    ]


def losses(results) -> list[str]:
    from .statistics import duration
    from .tables import EACH, title

    lines = []
    for kind, threads, rows in results.groups():
        ours = {row.record.case: row for row in rows if row.record.peer == "nodalroom" and row.each}
        if not ours and (others := dict.fromkeys(row.record.peer for row in rows if row.each)):
            lines.append(f"- {title(kind, threads)}: {', '.join(others)} can, nodalroom has no time here.")
        for row in rows:
            if row.each and row.times_ours < 1 and not row.record.peer.startswith("nodalroom"):
                own = ours[row.record.case].each
                lines.append(
                    f"- {title(kind, threads)}, {row.record.case}: {row.record.peer} takes {duration(row.each.median)} "
                    f"{EACH.get(kind, 'per solve')}, nodalroom {duration(own.median)} ({1 / row.times_ours:.2f} times as long)."
                )
    return lines or ["In none of the comparisons above."]
