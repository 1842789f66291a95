"""Networks as Python sees them: file numbers, file units, nothing to write to."""

import pickle
import warnings

import nodalroom as nr
import numpy as np
import pandas as pd
import pytest
from conftest import DATA, SMALL

CASES = sorted(path.stem for path in DATA.glob("*.m"))


def test_shipped_cases_are_there():
    assert {"case9", "case14", "case118", "case_ACTIVSg200", "case_ACTIVSg2000", "case_RTS_GMLC"} <= set(CASES)


def test_identity(small):
    assert (small.name, small.source, small.base_mva, small.islands) == ("small", "small.m", 100.0, 1)
    assert repr(small).startswith("<Network small: 8 buses, 9 branches, 3 units in service, 155 MW load")


def test_tables_have_their_columns(small):
    assert list(small.buses.columns) == [
        "row", "name", "type", "base_kv", "area", "zone", "vm_pu", "va_degree", "vmin_pu", "vmax_pu", "island",
        "radial_feed",
    ]  # fmt: skip
    assert list(small.branches.columns) == [
        "name", "from_bus", "to_bus", "circuit", "kind", "in_service", "r_pu", "x_pu", "b_pu", "tap", "shift_degree",
        "rate_a_mva", "rate_b_mva", "rate_c_mva", "is_bridge",
    ]  # fmt: skip
    assert list(small.generators.columns) == [
        "name", "bus", "in_service", "p_mw", "q_mvar", "p_min_mw", "p_max_mw", "q_min_mvar", "q_max_mvar",
        "v_setpoint_pu",
    ]  # fmt: skip
    assert list(small.loads.columns) == ["bus", "in_service", "p_mw", "q_mvar"]
    assert list(small.shunts.columns) == ["bus", "in_service", "g_mw", "b_mvar"]
    assert list(small.diagnostics.columns) == ["severity", "code", "line", "message"]


def test_rows_and_numbers_are_those_of_the_file(small):
    buses, branches, units = small.buses, small.branches, small.generators
    assert buses.index.name == "bus"
    assert list(buses.index) == [1, 2, 3, 4, 5, 6, 7, 9]
    assert buses.at[2, "name"] == "BRAVO, <b>north</b>"
    assert buses.at[9, "type"] == "isolated"
    assert buses.at[9, "island"] is pd.NA
    assert buses.at[7, "radial_feed"] == "branch 9: 6-7 ckt 1"
    assert branches.at[10, "name"] == "branch 10: 6-7 ckt 2"
    assert not branches.at[10, "in_service"]
    assert list(branches.index[branches["is_bridge"]]) == [9]
    assert list(branches.index[branches["kind"] == "transformer"]) == [6, 8]
    assert units.at[3, "name"] == "unit 3 at 5"
    assert small.loads.set_index("bus").at[4, "q_mvar"] == 15
    assert small.shunts.set_index("bus").at[3, "b_mvar"] == 10
    assert list(small.bridges.index) == [9]


@pytest.mark.parametrize("name", ["case14", "case_ACTIVSg200", "case_RTS_GMLC"])
def test_file_figures_come_out_bit_for_bit(name):
    """Columns that the file has, read here with nothing but float()."""
    text = (DATA / f"{name}.m").read_text()

    def table(field):
        body = text.split(f"mpc.{field} = [\n")[1].split("];")[0]
        return np.array([[float(x) for x in line.strip().rstrip(";").split()] for line in body.strip().splitlines()])

    net = nr.read(DATA / f"{name}.m")
    bus, gen, branch = table("bus"), table("gen"), table("branch")
    assert np.array_equal(net.buses.index, bus[:, 0])
    for column, position in {"vm_pu": 7, "va_degree": 8, "base_kv": 9, "vmax_pu": 11, "vmin_pu": 12}.items():
        assert np.array_equal(net.buses[column], bus[:, position]), column
    for column, position in {"p_mw": 1, "q_mvar": 2, "q_max_mvar": 3, "q_min_mvar": 4, "p_max_mw": 8}.items():
        assert np.array_equal(net.generators[column], gen[:, position]), column
    for column, position in {"r_pu": 2, "x_pu": 3, "b_pu": 4, "rate_a_mva": 5, "rate_b_mva": 6}.items():
        assert np.array_equal(net.branches[column], branch[:, position]), column
    loads = net.loads.set_index("bus")
    with_load = bus[(bus[:, 2] != 0) | (bus[:, 3] != 0)]
    assert np.array_equal(loads.index, with_load[:, 0])
    assert np.array_equal(loads[["p_mw", "q_mvar"]], with_load[:, 2:4])


def test_tables_are_copies(small):
    buses = small.buses
    buses.loc[1, "base_kv"] = 1.0
    buses.loc[1, "name"] = "changed"
    assert small.buses.at[1, "base_kv"] == 230
    assert small.buses.at[1, "name"] == "ALPHA"


@pytest.mark.parametrize("name", ["buses", "branches", "name", "base_mva"])
def test_nothing_can_be_set(small, name):
    with pytest.raises(AttributeError):
        setattr(small, name, None)


@pytest.mark.parametrize("name", CASES)
def test_writing_and_reading_gives_the_same_bits(name, tmp_path):
    net = nr.read(DATA / f"{name}.m")
    net.to_matpower(tmp_path / "again.m", ["once more"])
    again = nr.read(tmp_path / "again.m")
    for table in ("buses", "branches", "generators", "loads", "shunts"):
        pd.testing.assert_frame_equal(getattr(net, table), getattr(again, table), check_exact=True)
    assert net.to_matpower(header=["once more"]) == again.to_matpower()


def test_comments_at_the_head_travel_with_copies(tmp_path):
    net = nr.read(DATA / "case_RTS_GMLC.m")
    assert "provided that this entire notice appears in\n%   all copies of the Data" in net.to_matpower()
    net.to_matpower(tmp_path / "copy.m")
    assert nr.read(tmp_path / "copy.m").to_matpower() == net.to_matpower()
    assert pickle.loads(pickle.dumps(net)).to_matpower() == net.to_matpower()


def test_text_and_bytes_are_parsed_alike(small):
    assert nr.parse(SMALL.encode(), "small.m").to_matpower() == small.to_matpower()


def test_a_name_that_is_not_utf8_is_refused_with_its_line():
    with pytest.raises(nr.InputError) as caught:
        nr.parse(SMALL.encode().replace(b"CHARLIE", b"CH\xff"), "small.m")
    assert caught.value.line == 34


def test_pickling_keeps_bits_and_lines(small):
    again = pickle.loads(pickle.dumps(small))
    assert again.to_matpower() == small.to_matpower()
    pd.testing.assert_frame_equal(again.diagnostics, small.diagnostics)


def test_solve(small):
    flow = small.solve()
    assert flow.converged
    assert flow.status == "converged"
    assert flow.max_mismatch_pu <= 1e-8
    assert 1 <= flow.iterations <= 10
    assert "converged" in flow.reason
    assert list(flow.attempts["status"]) == ["converged"]
    assert (flow.worst_buses[["p_mw", "q_mvar"]].abs() <= 1e-6).all(axis=None)
    # Kirchhoff at every bus, from the tables alone.
    injected = pd.Series(0.0, index=small.buses.index)
    for _, unit in flow.generators.iterrows():
        injected[unit["bus"]] += unit["p_mw"]
    for _, load in small.loads.iterrows():
        injected[load["bus"]] -= load["p_mw"]
    for _, branch in flow.branches.iterrows():
        injected[branch["from_bus"]] -= branch["p_from_mw"]
        injected[branch["to_bus"]] -= branch["p_to_mw"]
    assert injected.abs().max() < 1e-5
    assert flow.branches.at[10, "s_mva"] == 0
    assert np.isnan(flow.buses.at[9, "vm_pu"])
    assert flow.buses.at[9, "voltage_held"] == "de_energised"


def test_an_unsolvable_case_is_a_status_with_nothing_to_read_as_a_result():
    net = nr.parse(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"), "heavy.m")
    flow = net.solve()
    assert not flow.converged
    assert flow.status in {"iteration_limit", "diverged", "singular"}
    assert len(flow.attempts) > 1
    assert len(flow.worst_buses) >= 1
    assert str(flow.worst_buses.index[0]) in flow.reason
    assert flow.buses["vm_pu"].isna().all()
    assert flow.branches[["p_from_mw", "s_mva", "loading_percent"]].isna().all(axis=None)
    assert flow.generators["p_mw"].isna().all()


def test_weights_in_every_form_mean_the_same(small):
    by_array = small.solve(balance=np.array([0.0, 1.0, 3.0]))
    by_series = small.solve(balance=pd.Series({2: 1.0, 3: 3.0}))
    by_dict = small.solve(balance={3: 3, 2: 1})
    moved = by_array.generators["p_mw"] - small.generators["p_mw"]
    assert moved[1] == pytest.approx(0, abs=1e-9)
    assert moved[3] == pytest.approx(3 * moved[2])
    assert by_series.generators.equals(by_array.generators)
    assert by_dict.generators.equals(by_array.generators)


def test_reactive_limits_are_said():
    net = nr.parse(SMALL.replace("45 0 60 -40", "45 0 0.5 -40"), "small.m")
    assert net.solve().generators.at[3, "at_limit"] == "q_max"
    assert net.solve(q_limits=False).generators.at[3, "at_limit"] is None


def test_sweep(small):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = nr.sweep(small, threads=1)
    assert result.complete
    assert list(result.table["contingency"][:2]) == ["intact", "branch 1: 1-2 ckt 1"]
    assert len(result.table) == 1 + 8 + 3  # the bridge and the branch out of service are not simulated
    assert (result.table["status"] == "converged").all()
    assert (result.table["max_mismatch_pu"] <= 1e-8).all()
    assert result.violations.empty
    assert list(result.bridges.index) == [9]
    pd.testing.assert_frame_equal(result.table, nr.sweep(small, threads=2).table, check_exact=True)
    assert len(nr.sweep(small, contingencies="units").table) == 4


def test_sweep_violations_name_element_limit_and_unit(small):
    result = nr.sweep(small, voltage_band_post=(0.995, 1.05), rating_post="A")
    found = result.violations
    assert set(found["limit_type"]) == {"low_voltage"}
    assert (found["limit"] == 0.995).all()
    assert (found["unit"] == "pu").all()
    assert (found["element_kind"] == "bus").all()
    assert found["element"].iloc[0].startswith("bus ")
    worst = result.table.set_index("contingency")["vm_min_pu"]
    least = found.groupby("contingency", observed=True)["value"].min()
    assert least.to_dict() == worst[worst < 0.995].to_dict()
    texts = ["contingency_kind", "contingency", "limit_type", "element_kind", "element", "unit"]
    assert all(isinstance(found[name].dtype, pd.CategoricalDtype) for name in texts)
    counts = result.table["thermal_violations"] + result.table["voltage_violations"]
    assert (result.violations_total, list(result.table["violations_listed"])) == (len(found), list(counts))


def test_a_sweep_lists_no_more_violations_of_a_state_than_asked(small, tmp_path):
    band = {"voltage_band": (0.999, 1.001), "voltage_band_post": (0.999, 1.001)}
    every = nr.sweep(small, **band, worst_violations=None)
    some = nr.sweep(small, **band, worst_violations=2)
    assert every.violations_total == some.violations_total == len(every.violations) > len(some.violations)
    assert some.table.drop(columns="violations_listed").equals(every.table.drop(columns="violations_listed"))
    assert list(some.table["violations_listed"]) == [min(n, 2) for n in every.table["violations_listed"]]
    assert f"{every.violations_total} violations ({len(some.violations)} listed: at most 2 of each state" in repr(some)
    some.save(tmp_path / "s.nodalroom")
    again = nr.load(tmp_path / "s.nodalroom")
    pd.testing.assert_frame_equal(again.violations, some.violations, check_exact=True)
    assert (again.violations_total, again.options["worst_violations"]) == (some.violations_total, 2)
    none = nr.sweep(small, **band, worst_violations=0)
    assert (len(none.violations), none.violations_total) == (0, every.violations_total)
    with pytest.raises(nr.OptionError, match="worst_violations = -1; must be a whole number >= 0"):
        nr.sweep(small, worst_violations=-1)
    tight = nr.parse(SMALL.replace("2 4 0.02 0.12 0.02 90 0", "2 4 0.02 0.12 0.02 40 45.3"), "small.m")
    thermal = nr.sweep(tight).violations.query("limit_type == 'thermal'")
    assert set(thermal["limit"]) == {45.3}
    assert set(thermal["element"]) == {"branch 5: 2-4 ckt 1"}
    assert (thermal["value"] > 45.3).all()
