"""Studies saved and loaded again: nothing is lost, and nothing is believed unseen."""

import hashlib
import io
import json
import multiprocessing
import pickle
import zipfile

import nodalroom as nr
import numpy as np
import pandas as pd
import pytest
from conftest import DATA, SMALL
from nodalroom import _core, _packing, archive
from saved_files import lacks, refusal, remade, with_json

TABLES = ["table", "unsolvable", "bridges", "redispatch_pairs", "redispatch_units"]


def study_of(**options):
    return nr.headroom(nr.parse(SMALL, "small.m"), max_mw=500, threads=1, **options)


STUDIES = {
    "plain": study_of,
    "options of every kind": lambda: study_of(
        buses=[7, 4], balance=[0.0, 1.0, 3.0], voltage_band=(0.92, 1.08), voltage_change_max=0.05, certify="all",
        rating_post="A", q_limits=False, contingencies="branches", power_factor=0.9, tolerance=1e-9,
    ),
    "capped": lambda: nr.headroom(nr.parse(SMALL, "small.m"), max_mw=5),
    "without a solution": lambda: nr.headroom(nr.parse(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"), "heavy.m")),
    "edited": lambda: nr.headroom(nr.parse(SMALL, "small.m").with_load(4, 10).without(branch=3), max_mw=500),
    "redispatch": lambda: nr.headroom(
        nr.read(DATA / "case24_ieee_rts.m"), [3, 8, 14], redispatch=True, movable_units=list(range(1, 20)),
        max_moved_mw=300,
    ),
    "redispatch of all": lambda: nr.headroom(nr.read(DATA / "case9.m"), redispatch=True),
}  # fmt: skip


@pytest.fixture(scope="module", params=STUDIES)
def study(request):
    return STUDIES[request.param]()


@pytest.fixture
def saved(study, tmp_path):
    study.save(tmp_path / "x.nodalroom")
    return nr.load(tmp_path / "x.nodalroom")


def test_everything_is_there_again(study, saved):
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(saved, name), getattr(study, name), check_exact=True)
    for name in ("options", "complete", "candidates", "intact_solved", "reason", "states_total", "states_known",
                 "seconds", "version", "case_hash"):  # fmt: skip
        assert getattr(saved, name) == getattr(study, name), name
    assert repr(saved) == repr(study)
    assert saved.to_json() == study.to_json()
    net, again = study.network, saved.network
    for name in ("buses", "branches", "generators", "loads", "shunts", "diagnostics"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(net, name), check_exact=True)
    assert (again.name, again.source, again.edits) == (net.name, net.source, net.edits)
    assert again.to_matpower() == net.to_matpower()


def test_witnesses_and_reports_work_after_loading(study, saved, tmp_path):
    for bus, row in study.table.iterrows():
        if np.isnan(row["headroom_mw"]):
            with pytest.raises(nr.OptionError, match="has no headroom figure"):
                saved.witness(bus)
            continue
        assert saved.witness(bus).text == study.witness(bus).text
        assert saved.witness(bus).command() == study.witness(bus).command()
        if study.options["redispatch"]:
            assert saved.dispatch(bus).equals(study.dispatch(bus))
            assert saved.witness(bus, redispatch=True).text == study.witness(bus, redispatch=True).text
    study.report(tmp_path / "before.html")
    saved.report(tmp_path / "after.html")
    assert (tmp_path / "before.html").read_text() == (tmp_path / "after.html").read_text()


def test_ladders_and_upgrades_work_after_loading(study, saved):
    bus = int(study.table.index[0])
    pd.testing.assert_frame_equal(saved.ladder(bus, 600).table, study.ladder(bus, 600).table, check_exact=True)
    redispatch = study.options["redispatch"]
    pd.testing.assert_frame_equal(
        saved.upgrades(3, redispatch).table, study.upgrades(3, redispatch).table, check_exact=True
    )


def test_a_loaded_study_is_saved_as_the_same_bytes(study, saved, tmp_path):
    saved.save(tmp_path / "again.nodalroom")
    assert (tmp_path / "again.nodalroom").read_bytes() == (tmp_path / "x.nodalroom").read_bytes()


def test_pickling(study):
    again = pickle.loads(pickle.dumps(study))
    pd.testing.assert_frame_equal(again.table, study.table, check_exact=True)
    assert again.options == study.options


def study_by_worker(net):
    return nr.headroom(net, [4, 7], max_mw=500, threads=1)


def test_spawned_workers_take_networks_and_give_studies(small):
    nets = [small, small.with_load(4, 10)]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.map(study_by_worker, nets)
    for net, study in zip(nets, there, strict=True):
        pd.testing.assert_frame_equal(study.table, study_by_worker(net).table, check_exact=True)
        assert study.network.edits == net.edits


def test_what_is_inside_can_be_read_without_nodalroom(tmp_path):
    study = STUDIES["redispatch"]()
    study.save(tmp_path / "x.nodalroom")
    with zipfile.ZipFile(tmp_path / "x.nodalroom") as file:
        names = set(file.namelist())
        manifest = json.loads(file.read("manifest.json"))
        table = pd.read_csv(file.open("tables/headroom.csv"), index_col="bus")
        case = file.read("case.m")
        dispatch = np.load(io.BytesIO(file.read("dispatch.npy")), allow_pickle=False)
    assert names == {"manifest.json", *manifest["sha256"]}
    assert (manifest["format"], manifest["format_version"]) == ("nodalroom study", 1)
    assert np.allclose(table["headroom_mw"], study.table["headroom_mw"], rtol=1e-12)
    assert case.decode() == study.network.to_matpower()
    assert manifest["sha256"]["case.m"] == study.case_hash == hashlib.sha256(case).hexdigest()
    assert dispatch.shape == (3, 33)
    assert np.array_equal(dispatch[1], study.dispatch(8))


def test_only_such_names_are_written(tmp_path):
    study = STUDIES["capped"]()
    with pytest.raises(nr.OptionError, match="must end in .nodalroom"):
        study.save(tmp_path / "x.zip")
    with pytest.raises(nr.OptionError, match="there is no folder"):
        study.save(tmp_path / "none" / "x.nodalroom")


def test_files_of_an_interrupted_study(tmp_path, monkeypatch):
    study = study_of()
    result = study._core.save()
    result["rows"]["status"][0] = "not_run"
    result["complete"] = False
    arguments = {"threads": 0, "progress": None, "saved": result}
    from nodalroom.study import core_arguments

    core = _core.headroom(study.network._core, **core_arguments(study.options, []), **arguments)
    nr.Study(core, study.network, study.options, 1.0).save(tmp_path / "x.nodalroom")
    again = nr.load(tmp_path / "x.nodalroom")
    assert not again.complete
    assert len(again.table) == again.candidates - 1
    assert "(interrupted)" in repr(again)


# What is refused.


@pytest.fixture(scope="module")
def good():
    return archive.to_bytes(study_of())


@pytest.fixture(scope="module")
def good_redispatch():
    return archive.to_bytes(STUDIES["redispatch of all"]())


def test_no_file(tmp_path):
    with pytest.raises(nr.InputError, match="cannot be read: No such file or directory"):
        nr.load(tmp_path / "absent.nodalroom")
    with pytest.raises(nr.InputError, match="cannot be read: Is a directory"):
        nr.load(tmp_path)


def test_something_else(tmp_path):
    assert refusal(b"", tmp_path) == "this is no saved result: it is not a zip file"
    assert refusal(SMALL.encode(), tmp_path) == "this is no saved result: it is not a zip file"
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    assert "it has no manifest.json" in refusal(empty.getvalue(), tmp_path)
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("manifest.json", '{"format": "a spreadsheet"}')
    assert "its manifest says something else" in refusal(other.getvalue(), tmp_path)


def test_cut_off(good, tmp_path):
    assert refusal(good[: len(good) // 2], tmp_path) == "this is no saved result: it is cut off"
    for size in range(0, len(good), 97):
        assert refusal(good[:size], tmp_path)


def test_a_newer_format_says_what_is_needed(good, tmp_path):
    newer = remade(good, with_json("manifest.json", lambda m: m.update(format_version=2, nodalroom="0.9.0")))
    said = refusal(newer, tmp_path)
    assert said.startswith("it was written in format 2 by nodalroom 0.9.0; this is nodalroom ")
    assert said.endswith("which reads format 1: a newer nodalroom is needed")
    for version in (0, -1, "1", None, True):
        odd = remade(good, with_json("manifest.json", lambda m, v=version: m.update(format_version=v)))
        assert "format_version = " in refusal(odd, tmp_path)


def test_another_hash(good, tmp_path):
    def heavier(members):
        members["case.m"] = members["case.m"].replace(b"40\t12", b"41\t12")

    changed = remade(good, heavier, rehash=False)
    assert refusal(changed, tmp_path) == "the saved study is damaged: case.m has not the SHA-256 it says"


def test_a_byte_that_flipped(good, tmp_path):
    """Wherever it is: refused, or of no account."""
    whole = archive.from_bytes(good)
    rng = np.random.default_rng(1)
    for at in rng.integers(0, len(good), 300):
        bad = bytearray(good)
        bad[at] ^= 1 << int(rng.integers(8))
        try:
            study = archive.from_bytes(bytes(bad))
        except nr.InputError:
            continue
        pd.testing.assert_frame_equal(study.table, whole.table, check_exact=True)


def in_result(change):
    return with_json("study.json", lambda content: change(content["result"]))


def set_first(table, column, value):
    return in_result(lambda result: result[table][column].__setitem__(0, value))


INCONSISTENT = {
    "no case": (lacks("case.m"), "'case.m' is missing"),
    "no result": (lacks("study.json"), "'study.json' is missing"),
    "no rows": (in_result(lambda r: r.pop("rows")), "the table rows is missing"),
    "a column gone": (in_result(lambda r: r["rows"].pop("headroom_mw")), "the column headroom_mw is missing"),
    "a short column": (in_result(lambda r: r["rows"]["value"].pop()), "the column value has 6 values, not 7"),
    "words for numbers": (set_first("rows", "headroom_mw", "much"), "the column headroom_mw holds values of another"),
    "a list for a number": (set_first("rows", "headroom_mw", [1]), "unhashable"),
    "numbers for words": (set_first("rows", "status", 5), "the column status holds values of another kind"),
    "an unknown status": (set_first("rows", "status", "fine"), "'fine' is no word of this version"),
    "an unknown bus": (set_first("rows", "bus", 77), "there is no bus 77 in the case"),
    "a bus out of range": (set_first("rows", "bus", -1), "there is no bus -1 in the case"),
    "a huge bus": (set_first("rows", "bus", 2**40), "there is no bus 1099511627776 in the case"),
    "an element out of range": (set_first("rows", "element", 5000), "there is no branch row 5001 in the case"),
    "an element below range": (set_first("rows", "element", -5), "there is no branch row -4 in the case"),
    "an outage out of range": (set_first("rows", "outage", 300), "contingency_row = 301; the case has 3 generators"),
    "a dead bus": (set_first("rows", "bus", 9), "bus 9 is out of service"),
    "the outage of a bridge": (
        in_result(lambda r: (r["rows"]["outage_kind"].__setitem__(0, "branch"), r["rows"]["outage"].__setitem__(0, 8))),
        "branch row 9 is a bridge",
    ),
    "no flag": (in_result(lambda r: r.pop("complete")), "the value complete is missing"),
    "a number for a flag": (in_result(lambda r: r.update(complete=1)), "the value complete is of another kind"),
    "a text for a count": (in_result(lambda r: r.update(states_total="many")), "another kind"),
    "options of tomorrow": (
        with_json("study.json", lambda c: c["options"].update(weather="fine")),
        "options that this version does not have: weather",
    ),
    "an option out of range": (
        with_json("study.json", lambda c: c["options"].update(power_factor=2)),
        "power_factor = 2; must be in (0, 1]",
    ),
    "a bad word": (with_json("study.json", lambda c: c["options"].update(contingencies="all")), "contingencies = 'all'"),
    "no JSON": (lambda members: members.update({"study.json": b"{"}), ""),
    "another JSON": (lambda members: members.update({"study.json": b"[]"}), ""),
    "no case text": (lambda members: members.update({"case.m": b"hello"}), "a case file begins with"),
    "other lines": (with_json("case.json", lambda c: c["tables"][0]["lines"].pop()), "has not the size it says"),
    "other tables": (with_json("case.json", lambda c: c["tables"].pop()), "case.m and case.json have other tables"),
}


@pytest.mark.parametrize("kind", INCONSISTENT)
def test_what_does_not_hold_together(kind, good, tmp_path):
    change, message = INCONSISTENT[kind]
    said = refusal(remade(good, change), tmp_path)
    assert said.startswith("the saved study does not hold together: ")
    assert message in said


REDISPATCH = {
    "no dispatches": (lacks("dispatch.npy"), "dispatch"),
    "fewer dispatches": (lambda m: m.update({"dispatch.npy": npy(np.zeros((2, 3)))}), "one row per bus"),
    "objects": (lambda m: m.update({"dispatch.npy": npy(np.array([{}]), True)}), "allow_pickle"),
    "a unit out of range": (set_first("moves", "unit", 9), "there is no generator row 10 in the case"),
    "a move of no candidate": (set_first("moves", "row", 99), "there is no candidate 100 in the file"),
    "a pair of no candidate": (set_first("pairs", "row", -1), "there is no candidate 0 in the file"),
}


def npy(values, pickled=False):
    file = io.BytesIO()
    np.save(file, values, allow_pickle=pickled)
    return file.getvalue()


@pytest.mark.parametrize("kind", REDISPATCH)
def test_redispatch_that_does_not_hold_together(kind, good_redispatch, tmp_path):
    change, message = REDISPATCH[kind]
    said = refusal(remade(good_redispatch, change), tmp_path)
    assert message in said


def test_an_option_younger_than_the_file_has_its_default(good):
    older = remade(good, with_json("study.json", lambda content: content["options"].pop("max_moved_mw")))
    assert archive.from_bytes(older).options["max_moved_mw"] is None


def test_twice_the_same_member(good, tmp_path):
    out = io.BytesIO(good)
    with pytest.warns(UserWarning), zipfile.ZipFile(out, "a") as file:
        file.writestr("manifest.json", "{}")
    assert "twice the same member" in refusal(out.getvalue(), tmp_path)


def test_a_file_that_unpacks_to_too_much(good, tmp_path, monkeypatch):
    monkeypatch.setattr(_packing, "LARGEST", 1000)
    assert "it would unpack to more than" in refusal(good, tmp_path)
