"""AC N-1 headroom of transmission grids: how many MW of new load fit at every bus, and what limits it."""

from __future__ import annotations

from ._core import __version__

__all__ = ["__version__"]
