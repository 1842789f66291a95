"""The command: what it writes, and its exit codes."""

import json
import shlex
import subprocess
import sys

import nodalroom as nr
import pandas as pd
import pytest
import shlex
from conftest import DATA, SMALL


@pytest.fixture
def heavy_file(tmp_path):
    path = tmp_path / "heavy.m"
    path.write_text(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"))
    return path


def test_module_is_the_command():
    shown = subprocess.run([sys.executable, "-m", "nodalroom", "--help"], capture_output=True, text=True, check=True)
    commands = ("info", "solve", "sweep", "headroom", "ladder", "upgrades", "witness", "convert")
    for word in (*commands, "Exit codes: 0", "130"):
        assert word in shown.stdout


@pytest.mark.parametrize("command", ["info", "solve", "sweep", "headroom", "ladder", "upgrades", "witness", "convert"])
def test_help(command, run_command):
    code, out, _ = run_command(command, "--help")
    assert code == 0
    assert "CASE" in out
    assert "Exit codes: 0" in out


def test_info(small_file, run_command):
    code, out, _ = run_command("info", small_file)
    assert code == 0
    assert "8 buses (1 isolated)" in out
    assert "isolated_buses" in out  # a diagnostic
    content = json.loads(run_command("info", small_file, "--json")[1])
    assert (content["buses"], content["units"], content["bridges"], content["load_mw"]) == (8, 3, 1, 155)
    assert content["diagnostics"][0]["line"] == 12


def test_solve(small_file, heavy_file, tmp_path, run_command):
    code, out, _ = run_command("solve", small_file, "--out-buses", tmp_path / "b.csv")
    assert code == 0
    assert "converged from the stored start" in out
    buses = pd.read_csv(tmp_path / "b.csv", dtype=str)
    assert [float(text) for text in buses["vm_pu"][:7]] == list(nr.read(small_file).solve().buses["vm_pu"][:7])
    content = json.loads(run_command("solve", small_file, "--json", "--out-branches", tmp_path / "l.json")[1])
    assert content["converged"] is True
    assert content["buses"][7]["vm_pu"] is None
    assert len(json.loads((tmp_path / "l.json").read_text())) == 10

    code, out, _ = run_command("solve", heavy_file)
    assert code == 1
    assert "Largest mismatches" in out
    code, out, _ = run_command("solve", heavy_file, "--json")
    assert code == 1
    assert json.loads(out)["converged"] is False


def test_sweep(small_file, heavy_file, tmp_path, run_command):
    code, out, _ = run_command("sweep", small_file, "--out", tmp_path / "s.csv", "--out-violations", tmp_path / "v.csv")
    assert code == 0
    assert "12 states: 12 converged; 1 bridge not simulated" in out
    assert len(pd.read_csv(tmp_path / "s.csv")) == 12
    content = json.loads(run_command("sweep", small_file, "--json", "--voltage-band-post", "0.995,1.05")[1])
    assert content["complete"] is True
    assert content["violations"][0]["limit"] == 0.995
    assert run_command("sweep", heavy_file)[0] == 1


def test_headroom_writes_what_was_asked(small_file, tmp_path, run_command):
    code, out, _ = run_command(
        "headroom", small_file, "--max-mw", 500, "--buses", "4,7", "--top", 1,
        "--out", tmp_path / "h.csv", "--out", tmp_path / "h.json", "--out", tmp_path / "h.html",
    )  # fmt: skip
    assert code == 0
    table = pd.read_csv(tmp_path / "h.csv", index_col="bus")
    assert list(table.index) == [4, 7]
    assert json.loads((tmp_path / "h.json").read_text())["options"]["max_mw"] == 500
    assert (tmp_path / "h.html").read_text().startswith("<!DOCTYPE html>")
    for words in ("balance: spare", "2 limited", "Most headroom", "What binds most buses", "nodalroom witness"):
        assert words in out
    assert "DELTA" in out
    assert "GOLF" not in out  # --top 1


def test_headroom_json_is_all_there_is_on_standard_output(small_file, tmp_path, run_command):
    code, out, _ = run_command("headroom", small_file, "--json", "--out", tmp_path / "h.csv")
    assert code == 0
    assert len(json.loads(out)["buses"]) == 7
    pytest.importorskip("pyarrow")
    assert run_command("headroom", small_file, "--out", tmp_path / "h.parquet", "--buses", 1)[0] == 0
    assert list(pd.read_parquet(tmp_path / "h.parquet").index) == [1]


@pytest.mark.parametrize("ending", [".csv", ".json", ".nodalroom"])
def test_skip_done_goes_on_with_the_rest(ending, small_file, tmp_path, run_command):
    done, rest = tmp_path / f"h.partial{ending}", tmp_path / "rest.csv"
    assert run_command("headroom", small_file, "--buses", "4,7", "--out", done)[0] == 0
    (tmp_path / "two.csv").write_text("bus,headroom_mw\n2,5\n")
    words = ["--min-kv", 100, "--skip-done", done, "--skip-done", tmp_path / "two.csv"]
    assert run_command("headroom", small_file, *words, "--out", rest)[0] == 0
    whole = nr.headroom(nr.read(small_file), min_kv=100).table["headroom_mw"]
    assert list(pd.read_csv(rest)["bus"]) == [1, 3, 5, 6]
    assert list(pd.read_csv(rest)["headroom_mw"].round(9)) == list(whole.loc[[1, 3, 5, 6]].round(9))
    run_command("headroom", small_file, "--buses", "2,3", "--skip-done", tmp_path / "two.csv", "--out", rest)
    assert list(pd.read_csv(rest)["bus"]) == [3]


def test_partial_files_never_take_the_place_of_others(tmp_path):
    from nodalroom._partial import targets

    path = tmp_path / "h.csv"
    assert targets([path], True, 0) == [path]
    assert targets([path], False, 0) == []
    for name in ("h.partial.csv", "h.partial-2.csv", "h.partial-3.csv"):
        assert targets([path], False, 3) == [tmp_path / name]
        (tmp_path / name).touch()


def test_headroom_without_a_solution(heavy_file, run_command):
    code, out, said = run_command("headroom", heavy_file)
    assert code == 1
    assert "No number is given" in out
    assert said.startswith("no solution: ")


def test_options_reach_the_study(small_file, tmp_path, run_command):
    (tmp_path / "w.csv").write_text("row,weight\n2,1\n3,2\n")
    words = [
        "--power-factor", 0.9, "--max-mw", 300, "--contingencies", "branches", "--balance", tmp_path / "w.csv",
        "--rating-intact", "C", "--rating-post", "A", "--attribution", 0.01, "--attribution-voltage", 0.002,
        "--voltage-band", "0.95,1.05", "--voltage-band-post", "0.92,1.08", "--voltage-change-max", 0.08,
        "--monitor-min-kv", 100, "--no-q-limits", "--certify", "all", "--tolerance", 1e-9,
        "--threads", 1, "--no-progress",
    ]  # fmt: skip
    content = json.loads(run_command("headroom", small_file, "--buses", "4", "--json", *words)[1])
    assert content["options"] == {
        "buses": [4], "min_kv": 0, "power_factor": 0.9, "max_mw": 300, "contingencies": "branches",
        "balance": "weights",
        "balance_area": None, "rating_intact": "C", "rating_post": "A", "attribution": 0.01,
        "attribution_voltage": 0.002, "voltage_band": [0.95, 1.05], "voltage_band_post": [0.92, 1.08],
        "voltage_change_max": 0.08, "monitor_min_kv": 100, "q_limits": False, "certify": "all", "redispatch": False,
        "movable_units": None, "max_moved_mw": None, "tolerance": 1e-9,
    }  # fmt: skip
    asked = nr.headroom(
        nr.read(small_file), [4], power_factor=0.9, max_mw=300, contingencies="branches", balance=[0, 1, 2],
        rating_intact="C", rating_post="A", attribution=0.01, attribution_voltage=0.002, voltage_band=(0.95, 1.05),
        voltage_band_post=(0.92, 1.08), voltage_change_max=0.08, monitor_min_kv=100, q_limits=False, certify="all",
        tolerance=1e-9,
    )  # fmt: skip
    assert content["buses"][0]["headroom_mw"] == asked.table.at[4, "headroom_mw"]


def test_the_command_of_a_witness_makes_that_witness(small_file, tmp_path, run_command):
    study = nr.headroom(nr.read(small_file), [6], balance="pmax", voltage_band_post=(0.95, 1.1), q_limits=False)
    words = shlex.split(study.witness(6).command(tmp_path / "w.m"))
    assert words[:2] == ["nodalroom", "witness"]
    code, out, _ = run_command(*words[1:])
    assert code == 0
    assert "New load" in out
    assert (tmp_path / "w.m").read_text() == study.witness(6).text


def test_convert_keeps_every_bit(tmp_path, run_command):
    source = DATA / "case_RTS_GMLC.m"
    assert run_command("convert", source, tmp_path / "out.m")[0] == 0
    assert run_command("convert", tmp_path / "out.m", tmp_path / "again.m")[0] == 0
    assert (tmp_path / "out.m").read_bytes() == (tmp_path / "again.m").read_bytes()
    assert nr.read(tmp_path / "out.m").to_matpower() == nr.read(source).to_matpower()
    code, _, said = run_command("convert", source, tmp_path / "out.raw")
    assert code == 2
    assert "must end in .m" in said


def test_listings_have_no_padding_and_say_what_they_leave_out(tmp_path, run_command):
    case = DATA / "case_RTS_GMLC.m"
    code, out, _ = run_command("headroom", case, "--buses", "101,102,103", "--top", 2, "--max-mw", 50)
    assert code == 0
    assert all(line == line.rstrip() for line in out.splitlines())
    assert "… and 1 more (--top)" in out
    info = run_command("info", DATA / "case14.m", "--top", 1)[1]
    assert "14 at an unknown voltage" in info
    assert "… and 2 more (--top)" in info
    assert all(line == line.rstrip() for line in info.splitlines())


def test_case14_has_voltages_instead_of_loadings(run_command):
    """It has no ratings and no base voltages."""
    code, out, _ = run_command("sweep", DATA / "case14.m")
    assert code == 0
    assert "Highest loadings" not in out
    assert "Lowest voltages" in out
    listed = run_command("solve", DATA / "case14.m")[1].split("Lowest voltages\n")[1].splitlines()
    assert listed[0].split() == ["bus", "name", "base_kv", "vm_pu", "va_degree"]
    assert listed[1].split()[-3] == "-"  # baseKV 0 is unknown
    content = json.loads(run_command("sweep", DATA / "case14.m", "--json")[1])
    assert content["states"][0]["worst_loading_percent"] is None


def test_states_without_a_solution_have_no_counts_and_are_pointed_out(tmp_path, run_command):
    text = SMALL.replace("6 7 0.02 0.1 0.01 40 0 0 0 0 1", "6 7 0.05 0.9 0.01 400 0 0 0 0 1")
    text = text.replace("6 7 0.02 0.1 0.01 40 0 0 0 0 0", "6 7 0.02 0.1 0.01 400 0 0 0 0 1")
    path = tmp_path / "lost.m"
    path.write_text(text.replace("7 1 5 1", "7 1 60 10"))
    result = nr.sweep(nr.read(path))
    lost = result.table.set_index("contingency").loc["branch 10: 6-7 ckt 2"]
    assert lost["status"] != "converged"
    assert lost["thermal_violations"] is pd.NA
    assert lost["voltage_violations"] is pd.NA
    assert result.table["thermal_violations"].notna().sum() == len(result.table) - 1
    out = run_command("sweep", path)[1]
    assert "States without a solution: they deserve a look of their own\n" in out
    out = run_command("headroom", path, "--buses", 4)[1]
    assert "1 state has no solution without any new load: left out here, and worth a look of its own" in out
    assert "\nStates without a solution, left out\n" in out


def test_limit_types_are_spelt_one_way(run_command):
    words = ["--voltage-band", "0.95,1.1", "--voltage-band-post", "0.92,1.1", "--buses", "13,14"]
    out = run_command("headroom", DATA / "case14.m", *words)[1]
    assert out.count("low_voltage") >= 2
    assert "low voltage" not in out


def test_help_is_not_cut(run_command):
    out = run_command("--help")[1]
    commands = out[out.index("Commands:") : out.index("Exit codes")]
    assert "..." not in commands
    solve = " ".join(run_command("solve", "--help")[1].split())
    assert "Newton steps between two switches of limits" in solve


def test_names_of_the_package_are_the_public_ones():
    assert sorted(dir(nr)) == sorted(nr.__all__)


def test_attempts_tell_how_each_ended(heavy_file, run_command):
    flow = nr.read(heavy_file).solve()
    assert list(flow.attempts["eased"]) == [False] * 6 + [True]
    counts = flow.attempts["status"].value_counts()
    assert set(counts.index) <= {"diverged", "stalled"}
    for status, count in counts.items():
        assert f"{count} {status}" in flow.reason
    worst = flow.worst_buses.iloc[0]
    assert f"worst at bus {flow.worst_buses.index[0]}, mismatch" in flow.reason
    assert max(abs(worst["p_mw"]), abs(worst["q_mvar"])) == pytest.approx(flow.max_mismatch_pu * 100)
    assert "eased" in run_command("solve", heavy_file)[1]


def test_help_has_groups_an_example_and_the_codes_a_command_has(run_command):
    out = run_command("headroom", "--help")[1]
    heads = [line for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert heads == [
        "Arguments:", "Options:", "Buses, and how far to look:", "New load, and who supplies it:", "Outages and limits:",
        "Redispatch:", "Accuracy and time:", "Output:", "Edits of the case:",
    ]  # fmt: skip
    assert "Example: nodalroom headroom case.m" in out
    assert "1 the case has no power-flow solution" in " ".join(out.split())
    for command in ("info", "convert", "compare", "report", "completion"):
        shown = " ".join(run_command(command, "--help")[1].split())
        assert f"Example: nodalroom {command} " in shown
        assert "no power-flow solution" not in shown
        assert "0 done; 2 wrong usage" in shown
    assert "The default of solve is reference" in " ".join(run_command("solve", "--help")[1].split())


def test_a_case_that_breaks_its_limits_before_any_load_says_so_and_what_to_do(run_command):
    case = DATA / "case39.m"
    said = "the case breaks its limits before any new load, after"
    for words in (["headroom"], ["upgrades", "--most", 1], ["ladder", "--max-rungs", 1, 4]):
        code, out, _ = run_command(words[0], case, *words[1:])
        assert code == 0
        assert (
            f"takes nothing: {said} 1 outage at least" in out or f"39 of 39 buses take nothing: {said} 4 outages" in out
        )
        assert f"  To see what is broken: {shlex.join(['nodalroom', 'sweep', str(case)])}\n" in out
        assert "--with-rating or --scale-ratings; or leave the outages out with --contingencies none" in out
        assert "the attribution" not in out
    assert "buses take nothing" not in run_command("headroom", case, "--contingencies", "none", "--buses", "3,4")[1]
    words = ["--contingencies", "branches", "--without-branch", "5-6", "--power-factor", 0.9, "--buses", 3]
    out = run_command("headroom", case, *words)[1]
    (line,) = (line for line in out.splitlines() if "nodalroom sweep" in line)
    command = shlex.split(line.partition(": nodalroom ")[2])
    assert command == ["sweep", str(case), "--without-branch", "10", "--contingencies", "branches"]
    assert run_command(*command)[0] == 0


def test_a_sweep_lists_the_worst_violations_and_says_what_it_leaves_out(run_command, tmp_path):
    words = ["sweep", DATA / "case14.m", "--voltage-band", "0.99,1.01", "--voltage-band-post", "0.99,1.01"]
    whole = run_command(*words, "--worst-violations", 2**31 - 1, "--out-violations", tmp_path / "all.csv")
    assert whole[0] == 0
    assert "are listed" not in whole[1]
    every = pd.read_csv(tmp_path / "all.csv")
    states = every["contingency"].nunique()
    assert states > 20
    assert every.groupby("contingency").size().min() > 4
    said = f"  {len(every)} limits broken in {states} states\n"
    assert said in whole[1]
    code, out, _ = run_command(*words, "--worst-violations", 4, "--out-violations", tmp_path / "some.csv")
    assert code == 0
    assert said in out
    some = pd.read_csv(tmp_path / "some.csv")
    assert len(some) == len(some.merge(every)) == 4 * states
    listed = f"  {len(some)} of them are listed, at most 4 of each state (--worst-violations)"
    assert f"{listed}, and {len(every) - len(some)} are not\n" in out
    for state, rows in every.groupby("contingency"):
        shares = ((rows["value"] - rows["limit"]).abs() / rows["limit"]).nlargest(4)
        listed = some[some["contingency"] == state]
        assert sorted((listed["value"] - listed["limit"]).abs() / listed["limit"]) == pytest.approx(sorted(shares))
    code, _, err = run_command(*words, "--worst-violations", -1)
    assert (code, err) == (2, "error: --worst-violations -1; must be a whole number >= 0\n")


def test_a_power_flow_says_once_how_it_ended(small, heavy_file):
    assert repr(small.solve()) == f"<PowerFlow {small.solve().reason}>"
    assert repr(nr.read(heavy_file).solve()).startswith("<PowerFlow ")


def test_negative_reactive_totals_have_one_sign(run_command):
    out = run_command("solve", DATA / "case9.m")[1]
    assert "+ -" not in out
