"""Where results are written: what is refused, what is never overwritten, and output nobody takes."""

import json
import os
import subprocess
import sys

import nodalroom as nr
import numpy as np
import pandas as pd
import pytest
from conftest import SMALL


@pytest.fixture(scope="module")
def study():
    return nr.headroom(nr.parse(SMALL, "small.m"), [4], max_mw=500)


WRITERS = {
    "report": (lambda study, path: study.report(path), ".html"),
    "to_csv": (lambda study, path: study.to_csv(path), ".csv"),
    "to_json": (lambda study, path: study.to_json(path), ".json"),
    "to_parquet": (lambda study, path: study.to_parquet(path), ".parquet"),
    "save": (lambda study, path: study.witness(4).save(path), ".m"),
    "to_matpower": (lambda study, path: study.network.to_matpower(path), ".m"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_python_refuses_what_the_command_refuses(name, study, tmp_path):
    write, ending = WRITERS[name]
    with pytest.raises(nr.OptionError, match=r"out\.xyz: the file name must end in \."):
        write(study, tmp_path / "out.xyz")
    if name == "to_parquet":
        pytest.importorskip("pyarrow")
    absent = tmp_path / "absent"
    with pytest.raises(nr.OptionError) as caught:
        write(study, absent / f"out{ending}")
    assert str(caught.value) == f"{absent}/out{ending}: there is no folder {absent}"
    (tmp_path / f"folder{ending}").mkdir()
    with pytest.raises(nr.OptionError, match="is a folder"):
        write(study, str(tmp_path / f"folder{ending}"))
    write(study, tmp_path / f"out{ending}")
    assert (tmp_path / f"out{ending}").stat().st_size > 100


OUTCOMES = {
    "study": lambda study: study,
    "ladder": lambda study: study.ladder(4, 200),
    "upgrades": lambda study: study.upgrades(2),
    "sweep": lambda study: nr.sweep(study.network),
}


@pytest.mark.parametrize("kind", OUTCOMES)
def test_every_outcome_is_written_in_the_same_ways(kind, study, tmp_path):
    outcome = OUTCOMES[kind](study)
    outcome.to_csv(tmp_path / "o.csv")
    assert (tmp_path / "o.csv").read_text() == outcome.to_csv()
    assert list(pd.read_csv(tmp_path / "o.csv")["contingency_row" if kind != "upgrades" else "element_row"].dropna())
    outcome.to_json(tmp_path / "o.json")
    content = json.loads((tmp_path / "o.json").read_text())
    assert content == json.loads(outcome.to_json())
    assert (content["nodalroom"], content["case"], content["source"]) == (nr.__version__, "small", "small.m")
    assert content["options"] == json.loads(json.dumps(outcome.options))
    assert len(outcome.table) in [len(rows) for rows in content.values() if isinstance(rows, list)]
    assert (outcome.version, outcome.case_hash) == (nr.__version__, study.network.case_hash)
    pytest.importorskip("pyarrow")
    outcome.to_parquet(tmp_path / "o.parquet")
    read = pd.read_parquet(tmp_path / "o.parquet")
    assert (list(read.columns), len(read)) == (list(outcome.table.columns), len(outcome.table))
    assert read.attrs["nodalroom"]["options"] == content["options"]


def test_a_sweep_says_the_same_in_python_as_on_the_command_line(small_file, run_command):
    said = json.loads(run_command("sweep", small_file, "--json")[1])
    content = json.loads(nr.sweep(nr.read(small_file)).to_json())
    assert said.pop("seconds") >= 0 and content.pop("seconds") >= 0
    assert said == content
    assert content["status"] == {"converged": len(content["states"])}


@pytest.mark.parametrize("command", [["convert"], ["witness", "4"]])
def test_a_case_is_not_overwritten_by_what_is_made_of_it(command, small_file, tmp_path, run_command):
    other = tmp_path / "link.m"
    other.symlink_to(small_file)
    for out in (small_file, other, tmp_path / ".." / tmp_path.name / "small.m"):
        code, text, said = run_command(command[0], small_file, *command[1:], out)
        assert (code, text) == (2, "")
        assert said == f"error: OUT.m {out}: this file is read here and would be overwritten; name another one\n"
    assert small_file.read_text() == SMALL
    net = nr.read(small_file)
    with pytest.raises(nr.OptionError, match="would be overwritten"):
        net.to_matpower(small_file)
    with pytest.raises(nr.OptionError, match="would be overwritten"):
        nr.headroom(net, [4], max_mw=5).witness(4).save(small_file)
    assert small_file.read_text() == SMALL


def test_weights_are_not_overwritten(small_file, tmp_path, run_command):
    weights = tmp_path / "w.csv"
    weights.write_text("row,weight\n1,1\n")
    code, _, said = run_command("headroom", small_file, "--balance", weights, "--out", weights)
    assert code == 2
    assert "would be overwritten" in said
    assert weights.read_text() == "row,weight\n1,1\n"


def test_a_witness_keeps_the_terms_of_its_case(small_file, tmp_path, run_command):
    case = tmp_path / "terms.m"
    case.write_text("% this notice must appear in all copies\n" + SMALL)
    assert run_command("witness", case, 4, tmp_path / "w.m")[0] == 0
    assert "%   this notice must appear in all copies\n" in (tmp_path / "w.m").read_text()


def test_the_command_of_a_witness_names_the_weights_in_use(small_file, tmp_path, run_command):
    weights = tmp_path / "my weights.csv"
    weights.write_text("row,weight\n1,1\n2,1\n")
    code, out, _ = run_command("headroom", small_file, "--balance", weights, "--buses", 4)
    assert code == 0
    assert f"--balance '{weights}'" in out
    assert "(balance: weights)" in out
    report = tmp_path / "r.html"
    assert run_command("headroom", small_file, "--balance", weights, "--buses", 4, "--out", report)[0] == 0
    assert "my weights.csv" in report.read_text()


def test_json_tells_infinity_from_what_is_missing(study):
    capped = nr.headroom(study.network, [4], max_mw=5)
    row = json.loads(capped.to_json())["buses"][0]
    assert np.isinf(capped.table.at[4, "thermal_mw"])
    assert (row["thermal_mw"], row["value"], row["violated_mw"]) == ("inf", None, None)


def nodalroom(*words, stdout):
    return subprocess.Popen(
        [sys.executable, "-m", "nodalroom", *map(str, words)], stdout=stdout, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["info"], ["solve", "--json"], ["sweep"], ["headroom", "--buses", "4"]])
def test_a_full_disk_is_said_in_one_line(words, small_file):
    with open("/dev/full", "w") as full:
        run = nodalroom(words[0], small_file, *words[1:], stdout=full)
        said = run.communicate(timeout=120)[1]
    assert said == "error: standard output: cannot be written: No space left on device\n"
    assert run.returncode == 2


@pytest.mark.parametrize("words", [["info"], ["solve", "--json"]])
def test_a_reader_that_goes_away_is_no_fault(words, small_file):
    run = nodalroom(words[0], small_file, *words[1:], stdout=subprocess.PIPE)
    run.stdout.close()
    assert run.stderr.read() == ""
    assert run.wait(timeout=120) == 141


def test_tables_are_written_where_there_is_no_solution(tmp_path, run_command):
    heavy = tmp_path / "heavy.m"
    heavy.write_text(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"))
    words = ["--out", tmp_path / "h.csv", "--out", tmp_path / "h.html"]
    assert run_command("headroom", heavy, *words)[0] == 1
    assert set(pd.read_csv(tmp_path / "h.csv")["status"]) == {"unsolved"}
    assert "No number is given" in (tmp_path / "h.html").read_text()
    assert "(what --out names is written all the same)" in " ".join(run_command("headroom", "--help")[1].split())
