"""The commands ladder and upgrades, and Ctrl-C in what they call."""

import json
import shlex
import subprocess
import sys

import nodalroom as nr
import pandas as pd
import pytest
from conftest import DATA, SMALL
from test_processes import HEED_CTRL_C, interrupted

CASE = DATA / "case24_ieee_rts.m"
LARGE = DATA / "case_ACTIVSg500.m"

#: Ctrl-C by itself, once the first rung or element is done.
CTRL_C_IN_THE_SECOND = HEED_CTRL_C + """
said = False
def progress(stage, done, total):
    global said
    number = stage.partition(", rung ")[2] or stage.partition(", element ")[2]
    if not said and number and not number.startswith(("0", "1 of")):
        said = True
        signal.raise_signal(signal.SIGINT)
"""


def run_code(code, *words):
    command = [sys.executable, "-c", code, *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture
def heavy_file(tmp_path):
    path = tmp_path / "heavy.m"
    path.write_text(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"))
    return path


def run_apart(*words):
    command = [sys.executable, "-m", "nodalroom", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("redispatch", [False, True])
def test_ladder_command_shows_and_writes_the_ladder(tmp_path, redispatch):
    files = [tmp_path / "rungs.csv", tmp_path / "ladder.json"]
    words = ["--redispatch"] if redispatch else []
    ended = run_apart(
        "ladder", CASE, 3, "--target-mw", 100, "--rating-factor", 1.2, *words, "--out", files[0], "--out", files[1]
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    wanted = nr.headroom(nr.read(CASE), [3]).ladder(3, 100, redispatch=redispatch, rating_factor=1.2)
    rungs = pd.read_csv(files[0], index_col="rung", float_precision="round_trip")
    assert list(rungs["certified_mw"]) == list(wanted.table["certified_mw"])
    written = json.loads(files[1].read_text())
    assert [row["element"] for row in written["rungs"]] == list(wanted.table["element"])
    assert written["redispatch"] is redispatch
    lines = ended.stdout.splitlines()
    for words in (
        f"wrote {files[0]}",
        f"  Climbs: {'redispatch headroom' if redispatch else 'headroom'}, to 100 MW",
        f"  Status: target_reached (nothing breaks up to the target{', to 1 MW' if redispatch else ''})",
        "Rungs",
        "What the upgraded elements carry at the last rung",
    ):
        assert words in lines
    shown = lines[lines.index("Rungs") + 2 :][: len(rungs)]
    assert [line.split()[1] for line in shown] == [f"{mw:.1f}" for mw in rungs["certified_mw"]]
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("redispatch", [False, True])
def test_upgrades_command_shows_and_writes_the_list(tmp_path, redispatch):
    words = ["--redispatch"] if redispatch else []
    ended = run_apart(
        "upgrades", CASE, "--buses", "3,4,8,18", "--most", 2, "--top", 1, *words, "--out", tmp_path / "u.csv"
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    wanted = nr.headroom(nr.read(CASE), [3, 4, 8, 18], redispatch=redispatch).upgrades(2, redispatch=redispatch)
    written = pd.read_csv(tmp_path / "u.csv", float_precision="round_trip")
    assert list(written["unlocked_sum_mw"]) == list(wanted.table["unlocked_sum_mw"])
    assert written["was_run"].sum() == 2
    lines = ended.stdout.splitlines()
    best = wanted.buses.sort_values("unlocked_mw", ascending=False).iloc[0]
    shown = lines[lines.index("Buses that gain most") + 2].split()
    assert (shown[0], shown[4]) == (str(best.name), f"{best['unlocked_mw']:.1f}")
    assert f"… and {len(wanted.buses) - 1} more (--top)" in lines
    head = lines[lines.index("Upgrades") + 1].split()
    assert ("weight" in head) == redispatch
    last = shlex.split(lines[-1])
    assert last == ["nodalroom", "ladder", str(CASE), str(best.name), *words]
    assert run_apart(*last[1:], "--max-rungs", 1).returncode == 0


def test_json_is_all_there_is_on_standard_output(small_file, tmp_path, run_command):
    words = ["--json", "--target-mw", 200, "--max-rungs", 2, "--out", tmp_path / "l.csv"]
    code, out, _ = run_command("ladder", small_file, 7, *words)
    assert code == 0
    content = json.loads(out)
    assert (content["bus"], content["max_rungs"], content["status"]) == (7, 2, "rungs_exhausted")
    assert len(content["rungs"]) == len(pd.read_csv(tmp_path / "l.csv")) == 3
    code, out, _ = run_command("upgrades", small_file, "--json", "--most", 2)
    assert code == 0
    content = json.loads(out)
    assert (content["most"], len(content["elements"])) == (2, 2)
    assert content["options"]["buses"] is None
    pytest.importorskip("pyarrow")
    assert run_command("upgrades", small_file, "--most", 2, "--out", tmp_path / "u.parquet")[0] == 0
    assert list(pd.read_parquet(tmp_path / "u.parquet")["element"]) == [row["element"] for row in content["elements"]]


def test_options_of_the_study_reach_it(small_file, tmp_path, run_command):
    (tmp_path / "w.csv").write_text("row,weight\n2,1\n3,2\n")
    words = [
        "--power-factor", 0.9, "--contingencies", "branches", "--balance", tmp_path / "w.csv", "--rating-intact", "C",
        "--rating-post", "A", "--attribution", 0.01, "--attribution-voltage", 0.002, "--voltage-band", "0.95,1.05",
        "--voltage-band-post", "0.92,1.08", "--voltage-change-max", 0.08, "--monitor-min-kv", 100, "--no-q-limits",
        "--certify", "all", "--redispatch", "--movable-units", "1,3", "--max-moved-mw", 40, "--tolerance", 1e-9,
        "--threads", 1, "--no-progress",
    ]  # fmt: skip
    options = {
        "power_factor": 0.9, "contingencies": "branches", "balance": [0, 1, 2], "rating_intact": "C",
        "rating_post": "A", "attribution": 0.01, "attribution_voltage": 0.002, "voltage_band": (0.95, 1.05),
        "voltage_band_post": (0.92, 1.08), "voltage_change_max": 0.08, "monitor_min_kv": 100, "q_limits": False,
        "certify": "all", "redispatch": True, "movable_units": [1, 3], "max_moved_mw": 40, "tolerance": 1e-9,
    }  # fmt: skip
    study = nr.headroom(nr.read(small_file), [4], **options)
    content = json.loads(run_command("ladder", small_file, 4, "--target-mw", 90, "--json", *words)[1])
    wanted = study.ladder(4, target_mw=90, redispatch=True)
    assert content["options"] == json.loads(wanted.to_json())["options"]
    assert [row["certified_mw"] for row in content["rungs"]] == list(wanted.table["certified_mw"])
    assert len(wanted.table) >= 2
    content = json.loads(run_command("upgrades", small_file, "--buses", "4", "--json", *words)[1])
    wanted = study.upgrades(redispatch=True)
    assert content["options"] == json.loads(wanted.to_json())["options"]
    assert [row["after_mw"] for row in content["buses"]] == list(wanted.buses["after_mw"])
    by_kv = json.loads(run_command("upgrades", small_file, "--min-kv", 200, "--max-mw", 300, "--json")[1])
    assert (by_kv["options"]["min_kv"], by_kv["options"]["max_mw"]) == (200, 300)
    assert {row["bus"] for row in by_kv["buses"]} <= {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ladder", "CASE", 77], "there is no bus 77"),
        (["ladder", "CASE", 4, "--target-mw", -1], "error: --target-mw -1; must be > 0 and finite"),
        (["ladder", "CASE", 4, "--rating-factor", 0.9], "error: --rating-factor 0.9; must be > 1"),
        (["ladder", "CASE", 4, "--max-rungs", 0], "error: --max-rungs 0; must be a whole number >= 1"),
        (["ladder", "CASE", 4, "--out", "rungs.txt"], "--out rungs.txt: the file name must end in .csv"),
        (["ladder", "CASE", 4, "--voltage-band", "1"], "--voltage-band 1; must be LOW,HIGH"),
        (["ladder", "CASE", "x"], "Invalid value for 'BUS'"),
        (["upgrades", "CASE", "--most", 0], "error: --most 0; must be a whole number >= 1"),
        (["upgrades", "CASE", "--buses", "a"], "--buses a; must be bus numbers separated by commas"),
        (["upgrades", "CASE", "--out", "u.xlsx"], "--out u.xlsx: the file name must end in .csv"),
        (["upgrades", "absent.m"], "absent.m"),
    ],
)
def test_what_is_refused(words, said, small_file, run_command):
    code, out, err = run_command(*(small_file if word == "CASE" else word for word in words))
    assert code == 2
    assert said in err
    assert out == ""


def test_a_case_without_a_solution(heavy_file, tmp_path, run_command):
    code, out, err = run_command("ladder", heavy_file, 4, "--out", tmp_path / "l.csv")
    assert code == 1
    assert err.startswith("no solution: ")
    assert "Status: unsolved (the intact case has no solution)" in out
    assert list(pd.read_csv(tmp_path / "l.csv")["status"]) == ["unsolved"]
    code, out, err = run_command("upgrades", heavy_file, "--json")
    assert code == 1
    assert json.loads(out)["elements"] == []
    assert err.startswith("no solution: ")


def test_ctrl_c_keeps_the_finished_rungs():
    code, out, err = run_code(CTRL_C_IN_THE_SECOND + f"""
import nodalroom as nr
study = nr.headroom(nr.read({str(LARGE)!r}), [100], threads=1, progress=False)
ladder = study.ladder(100, threads=1, progress=progress)
table = ladder.table
print("ROWS", len(table), ladder.status, ladder.complete, table["certified_mw"].notna().all(),
      table["upgrade"].iloc[-1], len(ladder.needs))
print(ladder)
""")
    assert code == 0, err
    words = next(line for line in out.splitlines() if line.startswith("ROWS")).split()
    assert 1 <= int(words[1]) < 21
    assert words[2:] == ["cancelled", "False", "True", "None", "0"]
    assert f"PartialResultWarning: interrupted: {words[1]} rung" in err
    assert "(interrupted)" in out
    assert "Interrupted before it was known what the upgraded elements carry" in out


def test_ctrl_c_keeps_the_finished_elements():
    code, out, err = run_code(CTRL_C_IN_THE_SECOND + f"""
import nodalroom as nr
buses = [1, 2, 3, 4, 87, 88, 143, 144, 145, 338, 401, 402, 423, 424, 452, 459]
study = nr.headroom(nr.read({str(LARGE)!r}), buses, certify="all", threads=1, progress=False)
found = study.upgrades(8, threads=1, progress=progress)
table = found.table
run = table[table["was_run"]]
print("ROWS", found.runs[0], found.complete, len(run), run["unlocked_sum_mw"].notna().all(),
      table.loc[~table["was_run"], "unlocked_sum_mw"].isna().all())
print(found)
""")
    assert code == 0, err
    words = next(line for line in out.splitlines() if line.startswith("ROWS")).split()
    assert 1 <= int(words[1]) < 6
    assert words[2:] == ["False", words[1], "True", "True"]
    assert f"PartialResultWarning: interrupted: {words[1]} of 6 elements were run without their limit" in err
    assert "(interrupted)" in out


def test_ctrl_c_on_the_command_writes_the_finished_rungs(tmp_path):
    code, out, err = run_code(
        CTRL_C_IN_THE_SECOND + """
from nodalroom import _cli_upgrades, cli
climb = _cli_upgrades.climb
_cli_upgrades.climb = lambda study, bus, steps, threads, shown: climb(study, bus, steps, threads, progress)
cli.main()
""",
        *["ladder", str(LARGE), "100", "--threads", "1", "--out", str(tmp_path / "l.csv")],
    )
    assert code == 130, err
    assert not (tmp_path / "l.csv").exists()
    rungs = pd.read_csv(tmp_path / "l.partial.csv")
    assert 1 <= len(rungs) < 21
    assert err.startswith(f"interrupted: {len(rungs)} rung")
    assert "Traceback" not in err
    assert "(interrupted)" in out


def test_ctrl_c_in_the_study_before_writes_nothing(tmp_path):
    code, out, err = interrupted(
        """
from nodalroom import _cli_common, cli
run = _cli_common.run_headroom
_cli_common.run_headroom = lambda *given, **options: run(*given, **{**options, "progress": progress})
cli.main()
""",
        *["upgrades", str(LARGE), "--threads", "1", "--out", str(tmp_path / "u.csv")],
    )
    assert code == 130, err
    assert err == "interrupted before the study was finished: nothing was written\n"
    assert out == ""
    assert not (tmp_path / "u.csv").exists()
