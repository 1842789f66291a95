"""A small valid case as text, to be changed by tests, and the cases of the repository."""

from __future__ import annotations

import sys
from pathlib import Path

import nodalroom as nr
import pytest

DATA = Path(__file__).parents[2] / "data"

#: Six buses in a mesh, bus 7 on one branch of its own, and bus 9 isolated.
#: Lines of the file: 4 to 13 bus, 14 to 18 gen, 19 to 30 branch, 31 to 40 bus_name.
SMALL = """\
function mpc = small
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
1 3 0 0 0 0 1 1.02 0 230 1 1.1 0.9;
2 2 20 5 0 0 1 1.02 0 230 1 1.1 0.9;
3 1 40 12 0 10 1 1 0 230 1 1.1 0.9;
4 1 50 15 0 0 2 1 0 230 1 1.1 0.9;
5 2 10 2 0 0 2 1.01 0 115 1 1.1 0.9;
6 1 30 8 0 0 2 1 0 115 1 1.1 0.9;
7 1 5 1 0 0 2 1 0 115 1 1.1 0.9;
9 4 0 0 0 0 2 1 0 115 1 1.1 0.9;
];
mpc.gen = [
1 60 0 150 -100 1.02 100 1 250 10;
2 50 0 80 -60 1.02 100 1 120 0;
5 45 0 60 -40 1.01 100 1 90 0;
];
mpc.branch = [
1 2 0.01 0.08 0.02 120 140 0 0 0 1 -360 360;
1 3 0.01 0.1 0.02 120 140 0 0 0 1 -360 360;
2 3 0.02 0.12 0.02 90 100 0 0 0 1 -360 360;
3 4 0.02 0.1 0.02 90 0 0 0 0 1 -360 360;
2 4 0.02 0.12 0.02 90 0 0 0 0 1 -360 360;
4 5 0.003 0.09 0 100 0 0 0.98 0 1 -360 360;
5 6 0.01 0.07 0.01 80 0 0 0 0 1 -360 360;
4 6 0.003 0.1 0 100 0 0 1 0 1 -360 360;
6 7 0.02 0.1 0.01 40 0 0 0 0 1 -360 360;
6 7 0.02 0.1 0.01 40 0 0 0 0 0 -360 360;
];
mpc.bus_name = {
'ALPHA';
'BRAVO, <b>north</b>';
'CHARLIE';
'DELTA';
'ECHO';
'FOXTROT';
'GOLF "&" co';
'HOTEL';
};
"""


def replaced(text: str, table: str, cells: dict[int, dict[int, str]]) -> str:
    """A case file with cells of a table replaced: {row from 1: {column from 0: value}}."""
    before, rest = text.split(f"mpc.{table} = [", 1)
    body, after = rest.split("];", 1)
    lines = [line.rstrip(";").split() for line in body.splitlines() if line.strip()]
    for row, values in cells.items():
        for column, value in values.items():
            lines[row - 1][column] = value
    return before + f"mpc.{table} = [\n" + "".join(" ".join(line) + ";\n" for line in lines) + "];" + after


@pytest.fixture
def small() -> nr.Network:
    return nr.parse(SMALL, "small.m")


@pytest.fixture
def small_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.m"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="session")
def activsg200() -> nr.Network:
    return nr.read(DATA / "case_ACTIVSg200.m")


@pytest.fixture
def run_command(monkeypatch, capsys):
    """The command in this process: (exit code, standard output, standard error)."""
    from nodalroom import cli

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nodalroom", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        streams = capsys.readouterr()
        return int(ended.value.code or 0), streams.out, streams.err

    return run
