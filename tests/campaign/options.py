"""Random options of every study, as keyword arguments that read well in a command."""

from __future__ import annotations

from typing import Any

import numpy as np

from .case import AREA, BUS, G_BUS, G_ON, KV, Case, live_buses

Options = dict[str, Any]


def balance(rng: np.random.Generator, case: Case) -> Options:
    kind = str(rng.choice(["spare", "pmax", "reference", "weights"], p=[0.4, 0.18, 0.27, 0.15]))
    if kind == "weights":
        weights = rng.uniform(0, 1, len(case.gen)).round(2)
        weights[rng.random(len(weights)) < 0.2] = 0
        if (weights * (case.gen[:, G_ON] > 0)).sum() > 0:
            return {"balance": weights.tolist()}
        kind = "spare"
    found: Options = {} if kind == "spare" else {"balance": kind}
    if kind in ("spare", "pmax") and rng.random() < 0.06:
        rows = case.rows()
        found["balance_area"] = int(case.bus[rows[int(rng.choice(case.gen[case.gen[:, G_ON] > 0, G_BUS]))], AREA])
    return found


def limits(rng: np.random.Generator, case: Case) -> Options:
    """Options about limits that sweeps and studies share."""
    found: Options = {}
    if rng.random() < 0.3:
        found["contingencies"] = str(rng.choice(["branches", "units", "none"]))
    for name in ("voltage_band", "voltage_band_post"):
        if rng.random() < 0.25:
            found[name] = (float(rng.choice([0, 0.7, 0.85, 0.9, 0.94])), float(rng.choice([1.06, 1.1, 1.2, 2])))
    if rng.random() < 0.2:
        found["voltage_change_max"] = float(rng.choice([0.03, 0.05, 0.08, 0.2]))
    for name in ("rating_intact", "rating_post"):
        if rng.random() < 0.15:
            found[name] = str(rng.choice(["A", "B", "C"]))
    if rng.random() < 0.2:
        found["q_limits"] = False
    if rng.random() < 0.06 and case.bus[:, KV].max() > 0:
        found["monitor_min_kv"] = float(rng.choice(case.bus[:, KV]))
    if rng.random() < 0.1:
        found["tolerance"] = float(rng.choice([1e-10, 1e-7]))
    return found


def sweep(rng: np.random.Generator, case: Case) -> Options:
    return {**balance(rng, case), **limits(rng, case)}


def flow(rng: np.random.Generator, case: Case) -> Options:
    found = balance(rng, case)
    found.setdefault("balance", "spare")
    if rng.random() < 0.25:
        found["q_limits"] = False
    if rng.random() < 0.3:
        found["init"] = str(rng.choice(["stored", "dc", "flat"]))
    return found


def some_buses(rng: np.random.Generator, case: Case, most: int = 3) -> list[int]:
    live = case.bus[live_buses(case), BUS].astype(int)
    return sorted(int(bus) for bus in rng.choice(live, min(len(live), int(rng.integers(1, most + 1))), replace=False))


def headroom(rng: np.random.Generator, case: Case, redispatch: bool | None = None) -> Options:
    found = {"buses": some_buses(rng, case), **sweep(rng, case)}
    if rng.random() < 0.6:
        found["power_factor"] = float(rng.choice([1, 0.8, 0.85, 0.9, round(rng.uniform(0.7, 1), 3)]))
    if rng.random() < 0.4:
        found["max_mw"] = float(rng.choice([20, 50, 100, 500, 1000, 5000]))
    if rng.random() < 0.35:
        found["attribution"] = float(rng.choice([0, 0, 0.001, 0.1]))
    if rng.random() < 0.35:
        found["attribution_voltage"] = float(rng.choice([0, 0.001, 0.01]))
    if rng.random() < 0.3:
        found["certify"] = "all"
    if redispatch if redispatch is not None else rng.random() < 0.2:
        found["redispatch"] = True
        if rng.random() < 0.25:
            in_service = np.flatnonzero(case.gen[:, G_ON] > 0) + 1
            chosen = rng.choice(in_service, int(rng.integers(1, len(in_service) + 1)), replace=False)
            found["movable_units"] = sorted(int(row) for row in chosen)
        if rng.random() < 0.3:
            found["max_moved_mw"] = float(rng.choice([0, 5, 50]))
    return found


def words(options: Options) -> str:
    """Options as they stand in a call."""
    return "".join(f", {name}={value!r}" for name, value in options.items())


def of_sweep(options: Options) -> Options:
    """Those of a study that a sweep has."""
    without = {"buses", "power_factor", "max_mw", "attribution", "attribution_voltage", "certify", "redispatch"}
    return {name: value for name, value in options.items() if name not in without | {"movable_units", "max_moved_mw"}}


def of_flow(options: Options) -> Options:
    """Those of a study that a power flow has."""
    names = ("q_limits", "balance", "balance_area", "tolerance")
    return {"balance": "spare", **{name: options[name] for name in names if name in options}}
