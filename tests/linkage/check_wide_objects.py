#!/usr/bin/env python3
"""Fails when an object compiled for wider vectors than the baseline could lend its code to others.

    check_wide_objects.py OBJECT...      (only objects named *_avx2* and *_avx512* are looked at)

Of an inline function or template that several objects hold, the linker keeps one copy for all. Were
that the copy of a wide object, the library would stop with an illegal instruction on an older CPU.
So every such function of a wide object must carry the width in its name (a namespace or a tag type).
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

WIDE = re.compile(r"_(avx2|avx512)\.cpp")


def main() -> None:
    wide = [(path, m[1]) for path in sys.argv[1:] if (m := WIDE.search(Path(path).name))]
    problems = []
    for path, width in wide:
        table = subprocess.run(["nm", "--demangle", "--defined-only", path], capture_output=True, text=True, check=True)
        for line in table.stdout.splitlines():
            _, kind, name = line.split(maxsplit=2)
            if kind == "W" and width not in name:
                problems.append(f"{Path(path).name}: {name}")
    if problems:
        sys.exit("code for wide vectors that the linker may use for everyone:\n  " + "\n  ".join(problems))
    print(f"{len(wide)} objects for wide vectors share no code")


main()
