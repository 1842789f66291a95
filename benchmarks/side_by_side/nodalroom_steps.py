"""The steps with nodalroom."""

from __future__ import annotations

import subprocess
import sys

import nodalroom as nr
from common import BUS, CASE

PACKAGES = ("nodalroom",)


def read(work):
    net = nr.read(CASE)
    return f"{len(net.buses)} buses, {len(net.branches)} branches, {len(net.diagnostics)} diagnostics"


def headroom(work):
    study = nr.headroom(nr.read(CASE))
    row = study.table.loc[BUS]
    return f"{len(study.table)} buses; bus {BUS}: {row.headroom_mw:.1f} MW, {row.contingency}, {row.element}"


def headroom_branches(work):
    study = nr.headroom(nr.read(CASE), buses=[BUS], contingencies="branches", rating_post="A")
    row = study.table.loc[BUS]
    return f"{row.headroom_mw:.1f} MW, {row.contingency}, {row.element}"


def redispatch(work):
    study = nr.headroom(nr.read(CASE), buses=[BUS], redispatch=True)
    row = study.table.loc[BUS]
    return f"{row.redispatch_mw:.1f} MW, {row.redispatch_contingency}, {row.redispatch_element}"


def unlock(work):
    study = nr.headroom(nr.read(CASE))
    ladder = study.ladder(BUS, target_mw=60)
    upgrades = study.upgrades(most=3)
    return f"{ladder.status} after {len(ladder.table) - 1} upgrade; first of the list: {upgrades.table.element[0]}"


def what_if(work):
    net = nr.read(CASE)
    before = nr.headroom(net)
    after = nr.headroom(net.with_load(BUS, 20).without(branch=25).with_ratings(factor=1.1))
    found = before.compare(after)
    return f"bus {BUS}: {found.table.change_mw[BUS]:+.1f} MW, {found.table.why[BUS]}"


def save(work):
    study = nr.headroom(nr.read(CASE))
    study.save(work / "study.nodalroom")
    again = nr.load(work / "study.nodalroom")
    return f"same table: {again.table.equals(study.table)}; options and case inside"


def plots(work):
    study = nr.headroom(nr.read(CASE))
    nr.plots.headroom_map(study).figure.savefig(work / "nodalroom_map.png")
    nr.plots.capacity_curve(study).figure.savefig(work / "nodalroom_curve.png")
    nr.plots.pv_curve(study, BUS).figure.savefig(work / "nodalroom_pv.png")
    return "map, capacity curve, P-V curve to the nose"


def report(work):
    nr.headroom(nr.read(CASE)).report(work / "nodalroom.html")
    return f"{(work / 'nodalroom.html').stat().st_size // 1000} kB, nothing fetched"


def command(work):
    words = [sys.executable, "-m", "nodalroom", "headroom", str(CASE), "--out", str(work / "headroom.csv")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].strip()


def recheck(work):
    study = nr.headroom(nr.read(CASE), buses=[BUS])
    study.witness(BUS).save(work / "witness.m")
    row = study.table.loc[BUS]
    return f"witness.m: {row.element} at {row.value:.6f}"
