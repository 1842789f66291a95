"""What the command refuses: one line that can be acted on, exit code 2, and never a traceback."""

import os
import random
import subprocess
import sys

import pytest
from conftest import DATA, SMALL


def test_near_names_are_suggested(small_file, run_command):
    for words, said in (
        (["headrom", small_file], "'headroom'"),
        (["headroom", small_file, "--min-kw", "3"], "--min-kv"),
        (["headroom", small_file, "--with-loads", "4:1"], "--with-load"),
        (["ladder", small_file, "4", "--target", "3"], "--target-mw"),
        (["info", small_file.with_name("smal.m")], "did you mean small.m?"),
        (["headroom", small_file, "--buses", "4,8"], "--buses: there is no bus 8 in"),
        (["headroom", small_file, "--buses", "4,8"], "the nearest numbers are 6, 7, 9"),
        (["ladder", small_file, "77"], "BUS: there is no bus 77 in"),
        (["witness", small_file, "77", small_file.with_name("w.m")], "the nearest numbers are 6, 7, 9"),
    ):
        code, out, err = run_command(*words)
        assert (code, out) == (2, "")
        assert said in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["info", "FOLDER"], "is a folder; name a case file (.m) in it"),
        (["info", "absent.m"], "absent.m"),
        (["info", "junk.m"], "junk.m"),
        (["info", "saved.nodalroom"], "is a saved result; the commands compare and report take those"),
        (["compare", "CASE", "CASE"], "is a case; save its study first: nodalroom headroom"),
        (["compare", "absent.nodalroom", "absent.nodalroom"], "absent.nodalroom: cannot be read"),
        (["compare", "saved.nodalroom", "saved.nodalroom"], "this is no saved result"),
        (["report", "FOLDER", "r.html"], "is a folder; name a saved study"),
        (["report", "saved.nodalroom", "r.pdf"], "OUT.html r.pdf: the file name must end in .html"),
        (["completion", "tcsh"], "SHELL tcsh; must be bash, zsh or fish"),
        (["headroom", "CASE", "--out", "a.csv", "--out", "./a.csv"], "--out a.csv: this file is named twice"),
        (["headroom", "CASE", "--out", "a.svg"], "must end in .csv, .parquet, .json, .html, .nodalroom"),
        (["sweep", "CASE", "--out", "a.html"], "--out a.html: the file name must end in .csv, .parquet, .json"),
        (["headroom", "CASE", "--with-load", "4"], "--with-load 4; must be BUS:MW or BUS:MW:MVAR"),
        (["headroom", "CASE", "--with-load", "4:x"], "--with-load 4:x; must be BUS:MW"),
        (["headroom", "CASE", "--with-load", "8:1"], "--with-load 8:1: there is no bus 8 in"),
        (["solve", "CASE", "--with-load", "4:nan"], "--with-load 4:nan: mw = nan; must be finite"),
        (["solve", "CASE", "--with-load", "9:5"], "--with-load 9:5: bus 9 is out of service"),
        (["info", "CASE", "--without-branch", "99"], "--without-branch: there is no row 99; the case has 10"),
        (["info", "CASE", "--without-branch", "10"], "branch row 10 is out of service already"),
        (["sweep", "CASE", "--without-unit", "0"], "unit = 0; must be a whole number >= 1"),
        (["info", "CASE", "--without-branch", "9"], "no unit is in service; --cut-off isolate leaves that out too"),
        (["info", "CASE", "--cut-off", "drop"], "--cut-off drop; must be refuse or isolate"),
        (["info", "CASE", "--with-rating", "1"], "--with-rating 1; must be BRANCH:MVA or BRANCH:MVA:SET"),
        (["info", "CASE", "--with-rating", "1:0"], "rating A of branch row 1 = 0; must be > 0"),
        (["info", "CASE", "--with-rating", "1:9:D"], "rating = 'D'; must be 'A', 'B' or 'C'"),
        (["info", "CASE", "--with-rating", "1:9", "--with-rating", "1:8"], "row 1 is named twice"),
        (["headroom", "CASE", "--max-moved-mw", "10"], "--max-moved-mw is nothing without --redispatch"),
        (["ladder", "CASE", "4", "--movable-units", "1"], "--movable-units is nothing without --redispatch"),
        (["headroom", "CASE", "--min-kv", "100", "--buses", "4"], "--min-kv and --buses: give one of them"),
        (["info", "CASE", "--with-rating", "99:9"], "--with-rating: there is no row 99; the case has 10"),
        (["headroom", "CASE", "--max-mw", "0"], "error: --max-mw 0; must be > 0 and finite"),
        (["headroom", "CASE", "--power-factor=2"], "error: --power-factor 2; must be in (0, 1]"),
        (["headroom", "CASE", "--threads", "-1"], "error: --threads -1; must be a whole number >= 1"),
        (["headroom", "CASE", "--min-kv", "345"], "error: --min-kv 345: no bus in service is at or above it; the highest is 230 kV"),
        (["headroom", "NO_KV", "--min-kv", "100"], "the case gives no base voltages (baseKV is 0 at every bus)"),
        (["headroom", "CASE", "--skip-done", "absent.csv"], "--skip-done absent.csv: cannot be read"),
        (["headroom", "CASE", "--skip-done", "h.txt"], "--skip-done h.txt: the file name must end in .csv"),
        (["headroom", "CASE", "--skip-done", "none.csv"], "none.csv: is no table that headroom --out wrote"),
        (["headroom", "CASE", "--skip-done", "other.csv"], "it has bus 77, which is not in the case"),
        (["headroom", "CASE", "--buses", "4", "--skip-done", "four.csv"], "there is nothing left to study"),
        (["headroom", "CASE", "--skip-done", "four.csv", "--out", "four.csv"], "would be overwritten"),
        (["info", "CASE", "--scale-ratings", "-1"], "--scale-ratings -1: factor = -1; must be > 0"),
    ],
)
def test_what_is_refused(words, said, small_file, tmp_path, monkeypatch, run_command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "junk.m").write_bytes(bytes(range(256)))
    (tmp_path / "saved.nodalroom").write_text("not one")
    (tmp_path / "none.csv").write_text("number\n4\n")
    (tmp_path / "other.csv").write_text("bus\n77\n")
    (tmp_path / "four.csv").write_text("bus\n4\n")
    given = {"CASE": small_file, "FOLDER": tmp_path, "NO_KV": DATA / "case14.m"}
    code, out, err = run_command(*(given.get(word, word) for word in words))
    assert (code, out) == (2, "")
    assert said in err
    assert err.startswith("error: ") and err.count("\n") == 1
    assert not list(tmp_path.glob("a.*"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_said_before_the_study(small_file, tmp_path, run_command):
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o500)
    code, _, err = run_command("headroom", small_file, "--out", shut / "h.csv")
    assert (code, err) == (2, f"error: --out {shut}/h.csv: no permission to write in {shut}\n")


def test_permission_is_asked_for_before_the_study(small_file, tmp_path, monkeypatch, run_command):
    """As the test above, for root too."""
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, how: how != os.W_OK and real(path, how))
    monkeypatch.setattr("nodalroom._cli_common.run_headroom", None)
    code, _, err = run_command("headroom", small_file, "--out", tmp_path / "h.csv")
    assert (code, err) == (2, f"error: --out {tmp_path}/h.csv: no permission to write in {tmp_path}\n")
    (tmp_path / "h.csv").touch()
    assert run_command("headroom", small_file, "--out", tmp_path / "h.csv")[2].endswith(
        "h.csv: no permission to write this file\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["headroom", "CASE", "--power-factor", "abc"], "'--power-factor': 'abc' is not a"),
        (["ladder", "CASE", "x"], "'BUS': 'x' is not a"),
        (["headroom", "CASE", "--min-kv", "--out", "x.csv"], "'--min-kv': '--out' is not a"),
    ],
)
def test_usage_errors_name_the_value(words, said, small_file, run_command):
    code, out, err = run_command(*(small_file if word == "CASE" else word for word in words))
    assert (code, out, err.count("\n")) == (2, "", 4)
    assert said in err
    assert ("its value is missing" in err) == ("--out" in words)


COMMANDS = [
    "info", "solve", "sweep", "headroom", "ladder", "upgrades", "witness", "compare", "report", "convert",
    "completion", "hedroom",
]  # fmt: skip
OPTIONS = [
    "--buses", "--min-kv", "--power-factor", "--max-mw", "--balance", "--balance-area", "--contingencies",
    "--rating-intact", "--rating-post", "--voltage-band", "--voltage-change-max", "--certify", "--threads", "--top",
    "--tolerance", "--movable-units", "--max-moved-mw", "--with-load", "--without-branch", "--without-unit",
    "--with-rating", "--scale-ratings", "--cut-off", "--target-mw", "--rating-factor", "--max-rungs", "--most",
    "--init", "--max-iterations", "--skip-done", "--out", "--out-buses", "--out-violations", "--title", "--nope",
]  # fmt: skip
FLAGS = ["--json", "--branches", "--redispatch", "--no-q-limits", "--no-progress", "-h", "--version", "--"]
VALUES = [
    "", " ", "-1", "0", "1", "4", "1e400", "nan", "inf", "-inf", "99999999999999999999", "0.5", "é", "\udcff", "4:1", "4:", ":", "1:2:3:4",
    "1,2", ",", "1,,2", "spare", "all", "A", "branches", "isolate", "dc", "bash", "x.csv", "x.json", "x.html",
    "x.nodalroom", "x.m", "/", "no/x.csv", "a\nb", "%s", "{}", "[red]", "~",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_bad_words_give_no_traceback(seed, small_file, tmp_path, monkeypatch, run_command):
    monkeypatch.chdir(tmp_path)
    pick = random.Random(seed)
    for _ in range(60):
        words = [pick.choice(COMMANDS)]
        words += [pick.choice([str(small_file), str(small_file), *VALUES])]
        words += [pick.choice(VALUES) for _ in range(pick.randrange(3))]
        for _ in range(pick.randrange(4)):
            words += [pick.choice(FLAGS)] if pick.random() < 0.2 else [pick.choice(OPTIONS), pick.choice(VALUES)]
        code, _, err = run_command(*words)  # any other exception than SystemExit fails here
        assert code in (0, 1, 2), words
        assert "Traceback" not in err, words
        assert (code == 0) or err, words
        assert small_file.read_text() == SMALL, words
    assert not list(tmp_path.glob(".*")), "drafts are left"


def test_no_traceback_from_the_program_itself(tmp_path):
    name = os.fsencode(str(tmp_path)) + b"/\xff.m"
    with open(name, "w", encoding="utf-8") as file:
        file.write(SMALL)
    for words in ([b"info", name], [b"convert", name, name[:-3] + b"\xfe.m"], [b"info", b"\xfe.m"]):
        ended = subprocess.run([sys.executable, "-m", "nodalroom", *words], capture_output=True, timeout=60, check=False)
        assert ended.returncode == 2
        assert b"\\udcf" in ended.stderr
        assert b"Traceback" not in ended.stderr, ended.stderr
        assert b"internal" not in ended.stderr, ended.stderr


def test_a_terminal_of_few_letters(tmp_path):
    """… and names are shown as well as they can be where the locale has not got them."""
    (tmp_path / "ü.m").write_text(SMALL, encoding="utf-8")
    command = [sys.executable, "-m", "nodalroom", "headroom", str(tmp_path / "ü.m"), "--top", "1", "--max-mw", "50"]
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    ended = subprocess.run(command, capture_output=True, timeout=60, check=False, env=env)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"\\u2026 and 6 more (--top)" in ended.stdout


def test_a_bug_is_one_line_too(small_file, monkeypatch, run_command):
    def broken(*given, **options):
        raise RuntimeError("a bug")

    monkeypatch.setattr("nodalroom._cli_common.run_headroom", broken)
    monkeypatch.delenv("NODALROOM_TRACEBACK", raising=False)
    code, out, err = run_command("headroom", small_file)
    assert (code, out) == (70, "")
    assert err == "internal error: RuntimeError: a bug (NODALROOM_TRACEBACK=1 shows where; please report it)\n"
    monkeypatch.setenv("NODALROOM_TRACEBACK", "1")
    with pytest.raises(RuntimeError):
        run_command("headroom", small_file)


def test_every_case_of_the_repository_can_be_looked_at(run_command):
    for case in sorted(DATA.glob("*.m")):
        assert run_command("info", case)[0] == 0
