#!/usr/bin/env python3
"""Runs clang-format over the C++ sources and fails where it would change something.

Exit status 77 (skipped) without clang-format 14: other versions lay out the same style differently.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

MAJOR = "14"
FOLDERS = ["include", "src", "tests", "bindings", "benchmarks", "examples"]


def find_clang_format() -> str:
    found = []
    for name in [f"clang-format-{MAJOR}", "clang-format"]:
        if path := shutil.which(name):
            version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
            match = re.search(r"version (\d+)", version)
            if match and match[1] == MAJOR:
                return path
            found.append(f"{path} is {version.strip()!r}")
    print(f"SKIPPED: this check needs clang-format {MAJOR}; {'; '.join(found) or 'none is installed'}")
    sys.exit(77)


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2]
    clang_format = find_clang_format()
    files = sorted(p for f in FOLDERS for p in (root / f).rglob("*") if p.suffix in {".hpp", ".cpp", ".cu", ".cuh"})
    result = subprocess.run([clang_format, "--dry-run", "-Werror", *map(str, files)], cwd=root)
    if result.returncode != 0:
        sys.exit("put right with: script/format")
    print(f"{len(files)} files as clang-format writes them")


main()
