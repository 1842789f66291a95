"""case14 has no ratings. Rule: 1.2 times the branch's largest MVA (larger end) over the intact state
and every single outage without new load (balance spare, reactive limits), up to the next multiple of 5.
    python case14_ratings.py CASE14.m"""
import sys
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(here))
import referee  # noqa: E402

study, unsolvable = referee.build(referee.read_matpower(sys.argv[1]), dict(
    balance="spare", rating_post="A", q_limits=True, contingencies="n-1"))
largest = np.max([s.s0 for s in study.states], axis=0) * study.grid.base
print(len(study.states), "states, unsolvable:", unsolvable)
with open(here / "headroom_case14/ratings.csv", "w") as out:
    out.write("branch_row,rate_a_mva\n")
    for row, s in zip(study.grid.branch_row, largest):
        out.write(f"{row},{5 * int(np.ceil(1.2 * s / 5))}\n")
