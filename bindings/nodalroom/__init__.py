"""AC N-1 headroom of transmission grids: how many MW of new load fit at every bus, and what limits it.

>>> import nodalroom as nr
>>> net = nr.read("case_ACTIVSg200.m")
>>> study = nr.headroom(net, min_kv=100, max_mw=2000)
>>> study.table.nlargest(10, "headroom_mw")
>>> study.witness(189).save("witness.m")
>>> study.report("headroom.html")
>>> nr.plots.capacity_curve(study)
"""

from __future__ import annotations

from . import plots
from ._core import __version__
from ._headroom import headroom
from .archive import load
from .compare import Comparison
from .contingency import Sweep, sweep
from .coordinates import read_coordinates
from .errors import InputError, NodalroomError, OptionError, PartialResultWarning
from .network import Network, parse, read
from .powerflow import PowerFlow, Solver
from .study import Study
from .upgrades import Ladder, UpgradeList
from .witness import Witness

__all__ = [
    "Comparison",
    "InputError",
    "Ladder",
    "Network",
    "NodalroomError",
    "OptionError",
    "PartialResultWarning",
    "PowerFlow",
    "Solver",
    "Study",
    "Sweep",
    "UpgradeList",
    "Witness",
    "__version__",
    "headroom",
    "load",
    "parse",
    "plots",
    "read",
    "read_coordinates",
    "sweep",
]


def __dir__() -> list[str]:
    return __all__
