"""Sweeps, ladders and lists of upgrades saved and loaded again, as studies are (test_archive.py)."""

import io
import json
import pickle
import zipfile

import nodalroom as nr
import numpy as np
import pandas as pd
import pytest
from conftest import DATA, SMALL
from nodalroom import archive
from saved_files import lacks, refusal, remade, with_json


def small(text=SMALL):
    return nr.parse(text, "small.m")


def heavy():
    return small(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"))


def study_of(net, **options):
    return nr.headroom(net, **{"max_mw": 500, "threads": 1, **options})


def dispatched():
    return nr.headroom(nr.read(DATA / "case9.m"), redispatch=True, threads=1)


OUTCOMES = {
    "sweep": lambda: nr.sweep(small()),
    "sweep with options of every kind": lambda: nr.sweep(
        small(), "branches", False, [0.0, 1.0, 3.0], "B", "c", (0.99, 1.01), (0.98, 1.02), 0.01, 120, tolerance=1e-9,
        balance_area=2,
    ),
    "sweep of an edited case": lambda: nr.sweep(small().with_load(4, 60).without(branch=3)),
    "sweep without a solution": lambda: nr.sweep(heavy()),
    "ladder": lambda: study_of(small(), power_factor=0.9).ladder(4, 150),
    "ladder by a factor": lambda: study_of(small(), buses=[7]).ladder(4, 200, rating_factor=1.2, max_rungs=3),
    "ladder of voltages": lambda: study_of(small(), voltage_band_post=(0.97, 1.05), voltage_change_max=0.03).ladder(6, 150),
    "ladder with redispatch": lambda: dispatched().ladder(5, 400, redispatch=True),
    "ladder without a solution": lambda: study_of(heavy()).ladder(4),
    "upgrades": lambda: study_of(small().with_load(4, 10)).upgrades(3),
    "upgrades with redispatch": lambda: dispatched().upgrades(2, redispatch=True),
    "upgrades without a solution": lambda: study_of(heavy()).upgrades(2),
}  # fmt: skip
TABLES = {
    nr.Sweep: ["table", "violations", "bridges"],
    nr.Ladder: ["table", "pairs", "needs"],
    nr.UpgradeList: ["table", "buses"],
}
FIGURES = {
    nr.Sweep: ["intact_solved", "reason"],
    nr.Ladder: ["status", "bus", "target_mw", "redispatch", "rating_factor", "max_rungs", "needs_known"],
    nr.UpgradeList: ["elements_total", "runs", "most", "redispatch"],
}


@pytest.fixture(scope="module", params=OUTCOMES)
def outcome(request):
    return OUTCOMES[request.param]()


def assert_same(again, outcome):
    assert type(again) is type(outcome)
    for name in TABLES[type(outcome)]:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(outcome, name), check_exact=True)
    for name in ["options", "complete", "seconds", "version", "case_hash", *FIGURES[type(outcome)]]:
        assert getattr(again, name) == getattr(outcome, name), name
    assert repr(again) == repr(outcome)
    assert again._repr_html_() == outcome._repr_html_()
    assert again.to_json() == outcome.to_json()
    assert again.network.to_matpower() == outcome.network.to_matpower()
    assert again.network.edits == outcome.network.edits


def test_everything_is_there_again(outcome, tmp_path):
    outcome.save(tmp_path / "x.nodalroom")
    again = nr.load(tmp_path / "x.nodalroom")
    assert_same(again, outcome)
    again.save(tmp_path / "again.nodalroom")
    assert (tmp_path / "again.nodalroom").read_bytes() == (tmp_path / "x.nodalroom").read_bytes()


def test_pickling(outcome):
    assert_same(pickle.loads(pickle.dumps(outcome)), outcome)


@pytest.mark.parametrize("kind", ["ladder with redispatch", "upgrades with redispatch"])
def test_the_study_that_was_asked_is_there_too(kind, tmp_path):
    outcome = OUTCOMES[kind]()
    outcome.save(tmp_path / "x.nodalroom")
    study = nr.load(tmp_path / "x.nodalroom").study
    assert study.to_json() == outcome.study.to_json()
    assert study.witness(5, redispatch=True).text == outcome.study.witness(5, redispatch=True).text
    pd.testing.assert_frame_equal(study.ladder(4, 300).table, outcome.study.ladder(4, 300).table, check_exact=True)


def test_versions_are_of_what_was_made_when():
    """The study by one version, the ladder by another."""
    study = study_of(small())
    study._version = "0.0.1"
    again = archive.from_bytes(archive.to_bytes(study.ladder(4, 100)))
    assert (again.version, again.study.version) == (nr.__version__, "0.0.1")
    again._version = "0.0.2"
    assert archive.from_bytes(archive.to_bytes(again)).version == "0.0.2"


def test_what_is_inside_can_be_read_without_nodalroom():
    ladder = OUTCOMES["ladder"]()
    with zipfile.ZipFile(io.BytesIO(archive.to_bytes(ladder))) as file:
        names = set(file.namelist())
        manifest = json.loads(file.read("manifest.json"))
        rungs = pd.read_csv(file.open("tables/rungs.csv"), index_col="rung")
        study = file.read("study.nodalroom")
    assert names == {"manifest.json", *manifest["sha256"]}
    assert names >= {"ladder.json", "tables/pairs.csv", "tables/needs.csv"}
    assert (manifest["format"], manifest["format_version"], manifest["case"]) == ("nodalroom ladder", 1, "small")
    assert np.allclose(rungs["certified_mw"], ladder.table["certified_mw"], rtol=1e-12)
    assert study == archive.to_bytes(ladder.study)


def test_files_of_what_was_interrupted():
    ladder, sweep = OUTCOMES["ladder"](), OUTCOMES["sweep"]()
    cut_off = remade(
        archive.to_bytes(ladder),
        in_result("ladder", lambda r: r.update(complete=False, needs_complete=False, status="cancelled")),
    )
    again = archive.from_bytes(cut_off)
    assert (again.complete, again.status, again.needs_known, len(again.needs)) == (False, "cancelled", False, 0)
    assert "(interrupted)" in repr(again)
    again = archive.from_bytes(remade(archive.to_bytes(sweep), in_result("sweep", lambda r: r.update(complete=False))))
    assert "; interrupted" in repr(again)


# What is refused.


@pytest.fixture(scope="module")
def good():
    kinds = {"sweep": "sweep with options of every kind", "ladder": "ladder", "upgrades": "upgrades"}
    return {kind: archive.to_bytes(OUTCOMES[name]()) for kind, name in kinds.items()}


KINDS = {"sweep": "sweep", "ladder": "ladder", "upgrades": "list of upgrades"}


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off(kind, good, tmp_path):
    assert refusal(good[kind][:100], tmp_path) == "this is no saved result: it is cut off"
    for size in range(0, len(good[kind]), 211):
        assert refusal(good[kind][:size], tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_format_says_what_is_needed(kind, good, tmp_path):
    newer = remade(good[kind], with_json("manifest.json", lambda m: m.update(format_version=2, nodalroom="0.9.0")))
    said = refusal(newer, tmp_path)
    assert said.startswith("it was written in format 2 by nodalroom 0.9.0; this is nodalroom ")


@pytest.mark.parametrize("kind", KINDS)
def test_another_hash(kind, good, tmp_path):
    member = f"{kind}.json"
    changed = remade(good[kind], lambda m: m.update({member: m[member].replace(b"1", b"2")}), rehash=False)
    assert refusal(changed, tmp_path) == f"the saved {KINDS[kind]} is damaged: {member} has not the SHA-256 it says"


@pytest.mark.parametrize("kind", KINDS)
def test_a_byte_that_flipped(kind, good):
    """Wherever it is: refused, or of no account."""
    whole = archive.from_bytes(good[kind])
    rng = np.random.default_rng(2)
    for at in rng.integers(0, len(good[kind]), 150):
        bad = bytearray(good[kind])
        bad[at] ^= 1 << int(rng.integers(8))
        try:
            again = archive.from_bytes(bytes(bad))
        except nr.InputError:
            continue
        pd.testing.assert_frame_equal(again.table, whole.table, check_exact=True)


def in_result(kind, change):
    return with_json(f"{kind}.json", lambda content: change(content["result"]))


def asked(kind, **values):
    return with_json(f"{kind}.json", lambda content: content.update(values))


def first(kind, table, column, value):
    return in_result(kind, lambda result: result[table][column].__setitem__(0, value))


INCONSISTENT = {
    "a sweep without a case": ("sweep", lacks("case.m"), "'case.m' is missing"),
    "a sweep without a result": ("sweep", lacks("sweep.json"), "'sweep.json' is missing"),
    "a sweep without states": ("sweep", in_result("sweep", lambda r: r.pop("states")), "the table states is missing"),
    "an option of tomorrow": (
        "sweep",
        with_json("sweep.json", lambda c: c["options"].update(weather="fine")),
        "options that this version does not have: weather",
    ),
    "a bad word": ("sweep", with_json("sweep.json", lambda c: c["options"].update(rating_post="D")), "'D'"),
    "a state of no branch": ("sweep", first("sweep", "states", "outage_kind", "branch"), "contingency_row = 0"),
    "an unknown status": ("sweep", first("sweep", "states", "status", "fine"), "'fine' is no word of this version"),
    "a bus there is not": ("sweep", first("sweep", "states", "vm_min_bus", 8), "there is no row 9 in the case"),
    "a branch there is not": ("sweep", first("sweep", "states", "worst_branch", -2), "there is no row -1 in the case"),
    "a violation of no state": (
        "sweep",
        first("sweep", "violations", "state", 99),
        "there is no state 100 in the file",
    ),
    "a violation at no bus": ("sweep", first("sweep", "violations", "element", 99), " row 100 in the case"),
    "a short column": (
        "sweep",
        in_result("sweep", lambda r: r["states"]["supply_pu"].pop()),
        "the column supply_pu has",
    ),
    "a ladder without a study": ("ladder", lacks("study.nodalroom"), "'study.nodalroom' is missing"),
    "a ladder without a bus": ("ladder", asked("ladder", bus=77), "there is no bus 77"),
    "a ladder to nowhere": ("ladder", asked("ladder", target_mw=-1), "target_mw = -1; must be > 0"),
    "a ladder by no factor": ("ladder", asked("ladder", rating_factor=1), "rating_factor = 1; must be > 1"),
    "a ladder that says yes": ("ladder", asked("ladder", redispatch="yes"), "redispatch"),
    "a rung of no bus": ("ladder", first("ladder", "rungs", "bus", 9), "bus 9 is out of service"),
    "a pair of no rung": ("ladder", first("ladder", "pairs", "rung", 40), "there is no rung 41 in the file"),
    "an upgrade of no rung": ("ladder", first("ladder", "next", "rung", -1), "there is no rung 0 in the file"),
    "an upgrade of no branch": ("ladder", first("ladder", "made", "element", 50), "there is no branch row 51"),
    "an upgrade that weakens": ("ladder", first("ladder", "made", "factor", 0.5), "the factor of an upgrade"),
    "a number for a flag": ("ladder", first("ladder", "made", "is_branch", 1), "the column is_branch holds values of"),
    "needs without limits": (
        "ladder",
        in_result("ladder", lambda r: r["post_mva"].pop("limit")),
        "the column limit is",
    ),
    "an unknown end": ("ladder", in_result("ladder", lambda r: r.update(status="bored")), "'bored' is no word"),
    "no number": (
        "ladder",
        in_result("ladder", lambda r: r.update(most_generation_mw="x")),
        "most_generation_mw is of",
    ),
    "a list of none": ("upgrades", asked("upgrades", most=0), "most = 0; must be"),
    "a list of what was not asked": ("upgrades", asked("upgrades", redispatch=True), "the study has no redispatch"),
    "an entry of no branch": ("upgrades", first("upgrades", "entries", "element", 12), "there is no branch row 13"),
    "an unknown holder": ("upgrades", first("upgrades", "entries", "kind", "rope"), "'rope' is no word"),
    "a best bus of none": ("upgrades", first("upgrades", "entries", "best", 30), "the best bus of an entry"),
    "a best bus below": ("upgrades", first("upgrades", "entries", "best", -2), "a position is below -1"),
    "a bus of no entry": ("upgrades", first("upgrades", "buses", "entry", 30), "there is no entry 31 in the file"),
    "no such bus": ("upgrades", first("upgrades", "buses", "bus", 12), "there is no bus 12 in the case"),
}


@pytest.mark.parametrize("name", INCONSISTENT)
def test_what_does_not_hold_together(name, good, tmp_path):
    kind, change, message = INCONSISTENT[name]
    said = refusal(remade(good[kind], change), tmp_path)
    assert said.startswith(f"the saved {KINDS[kind]} does not hold together: ")
    assert message in said


def test_a_study_in_a_ladder_is_doubted_too(good, tmp_path):
    def worse(members):
        members["study.nodalroom"] = remade(
            members["study.nodalroom"],
            with_json("study.json", lambda c: c["result"]["rows"]["bus"].__setitem__(0, 77)),
        )

    said = refusal(remade(good["ladder"], worse), tmp_path)
    assert said == "the saved study does not hold together: there is no bus 77 in the case"
    nested = remade(good["ladder"], lambda members: members.update({"study.nodalroom": good["ladder"]}))
    assert "a ladder stands where a study must be" in refusal(nested, tmp_path)
    cut = remade(good["ladder"], lambda m: m.update({"study.nodalroom": m["study.nodalroom"][:-30]}))
    assert "this is no saved result: it is cut off" in refusal(cut, tmp_path)


def test_an_option_younger_than_the_file_has_its_default(good):
    older = remade(good["sweep"], with_json("sweep.json", lambda content: content["options"].pop("monitor_min_kv")))
    assert archive.from_bytes(older).options["monitor_min_kv"] == 0


def test_only_such_names_are_written(tmp_path):
    for name in ("sweep", "ladder", "upgrades"):
        with pytest.raises(nr.OptionError, match="must end in .nodalroom"):
            OUTCOMES[name]().save(tmp_path / "x.zip")


# Commands.


def test_commands_save_and_report_takes_what_they_saved(small_file, tmp_path, run_command):
    files = {kind: tmp_path / f"{kind}.nodalroom" for kind in KINDS}
    assert run_command("sweep", small_file, "--out", files["sweep"], "--out", tmp_path / "s.csv")[0] == 0
    assert run_command("ladder", small_file, 4, "--target-mw", 300, "--out", files["ladder"])[0] == 0
    assert run_command("upgrades", small_file, "--most", 2, "--max-mw", 500, "--out", files["upgrades"])[0] == 0
    net = nr.read(small_file)
    wanted = {
        "sweep": nr.sweep(net),
        "ladder": nr.headroom(net, [4], max_mw=300).ladder(4, 300),
        "upgrades": nr.headroom(net, max_mw=500).upgrades(2),
    }
    for kind, file in files.items():
        pd.testing.assert_frame_equal(nr.load(file).table, wanted[kind].table, check_exact=True)
    assert (tmp_path / "s.csv").read_text() == wanted["sweep"].to_csv()
    for kind, section in (("ladder", "<section id='ladders'>"), ("upgrades", "<section id='upgrades'>")):
        page = tmp_path / f"{kind}.html"
        assert run_command("report", files[kind], page)[:2] == (0, f"wrote {page}\n")
        assert section in page.read_text()
    code, out, said = run_command("report", files["sweep"], tmp_path / "sweep.html")
    assert (code, out) == (2, "")
    assert said.endswith("is a saved sweep, which has no report; name a saved study\n")
    code, _, said = run_command("compare", files["ladder"], files["upgrades"])
    assert code == 2
    assert said == f"error: BEFORE {files['ladder']}: is a saved ladder; name a saved study\n"
    code, _, said = run_command("ladder", files["ladder"], 4)
    assert (code, "is a saved result; the commands compare and report take those" in said) == (2, True)
