"""A solver that keeps its structure: the bits of a fresh solve, whatever came before, and clear refusals."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import nodalroom as nr
import numpy as np
import pandas as pd
import pytest
from conftest import DATA

FRAMES = ("buses", "branches", "generators", "attempts", "worst_buses")


def expect_same(first, second):
    assert (first.status, first.iterations, first.reason) == (second.status, second.iterations, second.reason)
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name), check_exact=True)


@pytest.fixture(scope="module")
def net():
    return nr.read(DATA / "case118.m")


def edited(net, load_p_mw, generator_p_mw):
    """The case with these powers, as a file has it."""
    lines = net.to_matpower().splitlines()
    load_of = dict(zip(net.loads["bus"], load_p_mw, strict=True))
    table, unit = None, 0
    for k, line in enumerate(lines):
        if line.startswith("mpc."):
            table = line.split("=")[0].strip()
        elif line.startswith("]"):
            table = None
        cells = line.strip().rstrip(";").split()
        if table == "mpc.bus" and cells and cells[0].isdigit() and int(cells[0]) in load_of:
            cells[2] = repr(float(load_of[int(cells[0])]))
            lines[k] = "\t".join(cells) + ";"
        elif table == "mpc.gen" and cells and cells[0].isdigit():
            cells[1] = repr(float(generator_p_mw[unit]))
            lines[k] = "\t".join(cells) + ";"
            unit += 1
    return nr.parse("\n".join(lines), source=net.source)


@pytest.mark.parametrize("balance", ["reference", "spare"])
def test_same_bits_as_a_fresh_solve(net, balance):
    solver = net.solver(balance=balance)
    first = solver.solve()
    assert first.converged
    expect_same(first, net.solve(balance=balance))
    random = np.random.default_rng(4)
    for size in (0.1, 0.3, 40.0):
        load = net.loads["p_mw"].to_numpy() * random.uniform(1 - size / 2, 1 + size, len(net.loads))
        dispatch = net.generators["p_mw"].to_numpy() * random.uniform(0.9, 1.1, len(net.generators))
        changed = solver.solve(load_p_mw=load, generator_p_mw=dispatch)
        assert changed.converged == (size < 1)
        expect_same(changed, edited(net, load, dispatch).solve(balance=balance))
    expect_same(solver.solve(), first)


def test_series_and_dicts_change_the_rows_they_name(net):
    solver = net.solver()
    whole = net.loads["p_mw"].copy()
    whole.loc[3] += 7.5
    by_array = solver.solve(load_p_mw=whole.to_numpy())
    expect_same(solver.solve(load_p_mw={3: whole.loc[3]}), by_array)
    expect_same(solver.solve(load_p_mw=whole), by_array)
    assert by_array.buses["va_degree"].ne(solver.solve().buses["va_degree"]).any()


def test_every_power_counts(net):
    solver = net.solver(q_limits=False)
    first = solver.solve()
    row = next(row for row, bus in net.generators["bus"].items() if net.buses["type"][bus] == "pv")
    load = next(row for row, bus in net.loads["bus"].items() if net.buses["type"][bus] == "pq")
    for name, table, at in (
        ("load_p_mw", net.loads["p_mw"], load),
        ("load_q_mvar", net.loads["q_mvar"], load),
        ("generator_p_mw", net.generators["p_mw"], row),
    ):
        other = solver.solve(**{name: {at: table[at] + 1.0}})
        assert other.converged
        assert not other.buses["vm_pu"].equals(first.buses["vm_pu"]) or not other.buses["va_degree"].equals(
            first.buses["va_degree"]
        ), name
    p_mw = solver.solve(generator_p_mw={row: net.generators["p_mw"][row] + 1.0}).generators["p_mw"]
    assert p_mw[row] == pytest.approx(net.generators["p_mw"][row] + 1.0)


def test_starts_from_a_solution(net):
    solver = net.solver()
    first = solver.solve()
    again = solver.solve(init=first)
    assert (again.iterations, again.attempts["start"][0]) == (0, "given")
    pd.testing.assert_frame_equal(again.buses, first.buses, check_exact=True)


def test_threads_take_turns(net):
    solver = net.solver()
    factors = [0.9, 1.0, 1.1, 0.8]
    load = net.loads["p_mw"].to_numpy()
    alone = [solver.solve(load_p_mw=load * factor) for factor in factors]
    lowest = [flow.buses["va_degree"].min() for flow in alone]
    assert len(set(lowest)) == len(factors), "what another thread's solve leaves behind has to show"
    begin = threading.Barrier(len(factors))

    def solve_on(at):
        begin.wait(timeout=60)
        return [solver.solve(load_p_mw=load * factors[at]) for _ in range(100)]

    with ThreadPoolExecutor(len(factors)) as pool:
        for expected, results in zip(alone, pool.map(solve_on, range(len(factors))), strict=True):
            assert len(results) == 100
            for result in results:
                assert result.iterations == expected.iterations
                assert (result.buses["va_degree"].to_numpy() == expected.buses["va_degree"].to_numpy()).all()
            expect_same(results[-1], expected)


@pytest.mark.parametrize(
    ("powers", "message"),
    [
        ({"load_p_mw": [1.0, 2.0]}, r"load_p_mw has the shape \(2,\); must be one number per row \(99\)"),
        ({"generator_p_mw": np.zeros((54, 1))}, r"generator_p_mw has the shape \(54, 1\)"),
        ({"load_q_mvar": "many"}, "load_q_mvar = 'many'; must be one number per row"),
        ({"load_p_mw": {100: 1.0}}, "load_p_mw: there is no row 100; the case has 99"),
        ({"load_p_mw": {0: 1.0}}, "load_p_mw"),
        ({"load_p_mw": {4: float("nan")}}, "load_p_mw of row 4 = nan; must be finite"),
        ({"load_p_mw": {4: "x"}}, "load_p_mw of row 4 = 'x'; must be a number"),
        ({"init": "dc"}, "init = 'dc'; must be a PowerFlow of this network"),
    ],
)
def test_refuses_what_does_not_fit(net, powers, message):
    with pytest.raises(nr.OptionError, match=message):
        net.solver().solve(**powers)


def test_refuses_starts_that_are_none(net, small):
    solver = net.solver()
    wreck = net.solver().solve(load_p_mw=net.loads["p_mw"].to_numpy() * 50)
    assert not wreck.converged
    with pytest.raises(nr.OptionError, match="without a solution"):
        solver.solve(init=wreck)
    with pytest.raises(nr.OptionError, match="not those of this network"):
        solver.solve(init=small.solve())


def test_options_are_those_of_solve(net):
    with pytest.raises(nr.OptionError, match="tolerance"):
        net.solver(tolerance=1.0)
    with pytest.raises(nr.OptionError, match="init"):
        net.solver(init="warm")
    assert repr(net.solver()) == "<Solver of case118>"
