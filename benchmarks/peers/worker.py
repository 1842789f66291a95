"""A peer in a process of its own: one JSON request per line in, one JSON reply per line out.

    python -m peers.worker FILE.py CASE_FOLDER THREADS

where FILE.py has the class `Peer`. Requests: {"kind": …, "tolerance": …, "outages": [...], "sample": [...],
"buses": [...], "compare": true, "answer": "FILE.npz"}. Whatever the tool itself prints goes to standard error.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np
from harness import cases

from peers.adapter import Peer, Task, Unsupported


def peer_class(path: Path) -> type[Peer]:
    # Under a name of its own: the file may be called like the package it is about.
    specification = importlib.util.spec_from_file_location(f"peer_{path.stem.replace('-', '_')}", path)
    if specification is None or specification.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.Peer


def reply_to(peer: Peer, request: dict[str, Any]) -> dict[str, Any]:
    task = Task(
        request["kind"],
        request["tolerance"],
        np.array(request["outages"], dtype=int),
        np.array(request["sample"], dtype=int),
        request["buses"],
        request["compare"],
    )
    if task.kind not in peer.kinds:
        raise Unsupported(f"has no {task.kind}")
    outcome = peer.run(task)
    np.savez(request["answer"], **outcome.answer)
    return {
        "seconds": outcome.seconds,
        "call_seconds": outcome.call_seconds,
        "states": outcome.states,
        "solved": outcome.solved,
        "stated_mismatch": outcome.stated_mismatch,
        "detail": outcome.detail,
    }


def introduce(kind: type[Peer], peer: Peer) -> dict[str, Any]:
    return {
        "versions": peer.versions(),
        "kinds": kind.kinds,
        "takes_outages": kind.takes_outages,
        "threaded": kind.threaded,
    }


def main() -> None:
    file, folder, threads = sys.argv[1:]
    # The protocol keeps the real standard output; tools may print what they like.
    protocol = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def send(reply: dict[str, Any]) -> None:
        protocol.write(json.dumps(reply) + "\n")

    def attempt(work) -> bool:
        try:
            send({"ok": True, **work()})
        except Unsupported as reason:
            send({"ok": False, "unsupported": True, "error": str(reason)})
        except Exception as error:  # whatever a tool throws is its answer
            traceback.print_exc()
            send({"ok": False, "unsupported": False, "error": f"{type(error).__name__}: {error}"})
        else:
            return True
        return False

    peer: Peer | None = None

    def start() -> dict[str, Any]:
        nonlocal peer
        kind = peer_class(Path(file))
        peer = kind(cases.load(Path(folder)), int(threads))
        return introduce(kind, peer)

    if not attempt(start) or peer is None:
        return
    for line in sys.stdin:
        attempt(lambda line=line: reply_to(peer, json.loads(line)))


if __name__ == "__main__":
    main()
