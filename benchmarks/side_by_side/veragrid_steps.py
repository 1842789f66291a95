"""The steps with VeraGrid's engine. Its nodal capacity is an optimisation: linear with N-1, or AC without."""

from __future__ import annotations

import numpy as np
import VeraGridEngine.api as vg
from common import BUS, CASE, MVAR_PER_MW, NotOffered, largest
from VeraGridEngine.Simulations.ContingencyAnalysis.contingency_plan import generate_automatic_contingency_plan

PACKAGES = ("veragridengine",)
ROW = BUS - 1


def read(work):
    grid = vg.open_file(str(CASE))
    return f"{grid.get_bus_number()} buses, {grid.get_branch_number()} branches, {grid.get_generators_number()} units"


def with_outages(grid):
    """N-1 over branches."""
    kinds = list({branch.device_type for branch in grid.get_branches()})
    plan = generate_automatic_contingency_plan(grid, k=1, consider_branches=True, branch_types=kinds)
    grid.contingencies, grid.contingency_groups = plan
    return grid


def broken(grid):
    """Pairs of state and element that break a limit."""
    results = vg.contingency_analysis(grid)
    low, high = ([getattr(bus, name) for bus in grid.buses] for name in ("Vmin", "Vmax"))
    vm = np.abs(results.voltage)
    outside = (vm < np.array(low) - 1e-6) & (vm > 0) | (vm > np.array(high) + 1e-6)
    found = {(str(results.con_names[state]), f"bus {bus + 1}") for state, bus in np.argwhere(outside)}
    over = np.abs(results.loading) > 1 + 1e-6
    return found | {(str(results.con_names[state]), str(results.branch_names[row])) for state, row in np.argwhere(over)}


def headroom(work):
    """Own search around the contingency analysis: what is broken without the load does not count."""
    grid = with_outages(vg.open_file(str(CASE)))
    before = broken(grid)
    load = vg.Load(name="new")
    grid.add_load(grid.buses[ROW], load)
    binding = set()

    def fits(mw):
        load.P, load.Q = mw, mw * MVAR_PER_MW
        new = broken(grid) - before
        if new:
            binding.clear()
            binding.update(new)
        return not new

    mw = largest(fits)
    return f"bus {BUS} by own search: {mw:.1f} MW, {sorted(binding)[0]}; {len(before)} pairs left out"


def redispatch(work):
    """Nodal capacity, its own study: linear, N-1 of branches, units free."""
    grid = with_outages(vg.open_file(str(CASE)))
    opf = vg.OptimalPowerFlowOptions(consider_contingencies=True, contingency_groups_used=grid.contingency_groups)
    options = vg.NodalCapacityOptions(opf_options=opf, capacity_nodes_idx=np.array([ROW]), nodal_capacity_sign=-1.0)
    driver = vg.NodalCapacityDriver(grid, options)
    driver.run()
    return f"bus {BUS}: {-driver.results.nodal_capacity[0]:.1f} MW, linear, N-1 of branches; converged {driver.results.converged}"


def redispatch_ac(work):
    """The same study by AC optimisation, intact grid only."""
    grid = vg.open_file(str(CASE))
    options = vg.NodalCapacityOptions(
        opf_options=vg.OptimalPowerFlowOptions(ips_iterations=300, ips_init_with_pf=True),
        capacity_nodes_idx=np.array([ROW]),
        nodal_capacity_sign=-1.0,
        method=vg.NodalCapacityMethod.NonlinearOptimization,
    )
    driver = vg.NodalCapacityDriver(grid, options)
    driver.run()
    return f"{driver.results.nodal_capacity[0]:.1f} in its own unit; converged {driver.results.converged}"


def unlock(work):
    raise NotOffered("investments evaluation ranks candidates that the user models, by NSGA-III or MVRSM; no list by bus")


def what_if(work):
    grid = vg.open_file(str(CASE))
    plan = grid.copy()
    plan.add_load(plan.buses[ROW], vg.Load(name="new", P=20, Q=20 * MVAR_PER_MW))
    plan.get_branches()[24].active = False
    for branch in plan.get_branches():
        branch.rate *= 1.1
    before, after = vg.power_flow(grid), vg.power_flow(plan)
    change = np.abs(after.voltage) - np.abs(before.voltage)
    same, _ = grid.compare_circuits(plan)[:2]
    return f"compare_circuits: {same}; largest change of a voltage {np.abs(change).max():.4f} pu by own subtraction"


def save(work):
    grid = with_outages(vg.open_file(str(CASE)))
    vg.save_file(grid, str(work / "veragrid.veragrid"))
    again = vg.open_file(str(work / "veragrid.veragrid"))
    return f"network with contingencies: {len(again.contingencies)} again; results go along as drivers"


def plots(work):
    """P-V curve: the load of the bus grows threefold; with the engine's own defaults no point comes out."""
    grid = vg.open_file(str(CASE))
    flow = vg.power_flow(grid)
    factor = np.ones(grid.get_bus_number())
    factor[ROW] = 3
    driver = vg.ContinuationPowerFlowDriver(
        grid=grid,
        options=vg.ContinuationPowerFlowOptions(step=0.01, max_it=50, tol=1e-4, error_tol=0.1, stop_at=vg.CpfStopAt.Nose,
                                                approximation_order=vg.CpfParametrization.Natural),
        inputs=vg.ContinuationPowerFlowInput(flow.Sbus / grid.Sbase, flow.voltage, flow.Sbus / grid.Sbase * factor),
        pf_options=vg.PowerFlowOptions(),
    )  # fmt: skip
    driver.run()
    nose = driver.results.lambdas.max()
    return f"P-V curve of {len(driver.results.lambdas)} points, nose at {nose:.2f} of the step; maps and plots in the GUI"


def report(work):
    raise NotOffered("tables and plots in the GUI, and results as pandas tables; no page")


def command(work):
    raise NotOffered("no console script in the engine; the GUI is another package (veragrid)")


def recheck(work):
    grid = vg.open_file(str(work / "witness.m"))
    results = vg.power_flow(grid, vg.PowerFlowOptions(control_q=False))
    vg.save_file(grid, str(work / "veragrid.m"))
    return f"nodalroom's witness: bus 4 at {abs(results.voltage[3]):.6f}; writes .m itself"


def n1_analysis(work):
    """The package's own N-1 analysis."""
    grid = with_outages(vg.open_file(str(CASE)))
    results = vg.contingency_analysis(grid)
    return f"{len(grid.contingencies)} outages, worst loading {np.abs(results.loading).max():.2f}"
