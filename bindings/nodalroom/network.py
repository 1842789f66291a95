"""Networks: reading, looking at and writing cases."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any, Literal

from . import _core, _edits
from . import _edit_words as in_words
from ._branch_names import branch_rows, by_branch_row
from ._edits import CutOff
from ._frames import to_frame
from ._html import network_card
from ._log import logged, reading
from ._options import Balance, Rating, balance_of, flag, number, whole_number, word
from ._output import write_file
from ._words import counted
from .powerflow import PowerFlow, Solver

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

__all__ = ["Network", "parse", "read"]


class Network:
    """A transmission network as its case file has it, checked, and immutable.

    Made by :func:`read` or :func:`parse`. Every table is a fresh copy in file units, with the file's
    bus numbers and 1-based rows; figures the file has are shown bit for bit.

    The methods that begin with ``with`` give a *new* network, as if the file had been edited and read again:
    :meth:`with_load`, :meth:`without`, :meth:`with_ratings`, :meth:`with_dispatch`, :meth:`with_limits`.
    ``edits`` says what was done. Networks can be pickled, so they can be sent to other processes.
    """

    def __init__(
        self, core: _core.Network, edits: tuple[str, ...] = (), edit_words: in_words.EditWords = ()
    ) -> None:
        self._core = core
        self._edits = edits
        #: The edits as options of the command.
        self._edit_words = edit_words

    @property
    def name(self) -> str:
        """Name of the case: the function name of a MATPOWER file."""
        return self._core.name

    @property
    def source(self) -> str:
        """The path or label it was read from."""
        return self._core.source

    @property
    def edits(self) -> list[str]:
        """What was changed since the case was read, in words and in order; empty: it is as in the file.

        Cases that are written from an edited network (:meth:`to_matpower`, witnesses) say it at their head.
        """
        return list(self._edits)

    @property
    def case_hash(self) -> str:
        """SHA-256 of the case as :meth:`to_matpower` gives it, as 64 hexadecimal digits."""
        return hashlib.sha256(self._core.format([])).hexdigest()

    @property
    def base_mva(self) -> float:
        """Power base of the case, MVA."""
        return self._core.base_mva

    @property
    def islands(self) -> int:
        """Number of energised islands."""
        return self._core.islands

    @property
    def buses(self) -> pd.DataFrame:
        """One row per bus; index ``bus``: the file's bus number.

        ``row`` (in the file), ``name``, ``type`` (pq, pv, reference, isolated), ``base_kv``, ``area``,
        ``zone``, ``vm_pu`` and ``va_degree`` (as stored), ``vmin_pu``, ``vmax_pu``, ``island`` (1-based;
        <NA> for isolated buses), ``radial_feed`` (the bridge that feeds the bus, if any).
        """
        return to_frame(self._core.buses(), "bus")

    @property
    def branches(self) -> pd.DataFrame:
        """One row per branch; index ``row``: the file's 1-based row.

        ``name``, ``from_bus``, ``to_bus``, ``circuit`` (1, 2, … between the same two buses), ``kind``
        (line, transformer), ``in_service`` (with both ends energised), ``r_pu x_pu b_pu``, ``tap`` (1
        where the file has 0), ``shift_degree``, ``rate_a_mva rate_b_mva rate_c_mva`` (0: no limit),
        ``is_bridge`` (its loss would split the network).
        """
        return to_frame(self._core.branches(), "row")

    @property
    def generators(self) -> pd.DataFrame:
        """One row per generating unit; index ``row``: the file's 1-based row.

        ``name``, ``bus``, ``in_service``, ``p_mw q_mvar`` (dispatch), ``p_min_mw p_max_mw q_min_mvar
        q_max_mvar`` (may be infinite), ``v_setpoint_pu``; ``type`` and ``fuel`` where the file has them.
        """
        return to_frame(self._core.units(), "row")

    @property
    def loads(self) -> pd.DataFrame:
        """One row per load, in bus order: ``bus``, ``in_service``, ``p_mw``, ``q_mvar`` (consumption)."""
        return to_frame(self._core.loads(), "row")

    @property
    def shunts(self) -> pd.DataFrame:
        """One row per fixed shunt: ``bus``, ``in_service``, ``g_mw`` (consumed) and ``b_mvar`` (injected) at 1 pu."""
        return to_frame(self._core.shunts(), "row")

    @property
    def bridges(self) -> pd.DataFrame:
        """In-service branches whose loss would split the network; their outage is not simulated."""
        return to_frame(self._core.bridges(), "row")

    @property
    def diagnostics(self) -> pd.DataFrame:
        """What is legal but doubtful, assumed or dropped: ``severity`` (note, warning) ``code line message``."""
        return to_frame(self._core.diagnostics())

    def solve(
        self,
        q_limits: bool = True,
        balance: Balance = "reference",
        init: Literal["auto", "stored", "dc", "flat"] = "auto",
        tolerance: float = 1e-8,
        max_iterations: int = 30,
        *,
        balance_area: int | None = None,
    ) -> PowerFlow:
        """Solves the AC power flow (Newton-Raphson, full model).

        Args:
            q_limits: enforce reactive limits, PV to PQ at a limit and back.
            balance: who covers losses and mismatch: ``reference``, ``spare``, ``pmax``, or one weight
                per generator row (array, or Series/dict by 1-based row).
            init: start of the iteration; ``auto`` tries stored, DC and flat starts, plain and damped.
            tolerance: largest mismatch, per unit; from 1e-12 to 1e-6.
            max_iterations: Newton steps between two switches of reactive limits; an attempt in which
                limits switch may take several times as many.
            balance_area: only units at buses of this area take part in the balance.

        Returns:
            A :class:`PowerFlow`; a case without a solution is a status there, not an exception.

        Raises:
            OptionError: an option is out of range.
        """
        options = self._solve_options(q_limits, balance, init, tolerance, max_iterations, balance_area)
        with logged("power flow", self) as done:
            flow = PowerFlow(_core.solve(self._core, **options), self)
            done(flow.reason)
        return flow

    def solver(
        self,
        q_limits: bool = True,
        balance: Balance = "reference",
        init: Literal["auto", "stored", "dc", "flat"] = "auto",
        tolerance: float = 1e-8,
        max_iterations: int = 30,
        *,
        balance_area: int | None = None,
    ) -> Solver:
        """What solves this network again and again with other loads and dispatch.

        The options are those of :meth:`solve`. What follows from the network's branches and from which
        units are in service is found here, once; ``solver.solve(...)`` then takes a fraction of the
        time of :meth:`solve` and gives the same bits.

        Raises:
            OptionError: an option is out of range.
        """
        options = self._solve_options(q_limits, balance, init, tolerance, max_iterations, balance_area)
        return Solver(self, _core.Solver(self._core, **options))

    def _solve_options(
        self, q_limits: Any, balance: Any, init: Any, tolerance: Any, max_iterations: Any, balance_area: Any
    ) -> dict[str, Any]:
        return {
            "q_limits": flag("q_limits", q_limits),
            "init": word("init", init, "'auto', 'stored', 'dc' or 'flat'"),
            "tolerance": number("tolerance", tolerance),
            "max_iterations": whole_number("max_iterations", max_iterations, least=-(2**31)),
            **balance_of(balance, balance_area, self._units()),
        }

    def with_load(
        self, bus: int, mw: float, mvar: float | None = None, power_factor: float | None = None
    ) -> Network:
        """A network with a constant-power load added to what the bus has.

        Args:
            bus: the file's number of a bus in service.
            mw: MW consumed. Negative takes load away, or stands for production that holds no voltage.
            mvar: MVAr consumed, > 0 for a lagging load; None: what ``power_factor`` gives, with the sign of
                ``mw``.
            power_factor: lagging, in (0, 1]; 0.95 where neither it nor ``mvar`` is given.

        Raises:
            OptionError: there is no such bus, it is isolated, or a number is out of range.
        """
        made = _edits.load_cells(self._core, bus, mw, mvar, power_factor)
        return _edits.edited(self, "with_load", made, lambda: in_words.load_words(bus, mw, mvar, power_factor))

    def without(
        self,
        branch: int | str | Iterable[int | str] | None = None,
        unit: int | Iterable[int] | None = None,
        *,
        cut_off: CutOff = "refuse",
    ) -> Network:
        """A network with branches or units out of service. Rows keep their numbers.

        Islands, bridges and diagnostics are found as when a file is read: a part that is cut off and has no
        unit, or no reference bus, is refused.

        Args:
            branch: 1-based row of the file, or the buses the branch joins, ``"5-6"``, with the circuit
                where there are several, ``"5-6:2"``; or several of these. Numbers are rows always: ``(5, 6)``
                is rows 5 and 6, not the branch from bus 5 to bus 6.
            unit: 1-based generator row of the file, or several.
            cut_off: ``isolate`` makes buses without any unit dead (type 4, as the file could say), their load
                too, in place of refusing load without a unit; ``edits`` names them and what is lost.

        Raises:
            OptionError: there is no such row or branch, it is named twice or out of service already; or what is
                left is no network.
        """
        isolate = _edits.isolates(cut_off)
        branch, unit = branch_rows(self._core, "branch", _edits.kept(branch)), _edits.kept(unit)
        made = _edits.outage_cells(self._core, branch, unit)
        return _edits.edited(self, "without", made, lambda: in_words.outage_words(branch, unit, cut_off), isolate)

    def with_ratings(
        self,
        ratings: Mapping[int, float] | Mapping[str, float] | pd.Series | pd.DataFrame | None = None,
        rating: Rating | None = None,
        *,
        factor: float | None = None,
    ) -> Network:
        """A network with other thermal ratings of branches.

        Args:
            ratings: MVA by 1-based branch row or name (``"5-6"``, ``"5-6:2"``), a mapping or Series; or a
                DataFrame by branch row with columns called as in :attr:`branches`: ``rate_a_mva``,
                ``rate_b_mva``, ``rate_c_mva``. Rows that are not named keep theirs.
            rating: the set that is meant, A, B or C; None: A for ``ratings``, all three for ``factor``. Studies
                take A intact and B after an outage, and A where B is 0.
            factor: what the ratings of every branch are multiplied by, in place of ``ratings``; those that are
                0 (no limit) stay so.

        Raises:
            OptionError: there is no such row, one is named twice, or a rating or factor is not finite and > 0.
        """
        ratings = by_branch_row(self._core, "ratings", ratings)
        made = _edits.rating_cells(self._core, ratings, rating, factor)
        return _edits.edited(self, "with_ratings", made, lambda: in_words.rating_words(ratings, rating, factor))

    def with_dispatch(self, dispatch: Mapping[int, float] | pd.Series) -> Network:
        """A network with another dispatch.

        Args:
            dispatch: MW by 1-based generator row, a mapping or Series such as :meth:`Study.dispatch` gives.
                Rows not named keep theirs. That of a unit out of service is kept in the table, and not in force.

        Raises:
            OptionError: there is no such row, one is named twice, or a value is not finite.
        """
        return _edits.edited(self, "with_dispatch", _edits.dispatch_cells(self._core, dispatch))

    def with_limits(
        self,
        vmin: float | Mapping[int, float] | pd.Series | None = None,
        vmax: float | Mapping[int, float] | pd.Series | None = None,
    ) -> Network:
        """A network with other voltage limits.

        Args:
            vmin, vmax: per unit; one number for every bus, or a mapping or Series by bus number. None: as they
                are.

        Raises:
            OptionError: there is no such bus, a value is not in [0, 2], or a Vmin is above its Vmax.
        """
        return _edits.edited(self, "with_limits", _edits.limit_cells(self._core, vmin, vmax))

    def to_matpower(self, path: str | os.PathLike[str] | None = None, header: Sequence[str] = ()) -> str | None:
        """The case as a MATPOWER .m file; reading it gives the same bits. The comments it began with are kept.

        Args:
            path: the file to write, another one than the case was read from; None returns the text.
            header: further comment lines, under the function line.

        Raises:
            OptionError: the file cannot be written, or is the one the case was read from.
        """
        text = self._core.format(list(header))
        if path is None:
            return text.decode()
        write_file(path, (".m",), lambda file: file.write_bytes(text), keep=[self.source])
        return None

    def _units(self) -> int:
        return self._core.unit_count

    def __repr__(self) -> str:
        buses, branches, units = self.buses, self.branches, self.generators
        levels = sorted({kv for kv in buses["base_kv"] if kv > 0}, reverse=True)
        parts = [
            counted(len(buses), "bus", "buses"),
            counted(int(branches["in_service"].sum()), "branch", "branches"),
            counted(int(units["in_service"].sum()), "unit in service", "units in service"),
            f"{self.loads['p_mw'].sum():,.0f} MW load",
        ]
        if levels:
            parts.append(f"{levels[0]:g} to {levels[-1]:g} kV" if len(levels) > 1 else f"{levels[0]:g} kV")
        doubts = len(self._core.diagnostics()["code"])
        if doubts:
            parts.append(counted(doubts, "diagnostic", "diagnostics"))
        edits = "".join(f"\n  Edited: {edit}" for edit in self._edits)
        return f"<Network {self.name}: {', '.join(parts)}{edits}>"

    def _repr_html_(self) -> str:
        return network_card(self)


def read(path: str | os.PathLike[str], *, cut_off: CutOff = "refuse") -> Network:
    """Reads a case file (MATPOWER .m, version 2).

    Statements after the tables are evaluated where they are of a known kind, and refused otherwise;
    what was evaluated, assumed or found odd is in :attr:`Network.diagnostics`.

    Args:
        path: the file.
        cut_off: what becomes of buses with load that no unit in service feeds, as behind an open branch:
            ``refuse``, or ``isolate``, which makes them dead (type 4), load and all; ``edits`` and diagnostics
            list them. Without load they are dead in any case.

    Raises:
        InputError: the file cannot be read rightly; ``file``, ``line`` and ``problem`` say where and why.
        OptionError: there is no such ``cut_off``.
    """
    return made_of(*_core.read(os.fspath(path), _edits.isolates(cut_off)))


def parse(text: str | bytes, source: str = "<text>", *, cut_off: CutOff = "refuse") -> Network:
    """The same as :func:`read` for the text of a case; ``source`` is the label used in messages."""
    content = text.encode() if isinstance(text, str) else text
    return made_of(*_core.parse(content, source, _edits.isolates(cut_off)))


def made_of(core: _core.Network, isolated: str) -> Network:
    """A network that was read; what had to be isolated for it is its first edit."""
    if not isolated:
        return reading(Network(core))
    return reading(Network(core, (isolated,), ((in_words.CUT_OFF, "isolate"),)))
