"""The steps with PyPSA. Its N-1 is linear and part of an optimisation; AC power flow has no reactive limits."""

from __future__ import annotations

import matplotlib as mpl
import networkx as nx
import numpy as np
import pandas as pd
import pypsa
from common import BUS, CASE, MVAR_PER_MW, NotOffered, largest
from matpowercaseframes import CaseFrames

mpl.use("agg")
PACKAGES = ("pypsa", "linopy", "highspy", "matpowercaseframes")


def case_of(path):
    """By way of another package, for PyPSA takes PYPOWER's tables; it has the status of branches, but ignores it."""
    case = CaseFrames(str(path))
    tables = {name: getattr(case, name).to_numpy(float) for name in ("bus", "gen", "branch")}
    network = pypsa.Network()
    network.import_from_pypower_ppc({"version": "2", "baseMVA": case.baseMVA, **tables})
    for table in (network.lines, network.transformers):
        table["active"] = table.status == 1
    network.transformers["model"] = "pi"
    return network


def read(work):
    network = case_of(CASE)
    return f"{len(network.buses)} buses, {len(network.lines)} lines, {len(network.transformers)} transformers"


def outages_of(network):
    """Lines and transformers that are no bridges, as security-constrained optimisation takes them."""
    graph = network.graph()
    bridges = {next(iter(graph[a][b])) for a, b in nx.bridges(nx.Graph(graph)) if len(graph[a][b]) == 1}
    return network.passive_branches().index.drop(list(bridges))


def broken(network, outages):
    """Pairs of state and element that break a limit, by AC power flows."""
    found = set()
    for kind, name in [("intact", ""), *outages]:
        table = {"Line": network.lines, "Transformer": network.transformers}.get(kind)
        if table is not None:
            table.loc[name, "active"] = False
        if not network.pf().converged.all(axis=None):
            found.add((kind, name, "no solution", ""))
        vm = network.buses_t.v_mag_pu.iloc[0]
        outside = (vm < network.buses.v_mag_pu_min - 1e-6) | (vm > network.buses.v_mag_pu_max + 1e-6)
        found |= {(kind, name, "bus", bus) for bus in vm.index[outside]}
        for c in network.components[["Line", "Transformer"]]:
            ends = [np.hypot(c.dynamic[f"p{end}"].iloc[0], c.dynamic[f"q{end}"].iloc[0]) for end in (0, 1)]
            over = np.maximum(*ends) > c.static.s_nom
            found |= {(kind, name, c.name, branch) for branch in over.index[over]}
        if table is not None:
            table.loc[name, "active"] = True
    return found


def headroom(work):
    """Own search: as with pandapower, but no reactive limits."""
    network = case_of(CASE)
    outages = outages_of(network)
    before = broken(network, outages)
    network.add("Load", "new", bus=str(BUS))
    binding = set()

    def fits(mw):
        network.loads.loc["new", ["p_set", "q_set"]] = mw, mw * MVAR_PER_MW
        new = broken(network, outages) - before
        if new:
            binding.clear()
            binding.update(new)
        return not new

    mw = largest(fits, step=2.0)
    return f"bus {BUS} by own search: {mw:.0f} MW, {sorted(binding)[0]}; {len(before)} pairs left out"


def redispatch(work):
    """Security-constrained linear OPF that maximises a load."""
    network = case_of(CASE)
    network.generators["p_set"] = float("nan")  # or the dispatch of the case is kept
    network.add("Generator", "new", bus=str(BUS), p_nom=1000, sign=-1, marginal_cost=-1)
    network.optimize.optimize_security_constrained(branch_outages=outages_of(network), log_to_console=False)
    return f"bus {BUS}: {network.generators_t.p.new.iloc[0]:.1f} MW, linear, N-1 of branches, shadow prices of all limits"


def unlock(work):
    """Least-cost expansion for 500 MW more, linear, N-1 of branches; every line costs the same per MVA."""
    network = case_of(CASE)
    network.generators["p_set"] = float("nan")
    network.add("Load", "new", bus=str(BUS), p_set=500)
    for table in (network.lines, network.transformers):
        table["s_nom_extendable"], table["s_nom_min"], table["capital_cost"] = True, table.s_nom, 1.0
    status, condition = network.optimize.optimize_security_constrained(branch_outages=outages_of(network), log_to_console=False)
    if status != "ok":
        raise RuntimeError(condition)
    more = pd.concat([table.s_nom_opt - table.s_nom for table in (network.lines, network.transformers)])
    more = more[more > 0.1].round(0)
    return f"500 MW at bus {BUS} need {more.sum():.0f} MVA on {len(more)} branches: {more.to_dict()}"


def what_if(work):
    network = case_of(CASE)
    network.generators["p_set"], network.generators["marginal_cost"] = float("nan"), 1.0
    plan = network.copy()
    plan.add("Load", "new", bus=str(BUS), p_set=20)
    plan.remove("Line", "L23")
    plan.lines["s_nom"] *= 1.1
    for one in (network, plan):
        one.optimize(log_to_console=False)
    both = pypsa.NetworkCollection({"before": network, "after": plan})
    prices = both.buses_t.marginal_price
    return f"equals: {network.equals(plan)}; a collection gives prices of both in one table of {prices.shape[1]} columns"


def save(work):
    network = case_of(CASE)
    network.meta["options"] = {"power_factor": 0.95}
    network.pf()
    network.export_to_netcdf(work / "pypsa.nc")
    again = pypsa.Network(work / "pypsa.nc")
    same = network.buses_t.v_mag_pu.equals(again.buses_t.v_mag_pu)
    return f"network with results: {same}; what the user puts in meta: {again.meta}"


def plots(work):
    network = case_of(CASE)
    network.pf()
    where = pd.DataFrame(nx.kamada_kawai_layout(nx.Graph(network.graph())), index=["x", "y"]).T
    network.buses[["x", "y"]] = where
    network.plot(geomap=False, line_flow=network.lines_t.p0.iloc[0].abs() / 100)
    mpl.pyplot.savefig(work / "pypsa.png")
    return "map with flows (where buses have coordinates); no continuation power flow in the package"


def report(work):
    network = case_of(CASE)
    where = pd.DataFrame(nx.kamada_kawai_layout(nx.Graph(network.graph())), index=["x", "y"]).T
    network.buses[["x", "y"]] = where
    network.explore().to_html(str(work / "pypsa.html"), offline=True, notebook_display=False)
    page = (work / "pypsa.html").read_text()
    return f"{len(page) // 1000} kB: map of the network with tooltips; tiles from the web: {'cartocdn' in page}"


def command(work):
    raise NotOffered("no console script in the package")


def recheck(work):
    network = case_of(work / "witness.m")
    network.pf()
    return f"nodalroom's witness: bus 4 at {network.buses_t.v_mag_pu['4'].iloc[0]:.6f}; writes no format of power-flow tools"
