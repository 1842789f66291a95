"""Ctrl-C, forks and worker processes."""

import multiprocessing
import os
import signal
import subprocess
import sys

import nodalroom as nr
import pandas as pd
import pytest
from conftest import DATA, SMALL

CASE = DATA / "case_ACTIVSg500.m"

#: Ctrl-C works as at a terminal, also where the tests run in the background of a script: such a shell
#: hands the signal down as ignored.
HEED_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
"""

#: Says GO on standard output once the first buses are finished, and not before.
SAY_GO = HEED_CTRL_C + """
import sys
said = False
def progress(stage, done, total):
    global said
    if stage == "candidate buses" and done >= 1 and not said:
        said = True
        print("GO", flush=True)
"""


def interrupted(code, *words, signals=(signal.SIGINT,)):
    """Runs Python code, sends Ctrl-C once it said GO: (exit code, output, errors)."""
    with subprocess.Popen(
        [sys.executable, "-c", SAY_GO + code, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "GO\n", process.communicate()[1]
        for number in signals:
            process.send_signal(number)
        out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_ctrl_c_keeps_the_finished_rows():
    code, out, err = interrupted(f"""
import nodalroom as nr
study = nr.headroom(nr.read({str(CASE)!r}), threads=1, progress=progress)
print("ROWS", len(study.table), study.candidates, study.complete, "not_run" in set(study.table["status"]))
print(study)
""")
    assert code == 0, err
    words = next(line for line in out.splitlines() if line.startswith("ROWS")).split()
    assert 1 <= int(words[1]) < int(words[2])
    assert words[3:] == ["False", "False"]
    assert "(interrupted)" in out
    assert "PartialResultWarning: interrupted:" in err


def test_a_second_ctrl_c_is_keyboard_interrupt():
    """Two signals of one kind could fall together, so the second is another one with the same handler."""
    code, out, err = interrupted(
        f"""
import signal
import nodalroom as nr
signal.signal(signal.SIGALRM, signal.default_int_handler)
study = nr.headroom(nr.read({str(CASE)!r}), threads=1, progress=progress)
print("ROWS")
""",
        signals=(signal.SIGINT, signal.SIGALRM),
    )
    assert code != 0
    assert "ROWS" not in out
    assert "KeyboardInterrupt" in err


def test_ctrl_c_on_the_command_writes_what_was_finished(tmp_path):
    code, out, err = interrupted(
        """
from nodalroom import _cli_common, cli
run = _cli_common.run_headroom
_cli_common.run_headroom = lambda *given, **options: run(*given, **{**options, "progress": progress})
cli.main()
""",
        *["headroom", str(CASE), "--threads", "1"],
        *["--out", str(tmp_path / "h.csv"), "--out", str(tmp_path / "h.html")],
    )
    assert code == 130, err
    assert not (tmp_path / "h.csv").exists()
    table = pd.read_csv(tmp_path / "h.partial.csv")
    assert 1 <= len(table) < 500
    assert "not_run" not in set(table["status"])
    assert f"interrupted: {len(table)} of 500 buses were finished" in err
    assert "Traceback" not in err
    assert "(interrupted)" in out
    assert f"Interrupted: {len(table)} of 500 buses" in (tmp_path / "h.partial.html").read_text()


def test_ctrl_c_before_the_first_bus_writes_nothing(tmp_path):
    (tmp_path / "h.csv").write_text("what was there before")
    code = HEED_CTRL_C + """
from nodalroom import _cli_common, cli
run = _cli_common.run_headroom
calls = []
def stop(*call):
    calls.append(call)
    if len(calls) == 1:
        signal.raise_signal(signal.SIGINT)
_cli_common.run_headroom = lambda *given, **options: run(*given, **{**options, "progress": stop})
cli.main()
"""
    case = DATA / "case_ACTIVSg2000.m"  # with states enough that the first call comes before the first bus is done
    words = ["headroom", str(case), "--min-kv", "230", "--threads", "1", "--out", str(tmp_path / "h.csv")]
    command = [sys.executable, "-c", code, *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 130, ended.stderr
    assert ended.stderr == "interrupted: 0 of 272 buses were finished; nothing was written\n"
    assert [path.name for path in tmp_path.iterdir()] == ["h.csv"]
    assert (tmp_path / "h.csv").read_text() == "what was there before"


def test_ctrl_c_before_every_state_was_solved_without_load(tmp_path):
    code = HEED_CTRL_C + f"""
import nodalroom as nr
net = nr.read({str(DATA / "case_ACTIVSg2000.m")!r})
study = nr.headroom(net, min_kv=230, threads=1, progress=lambda *call: signal.raise_signal(signal.SIGINT))
study.report({str(tmp_path / "h.html")!r})
print(study.complete, study.intact_solved, study.states_known)
"""
    ended = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120)
    assert ended.stdout.split() == ["False", "True", "False"], ended.stderr
    assert "every state has a solution" not in (tmp_path / "h.html").read_text()


def test_ctrl_c_in_a_sweep():
    code = HEED_CTRL_C + f"""
import nodalroom as nr
net = nr.read({str(DATA / "case_ACTIVSg2000.m")!r})
result = nr.sweep(net, threads=1, progress=lambda *call: signal.raise_signal(signal.SIGINT))
print(result.complete, (result.table["status"] == "not_run").any())
"""
    ended = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120)
    assert ended.stdout.split() == ["False", "True"], ended.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_gets_a_clear_error():
    code = f"""
import os, sys, warnings
import nodalroom as nr
net = nr.parse({SMALL!r}, "small.m")
nr.headroom(net, threads=2, max_mw=50)
warnings.simplefilter("ignore")
child = os.fork()
if child == 0:
    try:
        nr.headroom(net, threads=2, max_mw=50)
    except nr.NodalroomError as error:
        print(error, flush=True)
        os._exit(7)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 7, ended.stderr
    assert "forked after nodalroom had used threads" in ended.stdout
    assert "'spawn'" in ended.stdout


def headroom_of(job):
    net, bus = job
    return nr.headroom(net, [bus], max_mw=500, threads=2).table.at[bus, "headroom_mw"]


def test_spawned_workers_agree(small):
    here = nr.headroom(small, [4, 7], max_mw=500, threads=2).table["headroom_mw"]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.map(headroom_of, [(small, 4), (small, 7)])
    assert there == list(here)


@pytest.mark.parametrize(("left_mb", "threads", "said"), [(300, 600, "of 231 threads"), (1, 1, "no thread to work on")])
def test_threads_that_the_system_does_not_make_are_an_error(left_mb, threads, said):
    """OpenMP would end the process there. A thread needs its stack, 8 MB of address space as a rule."""
    code = f"""
import resource
import nodalroom as nr
net = nr.read({str(DATA / "case118.m")!r})
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + {left_mb} * 2**20,) * 2)
try:
    nr.headroom(net, threads={threads}, progress=False)
except nr.NodalroomError as error:
    print(error)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("the system makes no ")
    assert said in ended.stdout
