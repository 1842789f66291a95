"""Figures of studies with matplotlib, for notebooks and papers: ``pip install 'nodalroom[plots]'``.

Every function draws on ``ax``, or on a new figure, and gives the Axes back.

>>> study = nr.headroom(net)
>>> nr.plots.capacity_curve(study)
>>> nr.plots.pv_curve(study, 8).figure.savefig("pv.png", dpi=200)
"""

from __future__ import annotations

from ._capacity import capacity_curve
from ._elements import binding_elements
from ._map import headroom_map
from ._pv import pv_curve
from ._sensitivity import Sensitivity, sensitivity

__all__ = ["Sensitivity", "binding_elements", "capacity_curve", "headroom_map", "pv_curve", "sensitivity"]
