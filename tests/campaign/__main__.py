"""script/campaign: random studies of random changes of small cases, against properties that must hold."""

from __future__ import annotations

import argparse
import itertools
import os
import re
import shlex
import sys
from collections import Counter
from pathlib import Path

from .checks import Finding
from .watchdog import Result, campaign

ROOT = Path(__file__).parents[2]


def write_finding(folder: Path, number: int, finding: Finding, at: int, seed: int) -> Path:
    """A folder of its own: the cases, and a script that gives it again."""
    words = re.sub(r"[^a-z0-9]+", "_", finding.kind.lower()).strip("_")
    name = f"{words}-{seed}-{number}-{at}"
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    for file, text in finding.files.items():
        (place / file).write_text(text)
    told = f"{finding.kind} (--seed {seed} --task {number})\n{finding.message}"
    comment = "".join(f"# {line}\n" for line in told.splitlines())
    head = "from pathlib import Path\n\nimport nodalroom as nr\n\nHERE = Path(__file__).parent\n"
    (place / "again.py").write_text(f"{comment}{head}" + "\n".join(finding.lines) + "\n")
    return place / "again.py"


# Findings that docs/trust.md explains: printed and counted, but no reason to fail.
EXPLAINED = (
    "from other solutions without load",
    "no solution below the answer",
    "counts below an answer that is only screened",
)


def is_explained(kind: str) -> bool:
    return any(words in kind for words in EXPLAINED)


def table(result: Result, seconds: float) -> str:
    """Iterations, checks by property, and findings by kind."""
    kinds = sorted(set(result.counts) | set(result.findings))
    checks, findings = sum(result.counts.values()), sum(result.findings.values())
    lines = [f"{result.tasks} tasks, {checks} checks, {findings} findings in {seconds:.0f} s"]
    lines += [f"longest call: {result.longest[0]:.1f} s of processor time, {result.longest[1]}"]
    lines += [f"{'property':52}{'checks':>10}{'findings':>10}"]
    for kind in kinds:
        explained = "  explained in docs/trust.md" if result.findings[kind] and is_explained(kind) else ""
        lines.append(f"{kind:52}{result.counts[kind]:10}{result.findings[kind] or '-':>10}{explained}")
    return "\n".join(lines)


def main() -> int:
    asked = argparse.ArgumentParser(prog="script/campaign", description=__doc__)
    asked.add_argument("--minutes", type=float, default=1.0, help="how long (1)")
    asked.add_argument("--seed", type=int, default=1, help="task k is that of (seed, k), whatever ran before (1)")
    asked.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (one per processor)")
    asked.add_argument("--limit", type=float, default=60.0, help="processor seconds one call may take (60)")
    asked.add_argument("--task", type=int, help="only this task")
    asked.add_argument("--tasks", type=int, help="no more tasks than these")
    asked.add_argument("--out", type=Path, default=ROOT / "out" / "campaign", help="where findings go (out/campaign)")
    asked.add_argument("--most", type=int, default=5, help="findings of a kind that are written and printed (5)")
    given = asked.parse_args()
    if given.task is not None:
        numbers, workers = iter([given.task]), 1
    else:
        numbers, workers = (iter(range(given.tasks)) if given.tasks else itertools.count()), given.workers
    written: Counter[str] = Counter()

    def found(number: int, finding: Finding) -> None:
        written[finding.kind] += 1
        if written[finding.kind] > given.most:
            return
        script = write_finding(given.out, number, finding, written[finding.kind], given.seed)
        again = shlex.join([sys.executable, str(script)])
        print(f"{finding.kind} (task {number}): {finding.message}\n  again: {again}", flush=True)

    seconds = given.minutes * 60
    result = campaign(given.seed, seconds, workers, given.limit, found, numbers)
    print(table(result, seconds))
    open_kinds = [kind for kind, count in result.findings.items() if count and not is_explained(kind)]
    return 1 if open_kinds or not result.tasks else 0


if __name__ == "__main__":
    sys.exit(main())
