"""Peers as processes: started pinned, asked one thing at a time, ended when they take too long."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).parents[1]

#: What numerical libraries read to decide on their number of threads.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class PeerFailure(Exception):
    """A peer that gave no answer; the message says why."""

    def __init__(self, message: str, unsupported: bool = False) -> None:
        super().__init__(message)
        #: The tool says that it does not do this, as opposed to failing at it.
        self.unsupported = unsupported


class Worker:
    """One peer on one case with one number of threads."""

    def __init__(
        self, name: str, file: Path, folder: Path, threads: int, cpus: list[int], timeout_s: float, log: Path,
        variables: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.threads = threads
        self.timeout_s = timeout_s
        self.introduction: dict[str, Any] = {}
        self._command = [sys.executable, "-m", "peers.worker", str(file), str(folder), str(threads)]
        self._environment = {
            **os.environ,
            **dict.fromkeys(THREAD_VARIABLES, str(threads)),
            "PYTHONPATH": str(BENCHMARKS),
            **(variables or {}),
        }
        self._cpus = cpus
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log_path = log
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = b""

    def start(self) -> None:
        """Starts the process unless it runs, and waits until the peer has read the case."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        self._unread = b""
        with self._log_path.open("a") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment,
                # A group of its own: ending it ends what it started.
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, self._cpus),
            )
        os.set_blocking(self._process.stdout.fileno(), False)
        self.introduction = self._receive()

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """One run; raises PeerFailure. A process that ended in the run before is started again."""
        self.start()
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise PeerFailure(self._ending()) from None
        return self._receive()

    def close(self) -> None:
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            try:
                stream.close()
            except BrokenPipeError:
                pass
        self._process = None

    def _receive(self) -> dict[str, Any]:
        ends = time.monotonic() + self.timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                left = ends - time.monotonic()
                if left <= 0 or not selector.select(left):
                    self.close()
                    raise PeerFailure(f"ended after the time limit of {self.timeout_s:g} s")
                part = os.read(self._process.stdout.fileno(), 1 << 16)
                if not part:
                    raise PeerFailure(self._ending())
                self._unread += part
        line, self._unread = self._unread.split(b"\n", 1)
        reply = json.loads(line)
        if not reply.pop("ok"):
            raise PeerFailure(reply["error"], reply["unsupported"])
        return reply

    def _ending(self) -> str:
        code = self._process.wait()
        if code < 0:
            return f"ended by signal {signal.Signals(-code).name}"
        return f"ended with exit code {code}"
