"""Runs tasks in worker processes, never forked; kills those that hang and sees those that crash."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .checks import Finding
from .script import needed

#: How much longer than its processor time a call may take by the clock: others use the machine too.
PATIENCE = 8


@dataclass
class Result:
    """What came of all tasks."""

    tasks: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    longest: tuple[float, str] = (0.0, "")


def processor_seconds(process: int) -> float:
    """What a process has used so far; infinite where that cannot be known and the clock has to do."""
    try:
        words = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return float("inf")


class Worker:
    """One process, and what it is at."""

    def __init__(self, command: list[str]) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.errors: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._listen_to_errors, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.messages.put(json.loads(line))
        self.messages.put(None)

    def _listen_to_errors(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.errors = [*self.errors[-40:], line.rstrip()]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def run(
        self, seed: int, number: int, limit_s: float, until: float
    ) -> tuple[dict[str, Any] | None, Finding | None, float, str]:
        """A task to its end: what was told at it; what it hung or crashed at; the longest call in processor seconds.
        Neither, where the time of the whole campaign (``until``) is up."""
        assert self.process.stdin
        lines: list[str] = []
        files: dict[str, str] = {}
        self.process.stdin.write(json.dumps([seed, number]) + "\n")
        self.process.stdin.flush()
        since, used, longest, slowest = time.monotonic(), processor_seconds(self.process.pid), 0.0, ""
        while True:
            try:
                message = self.messages.get(timeout=0.5)
            except queue.Empty:
                spent, waited = processor_seconds(self.process.pid) - used, time.monotonic() - since
                if lines and ((spent > limit_s and spent < float("inf")) or waited > PATIENCE * limit_s):
                    self.end()
                    text = f"{lines[-1]}\n  not over after {spent:.0f} s of processor time, {waited:.0f} s by the clock"
                    return None, Finding("hangs", text, needed(lines, []), files), spent, lines[-1]
                if time.monotonic() > until + limit_s:
                    self.end()
                    return None, None, longest, slowest
                continue
            if message is None:
                self.process.wait()
                said = next((line for line in self.errors if line.startswith("Fatal")), "; ".join(self.errors[-3:]))
                text = f"{lines[-1] if lines else 'start'}\n  {ended(self.process.returncode)}; {said}"
                return None, Finding("crashes", text, needed(lines, []), files), longest, slowest
            if lines and ("line" in message or "done" in message):
                spent = processor_seconds(self.process.pid) - used
                if spent > longest and spent < float("inf"):
                    longest, slowest = spent, lines[-1]
            if "file" in message:
                files[message["file"]] = message["text"]
            elif "line" in message:
                lines.append(message["line"])
                since, used = time.monotonic(), processor_seconds(self.process.pid)
            elif "done" in message:
                return message, None, longest, slowest


def ended(code: int) -> str:
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def campaign(
    seed: int,
    seconds: float,
    workers: int,
    limit_s: float,
    found: Callable[[int, Finding], None],
    numbers: Iterator[int],
    command: list[str] | None = None,
) -> Result:
    """Runs tasks until the time is up or there are no more."""
    command = command or [sys.executable, "-m", f"{__package__}.worker"]
    result, lock = Result(), threading.Lock()
    until = time.monotonic() + seconds

    def serve() -> None:
        worker = Worker(command)
        while time.monotonic() < until:
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            done, finding, longest, slowest = worker.run(seed, number, limit_s, until)
            with lock:
                if done is None and finding is None:
                    break
                result.tasks += 1
                result.longest = max(result.longest, (longest, f"task {number}: {slowest}"))
                result.counts["ends in time, no crash"] += 1
                said = [finding] if finding else [Finding(**one) for one in done["findings"]]  # type: ignore[index]
                result.counts.update(done["counts"] if done else {})
                for one in said:
                    result.findings[one.kind] += 1
                    found(number, one)
            if finding:
                worker = Worker(command)
        worker.end()

    threads = [threading.Thread(target=serve) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return result
