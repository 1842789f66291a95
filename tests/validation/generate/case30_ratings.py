"""With its own ratings every bus of case30 is limited before any load arrives. Rule for a livelier
variant: 1.6 times the file's rate A, to the next whole MVA.    python case30_ratings.py CASE30.m"""
import math
import sys
from pathlib import Path

here = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(here))
import referee  # noqa: E402

with open(here / "headroom_case30_ratings/ratings.csv", "w") as out:
    out.write("branch_row,rate_a_mva\n")
    for row, rate in enumerate(referee.read_matpower(sys.argv[1])["branch"][:, 5], 1):
        out.write(f"{row},{math.ceil(1.6 * rate - 1e-9)}\n")
