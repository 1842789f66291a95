"""MATPOWER under Octave: its own functions, called from matpower_run.m in a process per run."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from importlib import metadata
from pathlib import Path

import numpy as np
from harness import cases as c
from scipy.io import loadmat, savemat

from peers import adapter
from peers.adapter import Outcome, Task, Unsupported

SCRIPT = Path(__file__).with_name("matpower_run.m")


class Peer(adapter.Peer):
    packages = ("matpower",)
    kinds = {
        "solve": "dcpf(), makeYbus(), newtonpf(), both-end flows, inside Octave",
        "sweep": "per outage makeYbus(), newtonpf() from the intact voltages, both-end flows, inside Octave",
        "sweep-q": "per outage runpf() with pf.enforce_q_lims = 1 (limits once reached are kept), inside Octave",
    }

    def __init__(self, case, threads):
        super().__init__(case, threads)
        self.octave = shutil.which("octave-cli") or shutil.which("octave")
        if self.octave is None:
            raise Unsupported("needs Octave, which is not installed")
        self.folder = Path(str(metadata.distribution("matpower").locate_file("matpower")))
        if (case.bus[:, c.BUS_TYPE] == c.ISOLATED).any():
            raise Unsupported("its inner functions number buses consecutively; the case has isolated ones")

    def versions(self) -> dict[str, str]:
        first = subprocess.run([self.octave, "--version"], capture_output=True, text=True, check=True).stdout.split()
        return {**super().versions(), "Octave": first[3]}

    def run(self, task: Task) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            request, reply = Path(folder, "request.mat"), Path(folder, "reply.mat")
            savemat(
                request,
                {
                    "case_file": str(self.case.mat_file),
                    "kind": task.kind,
                    "tolerance": task.tolerance,
                    "outages": (task.outages + 1).astype(float),
                    "sample": (task.sample + 1).astype(float),
                },
            )
            environment = {
                **os.environ,
                "MATPOWER_FOLDER": str(self.folder),
                "REQUEST": str(request),
                "REPLY": str(reply),
            }
            words = [self.octave, "--no-gui", "--quiet", "--norc", str(SCRIPT)]
            ended = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
            if not reply.exists():
                lines = (ended.stderr or ended.stdout).strip().splitlines()
                problem = next((line for line in lines if line.startswith("error:")), "error: no message")
                raise RuntimeError(f"Octave ended with {ended.returncode}, {problem}")
            data = loadmat(reply)
        answer = {"v": np.where(data["found"].astype(bool), data["v"], np.nan).T}
        if task.kind == "solve":
            answer["v"] = answer["v"][0]
        else:
            answer["s_from"], answer["s_to"] = data["s_from"].T, data["s_to"].T
        return Outcome(float(data["seconds"].item()), answer, max(1, len(task.outages)), int(data["solved"].item()))
