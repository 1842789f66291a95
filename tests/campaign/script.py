"""What a task does, as lines of Python: each is told before it is run, and together they give a finding again."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nodalroom as nr

from .case import DEAD, PD, QD, TYPE, Case, live_buses, write_case

Tell = Callable[[dict[str, Any]], None]


class Script:
    """Runs lines one by one in one namespace and keeps them."""

    def __init__(self, folder: Path, tell: Tell = lambda _: None) -> None:
        self.folder = folder
        self.tell = tell
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"nr": nr, "HERE": folder}
        #: Texts of the case files by the name of the file.
        self.files: dict[str, str] = {}

    def case(self, name: str, case: Case) -> Any:
        """Writes a case and reads it; ``name`` is that of the network."""
        text = write_case(case, name)
        self.files[f"{name}.m"] = text
        (self.folder / f"{name}.m").write_text(text)
        self.tell({"file": f"{name}.m", "text": text})
        dead = ~live_buses(case) & (case.bus[:, TYPE] != DEAD)
        cut_off = ', cut_off="isolate"' if case.bus[dead, PD].any() or case.bus[dead, QD].any() else ""
        self.run(f'{name} = nr.read(HERE / "{name}.m"{cut_off})')
        return self.names[name]

    def run(self, line: str) -> Any:
        """Runs a statement; what it assigns, where it is ``name = …``."""
        self.tell({"line": line})
        self.lines.append(line)
        exec(line, self.names)  # noqa: S102 - lines that this campaign made
        target = line.split(" = ", 1)[0]
        return self.names.get(target) if target.isidentifier() else None

    def again(self, about: Iterable[str] = (), show: str = "") -> list[str]:
        """The lines that lead to some names, in order; all up to here where none is named."""
        return needed(self.lines, list(about), show)


def needed(lines: list[str], about: list[str], show: str = "") -> list[str]:
    """Those of the lines that make some names, and the last one where none is named."""
    wanted = set(about) | (
        {node.id for node in ast.walk(ast.parse(show)) if isinstance(node, ast.Name)} if show else set()
    )
    kept = []
    last_wanted = not about
    for line in reversed(lines):
        names = {
            node.id: isinstance(node.ctx, ast.Store) for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Name)
        }
        made = {name for name, stored in names.items() if stored}
        if last_wanted or made & wanted:
            kept.append(line)
            wanted = (wanted - made) | (set(names) - made) | {name for name in made if line.split(" = ", 1)[0] != name}
            last_wanted = False
    kept.reverse()
    return kept + ([f"print({show})"] if show else [])
