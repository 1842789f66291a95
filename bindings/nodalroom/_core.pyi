"""
The C++ library behind nodalroom.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import os
import typing
__all__: list[str] = ['Headroom', 'Ladder', 'MOST_THREADS', 'Network', 'PowerFlow', 'Solver', 'Sweep', 'UpgradeList', 'Witness', 'check_ladder', 'headroom', 'list_upgrades', 'lp_solver', 'parse', 'read', 'solve', 'sweep', 'trace_load', 'upgrade_ladder']
class Network:
    """
    A transmission network, immutable.
    """
    def __getstate__(self) -> tuple:
        ...
    def __setstate__(self, arg0: tuple) -> None:
        ...
    def branches(self) -> dict[str, typing.Any]:
        ...
    def bridges(self) -> dict[str, typing.Any]:
        ...
    def buses(self) -> dict[str, typing.Any]:
        ...
    def cells(self, table: str) -> numpy.typing.NDArray[numpy.float64]:
        """
        The cells of the table bus, gen or branch in file units, a copy.
        """
    def diagnostics(self) -> dict[str, typing.Any]:
        ...
    def format(self, header: collections.abc.Sequence[str]) -> bytes:
        """
        The case as MATPOWER .m text.
        """
    def loads(self) -> dict[str, typing.Any]:
        ...
    def parts(self, tables: collections.abc.Mapping[str, typing.Annotated[numpy.typing.ArrayLike, numpy.float64]]) -> list[tuple[list[int], list[int], bool, bool]]:
        """
        What hangs together in the case with other cells in some tables: numbers of buses, 1-based rows of units in service, whether there is a bus of type 3, whether there is load.
        """
    def shunts(self) -> dict[str, typing.Any]:
        ...
    def units(self) -> dict[str, typing.Any]:
        ...
    def with_cells(self, tables: collections.abc.Mapping[str, typing.Annotated[numpy.typing.ArrayLike, numpy.float64]], header: collections.abc.Sequence[str], after: typing.SupportsInt | typing.SupportsIndex, isolate: bool) -> tuple[Network, str]:
        """
        The network of the same case with other cells in some tables and further lines at its head, and what had to be isolated for it.
        """
    @property
    def base_mva(self) -> float:
        ...
    @property
    def islands(self) -> int:
        ...
    @property
    def load_count(self) -> int:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def reference_buses(self) -> list[int]:
        ...
    @property
    def source(self) -> str:
        ...
    @property
    def unit_count(self) -> int:
        ...
class PowerFlow:
    """
    Outcome of one AC power flow.
    """
    def attempts(self) -> dict[str, typing.Any]:
        ...
    def branches(self) -> dict[str, typing.Any]:
        ...
    def buses(self) -> dict[str, typing.Any]:
        ...
    def units(self) -> dict[str, typing.Any]:
        ...
    def worst_buses(self) -> dict[str, typing.Any]:
        ...
    @property
    def converged(self) -> bool:
        ...
    @property
    def iterations(self) -> int:
        ...
    @property
    def max_mismatch_pu(self) -> float:
        ...
    @property
    def reason(self) -> str:
        ...
    @property
    def status(self) -> str:
        ...
class Solver:
    """
    The power flow of one network, solved again and again.
    """
    def __init__(self, network: Network, *, q_limits: bool, balance: str, weights: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], area: typing.SupportsInt | typing.SupportsIndex | None, init: str, tolerance: typing.SupportsFloat | typing.SupportsIndex, max_iterations: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def solve(self, *, load_p_mw: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], load_q_mvar: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], unit_p_mw: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], unit_q_mvar: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], start: PowerFlow) -> PowerFlow:
        ...
class Sweep:
    """
    Outcome of an N-1 sweep.
    """
    def save(self) -> dict[str, typing.Any]:
        """
        What it found, as words, numbers and lists of them.
        """
    def states(self) -> dict[str, typing.Any]:
        ...
    def violations(self) -> dict[str, typing.Any]:
        ...
    @property
    def balance(self) -> str:
        ...
    @property
    def complete(self) -> bool:
        ...
    @property
    def intact_solved(self) -> bool:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def reason(self) -> str:
        ...
class Witness:
    """
    A row of a study as a case file.
    """
    def format(self) -> bytes:
        ...
    @property
    def header(self) -> list[str]:
        ...
    @property
    def load_mw(self) -> float:
        ...
class Headroom:
    """
    Outcome of a headroom study.
    """
    def redispatch_dispatch(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> list[float]:
        ...
    def redispatch_pairs(self) -> dict[str, typing.Any]:
        ...
    def redispatch_units(self) -> dict[str, typing.Any]:
        ...
    def redispatch_witness(self, bus: typing.SupportsInt | typing.SupportsIndex, kind: str, row: typing.SupportsInt | typing.SupportsIndex) -> Witness:
        ...
    def rows(self) -> dict[str, typing.Any]:
        ...
    def save(self) -> dict[str, typing.Any]:
        """
        What it found, as words, numbers and lists of them.
        """
    def unsolvable(self) -> dict[str, typing.Any]:
        ...
    def witness(self, bus: typing.SupportsInt | typing.SupportsIndex) -> Witness:
        ...
    @property
    def balance(self) -> str:
        ...
    @property
    def baselines_known(self) -> bool:
        ...
    @property
    def bridges(self) -> int:
        ...
    @property
    def candidates(self) -> int:
        ...
    @property
    def complete(self) -> bool:
        ...
    @property
    def intact_solved(self) -> bool:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def reason(self) -> str:
        ...
    @property
    def states_total(self) -> int:
        ...
class Ladder:
    """
    MW against upgrades for one bus.
    """
    def needs(self) -> dict[str, typing.Any]:
        ...
    def pairs(self) -> dict[str, typing.Any]:
        ...
    def rungs(self) -> dict[str, typing.Any]:
        ...
    def save(self) -> dict[str, typing.Any]:
        """
        What it found, as words, numbers and lists of them.
        """
    @property
    def complete(self) -> bool:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def most_generation_mw(self) -> float:
        ...
    @property
    def needs_complete(self) -> bool:
        ...
    @property
    def status(self) -> str:
        ...
class UpgradeList:
    """
    The upgrades a study asks for.
    """
    def buses(self) -> dict[str, typing.Any]:
        ...
    def elements(self) -> dict[str, typing.Any]:
        ...
    def save(self) -> dict[str, typing.Any]:
        """
        What it found, as words, numbers and lists of them.
        """
    @property
    def complete(self) -> bool:
        ...
    @property
    def elements_total(self) -> int:
        ...
    @property
    def interrupted(self) -> bool:
        ...
    @property
    def runs(self) -> tuple[int, int]:
        ...
def check_ladder(*, target_mw: typing.SupportsFloat | typing.SupportsIndex, redispatch: bool, rating_factor: typing.SupportsFloat | typing.SupportsIndex, max_rungs: typing.SupportsInt | typing.SupportsIndex) -> None:
    ...
def headroom(network: Network, *, buses: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None, min_kv: typing.SupportsFloat | typing.SupportsIndex, power_factor: typing.SupportsFloat | typing.SupportsIndex, max_mw: typing.SupportsFloat | typing.SupportsIndex, contingencies: str, balance: str, weights: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], area: typing.SupportsInt | typing.SupportsIndex | None, rating_intact: str, rating_post: str, attribution: typing.SupportsFloat | typing.SupportsIndex, attribution_voltage: typing.SupportsFloat | typing.SupportsIndex, voltage_band: tuple[typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex] | None, voltage_band_post: tuple[typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex] | None, voltage_change_max: typing.SupportsFloat | typing.SupportsIndex | None, monitor_min_kv: typing.SupportsFloat | typing.SupportsIndex, q_limits: bool, certify: str, redispatch: bool, movable_units: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None, max_moved_mw: typing.SupportsFloat | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex, tolerance: typing.SupportsFloat | typing.SupportsIndex, progress: collections.abc.Callable[[str, int, int], None] | None, saved: dict[str, typing.Any] | None = None) -> Headroom:
    """
    Makes a study; with `saved`, puts one together again from what Headroom.save() gave.
    """
def list_upgrades(study: Headroom, *, most: typing.SupportsInt | typing.SupportsIndex, redispatch: bool, threads: typing.SupportsInt | typing.SupportsIndex, progress: collections.abc.Callable[[str, int, int], None] | None, saved: dict[str, typing.Any] | None = None) -> UpgradeList:
    """
    Makes a list; with `saved`, puts one together again from what UpgradeList.save() gave.
    """
def lp_solver() -> str:
    ...
def parse(text: bytes, source: str, isolate: bool) -> tuple[Network, str]:
    ...
def read(path: os.PathLike | str | bytes, isolate: bool) -> tuple[Network, str]:
    ...
def solve(network: Network, *, q_limits: bool, balance: str, weights: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], area: typing.SupportsInt | typing.SupportsIndex | None, init: str, tolerance: typing.SupportsFloat | typing.SupportsIndex, max_iterations: typing.SupportsInt | typing.SupportsIndex) -> PowerFlow:
    ...
def sweep(network: Network, *, contingencies: str, q_limits: bool, balance: str, weights: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], area: typing.SupportsInt | typing.SupportsIndex | None, rating_intact: str, rating_post: str, voltage_band: tuple[typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex] | None, voltage_band_post: tuple[typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex] | None, voltage_change_max: typing.SupportsFloat | typing.SupportsIndex | None, monitor_min_kv: typing.SupportsFloat | typing.SupportsIndex, worst_violations: typing.SupportsInt | typing.SupportsIndex | None, threads: typing.SupportsInt | typing.SupportsIndex, tolerance: typing.SupportsFloat | typing.SupportsIndex, progress: collections.abc.Callable[[str, int, int], None] | None, saved: dict[str, typing.Any] | None = None) -> Sweep:
    """
    Makes a sweep; with `saved`, puts one together again from what Sweep.save() gave.
    """
def trace_load(network: Network, *, bus: typing.SupportsInt | typing.SupportsIndex, contingency_kind: str, contingency_row: typing.SupportsInt | typing.SupportsIndex, power_factor: typing.SupportsFloat | typing.SupportsIndex, max_mw: typing.SupportsFloat | typing.SupportsIndex, q_limits: bool, balance: str, weights: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], area: typing.SupportsInt | typing.SupportsIndex | None, tolerance: typing.SupportsFloat | typing.SupportsIndex) -> tuple[dict[str, typing.Any], bool, str]:
    """
    The solutions of one state as load is added at a bus: (columns, whether they end before max_mw, why there are none).
    """
def upgrade_ladder(study: Headroom, *, bus: typing.SupportsInt | typing.SupportsIndex, target_mw: typing.SupportsFloat | typing.SupportsIndex, redispatch: bool, rating_factor: typing.SupportsFloat | typing.SupportsIndex, max_rungs: typing.SupportsInt | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex, progress: collections.abc.Callable[[str, int, int], None] | None, saved: dict[str, typing.Any] | None = None) -> Ladder:
    """
    Climbs a ladder; with `saved`, puts one together again from what Ladder.save() gave.
    """
MOST_THREADS: int = 1024
__version__: str = '0.1.0'
