"""One network for every peer: read once, made plain, and written in the formats the peers take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

# Columns of MATPOWER's tables, 0-based.
BUS_I, BUS_TYPE, PD, QD, GS, BS, AREA, VM, VA, BASE_KV, ZONE, VMAX, VMIN = range(13)
GEN_BUS, PG, QG, QMAX, QMIN, VG, MBASE, GEN_STATUS, PMAX, PMIN = range(10)
F_BUS, T_BUS, BR_R, BR_X, BR_B, RATE_A, RATE_B, RATE_C, TAP, SHIFT, BR_STATUS, ANGMIN, ANGMAX = range(13)
PQ, PV, REF, ISOLATED = 1, 2, 3, 4

#: MVA, for branches without a rating: a tool that evaluates only the flows it has a limit for
#: evaluates them all.
NO_RATING = 99999.0


@dataclass(frozen=True)
class Case:
    """MATPOWER's tables in file units, and the outages of the sweep in file order."""

    name: str
    base_mva: float
    bus: np.ndarray
    gen: np.ndarray
    branch: np.ndarray
    #: 0-based branch rows: in service and no bridge.
    outages: np.ndarray
    #: Where its files lie: case.m, case.mat, case.npz.
    folder: Path
    #: The file as it was given.
    source: Path

    @property
    def matpower_file(self) -> Path:
        return self.folder / "case.m"

    @property
    def mat_file(self) -> Path:
        return self.folder / "case.mat"

    def stored_voltages(self) -> np.ndarray:
        """Voltages the file has, magnitudes of regulated buses at their setpoints."""
        magnitude = self.bus[:, VM].copy()
        regulated = np.isin(self.bus[:, BUS_TYPE], (PV, REF))
        setpoint = dict(zip(self.gen[:, GEN_BUS], self.gen[:, VG], strict=True))
        for row in np.flatnonzero(regulated):
            magnitude[row] = setpoint.get(self.bus[row, BUS_I], magnitude[row])
        return magnitude * np.exp(1j * np.radians(self.bus[:, VA]))


def tables_of(net) -> tuple[float, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Base, bus, gen, branch and bridges of a nodalroom network, from its public tables."""
    buses, branches, units = net.buses, net.branches, net.generators
    row_of = {number: row for row, number in enumerate(buses.index)}
    bus = np.zeros((len(buses), 13))
    bus[:, BUS_I] = buses.index
    bus[:, BUS_TYPE] = buses["type"].map({"pq": PQ, "pv": PV, "reference": REF, "isolated": ISOLATED})
    for column, name in ((AREA, "area"), (VM, "vm_pu"), (VA, "va_degree"), (BASE_KV, "base_kv"),
                         (ZONE, "zone"), (VMAX, "vmax_pu"), (VMIN, "vmin_pu")):  # fmt: skip
        bus[:, column] = buses[name]
    for frame, first, second, columns in ((net.loads, "p_mw", "q_mvar", (PD, QD)), (net.shunts, "g_mw", "b_mvar", (GS, BS))):
        for item in frame[frame["in_service"]].to_dict("records"):
            bus[row_of[item["bus"]], columns] += (item[first], item[second])
    gen = np.zeros((len(units), 10))
    gen[:, MBASE] = net.base_mva
    for column, name in ((GEN_BUS, "bus"), (PG, "p_mw"), (QG, "q_mvar"), (QMAX, "q_max_mvar"), (QMIN, "q_min_mvar"),
                         (VG, "v_setpoint_pu"), (GEN_STATUS, "in_service"), (PMAX, "p_max_mw"), (PMIN, "p_min_mw")):  # fmt: skip
        gen[:, column] = units[name]
    branch = np.zeros((len(branches), 13))
    branch[:, ANGMIN], branch[:, ANGMAX] = -360, 360
    for column, name in ((F_BUS, "from_bus"), (T_BUS, "to_bus"), (BR_R, "r_pu"), (BR_X, "x_pu"), (BR_B, "b_pu"),
                         (RATE_A, "rate_a_mva"), (RATE_B, "rate_b_mva"), (RATE_C, "rate_c_mva"), (TAP, "tap"),
                         (SHIFT, "shift_degree"), (BR_STATUS, "in_service")):  # fmt: skip
        branch[:, column] = branches[name]
    branch[branches["kind"] == "line", TAP] = 0.0
    return net.base_mva, bus, gen, branch, branches["is_bridge"].to_numpy(dtype=bool)


def make_plain(bus: np.ndarray, gen: np.ndarray, branch: np.ndarray) -> None:
    """Takes out what the tools read differently; the power-flow solution stays what it was.

    Units at PQ buses become negative load (some tools would let them regulate), PV buses without a
    unit become PQ, several setpoints at one bus become the last one, unlimited branches get a rating,
    and units at the reference bus lose their reactive limits (some tools move the reference instead).
    """
    row_of = {number: row for row, number in enumerate(bus[:, BUS_I])}
    at = np.array([row_of[number] for number in gen[:, GEN_BUS]], dtype=int)
    on = gen[:, GEN_STATUS] > 0
    isolated = bus[at, BUS_TYPE] == ISOLATED
    gen[isolated, GEN_STATUS] = 0
    as_load = on & (bus[at, BUS_TYPE] == PQ)
    np.subtract.at(bus[:, PD], at[as_load], gen[as_load, PG])
    np.subtract.at(bus[:, QD], at[as_load], gen[as_load, QG])
    gen[as_load, GEN_STATUS] = 0
    on = gen[:, GEN_STATUS] > 0
    alone = (bus[:, BUS_TYPE] == PV) & ~np.isin(bus[:, BUS_I], gen[on, GEN_BUS])
    bus[alone, BUS_TYPE] = PQ
    setpoint = dict(zip(gen[on, GEN_BUS], gen[on, VG], strict=True))
    for row in np.flatnonzero(on):
        gen[row, VG] = setpoint[gen[row, GEN_BUS]]
    at_reference = on & (bus[at, BUS_TYPE] == REF)
    gen[at_reference, QMIN], gen[at_reference, QMAX] = -NO_RATING, NO_RATING
    for column in (RATE_A, RATE_B, RATE_C):
        unlimited = branch[:, column] <= 0
        branch[unlimited, column] = branch[unlimited, RATE_A] if column != RATE_A else NO_RATING


def matpower_text(name: str, base_mva: float, bus: np.ndarray, gen: np.ndarray, branch: np.ndarray) -> str:
    def number(value: float) -> str:
        if np.isinf(value):
            return "Inf" if value > 0 else "-Inf"
        return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))

    lines = [f"function mpc = {name}", "mpc.version = '2';", f"mpc.baseMVA = {number(base_mva)};"]
    for table, values in (("bus", bus), ("gen", gen), ("branch", branch)):
        lines.append(f"mpc.{table} = [")
        lines += [" ".join(map(number, row)) + ";" for row in values]
        lines.append("];")
    return "\n".join(lines) + "\n"


def prepare(path: Path, folder: Path) -> Case:
    """Reads a case file, makes it plain and writes it into `folder`."""
    import nodalroom as nr
    from scipy.io import savemat

    net = nr.read(path)
    base_mva, bus, gen, branch, bridge = tables_of(net)
    make_plain(bus, gen, branch)
    outages = np.flatnonzero((branch[:, BR_STATUS] > 0) & ~bridge)
    folder.mkdir(parents=True, exist_ok=True)
    case = Case(net.name, base_mva, bus, gen, branch, outages, folder, path.resolve())
    case.matpower_file.write_text(matpower_text(net.name, base_mva, bus, gen, branch))
    # Names as MATPOWER's own loader expects them in a MAT-file.
    savemat(case.mat_file, {"mpc": {"version": "2", "baseMVA": base_mva, "bus": bus, "gen": gen, "branch": branch}})
    np.savez(folder / "case.npz", name=net.name, base_mva=base_mva, bus=bus, gen=gen, branch=branch, outages=outages,
             source=str(case.source))  # fmt: skip
    return case


def load(folder: Path) -> Case:
    """A case prepared before, in a peer's process."""
    with np.load(folder / "case.npz") as data:
        return Case(
            str(data["name"]), float(data["base_mva"]), data["bus"], data["gen"], data["branch"], data["outages"],
            folder, Path(str(data["source"])),
        )  # fmt: skip


def evenly(count: int, wanted: int) -> np.ndarray:
    """`wanted` of `count` positions, evenly spread, first and last included."""
    if wanted >= count:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, wanted).round().astype(int))
