"""The steps with pandapower. It has N-1 analysis and AC OPF; the search for headroom is the user's."""

from __future__ import annotations

import copy

import matplotlib as mpl
import networkx as nx
import pandapower as pp
from common import BUS, CASE, MVAR_PER_MW, NotOffered, largest
from pandapower.contingency import run_contingency
from pandapower.converter.matpower import from_mpc, to_mpc
from pandapower.plotting import simple_plot
from pandapower.plotting.plotly import pf_res_plotly
from pandapower.toolbox import nets_equal
from pandapower.topology import create_nxgraph

mpl.use("agg")
PACKAGES = ("pandapower", "matpowercaseframes", "numba")
#: pandapower numbers the buses of a MATPOWER case from 0.
ROW = BUS - 1


def case_of(path):
    """The reader puts taps at the higher voltage; MATPOWER's are at the from bus, here the lower one."""
    net = from_mpc(str(path), f_hz=60)
    net.trafo["tap_side"] = "lv"
    return net


def read(work):
    net = case_of(CASE)
    return f"{len(net.bus)} buses, {len(net.line)} lines, {len(net.trafo)} transformers, {len(net.sgen)} units as sgen"


def outages_of(net):
    """Lines and transformers that are no bridges."""
    bridges = set()
    graph = create_nxgraph(net, multi=True)
    for a, b in nx.bridges(nx.Graph(graph)):
        if graph.number_of_edges(a, b) == 1:
            bridges.add(next(iter(graph.get_edge_data(a, b))))
    return [(kind, row) for kind in ("line", "trafo") for row in net[kind].index if (kind, row) not in bridges]


def broken(net, outages):
    """Pairs of state and element that break a limit."""
    found = set()
    for kind, row in [("intact", 0), *outages]:
        if kind != "intact":
            net[kind].at[row, "in_service"] = False
        try:
            pp.runpp(net, init="dc", calculate_voltage_angles=True, enforce_q_lims=True)
            for element in ("line", "trafo"):
                loaded = net[f"res_{element}"].loading_percent
                found |= {(kind, row, element, i) for i in loaded.index[loaded > 100]}
            vm = net.res_bus.vm_pu
            outside = (vm < net.bus.min_vm_pu - 1e-6) | (vm > net.bus.max_vm_pu + 1e-6)
            found |= {(kind, row, "bus", i) for i in vm.index[outside]}
        except pp.LoadflowNotConverged:
            found.add((kind, row, "no solution", 0))
        if kind != "intact":
            net[kind].at[row, "in_service"] = True
    return found


def headroom(work):
    """Own search: the reference bus supplies the load, what is broken without it does not count."""
    net = case_of(CASE)
    outages = outages_of(net)
    before = broken(net, outages)
    load = pp.create_load(net, ROW, 0)
    binding = set()

    def fits(mw):
        net.load.loc[load, ["p_mw", "q_mvar"]] = mw, mw * MVAR_PER_MW
        new = broken(net, outages) - before
        if new:
            binding.clear()
            binding.update(new)
        return not new

    mw = largest(fits)
    return f"bus {BUS} by own search: {mw:.1f} MW, {sorted(binding)[0]}; {len(before)} pairs left out"


def redispatch(work):
    """AC OPF that maximises a controllable load, intact grid only."""
    net = case_of(CASE)
    net.poly_cost.drop(net.poly_cost.index, inplace=True)
    load = pp.create_load(net, ROW, 0, 0, controllable=True, min_p_mw=0, max_p_mw=1000, min_q_mvar=0, max_q_mvar=1000)
    pp.create_poly_cost(net, load, "load", cp1_eur_per_mw=-1)
    net.ext_grid["controllable"] = True
    pp.runopp(net, init="pf", calculate_voltage_angles=True)
    return f"bus {BUS}: {net.res_load.p_mw[load]:.1f} MW, intact grid, any Q; shadow prices of P at buses: res_bus.lam_p"


def unlock(work):
    raise NotOffered("runpm_tnep hands candidate lines to PowerModels.jl (needs Julia); no list per bus")


def what_if(work):
    net = case_of(CASE)
    plan = copy.deepcopy(net)
    pp.create_load(plan, ROW, 20, 20 * MVAR_PER_MW)
    plan.line.loc[plan.line.index[20], "in_service"] = False
    plan.line["max_i_ka"] *= 1.1
    pp.runpp(net)
    pp.runpp(plan)
    change = plan.res_bus.vm_pu - net.res_bus.vm_pu
    return f"nets_equal: {nets_equal(net, plan)}; largest change of a voltage {change.abs().max():.4f} pu by own subtraction"


def save(work):
    net = case_of(CASE)
    pp.runpp(net)
    pp.to_json(net, str(work / "pandapower.json"))
    again = pp.from_json(str(work / "pandapower.json"))
    return f"network with results and options of the power flow: {nets_equal(net, again)}"


def plots(work):
    net = case_of(CASE)
    pp.runpp(net)
    pp.plotting.create_generic_coordinates(net)
    simple_plot(net, show_plot=False).figure.savefig(work / "pandapower.png")
    return "network drawing; no continuation power flow in the package"


def report(work):
    net = case_of(CASE)
    pp.plotting.create_generic_coordinates(net)
    pp.runpp(net)
    figure = pf_res_plotly(net, auto_open=False, filename=str(work / "pandapower.html"))
    figure.write_html(work / "pandapower.html", include_plotlyjs=True)
    return f"{(work / 'pandapower.html').stat().st_size // 1000} kB: voltages and loadings of one state, on hover"


def command(work):
    raise NotOffered("no console script in the package")


def recheck(work):
    net = case_of(work / "witness.m")
    pp.runpp(net, init="dc", calculate_voltage_angles=True, enforce_q_lims=False)
    to_mpc(net, str(work / "pandapower.mat"))
    return f"nodalroom's witness: bus 4 at {net.res_bus.vm_pu[3]:.6f}; writes .mat itself"


def n1_analysis(work):
    """The package's own N-1 analysis, worst of all outages per element."""
    net = case_of(CASE)
    cases = {kind: {"index": [row for of, row in outages_of(net) if of == kind]} for kind in ("line", "trafo")}
    run_contingency(net, cases, init="dc", calculate_voltage_angles=True, enforce_q_lims=True)
    line = net.res_line.max_loading_percent.idxmax()
    cause = net.res_line.loc[line, ["cause_element", "cause_index"]].tolist()
    return f"worst loading {net.res_line.max_loading_percent[line]:.1f} % of line {line}, after {cause}"
