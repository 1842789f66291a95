"""The steps with pypowsybl. Its security analysis is AC and N-1; the search for headroom is the user's."""

from __future__ import annotations

import pypowsybl as pl
from common import BUS, CASE, MVAR_PER_MW, NotOffered, largest
from matpowercaseframes import CaseFrames
from scipy.io import savemat

PACKAGES = ("pypowsybl", "matpowercaseframes")
SPARE = pl.loadflow.BalanceType.PROPORTIONAL_TO_GENERATION_REMAINING_MARGIN


def case_of(path, work):
    """By way of another package, for pypowsybl takes the binary form (.mat) alone."""
    savemat(work / "case.mat", {"mpc": CaseFrames(str(path)).to_mpc()})
    return pl.network.load(str(work / "case.mat"), {"matpower.import.ignore-base-voltage": "false"})


def read(work):
    network = case_of(CASE, work)
    return f"{len(network.get_buses())} buses, {len(network.get_branches())} branches, {len(network.get_generators())} units"


def analysis_of(network):
    """N-1 over branches and units."""
    analysis = pl.security.create_analysis()
    analysis.add_single_element_contingencies([*network.get_branches().index, *network.get_generators().index])
    return analysis


def broken(network, analysis):
    """Pairs of state and element that break a limit."""
    parameters = pl.loadflow.Parameters(distributed_slack=True, balance_type=SPARE, use_reactive_limits=True)
    result = analysis.run_ac(network, parameters)
    found = {(state, *pair) for state, *pair in result.limit_violations.reset_index()[
        ["contingency_id", "subject_id", "limit_type"]].astype(str).itertuples(index=False)}  # fmt: skip
    if result.pre_contingency_result.status.name != "CONVERGED":
        return found | {("", "no solution", "")}
    failed = [state for state, one in result.post_contingency_results.items() if one.status.name == "FAILED"]
    return found | {(state, "no solution", "") for state in failed}


def headroom(work):
    """Own search around the security analysis: what is broken without the load does not count."""
    network = case_of(CASE, work)
    analysis = analysis_of(network)
    before = broken(network, analysis)
    network.clone_variant("InitialState", "new load")
    network.set_working_variant("new load")
    load = f"LOAD-{BUS}"
    p, q = network.get_loads().loc[load, ["p0", "q0"]]
    binding = set()

    def fits(mw):
        network.update_loads(id=load, p0=p + mw, q0=q + mw * MVAR_PER_MW)
        new = broken(network, analysis) - before
        if new:
            binding.clear()
            binding.update(new)
        return not new

    mw = largest(fits)
    return f"bus {BUS} by own search: {mw:.1f} MW, {sorted(binding)[0]}; {len(before)} pairs left out"


def redispatch(work):
    raise NotOffered("pypowsybl.rao optimises remedial actions, redispatch among them, for a given load; it maximises no load")


def unlock(work):
    raise NotOffered("no expansion or investment analysis in the package")


def what_if(work):
    network = case_of(CASE, work)
    network.clone_variant("InitialState", "plan")
    with network.working_variant("plan"):
        network.update_loads(id=f"LOAD-{BUS}", p0=network.get_loads().p0[f"LOAD-{BUS}"] + 20)
        network.disconnect(network.get_lines().index[24])
        pl.loadflow.run_ac(network)
        after = network.get_buses().v_mag
    pl.loadflow.run_ac(network)
    change = after / network.get_buses().v_mag - 1
    return f"a variant of the state; largest change of a voltage {change.abs().max():.2%} by own subtraction; ratings are in no variant"


def save(work):
    network = case_of(CASE, work)
    analysis_of(network).run_ac(network).export_to_json(str(work / "pypowsybl.json"))
    network.save(str(work / "pypowsybl.xiidm"))
    again = pl.network.load(str(work / "pypowsybl.xiidm"))
    return f"network: {len(again.get_buses())} buses again; results of the analysis as JSON, which it does not read again"


def plots(work):
    network = case_of(CASE, work)
    pl.loadflow.run_ac(network)
    network.write_network_area_diagram(str(work / "pypowsybl.svg"))
    return f"area diagram with flows, {(work / 'pypowsybl.svg').stat().st_size // 1000} kB; no continuation power flow in the package"


def report(work):
    raise NotOffered("diagrams as SVG files; interactive ones in a notebook (pypowsybl-jupyter)")


def command(work):
    raise NotOffered("no console script in the package; powsybl's itools is a Java program of its own")


def recheck(work):
    network = case_of(work / "witness.m", work)
    pl.loadflow.run_ac(network, pl.loadflow.Parameters(distributed_slack=False, use_reactive_limits=False))
    bus = network.get_loads(all_attributes=True).bus_id["LOAD-4"]
    vm = network.get_buses().v_mag[bus] / 138
    written = [name for name in ("MATPOWER", "PSS/E", "CGMES", "UCTE", "XIIDM") if name in pl.network.get_export_formats()]
    return f"nodalroom's witness: bus 4 at {vm:.6f}; writes {', '.join(written)}"


def n1_analysis(work):
    """The package's own N-1 analysis."""
    network = case_of(CASE, work)
    result = analysis_of(network).run_ac(network)
    return f"{len(result.post_contingency_results)} outages, {len(result.limit_violations)} violations"
