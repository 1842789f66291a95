"""Redispatch headroom in Python and on the command line: columns, tables, options, errors, witnesses."""

import json
import shlex

import nodalroom as nr
import numpy as np
import pandas as pd
import pytest
from conftest import DATA, SMALL
from nodalroom import _core
from test_processes import interrupted
from test_witness import Pandapower, Pypower, case_of

pytestmark = pytest.mark.skipif(not _core.lp_solver(), reason="built without a solver for linear programs")

COLUMNS = {
    "redispatch_mw": np.float64,
    "redispatch_status": object,
    "redispatch_bound_mw": np.float64,
    "redispatch_moved_mw": np.float64,
    "redispatch_limit_type": object,
    "redispatch_contingency": object,
    "redispatch_element": object,
    "redispatch_states_solved": np.int64,
    "redispatch_certified": np.bool_,
}
PAIRS = [
    "limit_type", "contingency_kind", "contingency", "contingency_row", "element_kind", "element", "element_row",
    "value", "value_without_load", "limit", "shadow_price", "shadow_price_unit",
]  # fmt: skip
UNITS = ["unit_row", "unit", "unit_bus", "case_mw", "rule_mw", "p_mw", "moved_mw"]


@pytest.fixture(scope="module")
def net():
    return nr.parse(SMALL, "small.m")


@pytest.fixture(scope="module")
def study(net):
    return nr.headroom(net, max_mw=500, certify="all", redispatch=True, progress=False)


def test_columns_exist_only_when_asked_for(net, study):
    plain = nr.headroom(net, max_mw=500, certify="all", progress=False)
    assert [name for name in study.table.columns if name not in plain.table.columns] == list(COLUMNS)
    assert not [name for name in plain.table.columns if "redispatch" in name]
    kept = study.table[list(plain.table.columns)]
    pd.testing.assert_frame_equal(kept, plain.table, check_exact=True)
    for name, dtype in COLUMNS.items():
        assert study.table[name].dtype == dtype, name
    assert plain.redispatch_pairs.empty
    assert plain.redispatch_units.empty
    content = json.loads(plain.to_json())
    assert "redispatch_pairs" not in content
    with pytest.raises(nr.OptionError, match="redispatch=True"):
        plain.dispatch(4)
    with pytest.raises(nr.OptionError, match="no redispatch figure"):
        plain.witness(4, redispatch=True)


def test_figures_are_in_order(study):
    table = study.table
    assert (table["redispatch_mw"] >= table["headroom_mw"]).all()
    assert (table["redispatch_bound_mw"] >= table["redispatch_mw"]).all()
    assert (table["redispatch_mw"] > table["headroom_mw"] + 0.5).any()
    assert set(table["redispatch_status"]) <= {"limited", "cap_reached", "generation_limited", "open", "already_limited"}
    assert table["redispatch_certified"].all()
    assert (table["redispatch_states_solved"] == table["states_total"]).all()


def test_pairs_are_those_of_the_table(study):
    pairs = study.redispatch_pairs
    assert list(pairs.columns) == PAIRS
    assert pairs.index.name == "bus"
    assert (pairs["shadow_price"] > 0).all()
    for bus, group in pairs.groupby(level=0):
        assert (group["shadow_price"].diff().dropna() <= 0).all()
        row, first = study.table.loc[bus], group.iloc[0]
        assert row["redispatch_limit_type"] == first["limit_type"]
        assert row["redispatch_contingency"] == first["contingency"]
        assert row["redispatch_element"] == first["element"]
    units = {"thermal": "MW per MVA", "low_voltage": "MW per pu", "high_voltage": "MW per pu", "voltage_change": "MW per pu"}
    for row in pairs[pairs["limit_type"] != "collapse"].itertuples():
        assert row.shadow_price_unit == units[row.limit_type]
    without = study.table.index.difference(pairs.index)
    assert (study.table.loc[without, "redispatch_limit_type"].isin(["none", "generation"])).all()


def test_units_are_those_of_the_dispatch(net, study):
    units = study.redispatch_units
    assert list(units.columns) == UNITS
    for bus in study.table.index:
        dispatch = study.dispatch(bus)
        assert list(dispatch.index) == list(net.generators.index)
        assert dispatch.index.name == "row"
        assert (dispatch >= net.generators["p_min_mw"] - 1e-3).all()
        assert (dispatch <= net.generators["p_max_mw"] + 1e-3).all()
        moved = units[units.index == bus]
        assert np.allclose(moved["moved_mw"], moved["p_mw"] - moved["rule_mw"])
        assert np.allclose(moved["p_mw"], dispatch[moved["unit_row"]], atol=1e-9)
        assert np.allclose(moved["case_mw"], net.generators.loc[moved["unit_row"], "p_mw"])
        assert list(moved["unit_bus"]) == list(net.generators.loc[moved["unit_row"], "bus"])
        assert moved["moved_mw"].clip(lower=0).sum() == pytest.approx(study.table.at[bus, "redispatch_moved_mw"], abs=0.1)
        assert moved["moved_mw"].sum() == pytest.approx(0, abs=0.1)
        assert (moved["moved_mw"].abs().diff().dropna() <= 0).all()
    assert not units.empty


def test_the_limit_moves_the_figure_by_its_shadow_price(study):
    """A rating 1 MVA higher is worth the pair's price."""
    checked = 0
    for row in study.redispatch_pairs.itertuples():
        if row.limit_type != "thermal" or row.value_without_load > row.limit or checked == 4:
            continue
        lines = SMALL.splitlines()
        words = lines[18 + row.element_row].rstrip(";").split()
        which = 5 if row.contingency_kind == "intact" or words[6] == "0" else 6
        words[which] = f"{float(words[which]) + 1.0}"
        lines[18 + row.element_row] = " ".join(words) + ";"
        again = nr.headroom(
            nr.parse("\n".join(lines) + "\n", "more.m"), [row.Index], max_mw=500, redispatch=True, progress=False
        )
        more = again.table.at[row.Index, "redispatch_mw"] - study.table.at[row.Index, "redispatch_mw"]
        gap = study.table.at[row.Index, "redispatch_bound_mw"] - study.table.at[row.Index, "redispatch_mw"]
        # Other pairs may bind before the MVA is used up: then it is worth less, never more.
        assert -gap - 0.05 <= more <= 1.05 * row.shadow_price + 2 * gap + 0.1, (row.Index, row.element)
        checked += 1
    assert checked > 0


def test_outputs_contain_it(study, tmp_path):
    study.to_csv(tmp_path / "h.csv")
    from_csv = pd.read_csv(tmp_path / "h.csv", index_col="bus", dtype=str)
    assert [float(text) for text in from_csv["redispatch_mw"]] == list(study.table["redispatch_mw"])
    content = json.loads(study.to_json())
    assert content["options"]["redispatch"] is True
    assert content["options"]["movable_units"] is None
    assert content["buses"][0]["redispatch_mw"] == study.table["redispatch_mw"].iloc[0]
    assert [row["shadow_price"] for row in content["redispatch_pairs"]] == list(study.redispatch_pairs["shadow_price"])
    assert [row["p_mw"] for row in content["redispatch_units"]] == list(study.redispatch_units["p_mw"])
    assert content["redispatch_units"][0]["bus"] == study.redispatch_units.index[0]
    study.report(tmp_path / "h.html")
    page = (tmp_path / "h.html").read_text()
    assert "redispatch" in page.lower()
    best = study.table["redispatch_mw"].max()
    assert f"{best:.1f}" in page
    assert "Redispatch headroom" in repr(study)


def test_options_are_kept(net):
    study = nr.headroom(net, [4], redispatch=True, movable_units=[1, 3, 1], max_moved_mw=12.5, progress=False)
    assert study.options["redispatch"] is True
    assert study.options["movable_units"] == [1, 3]
    assert study.options["max_moved_mw"] == 12.5
    assert study.table.at[4, "redispatch_moved_mw"] <= 12.5 + 1e-3
    assert set(study.redispatch_units["unit_row"]) <= {1, 3}
    still = nr.headroom(net, [4], redispatch=True, max_moved_mw=0, progress=False).table.loc[4]
    assert still["redispatch_mw"] == pytest.approx(still["headroom_mw"], abs=0.05)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"movable_units": [4]}, "no generator row 4"),
        ({"movable_units": [0]}, "movable_units"),
        ({"movable_units": []}, "movable_units is empty"),
        ({"movable_units": "1"}, "movable_units"),
        ({"movable_units": [1.5]}, "movable_units"),
        ({"max_moved_mw": -1.0}, "max_moved_mw = -1"),
        ({"max_moved_mw": float("nan")}, "max_moved_mw"),
        ({"max_moved_mw": "much"}, "max_moved_mw"),
        ({"redispatch": "yes"}, "redispatch"),
        ({"redispatch": 1}, "redispatch"),
    ],
)
def test_bad_options(net, options, words):
    with pytest.raises(nr.OptionError, match=words):
        nr.headroom(net, [4], **{"redispatch": True, **options}, progress=False)


def test_units_out_of_service_cannot_move():
    off = nr.parse(SMALL.replace("5 45 0 60 -40 1.01 100 1 90 0;", "5 45 0 60 -40 1.01 100 0 90 0;"), "off.m")
    with pytest.raises(nr.OptionError, match="row 3 is out of service"):
        nr.headroom(off, [4], redispatch=True, movable_units=[3], progress=False)


def test_without_a_movable_unit_in_the_island_there_is_no_number():
    """Bus 9 made an island of its own: its unit cannot stand in for those of the other."""
    text = SMALL.replace("\n9 4 0 0", "\n9 3 5 0").replace("1 90 0;\n];", "1 90 0;\n9 5 0 40 -40 1 100 1 60 0;\n];")
    study = nr.headroom(nr.parse(text, "two.m"), redispatch=True, movable_units=[4], max_mw=500, progress=False)
    table = study.table
    assert table.index[table["redispatch_status"] != "no_movable_unit"].tolist() == [9]
    others = table.drop(index=9)
    assert len(others) == 7
    for name in ("redispatch_mw", "redispatch_bound_mw", "redispatch_moved_mw"):
        assert others[name].isna().all(), name
    assert others["headroom_mw"].notna().all()
    assert not others["redispatch_certified"].any()
    assert (others["redispatch_states_solved"] == 0).all()
    assert table.at[9, "redispatch_mw"] >= table.at[9, "headroom_mw"] > 0
    assert not set(others.index) & (set(study.redispatch_pairs.index) | set(study.redispatch_units.index))
    for call in (study.dispatch, lambda bus: study.witness(bus, redispatch=True)):
        with pytest.raises(nr.OptionError, match="4"):
            call(4)


def test_a_range_without_room_is_refused():
    crossed = SMALL.replace("5 45 0 60 -40 1.01 100 1 90 0;", "5 45 0 60 -40 1.01 100 1 90 95;")
    with pytest.raises(nr.InputError) as refused:
        nr.parse(crossed, "crossed.m")
    assert "crossed.m:17" in str(refused.value)
    assert "gen row 3: bus = 5, Pmax = 90, Pmin = 95" in str(refused.value)


def test_without_a_solution_there_is_no_number():
    heavy = nr.parse(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"), "heavy.m")
    study = nr.headroom(heavy, redispatch=True, progress=False)
    assert (study.table["redispatch_status"] == "unsolved").all()
    assert study.table["redispatch_mw"].isna().all()
    assert not study.table["redispatch_certified"].any()
    assert json.loads(study.to_json())["buses"][0]["redispatch_mw"] is None
    with pytest.raises(nr.OptionError):
        study.dispatch(1)


@pytest.mark.parametrize("bus", [9, 77])
def test_no_dispatch_of_what_was_not_studied(study, bus):
    with pytest.raises(nr.OptionError, match=str(bus)):
        study.dispatch(bus)
    with pytest.raises(nr.OptionError, match=str(bus)):
        study.witness(bus, redispatch=True)


def test_witnesses_of_states_that_do_not_exist(study):
    for kind, row in (("branch", 11), ("unit", 4), ("branch", 0), ("bus", 1)):
        with pytest.raises(nr.OptionError):
            study.witness(4, redispatch=True, contingency_kind=kind, contingency_row=row)
    with pytest.raises(nr.OptionError, match="contingency_row is missing"):
        study.witness(4, redispatch=True, contingency_kind="branch")
    with pytest.raises(nr.OptionError, match="redispatch=True"):
        study.witness(4, contingency_kind="intact")
    for row in (9, 10):  # the branch that bus 7 hangs on, and one out of service
        with pytest.raises(nr.OptionError):
            study.witness(4, redispatch=True, contingency_kind="branch", contingency_row=row)


def test_threads_do_not_matter(activsg200):
    buses = [1, 50, 80, 133]
    one, two = (nr.headroom(activsg200, buses, threads=n, redispatch=True, progress=False) for n in (1, 2))
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)
    pd.testing.assert_frame_equal(one.redispatch_pairs, two.redispatch_pairs, check_exact=True)
    pd.testing.assert_frame_equal(one.redispatch_units, two.redispatch_units, check_exact=True)


def without(text, table, row):
    """A case text with a branch or unit out of service."""
    before, rest = text.split(f"mpc.{table} = [", 1)
    body, after = rest.split("];", 1)
    rows = [line.split("%")[0].strip().rstrip(";").split() for line in body.splitlines() if line.strip(" \t;")]
    rows[row - 1][{"branch": 10, "gen": 7}[table]] = "0"
    return before + f"mpc.{table} = [\n" + "\n".join(" ".join(line) + ";" for line in rows) + "\n];" + after


@pytest.mark.parametrize(
    ("tool", "name", "bus"),
    [
        (Pypower, "case24_ieee_rts", 3),
        (Pypower, "case24_ieee_rts", 7),
        (Pypower, "case24_ieee_rts", 14),
        (Pypower, "case14", 9),
        (Pandapower, "case39", 16),
    ],
    ids=["pypower-case24-3", "pypower-case24-7", "pypower-case24-14", "pypower-case14-9", "pandapower-case39-16"],
)
def test_another_tool_finds_nothing_counted_in_any_state(tool, name, bus):
    """Witnesses of states in another tool, beside the same state of the case without load."""
    text = (DATA / f"{name}.m").read_text()
    net = nr.read(DATA / f"{name}.m")
    study = nr.headroom(net, [bus], redispatch=True, progress=False)
    load_mw = study.table.at[bus, "redispatch_mw"]
    assert load_mw > study.table.at[bus, "headroom_mw"] + 0.1
    branches, buses = net.branches, net.buses
    spare = (net.generators["p_max_mw"] - net.generators["p_mw"]).clip(lower=0)
    pairs = study.redispatch_pairs
    states = [("intact", None)]
    states += [("branch", row) for row in branches.index[branches["in_service"] & ~branches["is_bridge"]]]
    states += [("unit", row) for row in net.generators.index[net.generators["in_service"]]]
    missing = set(zip(study.unsolvable["contingency_kind"], study.unsolvable["contingency_row"], strict=True))
    if tool is Pandapower:  # slow: the states of pairs, and every second of the others
        held = set(zip(pairs["contingency_kind"], pairs["contingency_row"], strict=True))
        states = [state for k, state in enumerate(states) if k % 2 == 0 or state in held]
    bound = 0
    for kind, row in states:
        if (kind, row) in missing:
            continue
        witness = study.witness(bus, redispatch=True, contingency_kind=kind, contingency_row=row)
        assert witness.load_mw == load_mw
        solved = tool(witness.text)
        edited = text if kind == "intact" else without(text, "gen" if kind == "unit" else "branch", row)
        weights = spare.copy()
        if kind == "unit":
            weights[row] = 0
        before = nr.parse(edited, "before.m").solve(balance=weights)
        assert before.converged, (kind, row)
        for line in branches.index[branches["in_service"]]:
            if kind == "branch" and line == row:
                continue
            rating = branches.at[line, "rate_a_mva"]
            if kind != "intact" and branches.at[line, "rate_b_mva"] > 0:
                rating = branches.at[line, "rate_b_mva"]
            if not np.isfinite(rating) or rating == 0:
                continue
            most = max(rating, before.branches.at[line, "s_mva"] + 0.03 * load_mw)
            assert solved.s_mva(int(line)) <= most * (1 + 1e-4), (kind, row, line)
        for number in buses.index[buses["type"] != "isolated"]:
            low = min(buses.at[number, "vmin_pu"], before.buses.at[number, "vm_pu"] - 0.005)
            high = max(buses.at[number, "vmax_pu"], before.buses.at[number, "vm_pu"] + 0.005)
            assert low - 1e-4 <= solved.vm_pu(number) <= high + 1e-4, (kind, row, number)
        for pair in pairs.itertuples():
            if pair.contingency_kind != kind or (kind != "intact" and pair.contingency_row != row):
                continue
            if pair.element_kind == "branch":
                found = solved.s_mva(int(pair.element_row))
            else:
                found = solved.vm_pu(buses.index[pair.element_row - 1])
            assert found == pytest.approx(pair.value, rel=1e-4)
            # At its limit, as far as anything is to be had from it.
            if pair.shadow_price * pair.limit > 5.0:
                assert found == pytest.approx(pair.limit, rel=1e-3)
                bound += 1
    assert bound > 0


def test_ctrl_c_keeps_the_rows_that_were_finished():
    """Ctrl-C while dispatches are looked for: figures of the fixed rule are all there."""
    code, out, err = interrupted(
        f"""
import signal
import nodalroom as nr
def later(stage, done, total):
    if stage == "redispatch" and done >= 1:
        progress("candidate buses", 1, 1)
net = nr.read({str(DATA / "case_ACTIVSg500.m")!r})
study = nr.headroom(net, list(net.buses.index[::8]), threads=1, progress=later, redispatch=True)
status = study.table["redispatch_status"]
figure = study.table["redispatch_mw"]
print("ROWS", len(study.table), study.candidates, study.complete, (status == "not_run").sum(), figure.notna().sum(),
      study.table["headroom_mw"].isna().sum(), figure[status == "not_run"].isna().all())
"""
    )
    assert code == 0, err
    words = next(line for line in out.splitlines() if line.startswith("ROWS")).split()
    rows, candidates, not_run, figures, unknown = (int(words[k]) for k in (1, 2, 4, 5, 6))
    assert rows == candidates
    assert words[3] == "False"
    assert not_run > 0
    assert 1 <= figures <= rows - not_run
    assert unknown == 0
    assert words[7] == "True"
    assert "PartialResultWarning: interrupted:" in err


def test_command(small_file, tmp_path, run_command):
    words = ["--max-mw", 500, "--redispatch", "--movable-units", "1,2", "--max-moved-mw", 30, "--no-progress"]
    code, out, _ = run_command("headroom", small_file, "--json", *words)
    assert code == 0
    content = json.loads(out)
    assert content["options"]["redispatch"] is True
    assert content["options"]["movable_units"] == [1, 2]
    assert content["options"]["max_moved_mw"] == 30
    here = nr.headroom(
        nr.read(small_file), max_mw=500, redispatch=True, movable_units=[1, 2], max_moved_mw=30, progress=False
    )
    assert [row["redispatch_mw"] for row in content["buses"]] == list(here.table["redispatch_mw"])
    assert len(content["redispatch_pairs"]) == len(here.redispatch_pairs)
    code, out, _ = run_command("headroom", small_file, *words, "--out", tmp_path / "h.csv")
    assert code == 0
    assert "Most redispatch headroom" in out
    written = pd.read_csv(tmp_path / "h.csv", float_precision="round_trip")
    assert list(written["redispatch_mw"]) == list(here.table["redispatch_mw"])
    code, out, _ = run_command("headroom", small_file, "--json", "--max-mw", 500)
    assert "redispatch_mw" not in json.loads(out)["buses"][0]


def test_command_of_a_witness(small_file, tmp_path, run_command):
    study = nr.headroom(nr.read(small_file), [6], max_mw=500, redispatch=True, max_moved_mw=40.0, progress=False)
    witness = study.witness(6, redispatch=True)
    words = shlex.split(witness.command(tmp_path / "w.m"))
    assert "--redispatch" in words
    code, _, _ = run_command(*words[1:])
    assert code == 0
    assert (tmp_path / "w.m").read_text() == witness.text
    plain = study.witness(6)
    assert "--redispatch" not in shlex.split(plain.command())
    assert run_command(*shlex.split(plain.command(tmp_path / "p.m"))[1:])[0] == 0
    assert (tmp_path / "p.m").read_text() == plain.text
    case = case_of(witness.text)
    assert case["bus"][5, 2] == pytest.approx(30 + study.table.at[6, "redispatch_mw"])


@pytest.mark.parametrize(
    "words",
    [
        ["--redispatch", "--movable-units", "9"],
        ["--redispatch", "--movable-units", "one"],
        ["--redispatch", "--movable-units", ""],
        ["--redispatch", "--max-moved-mw", "-3"],
        ["--redispatch", "--max-moved-mw", "many"],
    ],
)
@pytest.mark.parametrize("command", ["headroom", "witness"])
def test_errors_of_the_command(command, words, small_file, tmp_path, run_command):
    target = [4, tmp_path / "w.m"] if command == "witness" else []
    code, _, said = run_command(command, small_file, *target, *words)
    assert code == 2
    assert said
    assert not (tmp_path / "w.m").exists()


def test_command_without_a_solution(tmp_path, run_command):
    (tmp_path / "heavy.m").write_text(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"))
    code, out, _ = run_command("headroom", tmp_path / "heavy.m", "--redispatch", "--json")
    assert code == 1
    assert json.loads(out)["buses"][0]["redispatch_status"] == "unsolved"
    assert run_command("witness", tmp_path / "heavy.m", 4, tmp_path / "w.m", "--redispatch")[0] in (1, 2)
    assert not (tmp_path / "w.m").exists()
