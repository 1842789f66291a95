"""Headroom of a 200-bus grid in Python: the best sites, what holds the others back, and a check.

python examples/headroom.py [CASE]
"""

import sys
from pathlib import Path

import nodalroom as nr

case = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1] / "data" / "case_ACTIVSg200.m"
net = nr.read(case)
print(net)

# A planner's usual question: voltages within 0.95 to 1.05 pu intact and 0.90 to 1.10 pu after an
# outage, changing by no more than 8 %. A data centre may be asked to keep a power factor of 0.98.
study = nr.headroom(
    net,
    min_kv=100,
    power_factor=0.98,
    voltage_band=(0.95, 1.05),
    voltage_band_post=(0.90, 1.10),
    voltage_change_max=0.08,
)
print(study)

best = study.table.nlargest(5, "headroom_mw")
print(best[["name", "base_kv", "headroom_mw", "limit_type", "contingency", "element"]].to_string())

# The elements worth reinforcing: those that hold most buses.
held = study.table.groupby("element")["headroom_mw"].agg(["size", "median"]).nlargest(5, "size")
print(held.rename(columns={"size": "buses", "median": "median_mw"}).to_string())

# Any number can be checked: solve the witness here, or in any other power-flow tool.
bus = int(best.index[0])
witness = study.witness(bus)
flow = nr.parse(witness.text).solve(q_limits=False)
row = study.table.loc[bus]
print(witness)
if row["element_kind"] == "branch":
    print(f"{row['element']}: {flow.branches.at[row['element_row'], 's_mva']:.3f} of {row['limit']:g} MVA")
elif row["element_kind"] == "bus":
    voltage = flow.buses["vm_pu"].iloc[row["element_row"] - 1]
    print(f"{row['limit_type']}: {row['element']} is at {voltage:.5f} pu in the state {row['contingency']}")
