"""Figures of repeated runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of the runs, seconds."""

    runs: int
    median: float
    low: float
    high: float
    least: float
    most: float

    @staticmethod
    def of(seconds: list[float]) -> Spread:
        if not seconds:
            raise ValueError("no runs to summarise")
        low, median, high = np.percentile(seconds, (25, 50, 75))
        return Spread(len(seconds), float(median), float(low), float(high), min(seconds), max(seconds))

    def per(self, states: int) -> Spread:
        """The same per state."""
        return Spread(self.runs, *(getattr(self, name) / states for name in ("median", "low", "high", "least", "most")))


@dataclass(frozen=True)
class PowerLaw:
    """cost = factor * buses ** exponent, by least squares of logarithms."""

    exponent: float
    factor: float
    points: int


def fit_power_law(buses: list[float], cost: list[float]) -> PowerLaw | None:
    """None where the largest is less than four times the smallest: no slope can be told."""
    if not buses or max(buses) < 4 * min(buses):
        return None
    exponent, offset = np.polyfit(np.log(buses), np.log(cost), 1)
    return PowerLaw(float(exponent), math.exp(offset), len(buses))


def duration(seconds: float) -> str:
    """Three figures, in the unit that needs no zeros."""
    if not math.isfinite(seconds):
        return "-"
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale or unit == "µs":
            value = seconds / scale
            return f"{value:.0f} {unit}" if value >= 99.95 else f"{value:.3g} {unit}"
    return "-"
