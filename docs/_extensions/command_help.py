"""The directive command-help: what a command of nodalroom says of itself, asked while the site is built.

A command that no page shows, and one that there is none of, are warnings.
"""

from __future__ import annotations

import os
import subprocess
import sys

import typer
from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)
WIDTH = 100


def help_of(*command: str) -> str:
    """The text that ``nodalroom COMMAND --help`` prints."""
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TERMINAL_WIDTH": str(WIDTH), "TERM": "dumb", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "nodalroom", *command, "--help"],
        capture_output=True, text=True, encoding="utf-8", env=environment, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ExtensionError(f"nodalroom {' '.join(command)} --help: {done.stderr}")
    return done.stdout.rstrip()


def commands() -> set[str]:
    """The names of all commands."""
    from nodalroom.cli import app

    return set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


class CommandHelp(SphinxDirective):
    """``command-help`` without an argument shows the help of ``nodalroom``, with one that of the command named."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        words = self.arguments[:1]
        if words and words[0] not in commands():
            raise self.error(f"nodalroom has no command {words[0]}")
        shown = self.env.metadata[self.env.docname].setdefault("commands_shown", [])
        shown.extend(words)
        typed = " ".join(["$ nodalroom", *words, "--help"])
        block = nodes.literal_block(text := f"{typed}\n{help_of(*words)}", text, language="console")
        block["classes"].append("help")
        return [block]


def _all_shown(app, env) -> None:
    shown = {name for data in env.metadata.values() for name in data.get("commands_shown", [])}
    for name in sorted(commands() - shown):
        logger.warning("no page shows the help of: nodalroom %s", name, type="command_help")


def setup(app) -> dict[str, bool]:
    app.add_directive("command-help", CommandHelp)
    app.connect("env-check-consistency", _all_shown)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
