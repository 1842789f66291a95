"""Grids that are unusual and readable: several references, couplers, dead buses, dispatchable loads."""

from __future__ import annotations

from pathlib import Path

import nodalroom as nr
import pandas as pd
import pytest
from conftest import replaced

FAULTS = Path(__file__).parents[1] / "faults"
PLAIN = {"balance": "reference", "q_limits": False}


def message(net: nr.Network, code: str) -> str:
    found = net.diagnostics.set_index("code")["message"]
    assert code in found.index, f"{code} is not among {list(found.index)}"
    return str(found[code])


def volts(net: nr.Network) -> pd.DataFrame:
    flow = net.solve(**PLAIN)
    assert flow.converged
    return flow.buses[["vm_pu", "va_degree"]]


def text_of(name: str) -> str:
    return (FAULTS / name).read_text()


# Figures by MATPOWER 8.1.
RIGHT = {
    "r01_two_refs.m": ({1: 1.0, 2: 1.0, 3: 0.969767}, {1: 0.0, 2: 0.16976, 3: -4.23777}, "several_references"),
    "r09_zero_impedance.m": ({1: 1.0, 2: 0.951428, 3: 0.954362, 4: 0.954362}, {}, "zero_impedance"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_solutions(name, tmp_path):
    net = nr.read(FAULTS / name)
    found = volts(net)
    vm, va, code = RIGHT[name]
    assert found["vm_pu"].to_dict() == pytest.approx(vm, abs=1e-6)
    for bus, degree in va.items():
        assert found.at[bus, "va_degree"] == pytest.approx(degree, abs=1e-5)
    assert message(net, code)
    net.to_matpower(tmp_path / "again.m")
    again = nr.read(tmp_path / "again.m")
    pd.testing.assert_frame_equal(volts(again), found, check_exact=True)
    assert again.diagnostics["code"].tolist() == net.diagnostics["code"].tolist()


def test_a_split_grid_finds_its_other_reference():
    """The file keeps its types: a part of its own has the reference that was one too many before."""
    net = nr.read(FAULTS / "r01_two_refs.m").without(branch=[1, 3])
    assert net.islands == 2
    assert net._core.reference_buses == [1, 2]
    assert "several_references" not in net.diagnostics["code"].tolist()


def test_a_coupler_can_be_lost_in_a_sweep_as_by_an_edit():
    text = replaced(text_of("r09_zero_impedance.m"), "branch", {})
    coupler = "3 4 0 0 0 0 0 0 0 0 1 -360 360;"
    net = nr.parse(text.replace(coupler, coupler + "\n4 1 0.01 0.1 0 0 0 0 0 0 1 0 0;"))
    assert len(net.branches) == 5
    sweep = nr.sweep(net, contingencies="branches", q_limits=False, voltage_band_post=(0.999, 1.0))
    found = sweep.violations[sweep.violations["contingency_row"] == 4]
    edited = volts(net.without(branch=4))
    lost = {int(name.split()[-1]): value for name, value in zip(found["element"], found["value"], strict=True)}
    assert lost.keys() == {2, 3, 4}
    assert lost == pytest.approx(edited.loc[[2, 3, 4], "vm_pu"].to_dict(), abs=1e-8)


def test_dead_buses_without_load_need_no_switch():
    net = nr.read(FAULTS / "r22_dead_end.m")
    assert net.buses.at[4, "type"] == "isolated"
    assert message(net, "dead_buses").endswith("bus 4")
    assert net.edits == []
    assert set(nr.headroom(net, max_mw=10).table.index) == {1, 2, 3}
    with pytest.raises(nr.OptionError, match=r"bus 4 is out of service \(no unit feeds it\)"):
        net.with_load(4, 5)


def test_load_behind_an_open_branch(tmp_path, run_command):
    path = FAULTS / "r22b_cut_off_load.m"
    with pytest.raises(nr.InputError, match=r"\(4, 5\) has no unit in service for 15 MW and 4 MVAr.*cut_off='isolate'"):
        nr.read(path)
    net = nr.read(path, cut_off="isolate")
    said = "isolated, without a unit: bus 4, bus 5; 15 MW and 4 MVAr of load lost"
    assert net.edits == [said]
    assert "bus 4, 10 MW and 3 MVAr; bus 5, 5 MW and 1 MVAr" in message(net, "cut_off_isolated")
    assert net.loads["in_service"].tolist() == [True, True, False, False]
    pd.testing.assert_frame_equal(
        volts(net).loc[[1, 2, 3]], volts(nr.read(FAULTS / "r22_dead_end.m")).loc[[1, 2, 3]], check_exact=True
    )
    study = nr.headroom(net, [2], max_mw=10)
    assert "--cut-off isolate" in study.witness(2).command()
    study.save(tmp_path / "s.nodalroom")
    assert nr.load(tmp_path / "s.nodalroom").network.edits == [said]

    code, _, err = run_command("solve", path)
    assert code == 2
    assert "--cut-off isolate" in err
    assert run_command("solve", path, "--cut-off", "isolate")[0] == 0
    assert run_command("convert", path, tmp_path / "out.m", "--cut-off", "isolate")[0] == 0
    pd.testing.assert_frame_equal(volts(nr.read(tmp_path / "out.m")), volts(net), check_exact=True)
    assert f"Edited: {said}" in (tmp_path / "out.m").read_text()
    with pytest.raises(nr.OptionError, match="cut_off = 'drop'"):
        nr.read(path, cut_off="drop")


def test_an_edit_and_a_file_lose_the_same():
    """Branches are on by any status but 0: one of status -1 feeds what is behind it."""
    closed = replaced(text_of("r22b_cut_off_load.m"), "branch", {4: {10: "-1"}})
    net = nr.parse(closed).without(branch=1, cut_off="isolate")
    assert net.buses.at[4, "type"] == "pq"
    assert net.edits == ["out of service: branch 1: 1-2 ckt 1"]
    cut = net.without(branch=4, cut_off="isolate")
    assert cut.edits[-1] == "isolated, without a unit: bus 4, bus 5; 15 MW and 4 MVAr of load lost"
    with pytest.raises(nr.OptionError, match="cuts off bus 4, bus 5, where no unit is in service"):
        net.without(branch=4)
    read = nr.parse(text_of("r22b_cut_off_load.m"), cut_off="isolate").without(branch=1)
    pd.testing.assert_frame_equal(volts(cut), volts(read), check_exact=True)


def test_a_dispatchable_load_supplies_nothing():
    net = nr.read(FAULTS / "r28_dispatchable_load.m")
    assert "unit 2 at 3, Pg = -50, Pmax = 0" in message(net, "dispatchable_loads")
    row = nr.headroom(net, [2], contingencies="none", attribution_voltage=1).table.loc[2]
    assert row["generation_mw"] == pytest.approx(96, abs=1)
    flow = net.solve(balance="spare", q_limits=False)
    assert flow.generators.at[2, "p_mw"] == -50
    asked = net.solve(balance=[0, 1], q_limits=False)
    assert asked.generators.at[1, "p_mw"] == 130
    assert asked.generators.at[2, "p_mw"] != -50
    shed = nr.headroom(net, [2], contingencies="none", redispatch=True)
    assert shed.dispatch(2)[2] == -50


@pytest.mark.parametrize("name", ["r01_two_refs.m", "r09_zero_impedance.m", "r22_dead_end.m", "r22b_cut_off_load.m"])
def test_witnesses_need_no_rule_of_ours(name, tmp_path):
    """One reference, a reactance for every branch, and type 4 for what is dead stand in the file."""
    net = nr.read(FAULTS / name, cut_off="isolate")
    study = nr.headroom(net, [3], contingencies="none", max_mw=2000)
    study.witness(3).save(tmp_path / "w.m")
    again = nr.read(tmp_path / "w.m")
    codes = set(again.diagnostics["code"])
    assert not codes & {"several_references", "zero_impedance", "dead_buses"}
    live = again.buses.index[again.buses["type"] != "isolated"]
    found = volts(again).loc[live]
    assert found["vm_pu"].to_numpy() == pytest.approx(again.buses.loc[live, "vm_pu"].to_numpy(), abs=1e-7)
