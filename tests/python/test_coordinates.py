"""Coordinates of buses: from files, tables and pandapower nets, and refused where they cannot be right."""

import json
import re

import nodalroom as nr
import pandas as pd
import pytest
from conftest import DATA, SMALL

GIVEN = {1: (40.0, -100.0), 2: (41.0, -100.5), 3: (40.5, -99.0), 4: (42.0, -99.5), 5: (42.5, -98.0), 6: (43.0, -98.5)}


@pytest.fixture(scope="module")
def net():
    return nr.parse(SMALL, "small.m")


@pytest.fixture(scope="module")
def study(net):
    return nr.headroom(net, max_mw=500, progress=False)


def frame_of(given=GIVEN):
    return pd.DataFrame.from_dict(given, orient="index", columns=["lat", "lon"])


def file_of(tmp_path, text):
    path = tmp_path / "places.csv"
    path.write_text(text)
    return path


def rows_of(given=GIVEN):
    return "".join(f"{bus},{lat},{lon}\n" for bus, (lat, lon) in given.items())


def test_a_file_a_table_and_a_net_say_the_same(net, tmp_path):
    frame = nr.read_coordinates(frame_of(), net)
    assert frame.loc[1, ["lat", "lon"]].tolist() == [40.0, -100.0]
    for source in (
        file_of(tmp_path, "bus,lat,lon\n" + rows_of()),
        frame_of().rename_axis("bus").reset_index(),
        frame_of().rename(columns={"lat": "LATITUDE", "lon": "Longitude"}),
    ):
        pd.testing.assert_frame_equal(nr.read_coordinates(source, net), frame)
    semicolons = file_of(tmp_path, "\ufeffLon; BUS ;Lat\n" + "".join(f"{b[1]};{a};{b[0]}\n" for a, b in GIVEN.items()))
    pd.testing.assert_frame_equal(nr.read_coordinates(semicolons, net), frame)


def test_the_table_of_rts_gmlc_fits(tmp_path):
    net = nr.read(DATA / "case_RTS_GMLC.m")
    head = "Bus ID,Bus Name,BaseKV,Bus Type,MW Load,MVAR Load,V Mag,V Angle,MW Shunt G,MVAR Shunt B,Area,Sub Area,Zone,lat,lng\n"
    lines = [
        f"{bus},Name,138.0,PV,108,22,1.04,-7.7,0,0,1,11,11,{33 + bus / 1000},{-114 - bus / 1000}\n"
        for bus in net.buses.index
    ]
    places = nr.read_coordinates(file_of(tmp_path, head + "".join(lines)), net)
    assert (places["placed"] == "given").all()
    assert places.at[101, "lon"] == pytest.approx(-114.101)


def test_buses_without_any_stand_at_their_neighbours(net):
    places = nr.read_coordinates(frame_of(), net)
    assert places.loc[7, ["lat", "lon"]].tolist() == [43.0, -98.5]  # bus 6 is its only neighbour
    assert places["placed"].to_dict() == {**dict.fromkeys(GIVEN, "given"), 7: "neighbours", 9: "apart"}
    few = nr.read_coordinates(frame_of({1: GIVEN[1]}), net)
    assert (few["placed"] == "neighbours").sum() == 6
    assert few.loc[6, "lat"] == 40.0


def test_pandapower_nets(net):
    pandapower = pytest.importorskip("pandapower")
    grid = pandapower.create_empty_network()
    for bus, (lat, lon) in GIVEN.items():
        pandapower.create_bus(grid, 110.0, index=bus, geodata=(lon, lat))
    assert isinstance(grid.bus["geo"].iloc[0], str)
    pd.testing.assert_frame_equal(nr.read_coordinates(grid, net), nr.read_coordinates(frame_of(), net))

    class Older:  # before pandapower 3
        bus = pd.DataFrame({"vn_kv": 110.0}, index=list(GIVEN))
        bus_geodata = pd.DataFrame(
            {"x": [lon for _, lon in GIVEN.values()], "y": [lat for lat, _ in GIVEN.values()]}, index=list(GIVEN)
        )

    pd.testing.assert_frame_equal(nr.read_coordinates(Older, net), nr.read_coordinates(frame_of(), net))
    grid.bus["geo"] = [json.dumps({"type": "Point", "coordinates": [1000.0 * bus, 500.0]}) for bus in GIVEN]
    plane = nr.read_coordinates(grid, net)
    assert list(plane.columns) == ["x", "y", "placed"]
    assert plane.loc[3, ["x", "y"]].tolist() == [3000.0, 500.0]
    grid.bus["geo"] = "nonsense"
    with pytest.raises(nr.OptionError, match="geo = 'nonsense' is no GeoJSON point"):
        nr.read_coordinates(grid, net)
    grid.bus["geo"] = None
    with pytest.raises(nr.OptionError, match="no coordinates of buses"):
        nr.read_coordinates(grid, net)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("bus,lat,lon\n1,40,-100\n77,41,-100\n", 3, "bus = 77; the case has no such bus"),
        ("bus,lat,lon\n1,40,-100\n2,41,-99\n1,40,-100\n", 4, "bus = 1 is given twice (line 2)"),
        ("bus,lat,lon\n1,north,-100\n", 2, "bus 1: lat = 'north'; must be a number"),
        ("bus,lat,lon\n1,40,\n", 2, "bus 1: lon = ''; must be a number"),
        ("bus,lat,lon\n1,nan,3\n", 2, "bus 1: lat = 'nan'; must be a number"),
        ("bus,lat,lon\none,40,-100\n", 2, "bus = 'one'; must be a bus number"),
        ("bus,lat,lon\n1.5,40,-100\n", 2, "bus = '1.5'; must be a bus number"),
        ("bus,lat,lon\n1,40,-400\n", 2, "bus 1: lon = -400 is not within -360 to 360"),
        ("bus,lat,lon\n1,40,-100\n2,95,-100\n", 3, "bus 2: lat = 95 is not within -90 to 90"),
        ("bus,lat,lon\n1,-100,40\n2,-101,41\n", 2, "are lat and lon swapped?"),
        ("bus,lat,lon\n1,40\n", 2, "2 values where the heading has 3"),
        ("number,lat,lon\n1,40,-100\n", 1, "no column bus"),
        ("bus,lat,latitude,lon\n1,40,40,-100\n", 1, "more than one column lat"),
        ("bus,lat,lon\n", 0, "no coordinates of any of the 8 buses"),
        ("bus,lat,lon\n1,,\n", 0, "no coordinates of any of the 8 buses"),
        ("", 1, "no column bus"),
    ],
)
def test_bad_files_are_refused_with_file_line_and_value(net, tmp_path, text, line, problem):
    path = file_of(tmp_path, text)
    with pytest.raises(nr.InputError, match=re.escape(problem)) as refused:
        nr.read_coordinates(path, net)
    assert (refused.value.file, refused.value.line) == (str(path), line)


def test_bad_tables_are_refused(net, tmp_path):
    with pytest.raises(nr.OptionError, match="swapped"):
        nr.read_coordinates(frame_of({bus: (lon, lat) for bus, (lat, lon) in GIVEN.items()}), net)
    with pytest.raises(nr.OptionError, match="no column lon"):
        nr.read_coordinates(frame_of()[["lat"]], net)
    with pytest.raises(nr.OptionError, match="coordinates = int; must be"):
        nr.read_coordinates(3, net)
    with pytest.raises(nr.InputError, match="cannot be read"):
        nr.read_coordinates(tmp_path / "missing.csv", net)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(nr.InputError, match="no UTF-8"):
        nr.read_coordinates(tmp_path / "binary.csv", net)


def test_across_the_180th_meridian(net):
    places = nr.read_coordinates(frame_of({1: (0.0, 179.0), 2: (0.0, -179.0), 3: (1.0, 178.0)}), net)
    assert places.loc[[1, 2, 3], "lon"].tolist() == [179.0, 181.0, 178.0]


def test_the_report_says_how_it_is_drawn(study, tmp_path):
    def page(**options):
        study.report(tmp_path / "report.html", **options)
        return (tmp_path / "report.html").read_text(encoding="utf-8")

    assert "A drawing, not a map" in page()
    raw = page(coordinates=frame_of())
    assert "A drawing, not a map" not in raw
    assert "By the coordinates of 6 buses; 1 without any stand at the mean of their neighbours" in raw
    assert "1 without neighbours that have any stand in a row below the map" in raw
    network = json.loads(raw.split('id="study">')[1].split("</script>")[0])["network"]
    assert network["kind"] == "map" and network["placed"] == [0] * 6 + [1, 2]
    at = {bus: (network["x"][i], network["y"][i]) for i, bus in enumerate(network["bus"])}
    assert at[2][0] < at[1][0] < at[4][0] and at[1][1] < at[2][1] < at[4][1]  # west to the left, north up
    assert at[6] != at[7]  # of one place, drawn apart
    with pytest.raises(nr.OptionError, match="would be overwritten"):
        (tmp_path / "places.html").write_text("bus,lat,lon\n1,2,3\n")
        study.report(tmp_path / "places.html", coordinates=tmp_path / "places.html")


def test_on_the_command_line(run_command, small_file, tmp_path):
    places = file_of(tmp_path, "bus,lat,lon\n" + rows_of())
    report = tmp_path / "r.html"
    code, out, _ = run_command("headroom", small_file, "--buses", "4", "--out", report, "--coordinates", places)
    assert code == 0 and f"wrote {report}" in out
    assert "By the coordinates of 6 buses" in report.read_text(encoding="utf-8")
    code, _, said = run_command("headroom", small_file, "--coordinates", places)
    assert code == 2 and "--coordinates is for the report" in said
    places.write_text("bus,lat,lon\n1,95,100\n")
    code, out, said = run_command("headroom", small_file, "--out", report, "--coordinates", places)
    assert code == 2 and f"{places}:2: bus 1: lat = 95 is not within -90 to 90" in said and out == ""
