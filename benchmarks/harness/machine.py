"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .environment import TREE

#: Load average before a run above which pages say that the machine was not idle.
BUSY_LOAD = 0.5


def describe(cpus: list[int]) -> dict[str, Any]:
    return {
        "when": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": processor(),
        "processors": os.cpu_count(),
        "pinned_to": cpus,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "virtual": "hypervisor" in read("/proc/cpuinfo"),
        "system": system(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "revision": revision(),
    }


def processor() -> str:
    cpuinfo = read("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", cpuinfo)
    units = {"avx512f": "AVX-512", "avx2": "AVX2", "asimd": "NEON"}
    widest = next((name for flag, name in units.items() if flag in cpuinfo), "no vector unit that is used")
    return f"{found[1] if found else platform.machine()}, {widest}"


def system() -> str:
    found = re.search(r'PRETTY_NAME="(.+)"', read("/etc/os-release"))
    return f"{found[1] if found else platform.system()}, Linux {platform.release().split('-')[0]}"


def revision() -> str:
    """The tree's commit, with + where it was changed since."""
    try:
        commit = git("rev-parse", "--short=12", "HEAD")
        return commit + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def git(*words: str) -> str:
    return subprocess.run(["git", "-C", TREE, *words], capture_output=True, text=True, check=True).stdout.strip()


def read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
