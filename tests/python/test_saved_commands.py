"""Commands about saved studies, edits of cases, and files that are written whole or not at all."""

import json
import os
import re
import stat

import nodalroom as nr
import pandas as pd
import pytest
from conftest import SMALL

EDITS = [
    "--scale-ratings", 0.9, "--with-rating", "5:100", "--with-rating", "1:130:b", "--with-load", "4:10",
    "--with-load", "5:3:1", "--without-branch", 1, "--without-branch", 9, "--without-unit", 3, "--cut-off", "isolate",
]  # fmt: skip


def edited(path):
    net = nr.read(path).with_ratings(factor=0.9).with_ratings({5: 100}).with_ratings({1: 130}, "B")
    return net.with_load(4, 10).with_load(5, 3, 1).without(branch=[1, 9], unit=3, cut_off="isolate")


def test_edits_reach_every_command_that_takes_a_case(small_file, tmp_path, run_command):
    net = edited(small_file)
    assert run_command("convert", small_file, tmp_path / "e.m", *EDITS)[0] == 0
    assert (tmp_path / "e.m").read_text() == net.to_matpower()
    content = json.loads(run_command("info", small_file, "--json", *EDITS)[1])
    assert content["edits"] == net.edits
    assert content["isolated_buses"] == 2
    content = json.loads(run_command("solve", small_file, "--json", *EDITS)[1])
    assert [row["vm_pu"] for row in content["buses"]][:3] == list(net.solve().buses["vm_pu"][:3])
    content = json.loads(run_command("sweep", small_file, "--json", *EDITS)[1])
    assert content["options"]["edits"] == net.edits
    assert len(content["states"]) == len(nr.sweep(net).table)
    study = nr.headroom(net, [4, 6], max_mw=300)
    words = ["--buses", "4,6", "--max-mw", 300, *EDITS]
    content = json.loads(run_command("headroom", small_file, "--json", *words)[1])
    assert [row["headroom_mw"] for row in content["buses"]] == list(study.table["headroom_mw"])
    assert content["options"]["edits"] == net.edits
    content = json.loads(run_command("upgrades", small_file, "--json", "--most", 2, *words)[1])
    assert [row["after_mw"] for row in content["buses"]] == list(study.upgrades(2).buses["after_mw"])
    content = json.loads(run_command("ladder", small_file, 4, "--json", "--target-mw", 90, *EDITS)[1])
    assert [row["certified_mw"] for row in content["rungs"]] == list(study.ladder(4, 90).table["certified_mw"])
    content = json.loads(run_command("witness", small_file, 4, tmp_path / "w.m", "--json", "--max-mw", 300, *EDITS)[1])
    assert (tmp_path / "w.m").read_text() == study.witness(4).text
    assert content["load_mw"] == study.witness(4).load_mw
    assert content["row"]["headroom_mw"] == study.table.at[4, "headroom_mw"]
    assert content["header"] == study.witness(4).header


def test_commands_that_are_printed_make_the_edits_too(small_file, run_command):
    for command, printed in (("headroom", "witness"), ("upgrades", "ladder")):
        out = run_command(command, small_file, "--with-load", "4:10", "--without-unit", 3)[1]
        line = next(line for line in out.splitlines() if line.startswith(f"  nodalroom {printed} "))
        assert line.endswith(" --with-load 4:10 --without-unit 3")


def test_help_of_every_command_with_a_case_has_the_edits(run_command):
    for command in ("info", "solve", "sweep", "headroom", "ladder", "upgrades", "witness", "convert"):
        out = run_command(command, "--help")[1]
        for option in EDITS[::2]:
            assert f"{option} " in out
        assert all(len(line) <= 80 for line in out.splitlines())


@pytest.fixture
def saved(small_file, tmp_path, run_command):
    paths = [tmp_path / "before.nodalroom", tmp_path / "after.nodalroom"]
    for path, words in zip(paths, ([], ["--with-load", "4:20", "--power-factor", 0.9]), strict=True):
        assert run_command("headroom", small_file, "--max-mw", 300, "--out", path, *words)[0] == 0
    return paths


def test_compare(saved, tmp_path, run_command):
    files = [tmp_path / "c.csv", tmp_path / "c.json"]
    code, out, _ = run_command("compare", *saved, "--top", 2, "--out", files[0], "--out", files[1])
    assert code == 0
    wanted = nr.load(saved[0]).compare(nr.load(saved[1]))
    lines = out.splitlines()
    assert lines[2] == "small against small"
    assert "  Buses: 7 buses in both" in lines
    differ = lines[lines.index("Options that differ") + 2 :][:2]
    assert [line.split() for line in differ] == [
        ["power_factor", "0.95", "0.9"],
        ["edits", "-", *"load at bus 4: +20 MW, +6.57368 MVAr".split()],
    ]
    moved = wanted.largest_changes()
    row = lines[lines.index("Largest changes") + 2]
    assert row.split()[0] == str(moved.index[0])
    assert row.endswith(moved["why"].iloc[0])
    assert f"… and {len(moved) - 2} more (--top)" in lines
    assert list(pd.read_csv(files[0])["why"]) == list(wanted.table["why"])
    content = json.loads(run_command("compare", *saved, "--json")[1])
    assert content["buses"] == json.loads(files[1].read_text())
    assert [row["option"] for row in content["options"]] == ["power_factor", "edits"]
    assert (content["same_case"], content["second"]["options"]["power_factor"]) == (False, 0.9)


def test_report_of_a_saved_study(saved, tmp_path, run_command):
    def timeless(path):
        return re.sub(r"\d{4}-\d\d-\d\d[^<]*", "", path.read_text())

    code, out, _ = run_command("report", saved[1], tmp_path / "r.html")
    assert (code, out) == (0, f"wrote {tmp_path}/r.html\n")
    nr.load(saved[1]).report(tmp_path / "wanted.html")
    assert timeless(tmp_path / "r.html") == timeless(tmp_path / "wanted.html")
    content = json.loads(run_command("report", saved[1], tmp_path / "t.htm", "--title", "A <title>", "--json")[1])
    assert content["file"] == str(tmp_path / "t.htm")
    assert "<title>A &lt;title&gt;</title>" in (tmp_path / "t.htm").read_text()


def test_convert_says_what_it_wrote_to_machines(small_file, tmp_path, run_command):
    code, out, _ = run_command("convert", small_file, tmp_path / "c.m", "--json")
    content = json.loads(out)
    assert (code, content["case"], content["file"]) == (0, "small", str(tmp_path / "c.m"))
    assert content["case_hash"] == nr.read(tmp_path / "c.m").case_hash


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    study = nr.headroom(nr.parse(SMALL, "small.m"), [4], max_mw=5)
    path = tmp_path / "h.csv"
    path.write_text("before")
    path.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(path)

    def torn(file, index):
        file.write_text("half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(study.table, "to_csv", torn)
        study.to_csv(link)
    assert path.read_text() == "before"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["h.csv", "link.csv"]
    study.to_csv(link)
    assert link.is_symlink()
    assert path.read_text() == study.to_csv()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    mask = os.umask(0o027)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(os, "umask", lambda mask: pytest.fail("the umask is the whole process's"))
            study.to_json(tmp_path / "new.json")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "new.json").stat().st_mode) == 0o640


def test_a_pipe_takes_what_is_written(tmp_path):
    """Nothing is put in the place of what is no plain file."""
    study = nr.headroom(nr.parse(SMALL, "small.m"), [4], max_mw=5)
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        study.to_csv(pipe)
        assert os.read(reader, 1 << 16).decode() == study.to_csv()
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
