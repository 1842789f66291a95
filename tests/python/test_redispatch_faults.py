"""Redispatch, witnesses and the screen on inputs that went wrong once, and on random ones."""

from __future__ import annotations

import random
from pathlib import Path

import nodalroom as nr
import numpy as np
import pytest

DATA = Path(__file__).parents[2] / "data"
FAULTS = Path(__file__).parents[1] / "faults"

# Columns of MATPOWER's tables.
BUS_TYPE, BUS_PD, BUS_VM, BUS_VA = 1, 2, 7, 8
GEN_BUS, GEN_PG, GEN_QG, GEN_VG, GEN_STATUS = 0, 1, 2, 5, 7


def admittance(base_mva: float, bus: np.ndarray, branch: np.ndarray) -> np.ndarray:
    row = {int(number): i for i, number in enumerate(bus[:, 0])}
    y = np.diag((bus[:, 4] + 1j * bus[:, 5]) / base_mva).astype(complex)
    for line in branch:
        if line[10] <= 0:
            continue
        f, t = row[int(line[0])], row[int(line[1])]
        series, charging = 1 / (line[2] + 1j * line[3]), 0.5j * line[4]
        tap = (line[8] or 1.0) * np.exp(1j * np.radians(line[9]))
        y[f, f] += (series + charging) / abs(tap) ** 2
        y[f, t] -= series / np.conj(tap)
        y[t, f] -= series / tap
        y[t, t] += series + charging
    return y


def solve_plainly(net: nr.Network) -> tuple[np.ndarray, np.ndarray]:
    """Newton by MATPOWER's rules from the stored voltages, reactive limits not enforced: V, and P + jQ in pu."""
    bus, gen, branch = (np.array(net._core.cells(table)) for table in ("bus", "gen", "branch"))
    live = bus[:, BUS_TYPE] != 4
    on = gen[gen[:, GEN_STATUS] > 0]
    with_unit = np.isin(bus[:, 0], on[:, GEN_BUS])
    assert (with_unit[bus[:, BUS_TYPE] == 3]).all(), "a reference bus has no unit"
    assert (bus[:, BUS_TYPE] == 3).any()
    y = admittance(net.base_mva, bus, branch)
    s = -(bus[:, BUS_PD] + 1j * bus[:, BUS_PD + 1]) / net.base_mva
    vm, va = bus[:, BUS_VM].copy(), np.radians(bus[:, BUS_VA])
    for unit in on:
        at = np.flatnonzero(bus[:, 0] == unit[GEN_BUS])[0]
        s[at] += (unit[GEN_PG] + 1j * unit[GEN_QG]) / net.base_mva
        if bus[at, BUS_TYPE] != 1:
            vm[at] = unit[GEN_VG]
    angle = np.flatnonzero(live & (bus[:, BUS_TYPE] != 3))
    volts = np.flatnonzero(live & ((bus[:, BUS_TYPE] == 1) | ((bus[:, BUS_TYPE] == 2) & ~with_unit)))
    for _ in range(8):
        v = vm * np.exp(1j * va)
        mismatch = v * np.conj(y @ v) - s
        residual = np.concatenate([mismatch.real[angle], mismatch.imag[volts]])
        if np.abs(residual).max(initial=0.0) < 1e-9:
            return v, v * np.conj(y @ v)
        current, e = np.diag(y @ v), v / np.abs(v)
        by_angle = 1j * np.diag(v) @ np.conj(current - y @ np.diag(v))
        by_volts = np.diag(v) @ np.conj(y @ np.diag(e)) + np.conj(current) @ np.diag(e)
        jacobian = np.block(
            [
                [by_angle.real[np.ix_(angle, angle)], by_volts.real[np.ix_(angle, volts)]],
                [by_angle.imag[np.ix_(volts, angle)], by_volts.imag[np.ix_(volts, volts)]],
            ]
        )
        step = np.linalg.solve(jacobian, -residual)
        va[angle] += step[: len(angle)]
        vm[volts] += step[len(angle) :]
    raise AssertionError("the witness has no solution by MATPOWER's rules")


def expect_witness_solves(witness: nr.Witness) -> None:
    net = nr.parse(witness.text, "witness")
    bus, gen = (np.array(net._core.cells(table)) for table in ("bus", "gen"))
    v, s = solve_plainly(net)
    live = bus[:, BUS_TYPE] != 4
    assert np.abs(np.abs(v) - bus[:, BUS_VM])[live].max() < 1e-5, "another solution than the one stored"
    # The reference takes up nothing: every unit produces what balances the state.
    for at in np.flatnonzero(bus[:, BUS_TYPE] == 3):
        here = (gen[:, GEN_BUS] == bus[at, 0]) & (gen[:, GEN_STATUS] > 0)
        produced = s[at].real * net.base_mva + bus[at, BUS_PD]
        assert produced == pytest.approx(gen[here, GEN_PG].sum(), abs=0.01)


@pytest.mark.parametrize(("case", "buses"), [("case9", [1, 2, 8]), ("case39", [1, 2, 8])])
def test_a_load_of_0_mw_is_no_special_case_for_the_screen(case: str, buses: list[int]) -> None:
    net = nr.read(DATA / f"{case}.m").with_ratings(factor=0.6)
    study = nr.headroom(net, buses=buses, balance="reference", attribution=0, redispatch=True)
    assert list(study.table.index) == buses
    assert (study.table["redispatch_mw"] >= 0).all()


def outside_mw(net: nr.Network, dispatch: np.ndarray) -> float:
    units = net.generators
    low, high = units[["p_min_mw", "p_mw"]].min(axis=1), units[["p_max_mw", "p_mw"]].max(axis=1)
    return float(np.maximum(low - dispatch, dispatch - high)[units["in_service"]].max())


def test_the_unit_that_balances_stays_in_its_range() -> None:
    net = nr.read(DATA / "case30.m")
    study = nr.headroom(net, buses=[23], balance="reference", redispatch=True)
    assert study.table["redispatch_mw"][23] > study.table["headroom_mw"][23]
    assert outside_mw(net, study.dispatch(23)) <= 1e-3


@pytest.mark.parametrize("seed", range(40))
def test_units_stay_in_their_ranges_under_any_balance(seed: int) -> None:
    rng = random.Random(seed)
    net = nr.read(DATA / rng.choice(["case9.m", "case14.m", "case24_ieee_rts.m", "case30.m"]))
    rows = [int(row) for row in net.generators.index[net.generators["in_service"]]]
    options: dict = {
        "balance": rng.choice(["spare", "pmax", "reference", [rng.choice([0, 1, 5]) for _ in rows]]),
        "contingencies": rng.choice(["none", "units"]),
        "power_factor": rng.choice([1, 0.95]),
    }
    if isinstance(options["balance"], str) and rng.random() < 0.3:
        options["balance_area"] = int(rng.choice(sorted(net.buses["area"].unique())))
    if rng.random() < 0.4:
        options["movable_units"] = rng.sample(rows, rng.randint(1, len(rows)))
    bus = int(rng.choice(list(net.buses.index)))
    try:
        study = nr.headroom(net, buses=[bus], redispatch=True, **options)
    except nr.OptionError as error:
        assert "can take part" in str(error)
        return
    row = study.table.loc[bus]
    if row["redispatch_mw"] > row["headroom_mw"]:
        assert outside_mw(net, study.dispatch(bus)) <= 1e-3, options


def test_a_dispatch_found_can_be_put_back_and_solved() -> None:
    for area, factor in ((2, 1), (3, 2)):
        net = nr.read(FAULTS / "f_dispatch_refused.m").with_ratings(factor=factor)
        for power_factor in (0.95, 1.0):
            options: dict = {"power_factor": power_factor, "contingencies": "none", "balance_area": area}
            study = nr.headroom(net, buses=[10], redispatch=True, **options)
            mw = float(study.table["redispatch_mw"][10])
            again = net.with_dispatch(study.dispatch(10))
            assert again.solve(balance="spare", balance_area=area).converged
            again = again.with_load(10, mw, power_factor=power_factor)
            assert again.solve(balance="spare", balance_area=area).converged
            assert nr.headroom(again, buses=[10], **options).intact_solved


def test_a_dispatch_is_that_of_the_solution_which_the_search_followed() -> None:
    net = nr.read(FAULTS / "f_redispatch_two_solutions.m")
    options: dict = {"power_factor": 0.8, "balance_area": 2, "contingencies": "none"}
    limits: dict = {"voltage_band": (0.9, 1.06), "attribution": 0, "max_moved_mw": 50}
    study = nr.headroom(net, buses=[136], redispatch=True, **options, **limits)
    dispatch, mw = study.dispatch(136), float(study.table["redispatch_mw"][136])
    witness = study.witness(136, redispatch=True)
    expect_witness_solves(witness)
    stored = nr.parse(witness.text, "witness")
    assert stored.generators["p_mw"].to_numpy() == pytest.approx(dispatch.to_numpy(), abs=0.01)
    # Bus 145 is at its least reactive power there; the same state has another solution, in which it regulates.
    assert stored.generators["v_setpoint_pu"][1] > 1.06
    again = net.with_dispatch(dispatch).with_load(136, mw, power_factor=0.8)
    flow = again.solve(balance="spare", balance_area=2)
    assert flow.converged
    assert flow.buses["vm_pu"][145] == pytest.approx(1.018)


def test_units_of_other_islands_balance_as_they_do_in_the_case() -> None:
    net = nr.read(FAULTS / "f_redispatch_other_island.m")
    options: dict = {"balance": "reference", "q_limits": False}
    study = nr.headroom(net, buses=[4], power_factor=0.9, attribution=0, redispatch=True, **options)
    assert study.table["redispatch_mw"][4] > study.table["headroom_mw"][4] + 1
    dispatch, units = study.dispatch(4), net.generators
    island = net.buses["island"]
    here = (island[units["bus"]] == island[4]).to_numpy()
    low, high = units[["p_min_mw", "p_mw"]].min(axis=1), units[["p_max_mw", "p_mw"]].max(axis=1)
    outside = np.maximum(low - dispatch, dispatch - high)
    assert outside[here].max() <= 1e-3
    # The case has the unit at the other island's reference past its range, and losses take it further.
    assert outside[~here].max() > 1
    alone = net.solve(**options).generators["p_mw"]
    assert dispatch[~here].to_numpy() == pytest.approx(alone[~here].to_numpy(), abs=1e-3)


def test_where_nothing_fits_the_dispatch_is_the_solved_case_itself() -> None:
    net = nr.read(FAULTS / "f_redispatch_nothing_fits.m")
    options: dict = {"power_factor": 0.9, "attribution": 0, "max_moved_mw": 0}
    study = nr.headroom(net, buses=[3], balance="reference", redispatch=True, **options)
    row = study.table.loc[3]
    assert row["feasible_mw"] == 0
    assert row["limit_type"] == "collapse"  # between 0 MW and violated_mw, and the figure is halfway
    assert row["redispatch_mw"] == row["headroom_mw"] < 0.1
    alone = net.solve(balance="reference").generators["p_mw"]
    assert study.dispatch(3).to_numpy() == pytest.approx(alone.to_numpy(), abs=1e-3)


def test_a_dispatch_without_any_spare_is_shared_by_pmax_and_says_so() -> None:
    case = nr.read(DATA / "case14.m").with_ratings(factor=20).with_load(1, 430, 0)
    net = case.with_dispatch(case.generators["p_max_mw"])
    assert "no_spare" in set(net.diagnostics["code"])
    assert "no_spare" not in set(case.diagnostics["code"])
    by_spare, by_pmax = (net.solve(balance=balance) for balance in ("spare", "pmax"))
    assert by_spare.converged
    assert np.array_equal(by_spare.buses["vm_pu"], by_pmax.buses["vm_pu"])
    options: dict = {"buses": [4], "contingencies": "none", "voltage_band": (0.2, 2.0), "power_factor": 1}
    study = nr.headroom(net, **options)
    assert "No unit that takes part has any spare" in repr(study)
    assert "has any spare" not in repr(nr.headroom(case, **options))
    # They give more than is asked for: it ends where that is used up.
    row = study.table.loc[4]
    surplus = case.generators["p_max_mw"].sum() - case.loads["p_mw"].sum()
    assert row["status"] == "generation_limited"
    assert 0.5 * surplus < row["headroom_mw"] < surplus


@pytest.mark.parametrize(
    ("bus", "options"),
    [
        (4, {"power_factor": 0.9, "redispatch": True, "movable_units": [1]}),
        (7, {"power_factor": 0.8, "contingencies": "branches"}),
    ],
)
def test_every_number_has_a_witness(bus: int, options: dict) -> None:
    study = nr.headroom(nr.read(DATA / "case14.m"), buses=[bus], **options)
    expect_witness_solves(study.witness(bus))
    if "redispatch" in options:
        expect_witness_solves(study.witness(bus, redispatch=True))


def test_the_reference_of_a_witness_has_a_unit() -> None:
    net = nr.read(FAULTS / "f_witness_without_reference.m")
    study = nr.headroom(net, contingencies="units")
    lost = net.generators["bus"][study.table["contingency_row"].dropna().astype(int)]
    assert net.buses["type"][lost].astype(str).str.contains("ref").any(), "the reference bus's unit is lost in one"
    for bus in study.table.index:
        expect_witness_solves(study.witness(int(bus)))


def test_a_lost_unit_whose_bus_stood_at_a_limit_without_the_load_is_seen() -> None:
    net = nr.read(FAULTS / "f_screen_missed.m")
    options: dict = {
        "power_factor": 0.9,
        "contingencies": "units",
        "rating_post": "B",
        "voltage_band": (0.9, 1.2),
    }
    for certify in ("screened", "all"):
        row = nr.headroom(net, buses=[11], certify=certify, **options).table.loc[11]
        assert row["headroom_mw"] == pytest.approx(456.03, abs=0.01)
        assert (row["contingency_kind"], row["contingency_row"]) == ("unit", 15)
