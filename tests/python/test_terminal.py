"""The command as it looks in a terminal: a pseudo-terminal, with its Ctrl-C."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import shlex
import signal
import struct
import sys
import termios
import time

import nodalroom as nr
import pandas as pd
import pytest
from conftest import DATA

LARGE = DATA / "case_ACTIVSg500.m"
#: What moves the cursor, erases and colours.
ESCAPE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")


def in_terminal(*words, columns=80, ctrl_c_at=None):
    """The command in a terminal, Ctrl-C typed once the pattern is shown: (exit code, all that was sent)."""
    taken = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE")
    env = {name: value for name, value in os.environ.items() if name not in taken} | {"TERM": "xterm"}
    child, terminal = pty.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        os.execve(sys.executable, [sys.executable, "-m", "nodalroom", *map(str, words)], env)
    sent, end = "", time.monotonic() + 120
    try:
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                part = os.read(terminal, 1 << 16)
            except OSError:
                part = b""
            if not part:
                break
            sent += part.decode(errors="replace")
            if ctrl_c_at and re.search(ctrl_c_at, sent):
                os.write(terminal, b"\x03")
                ctrl_c_at = None
        else:
            os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        with contextlib.suppress(OSError):
            os.close(terminal)
    return code, sent


def screen(sent, columns=80, joined=False):
    """The lines a terminal shows in the end; it knows what the command uses of the cursor. Joined: those that only
    the terminal has broken are one again, as they are when they are copied.
    """
    lines, row, column = [""], 0, 0
    continued = set()

    def put(letter):
        nonlocal row, column
        if column == columns:
            row, column = row + 1, 0
            continued.add(row)
        while len(lines) <= row:
            lines.append("")
        line = lines[row].ljust(column)
        lines[row] = line[:column] + letter + line[column + 1 :]
        column += 1

    at = 0
    while at < len(sent):
        found = ESCAPE.match(sent, at)
        if found:
            count = int(found[1]) if found[1].isdigit() else 1
            if found[2] == "A":
                row = max(row - count, 0)
            elif found[2] == "K":
                lines[row] = "" if found[1] == "2" else lines[row][:column]
            else:
                assert found[2] in "mhl", found[0]
            at = found.end()
            continue
        letter = sent[at]
        if letter == "\n":
            row += 1
            continued.discard(row)
            while len(lines) <= row:
                lines.append("")
        elif letter == "\r":
            column = 0
        else:
            put(letter)
        at += 1
    while lines and not lines[-1].strip():
        lines.pop()
    if joined:
        for at in reversed(range(1, len(lines))):
            if at in continued:
                lines[at - 1] = lines[at - 1].ljust(columns) + lines.pop(at)
    return [line.rstrip() for line in lines]


@pytest.mark.parametrize("columns", [80, 120])
def test_ctrl_c_leaves_what_was_finished_and_a_clean_screen(columns, tmp_path):
    asked = [tmp_path / f"h{ending}" for ending in (".csv", ".json", ".html", ".nodalroom")]
    files = [file.with_suffix(f".partial{file.suffix}") for file in asked]
    asked[0].write_text("what was there before")
    words = [word for file in asked for word in ("--out", file.relative_to(tmp_path.parent))]
    before = os.getcwd()
    os.chdir(tmp_path.parent)
    try:
        code, sent = in_terminal(
            "headroom", LARGE, "--threads", 1, "--certify", "all", "--top", 2, *words,
            columns=columns, ctrl_c_at=r"candidate buses .* [1-9]\d*/500",
        )  # fmt: skip
    finally:
        os.chdir(before)
    assert code == 130, sent
    lines = screen(sent, columns)
    table = pd.read_csv(files[0], index_col="bus")
    assert 1 <= len(table) < 500
    names = [file.name for file in files]
    said = "".join(lines).replace(" ", "")  # the terminal breaks long lines anywhere
    ending = (
        f"interrupted: {len(table)} of 500 buses were finished; written to {', '.join(names)}"
        f"the rest: the same command with --skip-done {files[0].relative_to(tmp_path.parent)}"
    )
    assert said.endswith(ending.replace(" ", ""))
    assert [line.split("/")[-1] for line in lines[:4]] == names, lines[:6]
    assert all(line.startswith("wrote ") for line in lines[:4])
    assert lines[4].startswith(f"Study of case_ACTIVSg500: {len(table)} of 500 buses (interrupted)")
    assert not any("━" in line or "^C" in line for line in lines)
    assert all(len(line) <= columns for line in lines)
    assert "Traceback" not in sent
    content = json.loads(files[1].read_text())
    assert (content["complete"], len(content["buses"])) == (False, len(table))
    assert f"Interrupted: {len(table)} of 500 buses" in files[2].read_text()
    saved = nr.load(files[3])
    assert not saved.complete
    assert list(saved.table["headroom_mw"]) == list(table["headroom_mw"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["h.csv", *names])
    assert asked[0].read_text() == "what was there before"


def test_tables_fit_the_terminal_and_words_stay_whole():
    for columns in (80, 120):
        code, sent = in_terminal("headroom", DATA / "case_ACTIVSg200.m", "--buses", "133,102", columns=columns)
        assert code == 0
        lines = screen(sent, columns)
        assert all(len(line) <= columns for line in lines)
        text = "\n".join(lines)
        assert "voltag\n" not in text
        heads = next(line for line in lines if line.startswith("bus  name"))
        assert ("headroom_mw  status   limit_type " in heads) == (columns == 120), heads
        command = screen(sent, columns, joined=True)[-1]
        assert shlex.split(command) == ["nodalroom", "witness", str(DATA / "case_ACTIVSg200.m"), "133", "witness_133.m"]
        assert "reading" in sent  # and it is gone
        assert not any(re.match(r"\W*reading ", line) for line in lines)


@pytest.mark.parametrize("columns", [80, 120])
def test_a_printed_command_is_whole_and_quoted_wherever_the_case_lies(columns, tmp_path):
    folder = tmp_path / "a folder with spaces" / ("long" * 25)
    folder.mkdir(parents=True)
    case = folder / "it's case 39.m"
    case.write_bytes((DATA / "case39.m").read_bytes())
    code, sent = in_terminal("headroom", case, "--buses", "4", "--contingencies", "branches", columns=columns)
    assert code == 0
    lines = screen(sent, columns, joined=True)
    (line,) = (line for line in lines if "nodalroom sweep" in line)
    words = ["nodalroom", "sweep", str(case), "--contingencies", "branches"]
    assert shlex.split(line.partition("what is broken: ")[2]) == words
    (line,) = (line for line in lines if "nodalroom witness" in line)
    assert shlex.split(line)[:4] == ["nodalroom", "witness", str(case), "4"]
    code, sent = in_terminal("compare", case, case, columns=columns)
    assert code == 2
    (line,) = (line for line in screen(sent, columns, joined=True) if "nodalroom headroom" in line)
    words = ["nodalroom", "headroom", str(case), "--out", "A.nodalroom"]
    assert shlex.split(line.partition("its study first: ")[2]) == words


def test_no_progress_is_quiet():
    code, sent = in_terminal("headroom", DATA / "case9.m", "--no-progress", "--top", 1)
    assert code == 0
    assert "reading" not in sent
    assert "\x1b[2K" not in sent
