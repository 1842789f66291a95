"""The peers' harness: its figures, its comparisons, and that no time is given to a wrong answer."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy")
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from harness import agreement, cases, document, kernels, measure, results, roofline, statistics, tables
from harness.reference import Reference

LIMITS = agreement.Tolerances()

#: Peers that answer from the harness's own reference, each with a fault of its own.
FAKES = {
    "nodalroom": "",
    "late": "seconds = 4.0",
    "liar": "v[:, 3] *= 1.001",
    "vague": "v[:, 3] *= 1 + 5e-7; task.tolerance = 1e-6",
    "silent": "v[1] = np.nan",
    "crasher": "import os; os._exit(3)",
    "sleeper": "import time; time.sleep(60)",
    "unable": "raise adapter.Unsupported('has no branches')",
}
FAKE = """
import numpy as np
from harness.reference import Reference
from peers import adapter

class Peer(adapter.Peer):
    kinds = {{"sweep": "nothing real"}}
    threaded = True

    def run(self, task):
        with open(self.case.folder / "order.txt", "a") as file:
            file.write("{name} ")
        reference = Reference(self.case)
        v = np.array([reference.solve(int(task.outages[k])).voltages for k in task.sample])
        seconds = 0.5
        {fault}
        return adapter.Outcome(seconds, {{"v": v}}, len(task.outages), len(task.outages))
"""


@pytest.fixture
def case(small_file, tmp_path):
    return cases.prepare(small_file, tmp_path / "case")


@pytest.fixture
def plan(tmp_path):
    folder = tmp_path / "peers"
    folder.mkdir()
    for name, fault in FAKES.items():
        (folder / f"{name}.py").write_text(FAKE.format(name=name, fault=fault or "pass"))
    (folder / "missing.py").write_text("import a_tool_that_is_not_installed")
    return measure.Plan(
        peers=["nodalroom", "late"], peers_folder=folder, kinds=["sweep"], repeats=4, threads=[1], outages=None,
        tolerance=1e-8, sample=4, buses=1, timeout_s=30, budget_s=1e9, cpus=[0], out=tmp_path, say=lambda _: None,
    )  # fmt: skip


def answer_of(reference: Reference, outages: list[int]) -> dict[str, np.ndarray]:
    v = np.array([reference.solve(outage).voltages for outage in outages])
    flows = [reference.flows(outage, row) for outage, row in zip(outages, v, strict=True)]
    return {"v": v, "s_from": np.array([f for f, _ in flows]), "s_to": np.array([t for _, t in flows])}


def compare(reference: Reference, outages: list[int], answer: dict[str, np.ndarray]) -> agreement.Agreement:
    truths = [reference.solve(outage) for outage in outages]
    return agreement.compare(reference, outages, truths, answer, 1e-8, LIMITS)


def test_spread_is_median_and_quartiles():
    spread = statistics.Spread.of([5.0, 1.0, 2.0, 3.0, 4.0])
    assert (spread.runs, spread.median, spread.low, spread.high, spread.least, spread.most) == (5, 3, 2, 4, 1, 5)
    assert spread.per(10).median == pytest.approx(0.3)
    with pytest.raises(ValueError, match="no runs"):
        statistics.Spread.of([])


def test_exponent_is_found_and_not_made_up():
    buses = [100, 1000, 10000]
    fit = statistics.fit_power_law(buses, [3e-6 * n**1.4 for n in buses])
    assert (fit.exponent, fit.factor) == (pytest.approx(1.4), pytest.approx(3e-6))
    assert statistics.fit_power_law([100, 200], [1, 2]) is None
    assert statistics.fit_power_law([], []) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(123.4, "123 s"), (1.234, "1.23 s"), (0.0999, "99.9 ms"), (0.00012, "120 µs"), (float("nan"), "-")],
)
def test_durations(seconds, text):
    assert statistics.duration(seconds) == text


def test_every_peer_gets_the_network_of_the_file(small, case):
    import nodalroom as nr

    given = small.solve(q_limits=False).buses
    plain = nr.read(case.matpower_file).solve(q_limits=False).buses
    np.testing.assert_allclose(plain["vm_pu"], given["vm_pu"], atol=1e-9)
    np.testing.assert_allclose(plain["va_degree"], given["va_degree"], atol=1e-7)
    assert case.outages.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]  # branch 9 is a bridge, 10 out of service


@pytest.mark.parametrize("q_limits", [False, True])
def test_reference_and_nodalroom_agree(activsg200, tmp_path, q_limits):
    import nodalroom as nr

    prepared = cases.prepare(Path(activsg200.source), tmp_path)
    reference = Reference(prepared)
    solution = reference.solve_intact(q_limits)
    assert solution.solved
    table = nr.read(prepared.matpower_file).solve(q_limits=q_limits).buses
    v = (table["vm_pu"] * np.exp(1j * np.radians(table["va_degree"]))).to_numpy()
    assert np.abs(v - solution.voltages).max() < 1e-7
    assert reference.residual(None, v, q_limits) < 1e-7
    assert reference.residual(None, v * 1.001, q_limits) > 1e-4


def test_right_answer_agrees_whatever_angle_it_counts_from(case):
    reference, outages = Reference(case), [0, 3]
    answer = answer_of(reference, outages)
    answer["v"] = answer["v"] * np.exp(0.3j)
    found = compare(reference, outages, answer)
    assert found.agrees
    assert found.voltage_pu < 1e-12
    assert found.flow_mva < 1e-9


def test_wrong_voltages_are_named(case):
    reference, outages = Reference(case), [0, 3]
    answer = answer_of(reference, outages)
    answer["v"][1, 3] += 1e-3
    found = compare(reference, outages, answer)
    assert not found.agrees
    assert "voltages differ by 1.0e-03 pu (at bus 4 after the loss of branch 4)" in found.reason


def test_wrong_flows_missing_states_and_residuals_are_refused(case):
    reference, outages = Reference(case), [0, 3]
    answer = answer_of(reference, outages)
    answer["s_to"][0, 2] += 5
    assert "flows differ by 5 MVA" in compare(reference, outages, answer).reason
    answer = answer_of(reference, outages)
    answer["v"][0] = np.nan
    assert compare(reference, outages, answer).reason == "no voltages for 1 of 2 states that have a solution"
    answer = answer_of(reference, outages)
    answer["v"][0, 3] *= 1 + 1e-6  # within the voltages' tolerance, not within the equations'
    found = compare(reference, outages, answer)
    assert not found.agrees
    assert "residual" in found.reason


def test_wrong_extremes_are_refused(case):
    reference, outages = Reference(case), [0, 3]
    answer = answer_of(reference, outages)
    magnitude = np.abs(answer["v"])[:, reference.energised]
    flows = np.maximum(np.abs(answer["s_from"]), np.abs(answer["s_to"]))
    loading = (100 * flows / case.branch[:, cases.RATE_A]).max(axis=1)
    answer["extremes"] = np.column_stack([magnitude.min(axis=1), magnitude.max(axis=1), loading])
    assert compare(reference, outages, answer).agrees
    answer["extremes"][1, 0] -= 1e-3
    assert "extremes differ by 1.0e-03 pu" in compare(reference, outages, answer).reason


def test_peers_are_timed_in_turns(case, plan):
    records = measure.measure_case(case, plan)
    assert [(record.peer, record.status, len(record.runs)) for record in records] == [
        ("nodalroom", "timed", 4),
        ("late", "timed", 4),
    ]
    checks, turns = "nodalroom late ", "nodalroom late late nodalroom " * 2
    assert (case.folder / "order.txt").read_text() == checks + turns


@pytest.mark.parametrize(
    ("peer", "status", "reason"),
    [
        ("liar", "refused", "voltages differ by 1.0e-03 pu"),
        ("vague", "refused", "residual"),
        ("silent", "refused", "no voltages for 1 of 4 states"),
        ("crasher", "failed", "ended with exit code 3"),
        ("unable", "unsupported", "has no branches"),
        ("missing", "failed", "No module named 'a_tool_that_is_not_installed'"),
        ("absent", "failed", "No such file"),
    ],
)
def test_a_peer_without_a_right_answer_gets_no_time(case, plan, peer, status, reason):
    plan = dataclasses.replace(plan, peers=["nodalroom", peer], repeats=1)
    ours, theirs = measure.measure_case(case, plan)
    assert (ours.status, len(ours.runs)) == ("timed", 1)
    assert (theirs.status, theirs.runs) == (status, [])
    assert reason in theirs.reason
    page = tables.markdown(made_of([ours, theirs]))
    assert f"| {peer} |" not in page
    assert f"- {peer}: " in page
    assert theirs.reason in page


def test_a_peer_that_hangs_is_ended(case, plan):
    plan = dataclasses.replace(plan, peers=["sleeper"], timeout_s=4)
    (record,) = measure.measure_case(case, plan)
    assert (record.status, record.reason) == ("failed", "ended after the time limit of 4 s")


def test_an_answer_that_goes_wrong_while_timed_loses_its_times(case, plan):
    # Right when it is compared and in the first timed run.
    fault = "v[:, 3] *= 1.001 if (self.case.folder / 'order.txt').read_text().count('late') > 2 else 1"
    (plan.peers_folder / "late.py").write_text(FAKE.format(name="late", fault=fault))
    ours, theirs = measure.measure_case(case, plan)
    assert ours.status == "timed"
    assert (theirs.status, theirs.runs) == ("refused", [])
    assert theirs.reason.startswith("in a timed run: voltages differ")


def test_fewer_outages_within_the_budget(case, plan):
    plan = dataclasses.replace(plan, peers=["late"], sample=2, budget_s=6, repeats=1)
    (record,) = measure.measure_case(case, plan)  # 4 s for 2 outages: 3 are affordable
    assert record.runs[0]["states"] == 3


def made_of(records: list[measure.Record]) -> results.Results:
    options = {
        "tolerance_pu": 1e-8, "repeats": 1, "outages": None, "sample": 4, "headroom_buses": 1, "timeout_s": 30,
        "budget_s": 60, "voltages_agree_pu": 1e-5, "flows_agree": 1e-3, "residual_factor": 10.0,
    }  # fmt: skip
    machine = {
        "when": "2026-01-01 00:00 UTC", "processor": "a processor", "processors": 2, "pinned_to": [0], "memory_gib": 8,
        "virtual": True, "system": "a system", "python": "3.11", "load_before": 0.1, "revision": "abc",
    }  # fmt: skip
    return results.Results(machine, options, [{"name": "small", "buses": 8, "branches": 10, "outages": 8}], records)


def record_of(peer: str, seconds: list[float], case: str = "small", buses: int = 8) -> measure.Record:
    runs = [{"seconds": s, "call_seconds": None, "states": 10, "solved": 9, "residual_pu": 2e-9, "detail": {}} for s in seconds]
    return measure.Record(case, buses, "sweep", 1, peer, "timed", "compared: voltages", {peer: "1.2"}, "all of it",
                          {"voltage_pu": 3e-11, "residual_pu": 2e-9}, runs)  # fmt: skip


def test_table_shows_medians_spread_residual_and_ratio():
    made = made_of([record_of("nodalroom", [2.0, 1.0, 3.0]), record_of("lightsim2grid", [1.0, 1.0, 1.0])])
    lines = tables.markdown(made).splitlines()
    assert lines[0] == "## N-1 sweep without reactive limits, 1 thread"
    assert lines[4] == "| small | nodalroom | 200 ms [150 ms, 250 ms] | 2 s | 10, 9 | 1.00 | 2.0e-09 | 3.0e-11 |"
    assert "| lightsim2grid | 100 ms [100 ms, 100 ms] | 1 s | 10, 9 | 0.50 |" in lines[5]


def test_headroom_rows_count_states(tmp_path):
    record = dataclasses.replace(record_of("nodalroom", [2.0]), kind="headroom")
    record.runs[0]["detail"] = {"buses": 4, "states_total": 1000, "certified": 0}
    record.runs[0]["solved"] = 60
    record.agreement["voltage_pu"] = float("nan")
    made_of([record]).save(tmp_path / "results.json")
    assert "NaN" not in (tmp_path / "results.json").read_text()
    row = tables.markdown(results.Results.load(tmp_path / "results.json")).splitlines()[4]
    assert row == "| small | nodalroom | 500 ms [500 ms, 500 ms] | 2 s | 4 | 1,000 | 2,000 | 30 |"


def test_results_survive_the_file_and_say_where_others_are_faster(tmp_path):
    records = [record_of("nodalroom", [2.0]), record_of("lightsim2grid", [1.0]), record_of("pandapower", [9.0])]
    records += [record_of("nodalroom", [80.0], "large", 800)]
    made_of(records).save(tmp_path / "results.json")
    loaded = results.Results.load(tmp_path / "results.json")
    page = document.text(loaded, {"sweep-1": "images/performance-sweep-1.svg"})
    faster = page.split("## Where others are faster")[1]
    assert "lightsim2grid takes 100 ms per outage, nodalroom 200 ms (2.00 times as long)" in faster
    assert "pandapower" not in faster
    assert "![N-1 sweep without reactive limits, 1 thread](images/performance-sweep-1.svg)" in page
    assert "nodalroom 0.80 (2 cases)" in page  # 200 ms to 8 s over a hundredfold number of buses
    assert "pandapower 1.2" in page


def test_command_refuses_what_it_does_not_know(capsys):
    from harness import command

    for words, message in (
        (["--peers", "excel"], "known are"),
        (["--kinds", "guess"], "known are"),
        (["--threads", "9999"], "processors to pin to"),
        (["--repeats", "0"], "at least 1"),
    ):
        with pytest.raises(SystemExit):
            command.parse(["--case", "x.m", *words])
        assert message in capsys.readouterr().err


def kernel_run(name: str, time: float, family: int, **counters) -> dict:
    return {"name": name, "run_name": name, "run_type": "iteration", "family_index": family, "real_time": time,
            "time_unit": "us", **counters}  # fmt: skip


def kernel_runs() -> list[dict]:
    """Interleaved: not in the order of their families."""
    counted = {"lanes": 8, "flops": 1e6, "flops_single": 0.0, "bytes": 2e6, "bytes_again": 0.0}
    runs = []
    for time in (30.0, 20.0, 25.0):
        runs += [
            kernel_run("machine/avx512/triad_memory", time, 5, bytes_per_second=1e12 / time),
            kernel_run("machine/avx512/triad_l2", time, 4, bytes_per_second=4e12 / time),
            kernel_run("machine/avx512/multiply_add", time, 2, flops_per_second=2e12 / time),
            kernel_run("machine/avx512/multiply_add_single", time, 3, flops_per_second=4e12 / time),
            kernel_run("lanes/avx512/shared_single/forward/a/case/manual_time", time, 1, **counted),
            kernel_run("lanes/avx512/shared_single/states_q/a/case", 100 * time, 0, lanes=8, states=50, steps=4.5, solved_share=0.98),
        ]
    wrong = {"name": "lanes/avx512/flows/a/case", "run_type": "iteration", "family_index": 6, "error_occurred": True,
             "error_message": "no solution"}  # fmt: skip
    return [*runs, wrong]


def test_roofline_sets_kernels_beside_the_machine():
    made = roofline.made_of(made_of([]).machine, 3, kernel_runs())
    machine = made.machines["avx512"]
    assert machine.flops == pytest.approx(1e11)  # of its best run
    (kernel,) = made.kernels
    assert (kernel.case, kernel.factors, kernel.name, kernel.seconds) == ("a/case", "shared_single", "forward", pytest.approx(25e-6))
    assert kernel.share_of_peak(machine) == pytest.approx(0.4)  # 10 of 25 us
    assert kernel.share_of_bandwidth(machine, "l2") == pytest.approx(0.4)
    assert kernel.share_of_bandwidth(machine, "memory") == pytest.approx(1.6)
    mixed = dataclasses.replace(kernel, flops_single=1e6)
    assert mixed.share_of_peak(machine) == pytest.approx(0.6)
    (states,) = made.states
    assert (states.q_limits, states.seconds) == (True, pytest.approx(50e-6))
    page = roofline.markdown(made)
    assert "| avx512 | shared single | forward | 8 | 25 µs [20 µs, 30 µs] | 3.12 µs | 0.5 | 40 | 40 % | 80 | - | 40 % | 160 % |" in page
    assert "| avx512 | shared single | 8 | yes | 50 µs [40 µs, 60 µs] | 20,000 | 4.50 | 98 % |" in page
    assert "| unit | Gflop/s double | Gflop/s single | GB/s L2 | GB/s memory |" in page
    assert "- lanes/avx512/flows/a/case: no solution" in page


def test_report_has_a_roofline_where_kernels_were_measured(tmp_path):
    made, file = made_of([record_of("nodalroom", [2.0])]), tmp_path / kernels.FILE
    assert "## Roofline" not in document.text(made, {}, file)
    file.write_text(json.dumps({"machine": made.machine, "repeats": 3, "runs": kernel_runs()}))
    page = document.text(made, {}, file)
    assert page.count("\n## Roofline\n") == 1
    assert page.endswith("no solution\n")


def test_plots_are_written(tmp_path):
    pytest.importorskip("matplotlib")
    from harness import plots

    written = plots.draw(made_of([record_of("nodalroom", [2.0, 2.1]), record_of("nodalroom", [9.0], "large", 800)]), tmp_path)
    assert {path.name for path in written} == {"sweep-1.svg", "sweep-1.png"}
    assert all(path.stat().st_size > 2000 for path in written)
