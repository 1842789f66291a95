"""Witnesses of studies, and the commands that make them."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _core
from ._edit_words import command_words
from ._output import write_file
from ._words import counted

if TYPE_CHECKING:
    from .study import Study

__all__ = ["Witness"]

#: Options of :func:`headroom` that can be given on the command line too, with their defaults.
DEFAULTS: dict[str, Any] = {
    "min_kv": 0.0,
    "power_factor": 0.95,
    "max_mw": 2000.0,
    "contingencies": "n-1",
    "balance": "spare",
    "balance_area": None,
    "rating_intact": "A",
    "rating_post": "B",
    "attribution": 0.03,
    "attribution_voltage": 0.005,
    "voltage_band": None,
    "voltage_band_post": None,
    "voltage_change_max": None,
    "monitor_min_kv": 0.0,
    "q_limits": True,
    "certify": "screened",
    "redispatch": False,
    "movable_units": None,
    "max_moved_mw": None,
    "tolerance": 1e-8,
}


class Witness:
    """A row of a study as a case file that any power-flow tool can open.

    A plain power flow of it, without reactive limits or further switching, shows the limiting element
    at its limit, or where the attribution is reached: the new load is connected, the outage applied,
    every unit at the production that balances it, buses at a reactive limit as PQ, and the solved
    voltages stored.
    """

    def __init__(self, core: _core.Witness, study: Study, bus: int, redispatch: bool = False) -> None:
        self._core = core
        self._study = study
        #: Whether it is of the redispatch headroom.
        self.redispatch = redispatch
        #: The candidate bus, as numbered in the file.
        self.bus = bus

    @property
    def load_mw(self) -> float:
        """New load in the file, MW."""
        return self._core.load_mw

    @property
    def header(self) -> list[str]:
        """What the file shows and how to check it."""
        return self._core.header

    @property
    def text(self) -> str:
        """The case as MATPOWER .m text."""
        return self._core.format().decode()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the case as a MATPOWER .m file.

        Raises:
            OptionError: the file cannot be written, or is the one the case was read from.
        """
        text = self._core.format()
        write_file(path, (".m",), lambda file: file.write_bytes(text), keep=[self._study.network.source])

    def command(self, path: str | os.PathLike[str] | None = None) -> str:
        """The shell command that makes this witness from the case file. Edits of the network are options of it;
        where an edit has none, the command is for the edited case, and says how to write that.
        """
        return witness_command(self._study, self.bus, path, self.redispatch)

    def __repr__(self) -> str:
        lines = "\n  ".join(self.header)
        return (
            f"<Witness of bus {self.bus} of {self._study.network.name}: {self.load_mw:.4f} MW of new load\n  {lines}>"
        )


def witness_command(
    study: Study, bus: int, path: str | os.PathLike[str] | None = None, redispatch: bool = False
) -> str:
    """The shell command that makes a bus's witness under the options of a study."""
    before, after = witness_words(study, redispatch)
    return " ".join([before, str(bus), shlex.quote(str(path or f"witness_{bus}.m")), after]).rstrip()


#: Options that witnesses of the fixed rule's headroom have no use for.
REDISPATCH_OPTIONS: tuple[str, ...] = ("redispatch", "movable_units", "max_moved_mw")


def witness_words(study: Study, redispatch: bool = False) -> tuple[str, str]:
    """What stands before the bus and the file in such a command, and behind them."""
    note, case, edits = case_words(study)
    options = [shlex.join(edits), option_words(study, redispatch)]
    return note + shlex.join(["nodalroom", "witness", case]), " ".join(text for text in options if text)


def case_words(study: Study) -> tuple[str, str, list[str]]:
    """How a command gets the case of a study: what has to be said before, the file, and options that edit it."""
    net = study.network
    edits = command_words(net)
    if edits is not None:
        return "", net.source, edits
    written = f"{Path(net.source).stem}_edited.m"
    note = (
        f"# The case was edited after it was read ({counted(len(net.edits), 'edit', 'edits')}): its file alone does not "
        f"give this.\n# First write the edited case, in Python: study.network.to_matpower({written!r})\n"
    )
    return note, written, []


#: Options of studies that sweeps have not got.
NOT_OF_SWEEPS: tuple[str, ...] = (
    *("min_kv", "power_factor", "max_mw", "attribution", "attribution_voltage", "certify"),
    *REDISPATCH_OPTIONS,
)


def option_words(study: Study, redispatch: bool = False, leave_out: tuple[str, ...] = ("min_kv",)) -> str:
    """The options of a study that are not the defaults, as on the command line."""
    words: list[str] = []
    for name, default in DEFAULTS.items():
        value = study.options[name]
        if value == default or name in leave_out or (name in REDISPATCH_OPTIONS and not redispatch):
            continue
        flag = "--" + name.replace("_", "-")
        if name == "q_limits":
            words.append("--no-q-limits")
        elif name == "redispatch":
            words.append(flag)
        elif isinstance(value, list):
            words += [flag, ",".join(str(row) for row in value)]
        elif isinstance(value, tuple):
            words += [flag, f"{value[0]!r},{value[1]!r}"]
        else:
            words += [flag, study._balance_file if value == "weights" else f"{value}"]
    return shlex.join(words)
