"""Plots: what is drawn is what the tables say, power flows end at the nose of the study, and clear refusals."""

from __future__ import annotations

import builtins

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import nodalroom as nr
import numpy as np
import pandas as pd
import pytest
from conftest import DATA, SMALL, replaced
from matplotlib.collections import LineCollection, PathCollection
from nodalroom.report.charts import LIMIT_COLOURS, class_bounds

plots = nr.plots


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def net():
    return nr.read(DATA / "case24_ieee_rts.m")


@pytest.fixture(scope="module")
def study(net):
    return nr.headroom(net, progress=False)


@pytest.fixture(scope="module")
def redispatched(net):
    return nr.headroom(net, buses=[3, 8, 14], redispatch=True, progress=False)


@pytest.fixture(scope="module")
def intact(net):
    return nr.headroom(net, contingencies="none", progress=False)


@pytest.fixture(scope="module")
def wreck():
    """No solution of the intact case: every figure is NaN."""
    text = replaced(SMALL, "bus", {4: {2: "5000"}})
    return nr.headroom(nr.parse(text, "wreck.m"), progress=False)


@pytest.fixture(scope="module")
def interrupted(net):
    """A study with no bus finished."""
    study = nr.headroom(net, buses=[3], progress=False)
    study.__dict__["table"] = study.table.iloc[:0]
    return study


def labels(ax):
    return ax.get_legend_handles_labels()[1]


def line(ax, label):
    return next(each for each in ax.lines if each.get_label().startswith(label))


def buses_at_least(curve, mw):
    """What a reader takes from a curve of steps at so many MW."""
    x, y = curve.get_data()
    return y[np.searchsorted(x, mw, side="left")] if mw <= x[-1] else 0


def drawn(ax):
    """Nothing reaches out of the figure."""
    ax.figure.canvas.draw()
    box, edge = ax.figure.bbox, ax.get_tightbbox()
    assert edge.x0 >= box.x0 - 1 and edge.x1 <= box.x1 + 1
    assert edge.y0 >= box.y0 - 1 and edge.y1 <= box.y1 + 1
    return ax


# Capacity curve


def test_capacity_curve_counts_buses(study):
    ax = drawn(plots.capacity_curve(study))
    (curve,) = ax.lines
    values = study.table["headroom_mw"]
    assert curve.get_drawstyle() == "steps-pre"
    for mw in [0, *values, *(values + 1e-9), *(values - 1e-9), values.max() + 1]:
        assert buses_at_least(curve, mw) == (values >= mw).sum(), mw
    assert "(MW)" in ax.get_xlabel()
    assert ax.get_title(loc="left").startswith("case24_ieee_rts: ")
    assert "outages: n-1, power factor 0.95, balance spare" in ax.get_title(loc="left")


def test_capacity_curve_has_redispatch_beside_the_fixed_rule(redispatched):
    ax = drawn(plots.capacity_curve(redispatched))
    assert labels(ax) == ["Headroom", "Redispatch headroom"]
    for column, curve in zip(("headroom_mw", "redispatch_mw"), ax.lines, strict=True):
        assert set(redispatched.table[column]) <= set(curve.get_xdata())


def test_capacity_curve_of_several_studies(study, redispatched):
    ax = drawn(plots.capacity_curve({"all": study, "three": redispatched}))
    assert labels(ax) == ["all, Headroom", "three, Headroom", "three, Redispatch headroom"]
    assert [curve.get_ydata()[0] for curve in ax.lines] == [24, 3, 3]
    ax = plots.capacity_curve({"all": study, "three": redispatched}, figures=["headroom_mw"])
    assert labels(ax) == ["all", "three"]


def test_capacity_curve_ends_at_the_cap(net):
    study = nr.headroom(net, max_mw=100, progress=False)
    reached = int((study.table["status"] == "cap_reached").sum())
    assert reached > 3
    ax = drawn(plots.capacity_curve(study))
    assert ax.lines[0].get_data()[0][-1] == 100
    assert ax.lines[0].get_data()[1][-1] == reached
    assert labels(ax)[-1] == "Cap of the search, 100 MW"


def test_capacity_curve_has_infinite_figures_at_the_cap(study):
    infinite = int(np.isinf(study.table["generation_mw"]).sum())
    assert infinite > 0
    ax = plots.capacity_curve(study, figures="generation_mw")
    assert buses_at_least(ax.lines[0], 2000) == infinite


def test_capacity_curve_says_what_has_no_figure(study):
    holed = nr.Study(study._core, study.network, study.options, 0.0)
    table = study.table.copy()
    table.iloc[[0, 5], table.columns.get_loc("headroom_mw")] = np.nan
    holed.__dict__["table"] = table
    ax = plots.capacity_curve(holed)
    assert ax.lines[0].get_ydata()[0] == 22
    assert labels(ax) == ["Headroom (2 of 24 without a figure)"]
    assert ax.get_legend() is not None


def test_draws_on_axes_that_are_given(study):
    _, ax = plt.subplots()
    assert plots.capacity_curve(study, ax=ax) is ax
    assert plots.binding_elements(study, ax=ax) is ax
    assert len(plt.get_fignums()) == 1


# Binding elements


def test_binding_elements_are_counted_and_coloured(study):
    ax = drawn(plots.binding_elements(study, most=4))
    names = [text.get_text() for text in ax.get_yticklabels()]
    counts = study.table["element"].value_counts()
    assert names == list(counts.index[:4])
    widths = dict.fromkeys(range(4), 0.0)
    for limit, bars in zip([h.get_label() for h in ax.containers], ax.containers, strict=True):
        key = next(name for name, words in nr._words.LIMIT_WORDS.items() if words == limit)
        for row, bar in enumerate(bars):
            expected = ((study.table["element"] == names[row]) & (study.table["limit_type"] == key)).sum()
            assert bar.get_width() == expected
            assert mpl.colors.to_hex(bar.get_facecolor()) == LIMIT_COLOURS[key]
            widths[row] += bar.get_width()
    assert list(widths.values()) == list(counts.iloc[:4])
    medians = study.table.groupby("element")["headroom_mw"].median()
    assert [text.get_text() for text in ax.texts] == [f"{medians[name]:,.0f} MW" for name in names]
    assert f"{len(counts) - 4} further elements are not shown" in ax.get_xlabel()


def test_binding_elements_after_redispatch(redispatched):
    ax = plots.binding_elements(redispatched, figure="redispatch_mw")
    assert {text.get_text() for text in ax.get_yticklabels()} == set(redispatched.table["redispatch_element"])


def test_binding_elements_needs_some(net):
    with pytest.raises(nr.OptionError, match="nothing breaks up to the cap"):
        plots.binding_elements(nr.headroom(net, max_mw=1, buses=[21], progress=False))


# Map


def test_map_colours_buses_by_headroom(study):
    ax = drawn(plots.headroom_map(study))
    dots = [each for each in ax.collections if isinstance(each, PathCollection)][-1]
    assert sorted(dots.get_array()) == sorted(study.table["headroom_mw"])
    (lines,) = [each for each in ax.collections if isinstance(each, LineCollection)]
    branches = study.network.branches
    pairs = {frozenset(pair) for pair in branches[["from_bus", "to_bus"]].itertuples(index=False)}
    assert len(lines.get_segments()) == len(pairs)
    texts = [text.get_text() for text in ax.texts]
    assert "Layout of the graph, not a map" in texts
    assert {"1", "24"} <= set(texts)
    # The buses of the lines are where the dots are.
    spots = {tuple(np.round(spot, 9)) for spot in dots.get_offsets()}
    assert {tuple(np.round(end, 9)) for segment in lines.get_segments() for end in segment} <= spots


def test_layout_is_the_same_each_time(study):
    first, second = (plots.headroom_map(study).collections[-1].get_offsets() for _ in range(2))
    assert np.array_equal(first, second)
    assert len(np.unique(np.round(first, 3), axis=0)) == 24


def test_a_few_strong_buses_do_not_hide_the_others(study):
    tailed = nr.Study(study._core, study.network, study.options, 0.0)
    tailed.__dict__["table"] = study.table.assign(headroom_mw=[*np.linspace(1, 4, 20), 300, 500, 800, 900])
    bar = drawn(plots.headroom_map(tailed)).figure.axes[-1]
    shown = [text.get_text() for text in bar.get_yticklabels()]
    assert shown == ["0", "2", "3", "50", "100", "200", "300", "500"]
    assert shown[1:] == [f"{bound:,g}" for bound in class_bounds(tailed.table["headroom_mw"])]  # as in the report
    ax = drawn(plots.capacity_curve(tailed))
    assert ax.get_xscale() == "symlog"
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0", "1", "3", "10", "30", "100", "300"]
    assert buses_at_least(ax.lines[0], 400) == 3


@pytest.fixture
def somewhere(net):
    angle = np.linspace(0, 5, 24)
    return pd.DataFrame({"lat": 48 + np.cos(angle), "lon": 11 + np.sin(angle)}, index=net.buses.index)


@pytest.mark.parametrize("as_file", [False, True])
def test_map_with_coordinates(redispatched, somewhere, tmp_path, as_file):
    given = somewhere
    if as_file:
        given = tmp_path / "places.csv"
        somewhere.rename_axis("bus").to_csv(given)
    ax = drawn(plots.headroom_map(redispatched, given, figure="redispatch_mw"))
    dots = [each for each in ax.collections if isinstance(each, PathCollection)][-1]
    for value, (x, y) in zip(dots.get_array(), dots.get_offsets(), strict=True):
        bus = redispatched.table.index[redispatched.table["redispatch_mw"] == value][0]
        assert (x, y) == pytest.approx((somewhere["lon"][bus], somewhere["lat"][bus]))
    assert [text.get_text() for text in ax.texts][-1] == "21 buses in grey: no figure"
    assert "degrees" in ax.get_xlabel()


def test_map_says_what_has_no_coordinates(study, somewhere):
    ax = plots.headroom_map(study, somewhere.drop(index=[1, 2]))
    assert ax.texts[-1].get_text() == "2 of 24 buses have no coordinates and stand at the mean of their neighbours"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.rename(index={1: 99}), "bus = 99; the case has no such bus"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "bus = 1 is given twice"),
        (lambda t: t.assign(lat=t["lat"] + 90), "bus 1: lat = 139 is not within -90 to 90"),
        (lambda t: t.assign(lat=np.nan), "bus 1: lat = ''; must be a number"),
        (lambda t: t.drop(columns="lon"), "no column lon"),
        (lambda t: t.assign(lat="north"), "north"),
        (lambda t: "nowhere.csv", "nowhere.csv: cannot be read"),
    ],
)
def test_map_refuses_bad_coordinates(study, somewhere, change, message):
    with pytest.raises(nr.NodalroomError, match=message):
        plots.headroom_map(study, change(somewhere))


# PV curve


@pytest.mark.parametrize("balance", ["spare", "reference"])
def test_pv_curve_ends_at_the_collapse_of_the_study(net, balance):
    study = nr.headroom(net, contingencies="none", balance=balance, progress=False)
    for bus in (1, 6, 8, 11, 16):
        ax = plots.pv_curve(study, bus)
        loads = ax.lines[0].get_xdata()
        assert loads[-1] == pytest.approx(study.table["collapse_mw"][bus], abs=1.0), bus
        assert labels(ax)[1].startswith(f"Nose: {loads[-1]:,.1f} MW")


def test_pv_curve_ends_at_the_collapse_of_a_larger_case(activsg200):
    study = nr.headroom(activsg200, buses=[35, 133, 189], contingencies="none", progress=False)
    for bus, collapse in study.table["collapse_mw"].items():
        assert plots.pv_curve(study, bus).lines[0].get_xdata()[-1] == pytest.approx(collapse, abs=1.0)


def test_pv_curve_ends_where_the_study_sees_collapse_after_an_outage():
    """One path, also where it ends at a gap beyond which the state has solutions again."""
    net = nr.read(DATA / "case14.m")
    study = nr.headroom(net, [3], contingencies="branches", attribution=50, attribution_voltage=5, progress=False)
    row = study.table.loc[3]
    assert (row["limit_type"], row["contingency"]) == ("collapse", "branch 3: 2-3 ckt 1")
    end = plots.pv_curve(study, 3, contingency=row["contingency"]).lines[0].get_xdata()[-1]
    assert end <= row["violated_mw"]
    assert end == pytest.approx(row["collapse_mw"], abs=0.4)


def with_load(net, bus, p_mw, q_mvar):
    lines = net.to_matpower().splitlines()
    at = lines.index("mpc.bus = [") + net.buses["row"][bus]
    cells = lines[at].strip().rstrip(";").split()
    cells[2], cells[3] = (repr(float(cells[2 + k]) + float(more)) for k, more in enumerate((p_mw, q_mvar)))
    lines[at] = " ".join(cells) + ";"
    return nr.parse("\n".join(lines))


@pytest.mark.parametrize("bus", [8, 11])  # 11 has no load of its own
def test_pv_curve_is_of_power_flows(net, bus):
    x, y = plots.pv_curve(net, bus, power_factor=0.9).lines[0].get_data()
    assert x[0] == 0
    assert y[0] == pytest.approx(net.solve(balance="spare").buses["vm_pu"][bus], abs=1e-7)
    middle = len(x) // 2
    flow = with_load(net, bus, x[middle], x[middle] * np.tan(np.arccos(0.9))).solve(balance="spare")
    assert y[middle] == pytest.approx(flow.buses["vm_pu"][bus], abs=1e-6)
    assert np.all(np.diff(x) > 0)
    assert np.abs(np.diff(y)).max() <= 0.01 + 1e-9


def test_pv_curve_after_an_outage_goes_through_the_limit_of_the_row(activsg200):
    """Bus 35 binds itself, after the outage of its row: there the curve crosses Vmin at the headroom."""
    study = nr.headroom(activsg200, buses=[35], progress=False)
    row = study.table.loc[35]
    assert row["element"].startswith("bus 35 ")
    ax = drawn(plots.pv_curve(study, 35, contingency=row["contingency"]))
    x, y = ax.lines[0].get_data()
    assert np.interp(row["headroom_mw"], x, y) == pytest.approx(row["value"], abs=2e-4)
    assert line(ax, "Headroom").get_xdata()[0] == row["headroom_mw"]
    assert line(ax, "Thermal limit").get_xdata()[0] == row["thermal_mw"]
    assert line(ax, "Vmin").get_ydata()[0] == activsg200.buses["vmin_pu"][35]
    assert row["contingency"] in ax.get_title(loc="left")


def test_pv_curve_after_the_loss_of_a_unit(net):
    study = nr.headroom(net, buses=[8], contingencies="units", progress=False)
    row = study.table.loc[8]
    assert row["contingency_kind"] == "unit"
    ax = plots.pv_curve(study, 8, contingency=("unit", int(row["contingency_row"])))
    text = net.to_matpower().splitlines()
    at = text.index("mpc.gen = [") + int(row["contingency_row"])
    cells = text[at].strip().rstrip(";").split()
    cells[7] = "0"
    text[at] = " ".join(cells) + ";"
    flow = nr.parse("\n".join(text)).solve(balance="spare")
    assert ax.lines[0].get_ydata()[0] == pytest.approx(flow.buses["vm_pu"][8], abs=1e-7)


def test_pv_curve_ends_at_the_cap_where_there_is_no_nose(net):
    ax = plots.pv_curve(net, 8, max_mw=50)
    assert ax.lines[0].get_xdata()[-1] == 50
    assert "No nose up to 50 MW" in labels(ax)


def test_pv_curve_takes_the_options_of_the_study(net):
    study = nr.headroom(
        net,
        buses=[8],
        power_factor=0.8,
        contingencies="none",
        voltage_band=(0.97, 1.05),
        q_limits=False,
        progress=False,
    )
    ax = plots.pv_curve(study, 8)
    assert "power factor 0.8" in ax.get_xlabel()
    assert line(ax, "Vmin").get_ydata()[0] == 0.97
    assert ax.lines[0].get_xdata()[-1] == pytest.approx(study.table["collapse_mw"][8], abs=1.0)
    share = np.ones(len(net.generators))
    weighed = nr.headroom(net, buses=[8], balance=share, contingencies="none", progress=False)
    with pytest.raises(nr.OptionError, match="the weights of a study are not kept"):
        plots.pv_curve(weighed, 8)
    ax = plots.pv_curve(weighed, 8, balance=share)
    assert ax.lines[0].get_xdata()[-1] == pytest.approx(weighed.table["collapse_mw"][8], abs=1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"bus": 99}, "bus = 99; case24_ieee_rts has no such bus"),
        ({"bus": "x"}, "bus = 'x'; must be a number"),
        ({"bus": 8, "power_factor": 1.2}, "power_factor = 1.2"),
        ({"bus": 8, "power_factor": float("nan")}, "power_factor = nan"),
        ({"bus": 8, "max_mw": float("inf")}, "max_mw = inf"),
        ({"bus": 8, "contingency": "line 4"}, "contingency = 'line 4'; must be an outage such as"),
        ({"bus": 8, "contingency": ("branch", 99)}, "there is no branch 99, the case has 38"),
        ({"bus": 8, "contingency": "branch 4: 9-9 ckt 1"}, "branch 4 of the case is 'branch 4: 2-4 ckt 1'"),
        ({"bus": 8, "contingency": ("branch", 11)}, "splits the network"),
        ({"bus": 8, "balance": "all"}, "balance = 'all'"),
    ],
)
def test_pv_curve_refuses(net, call, message):
    with pytest.raises(nr.OptionError, match=message):
        plots.pv_curve(net, **call)


def test_pv_curve_refuses_buses_out_of_service_and_states_without_a_solution(small, wreck):
    with pytest.raises(nr.OptionError, match="bus = 9; it is out of service"):
        plots.pv_curve(small, 9)
    with pytest.raises(nr.OptionError, match="out of service already"):
        plots.pv_curve(small, 7, contingency=("branch", 10))
    with pytest.raises(nr.OptionError, match=r"bus 7: the state \(intact\) has no solution without new load"):
        plots.pv_curve(wreck, 7)


# Sensitivity


def test_the_outage_of_a_pv_curve_is_named(small):
    with pytest.raises(TypeError, match="positional"):
        plots.pv_curve(small, 7, "branch 9: 6-7 ckt 1")


def test_sensitivity_is_a_study_for_each_value(net):
    ax, table = plots.sensitivity(net, "power_factor", [1.0, 0.9], buses=[14, 3], contingencies="branches")
    assert list(table.index) == [1.0, 0.9]
    assert list(table.columns) == [14, 3]
    for value in table.index:
        expected = nr.headroom(net, buses=[14, 3], power_factor=value, contingencies="branches", progress=False)
        assert table.loc[value].to_dict() == expected.table["headroom_mw"].to_dict()
    for bus, curve in zip(table.columns, ax.lines, strict=True):
        assert list(curve.get_xdata()) == [0.9, 1.0]
        assert list(curve.get_ydata()) == [table.at[0.9, bus], table.at[1.0, bus]]
        assert curve.get_label() == f"bus {bus}"
    assert "power factor 0.9" not in ax.get_title(loc="left")
    drawn(ax)


def test_sensitivity_of_what_is_no_number(net):
    bands = {"of the case": None, "wide": (0.9, 1.1)}
    ax, table = plots.sensitivity(net, "voltage_band_post", bands, buses=[3, 8])
    assert list(table.index) == list(bands)
    assert (table.loc["wide"] > table.loc["of the case"]).all()
    assert [text.get_text() for text in ax.get_xticklabels()] == list(bands)
    for bus, points in zip(table.columns, ax.lines, strict=False):
        assert points.get_linestyle() == "None"
        assert list(points.get_ydata()) == list(table[bus])
        assert list(np.round(points.get_xdata())) == [0, 1]
    drawn(ax)


def test_sensitivity_of_redispatch(net):
    found = plots.sensitivity(net, "max_moved_mw", [50, 400], buses=[8], figure="redispatch_mw", redispatch=True)
    assert found.table.at[400.0, 8] >= found.table.at[50.0, 8] > 0
    assert found.ax.get_ylabel() == "Redispatch headroom (MW)"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("power", [1]), "option = 'power'; must be one of power_factor, max_mw"),
        (("power_factor", []), "values is empty"),
        (("power_factor", "0.9"), "values = '0.9'"),
        (("power_factor", [0.9, 0.9]), "0.9 is named twice"),
        (("power_factor", [1.5]), "power_factor = 1.5"),
    ],
)
def test_sensitivity_refuses(net, call, message):
    with pytest.raises(nr.OptionError, match=message):
        plots.sensitivity(net, *call, buses=[3])


def test_sensitivity_refuses_buses_and_options(net, wreck):
    with pytest.raises(nr.OptionError, match="99"):
        plots.sensitivity(net, "power_factor", [1.0], buses=[99])
    with pytest.raises(nr.OptionError, match="16 at most"):
        plots.sensitivity(net, "power_factor", [1.0], buses=range(1, 18))
    with pytest.raises(nr.OptionError, match="power_factor is what is varied"):
        plots.sensitivity(net, "power_factor", [1.0], buses=[3], **{"power_factor": 0.9})
    with pytest.raises(nr.OptionError, match="no redispatch_mw; make it with redispatch=True"):
        plots.sensitivity(net, "power_factor", [1.0], buses=[3], figure="redispatch_mw")
    with pytest.raises(nr.OptionError, match="no bus has a figure with any value of power_factor"):
        plots.sensitivity(wreck.network, "power_factor", [1.0, 0.9], buses=[3])


# What cannot be drawn


@pytest.mark.parametrize("draw", [plots.capacity_curve, plots.binding_elements, plots.headroom_map])
def test_studies_without_figures_are_refused(draw, wreck, interrupted, net):
    with pytest.raises(nr.OptionError, match="no bus of small has a headroom_mw: "):
        draw(wreck)
    with pytest.raises(nr.OptionError, match="has no finished bus to draw"):
        draw(interrupted)
    with pytest.raises(TypeError, match="Study"):
        draw(net)


def test_figures_that_a_study_lacks(study):
    with pytest.raises(nr.OptionError, match="has no redispatch_mw; make it with redispatch=True"):
        plots.capacity_curve(study, figures=["redispatch_mw"])
    with pytest.raises(nr.OptionError, match="figure 'moved'; must be one of headroom_mw"):
        plots.headroom_map(study, figure="moved")
    with pytest.raises(nr.OptionError, match="figures is empty"):
        plots.capacity_curve(study, figures=[])
    with pytest.raises(nr.OptionError, match="there is none to draw"):
        plots.capacity_curve({})
    with pytest.raises(nr.OptionError, match="most = 0"):
        plots.binding_elements(study, most=0)
    with pytest.raises(nr.OptionError, match="must be 'headroom_mw' or 'redispatch_mw'"):
        plots.binding_elements(study, figure="thermal_mw")


def test_says_what_to_install_without_matplotlib(study, net, monkeypatch):
    real = builtins.__import__

    def absent(name, *rest):
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    for draw in (
        lambda: plots.capacity_curve(study),
        lambda: plots.binding_elements(study),
        lambda: plots.headroom_map(study),
        lambda: plots.pv_curve(net, 8),
        lambda: plots.sensitivity(net, "power_factor", [1.0], buses=[3]),
    ):
        with pytest.raises(nr.OptionError, match=r"plots need matplotlib: pip install 'nodalroom\[plots\]'"):
            draw()


def test_the_package_is_imported_without_matplotlib():
    import subprocess
    import sys

    code = "import sys, nodalroom; sys.exit('matplotlib' in sys.modules or not callable(nodalroom.plots.pv_curve))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
