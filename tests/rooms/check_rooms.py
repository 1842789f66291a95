#!/usr/bin/env python3
"""Fails when a file includes a room it may not see.

    check_rooms.py [ROOT]       check include/nodalroom/<room> and src/<room> below ROOT
    check_rooms.py --self-test  check that wrong arrows are found
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

ROOMS = ["core", "io", "model", "numerics", "powerflow", "contingency", "headroom", "report"]
# A room sees core, itself and the rooms above it; numerics knows matrices and lanes, not grids.
SEES = {room: set(ROOMS[: i + 1]) for i, room in enumerate(ROOMS)}
SEES["numerics"] = {"core", "numerics"}

SUFFIXES = {".hpp", ".cpp", ".h", ".inl", ".ipp", ".cu", ".cuh"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def places(root: Path) -> list[Path]:
    return [root / "include" / "nodalroom", root / "src"]


def room_of(path: Path, root: Path) -> str | None:
    """The room a file lies in; "" for a file beside the rooms; None for a file elsewhere."""
    for place in places(root):
        if path.is_relative_to(place):
            parts = path.relative_to(place).parts
            return parts[0] if len(parts) > 1 else ""
    return None


def target(name: str, quoted: bool, file: Path, root: Path) -> Path | None:
    """The file of this project that an include means, if it means one."""
    if name.startswith("nodalroom/"):
        return root / "include" / name
    for folder in [file.parent, root / "src", root / "include"] if quoted else []:
        path = (folder / name).resolve()
        if path.is_file():
            return path
    return None


def wrong_arrows(root: Path) -> tuple[list[str], int]:
    root = root.resolve()
    problems: list[str] = []
    files = 0
    for place in places(root):
        for file in sorted(p for p in place.rglob("*") if p.suffix in SUFFIXES):
            room = room_of(file, root)
            if room == "":
                continue  # the umbrella header sees all rooms, and no room sees it
            where = file.relative_to(root)
            files += 1
            if room not in SEES:
                problems.append(f"{where}: '{room}' is no room; rooms are {', '.join(ROOMS)}")
                continue
            # Comments go, their line breaks stay.
            text = COMMENT.sub(lambda m: "\n" * m[0].count("\n"), file.read_text(encoding="utf-8"))
            for match in INCLUDE.finditer(text):
                name = match[1] or match[2]
                path = target(name, match[1] is not None, file, root)
                other = room_of(path, root) if path else None
                if other is not None and other not in SEES[room]:
                    line = text.count("\n", 0, match.start(1 if match[1] else 2)) + 1
                    seen = ", ".join(r for r in ROOMS if r in SEES[room])
                    problems.append(f"{where}:{line}: {room} includes {name}; it may see {seen}")
    return problems, files


def self_test() -> None:
    cases = [  # file, its text, is it wrong?
        ("src/io/a.cpp", '#include "nodalroom/core/ids.hpp"', False),
        ("src/io/a.cpp", '#include "nodalroom/model/network.hpp"', True),
        ("src/io/a.cpp", "  #  include <nodalroom/model/network.hpp>", True),
        ("src/io/a.cpp", '// #include "nodalroom/model/network.hpp"', False),
        ("src/io/a.cpp", '/*\n#include "nodalroom/model/network.hpp"\n*/', False),
        ("src/io/a.cpp", '#include "../model/private.hpp"', True),
        ("src/io/a.cpp", '#include "model/private.hpp"', True),
        ("src/io/a.cpp", '#include "beside.hpp"', False),
        ("src/io/a.cpp", "#include <vector>", False),
        ("src/model/a.cpp", '#include "nodalroom/io/matpower_case.hpp"', False),
        ("src/headroom/a.cpp", '#include "nodalroom/numerics/lanes.hpp"', False),
        ("src/numerics/a.cpp", '#include "nodalroom/model/network.hpp"', True),
        ("src/numerics/a.cpp", '#include "nodalroom/io/matpower_case.hpp"', True),
        ("include/nodalroom/core/a.hpp", '#include "nodalroom/io/matpower_case.hpp"', True),
        ("include/nodalroom/report/a.hpp", '#include "nodalroom/nodalroom.hpp"', True),
        ("src/utils/a.cpp", "", True),
        ("include/nodalroom/nodalroom.hpp", '#include "nodalroom/report/table.hpp"', False),
    ]
    for name, text, wrong in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for path, content in [("src/model/private.hpp", ""), ("src/io/beside.hpp", ""), (name, text)]:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(content, encoding="utf-8")
            problems, _ = wrong_arrows(root)
            if bool(problems) != wrong:
                sys.exit(f"self-test: {name} with {text!r}: expected {'a' if wrong else 'no'} problem, got {problems}")
    print(f"self-test: {len(cases)} arrows judged rightly")


def main() -> None:
    arguments = sys.argv[1:]
    if arguments == ["--self-test"]:
        return self_test()
    root = Path(arguments[0]) if arguments else Path(__file__).parents[2]
    problems, files = wrong_arrows(root)
    if files == 0:
        sys.exit(f"no sources under {root}")
    if problems:
        sys.exit("\n".join(problems))
    print(f"{files} files, every arrow points up the list")


main()
