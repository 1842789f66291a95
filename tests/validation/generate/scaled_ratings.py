"""With their own ratings all or nearly all buses of case30 and case39 are limited before any load
arrives. For livelier variants: rate A times a factor, to the next whole MVA.
    python scaled_ratings.py CASE.m FACTOR OUT.csv      (case30: 1.6, case39: 2.5)"""
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import referee  # noqa: E402

case, factor, out = sys.argv[1:]
with open(out, "w") as f:
    f.write("branch_row,rate_a_mva\n")
    for row, rate in enumerate(referee.read_matpower(case)["branch"][:, 5], 1):
        f.write(f"{row},{math.ceil(float(factor) * rate - 1e-9)}\n")
