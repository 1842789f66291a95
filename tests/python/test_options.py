"""Options out of range are refused before any work, naming option, value and rule."""

import re

import nodalroom as nr
import pytest
from conftest import SMALL

HEADROOM = [
    ({"power_factor": 0}, "power_factor = 0", "in (0, 1]"),
    ({"power_factor": 1.01}, "power_factor = 1.01", "in (0, 1]"),
    ({"max_mw": 0}, "max_mw = 0", "> 0"),
    ({"max_mw": float("nan")}, "max_mw = nan", "> 0"),
    ({"max_mw": float("inf")}, "max_mw = inf", "> 0 and finite"),
    ({"max_mw": "big"}, "max_mw = 'big'", "a number"),
    ({"min_kv": -1}, "min_kv = -1", ">= 0"),
    ({"min_kv": 1000}, "min_kv = 1000", "no bus in service is at or above it"),
    ({"contingencies": "n-2"}, "contingencies = 'n-2'", "'n-1', 'branches', 'units' or 'none'"),
    ({"balance": "slack"}, "balance = 'slack'", "'spare', 'pmax', 'reference' or one weight per generator row"),
    ({"balance": [1, 2]}, "balance has the shape (2,)", "one weight per generator row (3)"),
    ({"balance": {4: 1}}, "balance: there is no generator row 4", "the case has 3"),
    ({"balance": [1, -1, 0]}, "balance weight of unit 2 = -1", ">= 0"),
    ({"balance": [0, 0, 0]}, "balance = weights", "no in-service unit can take part"),
    ({"balance_area": 7}, "balance = spare in area 7", "no in-service unit can take part"),
    ({"rating_intact": "D"}, "rating_intact = 'D'", "'A', 'B' or 'C'"),
    ({"rating_post": "E"}, "rating_post = 'E'", "'A', 'B' or 'C'"),
    ({"attribution": -1}, "attribution = -1", ">= 0"),
    ({"attribution_voltage": -1}, "attribution_voltage = -1", ">= 0"),
    ({"voltage_band": (1.1, 0.9)}, "voltage_band = (1.1", "low < high"),
    ({"voltage_band": 1}, "voltage_band = 1", "two voltages in per unit"),
    ({"voltage_band_post": (1.1, 0.9)}, "voltage_band_post = (1.1", "low < high"),
    ({"voltage_band": (95, 105)}, "voltage_band = (95, 105)", "per unit, 0 <= low < high <= 2"),
    ({"voltage_change_max": 0}, "voltage_change_max = 0", "in (0, 1] per unit"),
    ({"voltage_change_max": 8}, "voltage_change_max = 8", "in (0, 1] per unit"),
    ({"monitor_min_kv": -5}, "monitor_min_kv = -5", ">= 0"),
    ({"monitor_min_kv": 1000}, "monitor_min_kv = 1000", "no bus in service is at or above it"),
    ({"q_limits": "no"}, "q_limits = 'no'", "must be True or False"),
    ({"progress": "no"}, "progress = 'no'", "must be True or False"),
    ({"certify": "some"}, "certify = 'some'", "'screened' or 'all'"),
    ({"certify": True}, "certify = True", "'screened' or 'all'"),
    ({"contingencies": 1}, "contingencies = 1", "'n-1', 'branches', 'units' or 'none'"),
    ({"rating_post": None}, "rating_post = None", "'A', 'B' or 'C'"),
    ({"threads": 0}, "threads = 0", ">= 1"),
    ({"threads": 1.5}, "threads = 1.5", "whole number"),
    ({"threads": 1025}, "threads = 1025", ">= 1 and <= 1024"),
    ({"threads": 2_000_000_000}, "threads = 2000000000", "<= 1024"),
    ({"tolerance": 0}, "tolerance = 0", "in [1e-12, 1e-6] per unit"),
    ({"tolerance": 1e-13}, "tolerance = 1e-13", "in [1e-12, 1e-6] per unit"),
    ({"tolerance": 1e-3}, "tolerance = 0.001", "in [1e-12, 1e-6] per unit"),
    ({"buses": [77]}, "buses: there is no bus 77", "small.m"),
    ({"buses": [2**40]}, "buses: there is no bus 1099511627776", "small.m"),
    ({"buses": [9]}, "candidate bus 9", "out of service (type 4)"),
    ({"buses": [5.5]}, "buses: 5.5 is no bus number", ""),
    ({"buses": []}, "buses is empty", "min_kv"),
    ({"buses": [1, 1]}, "buses: 1 is named twice", ""),
    ({"buses": "1"}, "buses = '1'", "bus numbers of the case"),
]


def key(option):
    return f"{next(iter(option[0]))}-{next(iter(option[0].values()))}"


@pytest.fixture(scope="module")
def net():
    return nr.parse(SMALL, "small.m")


@pytest.mark.parametrize("option", HEADROOM, ids=map(key, HEADROOM))
def test_headroom(net, option):
    arguments, start, rule = option
    with pytest.raises(nr.OptionError) as caught:
        nr.headroom(net, **arguments)
    assert str(caught.value).startswith(start)
    assert rule in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"contingencies": "all"}, "contingencies = 'all'"),
        ({"balance": "slack"}, "balance = 'slack'"),
        ({"rating_post": "Z"}, "rating_post = 'Z'"),
        ({"voltage_band": (2, 1)}, "voltage_band = (2"),
        ({"voltage_change_max": -1}, "voltage_change_max = -1"),
        ({"monitor_min_kv": float("inf")}, "monitor_min_kv = inf"),
        ({"threads": -1}, "threads = -1"),
        ({"threads": 2_000_000_000}, "threads = 2000000000; must be a whole number >= 1 and <= 1024"),
        ({"tolerance": -1e-8}, "tolerance = -"),
        ({"tolerance": 1e-13}, "must be in [1e-12, 1e-6]"),
        ({"tolerance": 1e-5}, "must be in [1e-12, 1e-6]"),
        ({"monitor_min_kv": 1000}, "monitor_min_kv = 1000: no bus in service"),
        ({"q_limits": 0}, "q_limits = 0; must be True or False"),
    ],
)
def test_sweep(net, arguments, message):
    with pytest.raises(nr.OptionError, match=re.escape(message)):
        nr.sweep(net, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"init": "warm"}, "init = 'warm'"),
        ({"tolerance": 0}, "tolerance = 0"),
        ({"tolerance": 1e-13}, "must be in [1e-12, 1e-6]"),
        ({"tolerance": 1e-5}, "must be in [1e-12, 1e-6]"),
        ({"q_limits": "no"}, "q_limits = 'no'; must be True or False"),
        ({"init": 3}, "init = 3; must be 'auto', 'stored', 'dc' or 'flat'"),
        ({"max_iterations": 0}, "max_iterations = 0"),
        ({"balance": "slack"}, "balance = 'slack'"),
    ],
)
def test_solve(net, arguments, message):
    with pytest.raises(nr.OptionError, match=re.escape(message)):
        net.solve(**arguments)


@pytest.mark.parametrize("call", [nr.headroom, nr.sweep])
def test_a_case_has_to_be_read_first(call, small_file):
    with pytest.raises(TypeError) as caught:
        call(str(small_file))
    assert f"nodalroom.{call.__name__}(nodalroom.read('{small_file}'))" in str(caught.value)
    with pytest.raises(TypeError, match=r"needs a Network, not NoneType; .*nodalroom\.read\(CASE\)"):
        call(None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--power-factor", "2"], "--power-factor 2;"),
        (["--buses", "1,77"], "--buses: there is no bus 77 in "),
        (["--buses", "1,x"], "--buses 1,x; must be bus numbers separated by commas"),
        (["--buses", "9"], "candidate bus 9 is out of service"),
        (["--voltage-band", "0.9"], "--voltage-band 0.9; must be LOW,HIGH"),
        (["--balance", "slack"], "--balance slack; must be spare, pmax, reference, or a .csv file"),
        (["--balance", "nowhere.csv"], "--balance nowhere.csv: cannot be read: No such file or directory"),
        (["--threads", "0"], "--threads 0; must be a whole number >= 1"),
        (["--out", "h.xlsx"], "--out h.xlsx: the file name must end in .csv, .parquet, .json"),
        (["--out", "h.pdf"], "--out h.pdf: the file name must end in .csv, .parquet, .json, .html, .nodalroom"),
        (["--out", "nowhere/h.csv"], "--out nowhere/h.csv: there is no folder nowhere"),
    ],
)
def test_command(words, message, small_file, run_command):
    code, out, said = run_command("headroom", small_file, *words)
    assert (code, out) == (2, "")
    assert said.startswith(f"error: {message}")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": holds no weights; needs the columns row,weight"),
        ("row,weight\n", ": holds no weights; needs the columns row,weight"),
        ("unit,share\n1,2\n", ":2: needs the columns row,weight with numbers"),
        ("row,weight\n1,2\n\n1,3\n", ":4: generator row 1 has a weight already"),
        ("row,weight\n1,2\n4,3\n", ":3: there is no generator row 4; the case has 3"),
        ("row,weight\n0,2\n", ":2: there is no generator row 0; the case has 3"),
        ("row,weight\n2,-1\n", ":2: weight -1; must be finite and >= 0"),
        ("row,weight\n2,nan\n", ":2: weight nan; must be finite and >= 0"),
        ("row,weight\n2,x\n", ":2: needs the columns row,weight with numbers"),
    ],
)
@pytest.mark.parametrize("command", ["solve", "sweep", "headroom"])
def test_balance_files(command, text, message, small_file, tmp_path, run_command):
    path = tmp_path / "w.csv"
    path.write_text(text)
    code, _, said = run_command(command, small_file, "--balance", path)
    assert (code, said) == (2, f"error: --balance {path}{message}\n")


@pytest.mark.parametrize("words", [["--bogus"], ["--max-mw", "much"], ["--top", "-1"]])
def test_wrong_usage(words, small_file, run_command):
    code, _, said = run_command("headroom", small_file, *words)
    assert code == 2
    assert "Traceback" not in said
    assert words[0] in said
