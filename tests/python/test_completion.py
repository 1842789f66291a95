"""What a shell completes, asked of the shell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

BASH = shutil.which("bash")
COMMANDS = {
    "info", "solve", "sweep", "headroom", "ladder", "upgrades", "witness", "compare", "report", "convert", "completion",
}  # fmt: skip


def script(shell):
    return subprocess.run(
        [sys.executable, "-m", "nodalroom", "completion", shell], capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Words completed by bash, which sources what the command prints."""
    if BASH is None or not (Path(sys.executable).parent / "nodalroom").exists():
        pytest.skip("needs bash, and the command beside this Python")
    source = tmp_path_factory.mktemp("completion") / "nodalroom.bash"
    source.write_text(script("bash"))

    def ask(*words):
        asked = f"""
source {source}
complete -p nodalroom >&2
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_nodalroom_completion nodalroom "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
        env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        ended = subprocess.run(
            [BASH, "--norc", "-c", asked, "bash", "nodalroom", *words],
            capture_output=True, text=True, timeout=60, check=True, env=env,
        )  # fmt: skip
        assert "-F _nodalroom_completion nodalroom" in ended.stderr, ended.stderr
        assert "-o default" in ended.stderr  # files, where there is nothing else to offer
        return set(ended.stdout.split())

    return ask


def test_bash_completes_commands_options_and_values(complete):
    assert complete("") == COMMANDS
    assert complete("co") == {"compare", "convert", "completion"}
    assert complete("headroom", "case.m", "--with") == {
        "--with-load", "--with-rating", "--without-branch", "--without-unit",
    }  # fmt: skip
    assert complete("headroom", "case.m", "--contingencies", "") == {"n-1", "branches", "units", "none"}
    assert complete("solve", "case.m", "--init", "d") == {"dc"}
    assert complete("completion", "") == {"bash", "zsh", "fish"}
    assert complete("headroom", "dat") == set()  # a file: bash completes it by itself
    assert complete("headroom", "case.m", "--out", "x") == set()


def test_commands_completed_are_those_there_are():
    from nodalroom.cli import app

    assert set(get_command(app).commands) == COMMANDS


def test_scripts_of_other_shells():
    assert script("zsh").startswith("#compdef nodalroom\n")
    assert "compdef _nodalroom_completion nodalroom" in script("zsh")
    assert script("fish").startswith("complete --command nodalroom ")
