"""Every kind of unusable input is refused with file, line and problem, by the library and the command."""

import nodalroom as nr
import pytest
from conftest import SMALL

BUS_3 = "3 1 40 12 0 10 1 1 0 230 1 1.1 0.9;"
UNIT_2 = "2 50 0 80 -60 1.02 100 1 120 0;"
BRANCH_3 = "2 3 0.02 0.12 0.02 90 100 0 0 0 1 -360 360;"


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1
    return SMALL.replace(old, new)


REFUSED = {
    "empty": ("", 0, "the file is empty"),
    "truncated in a row": (
        SMALL[: SMALL.index("1.1 0.9;\n4 1 50")],
        7,
        "table bus, opened in line 4, is not closed: the file ends in row 3",
    ),
    "binary": ("\x7fELF\x02\x01", 1, "not a text file: it holds the byte 0x7F"),
    "missing table": (SMALL[: SMALL.index("mpc.branch")], 0, "there is no table mpc.branch"),
    "a row too short": (
        changed(BUS_3, "3 1 40 12 0 10 1 1 0 230 1 1.1;"),
        7,
        "table bus, row 3: 12 values; row 1 has 13",
    ),
    "too few columns": (
        SMALL[: SMALL.index("mpc.gen")]
        + "mpc.gen = [1 60 0 150 -100 1.02 100 1];\n"
        + SMALL[SMALL.index("mpc.branch") :],
        14,
        "table gen has 8 columns; at least 10 are required (Pmax is missing)",
    ),
    "text for a number": (
        changed(BUS_3, "3 1 forty 12 0 10 1 1 0 230 1 1.1 0.9;"),
        7,
        "table bus, row 3, Pd: 'forty' is neither a number nor a name that is known here",
    ),
    "NaN": (
        changed(BUS_3, "3 1 NaN 12 0 10 1 1 0 230 1 1.1 0.9;"),
        7,
        "table bus, row 3, Pd = NaN; must be a finite number",
    ),
    "Inf": (
        changed(BRANCH_3, "2 3 0.02 Inf 0.02 90 100 0 0 0 1 -360 360;"),
        22,
        "table branch, row 3, x = Inf; must be a finite number",
    ),
    "duplicate bus number": (
        changed(BUS_3, "2 1 40 12 0 10 1 1 0 230 1 1.1 0.9;"),
        7,
        "bus row 3: bus_i = 2; bus numbers must differ, and row 2 (line 6) has the same",
    ),
    "branch to an unknown bus": (
        changed(BRANCH_3, "2 33 0.02 0.12 0.02 90 100 0 0 0 1 -360 360;"),
        22,
        "branch row 3: tbus = 33; there is no such bus in the bus table",
    ),
    "unit at an unknown bus": (
        changed(UNIT_2, "22 50 0 80 -60 1.02 100 1 120 0;"),
        16,
        "gen row 2: bus = 22; there is no such bus in the bus table",
    ),
    "negative rating": (
        changed(BRANCH_3, "2 3 0.02 0.12 0.02 -90 100 0 0 0 1 -360 360;"),
        22,
        "branch row 3: fbus = 2, tbus = 3, rateA = -90; a rating must be >= 0 (0: no limit)",
    ),
    "no reference bus": (
        changed("\n1 3 0 0", "\n1 2 0 0"),
        5,
        "bus table: the island of 7 buses (1, 2, 3, 4, 5, …) has no reference bus; one must have type 3",
    ),
    "baseMVA 0": (changed("baseMVA = 100", "baseMVA = 0"), 3, "baseMVA = 0; must be a finite number > 0"),
    "baseMVA negative": (changed("baseMVA = 100", "baseMVA = -100"), 3, "baseMVA = -100; must be a finite number > 0"),
    "Pmax below Pmin": (
        changed(UNIT_2, "2 50 0 80 -60 1.02 100 1 120 130;"),
        16,
        "gen row 2: bus = 2, Pmax = 120, Pmin = 130; Pmax must be >= Pmin",
    ),
    "Qmax below Qmin": (
        changed(UNIT_2, "2 50 0 -80 -60 1.02 100 1 120 0;"),
        16,
        "gen row 2: bus = 2, Qmax = -80, Qmin = -60; Qmax must be >= Qmin",
    ),
    "island without a source": (
        changed("\n9 4 0 0", "\n9 1 3 0"),
        12,
        "bus table: the island of 1 bus (9) has no unit in service for 3 MW and 0 MVAr of load; buses that are to be "
        "dead must have type 4 (isolated), which cut_off='isolate' gives them",
    ),
    "another version": (
        changed("version = '2'", "version = '1'"),
        2,
        "mpc.version = '1'; only version '2' of the case format is read",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused(kind, tmp_path, run_command):
    text, line, problem = REFUSED[kind]
    path = tmp_path / "bad.m"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(nr.InputError) as caught:
        nr.read(path)
    error = caught.value
    assert (error.file, error.line, error.problem) == (str(path), line, problem)
    assert isinstance(error, ValueError)
    assert isinstance(error, nr.NodalroomError)

    where = f"{path}:{line}" if line else str(path)
    assert str(error) == f"{where}: {problem}"
    asked = problem.replace("cut_off='isolate'", "--cut-off isolate")
    assert run_command("headroom", path) == (2, "", f"error: {where}: {asked}\n")


@pytest.mark.parametrize("command", ["info", "solve", "sweep", "headroom"])
def test_a_file_that_is_not_there(command, tmp_path, run_command):
    path = tmp_path / "absent.m"
    assert run_command(command, path) == (2, "", f"error: {path}: the file does not exist\n")


def test_a_folder(tmp_path, run_command):
    code, _, said = run_command("info", tmp_path)
    assert code == 2
    assert said == f"error: CASE {tmp_path}: is a folder; name a case file (.m) in it\n"
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("before", "line", "problem"),
    [
        ("", 1, "a case file begins with 'function mpc = NAME', not with '1111"),
        (SMALL[: SMALL.index("1 3 0 0")], 5, "table bus, row 1, bus_i: a number of more than 400 characters: '1111"),
    ],
)
def test_100_megabytes_of_digits(before, line, problem, tmp_path, run_command):
    path = tmp_path / "digits.m"
    with path.open("w") as file:
        file.write(before)
        for _ in range(100):
            file.write("1" * 1_000_000)
    code, _, said = run_command("info", path)
    assert code == 2
    assert said.startswith(f"error: {path}:{line}: {problem}")
    assert len(said) < 500


def test_the_small_case_itself_is_fine(small_file, run_command):
    assert run_command("headroom", small_file, "--max-mw", 30)[0] == 0
