"""Every code block of the documentation is run, or says why not; what is shown is what comes of it."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from doc_blocks import Block, blocks_of, commands_of, first_difference, line_agrees

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if "/_" not in str(path))]
#: Blocks that hold nothing to run.
SHOWN_ONLY = {"text"}
RUN = {"python", "console", "cpp"}
#: What a block of C++ that is part of a function stands in.
INSIDE = """\
#include <nodalroom/nodalroom.hpp>
using namespace nodalroom;
using namespace nodalroom::headroom;
void inside(const model::Network& network, const HeadroomOptions& options, const HeadroomResult& study, BusRow bus) {{
{}
}}
"""
#: Figures by what was printed, as pages show them.
SEEN: dict[str, str] = {}
EXPECTED_VALUE = re.compile(r"#\s*(-?\d+(?:\.\d+)?)\s*$")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_run_or_says_why_not(page):
    for block in blocks_of(page):
        place = f"{name_of(page)}:{block.line}"
        assert block.language, f"{place}: no language"
        if block.reason is not None:
            assert len(block.reason.split()) >= 2, f"{place}: not run, and no reason"
        elif block.language not in SHOWN_ONLY:
            assert block.language in RUN, f"{place}: cannot be run here; say why not: <!-- not run: REASON -->"
            if block.language == "console":
                for command, _ in commands_of(block):
                    assert command.startswith("nodalroom "), f"{place}: say why not: <!-- not run: REASON -->"


def test_most_blocks_are_run():
    blocks = [block for page in PAGES for block in blocks_of(page) if block.language not in SHOWN_ONLY]
    assert sum(block.reason is None for block in blocks) >= 40
    assert sum(block.reason is not None for block in blocks) <= 20


def run_python(block: Block, page: Path, names: dict[str, Any]) -> list[str]:
    """Runs a block statement by statement; a value whose line ends in a comment with a number has to be that."""
    code = "\n" * block.line + block.text
    lines = code.splitlines()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for statement in ast.parse(code).body:
            if isinstance(statement, ast.Expr):
                value = eval(compile(ast.Expression(statement.value), page, "eval"), names)
                if expected := EXPECTED_VALUE.search(lines[statement.end_lineno - 1]):
                    assert line_agrees(expected[1], f"{float(value):.12f}"), (
                        f"{name_of(page)}:{statement.lineno}: {value}"
                    )
            else:
                exec(compile(ast.Module([statement], []), page, "exec"), names)
    return printed.getvalue().splitlines()


def run_command(command: str) -> list[str]:
    words = shlex.split(command, comments=True)
    done = subprocess.run(
        [sys.executable, "-m", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        env={**os.environ, "COLUMNS": "200"}, check=False,
    )  # fmt: skip
    return done.stdout.splitlines()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page)], ids=name_of)
def test_blocks_do_what_they_show(page, tmp_path, monkeypatch):
    """In order, in one folder and one namespace for a page, with data/ where it is in the repository."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    blocks = blocks_of(page)
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        place = f"{name_of(page)}:{block.line}"
        if block.reason is not None:
            continue
        if block.language == "python":
            if "pandapower" in block.text:
                pytest.importorskip("pandapower")
                pytest.importorskip("matpowercaseframes")
            got = run_python(block, page, names)
            if after is not None and after.language == "text" and after.follows:
                difference = first_difference(after.text.splitlines(), got, SEEN)
                assert difference is None, f"{name_of(page)}:{after.line}\n{difference}"
        elif block.language == "console":
            for command, shown in commands_of(block):
                got = run_command(command)
                assert got, f"{place}: {command}"
                assert "Traceback" not in "\n".join(got), f"{place}: {command}"
                if shown:
                    difference = first_difference(shown, got, SEEN)
                    assert difference is None, f"{place}: {command}\n{difference}"
                else:
                    assert not got[-1].startswith("error:"), f"{place}: {command}\n{got[-1]}"


CPP = [(page, block) for page in PAGES for block in blocks_of(page) if block.language == "cpp" and block.reason is None]


@pytest.mark.parametrize(("page", "block"), CPP, ids=[f"{name_of(page)}:{block.line}" for page, block in CPP])
def test_cpp_compiles(page, block, tmp_path):
    compiler = os.environ.get("CXX") or shutil.which("c++")
    if compiler is None:
        pytest.skip("needs a C++ compiler")
    source = tmp_path / "block.cpp"
    source.write_text(block.text if "#include" in block.text else INSIDE.format(block.text))
    command = [*shlex.split(compiler), "-std=c++20", "-fsyntax-only", "-I", str(ROOT / "include"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name_of(page)}:{block.line}\n{done.stderr}"


def test_what_counts_as_the_same():
    assert line_agrees("median 94.3 MW,  13.0 s", "median 94.30001 MW, 1.2 s")
    assert line_agrees("bus 8  0.950", "bus 8 0.9503")
    assert line_agrees("mismatch 2.1e-09 pu", "mismatch 3.4e-09 pu")
    assert not line_agrees("median 94.3 MW", "median 94.6 MW")
    assert not line_agrees("212 states", "213 states")
    assert not line_agrees("branch 4: 2-4 ckt 1", "branch 4: 2-4 ckt 2")
    assert not line_agrees("branch 4: 2-4", "branch 4: 3-4")
    assert not line_agrees("bus 4", "bus 4 low")
    assert first_difference(["a", "…", "c"], ["a", "b", "b", "c"]) is None
    assert first_difference(["…", "c"], ["a", "c", "d"]) is not None
    assert first_difference(["a"], ["a", "b"]) is not None
    assert first_difference(["a", "b"], ["a"]) is not None
    assert first_difference(["a", "…"], ["a", "b", "c"]) is None


def test_a_figure_is_shown_in_one_way():
    """Each may be off by a rounding, and both together not."""
    seen = {}
    assert first_difference(["bus 8  85.8 MW, 1.2 s"], ["bus 8 85.8 MW, 3.0 s"], seen) is None
    assert first_difference(["bus 8  85.7 MW"], ["bus 8 85.8 MW"]) is None
    assert "85.7, and elsewhere 85.8" in first_difference(["bus 8  85.7 MW"], ["bus 8 85.8 MW"], seen)
    assert first_difference(["bus 8  85.75 MW"], ["bus 8 85.753 MW"], seen) is None
