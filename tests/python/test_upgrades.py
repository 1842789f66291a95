"""Upgrade ladders and lists: tables, options, and every figure beside a study of a case edited so."""

import json
import warnings

import nodalroom as nr
import numpy as np
import pandas as pd
import pytest
from conftest import DATA, SMALL, replaced

CASE = DATA / "case24_ieee_rts.m"
TEXT = CASE.read_text()
BOUND = [
    "limit_type", "contingency_kind", "contingency", "contingency_row", "element_kind", "element", "element_row",
    "value", "limit", "shadow_price", "shadow_price_unit",
]  # fmt: skip
ELEMENT = ["element_kind", "element", "element_row"]


@pytest.fixture(scope="module")
def net():
    return nr.parse(TEXT, "case24_ieee_rts.m")


@pytest.fixture(scope="module")
def study(net):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return nr.headroom(net, redispatch=True)


@pytest.fixture(scope="module")
def climbed(study):
    return study.ladder(3, target_mw=100, rating_factor=1.2)


@pytest.fixture(scope="module")
def listed(study):
    return {by: study.upgrades(4, redispatch=by) for by in (False, True)}


def raised(text, kind, row, factor=None):
    """A case file with an element's limits raised: ratings times a factor or none, voltages unlimited."""
    if kind == "bus":
        return replaced(text, "bus", {row: {11: "2", 12: "0"}})
    branch = nr.parse(text, "case.m").branches.loc[row]
    rates = [float(branch[f"rate_{word}_mva"]) for word in "abc"]
    return replaced(
        text, "branch", {row: {5 + i: "0" if factor is None else repr(rate * factor) for i, rate in enumerate(rates)}}
    )


def types(frame):
    return {name: str(kind) for name, kind in frame.dtypes.items() if str(kind) not in ("float64", "object")}


def test_columns_are_the_documented_ones(climbed, listed):
    table = climbed.table
    assert list(table.columns) == ["certified_mw", "status", *BOUND, "upgrade"]
    assert list(climbed.pairs.columns) == list(table.columns)
    assert table.index.name == climbed.pairs.index.name == "rung"
    assert list(table.index) == list(range(len(table)))
    assert list(climbed.needs.columns) == [
        *ELEMENT, "quantity", "value", "limit", "unit", "contingency_kind", "contingency", "contingency_row",
    ]  # fmt: skip
    for found in listed.values():
        assert list(found.table.columns) == [
            *ELEMENT, "buses_held", "weight", "was_run", "unlocked_sum_mw", "unlocked_median_mw", "best_bus",
            "best_unlocked_mw",
        ]  # fmt: skip
        assert list(found.buses.columns) == [*ELEMENT, "before_mw", "after_mw", "unlocked_mw", "status_after", "name"]
        assert found.buses.index.name == "bus"
        assert types(found.table) == {
            "element_row": "Int64", "buses_held": "int64", "was_run": "bool", "best_bus": "Int64",
        }  # fmt: skip
        assert types(found.buses) == {"element_row": "Int64"}
    assert types(table) == types(climbed.needs) == {"contingency_row": "Int64", "element_row": "Int64"}
    assert table["upgrade"].iloc[-1] is None
    assert table["contingency"].iloc[-1] is None


@pytest.mark.parametrize(
    ("bus", "target_mw", "redispatch", "factor"),
    [(3, 100, False, 1.2), (8, 500, False, None), (18, 500, False, 1.1), (8, 200, True, None), (3, 60, True, 1.3)],
)
def test_every_rung_is_the_headroom_of_a_case_edited_so(net, bus, target_mw, redispatch, factor):
    options = {"power_factor": 0.97, "attribution": 0.02}
    study = nr.headroom(net, [bus], **options)
    ladder = study.ladder(bus, target_mw=target_mw, redispatch=redispatch, rating_factor=factor)
    assert ladder.complete
    assert len(ladder.table) >= 2
    text, before = TEXT, 0.0
    for rung, row in ladder.table.iterrows():
        fresh = nr.headroom(
            nr.parse(text, "edited.m"), [bus], max_mw=target_mw, redispatch=redispatch, **options
        ).table.loc[bus]
        if redispatch:
            assert row["certified_mw"] == pytest.approx(max(fresh["redispatch_mw"], before), abs=0.2), rung
            assert row["certified_mw"] >= before
        else:
            assert row["certified_mw"] == pytest.approx(fresh["headroom_mw"], abs=1e-6), rung
            assert (row["status"], row["limit_type"]) == (fresh["status"], fresh["limit_type"])
            assert (row["contingency"], row["element"]) == (fresh["contingency"], fresh["element"])
            assert np.isclose(row["limit"], fresh["limit"], rtol=1e-9, equal_nan=True)
        before = row["certified_mw"]
        if row["upgrade"] is not None:
            assert row["element"] in row["upgrade"]
            text = raised(text, row["element_kind"], row["element_row"], factor)
    assert text != TEXT


def test_it_begins_where_the_study_ends_and_says_why_it_ends(study, climbed):
    assert climbed.table.at[0, "certified_mw"] == pytest.approx(study.table.at[3, "headroom_mw"], abs=1e-6)
    assert (climbed.status, climbed.complete) == ("target_reached", True)
    assert climbed.table["certified_mw"].iloc[-1] == 100
    assert climbed.table["status"].iloc[-1] == "cap_reached"
    rungs = len(climbed.table) - 1
    text = repr(climbed)
    for words in (
        f"Ladder of bus 3 of case24_ieee_rts: 5.9 MW as it is, 100.0 MW after {rungs} upgrades",
        "balance: spare",
        "its ratings x 1.2",
        "target_reached (nothing breaks up to the target)",
        "Rung 0: 5.9 MW; then lift the voltage limits of bus 3",
        f"Rung {rungs}: 100.0 MW>",
    ):
        assert words in text
    assert "redispatch headroom" not in text
    assert climbed.options == {**study.options, "buses": [3], "max_mw": 100, "redispatch": False}
    short = study.ladder(3, target_mw=100, rating_factor=1.2, max_rungs=2)
    assert short.status == "rungs_exhausted"
    pd.testing.assert_frame_equal(short.table.drop(columns="upgrade"), climbed.table.drop(columns="upgrade")[:3])
    assert list(short.table["upgrade"]) == [*climbed.table["upgrade"][:2], None]


def test_a_bus_that_was_no_candidate_has_a_ladder_too(net, climbed):
    again = nr.headroom(net, [14]).ladder(3, target_mw=100, rating_factor=1.2)
    pd.testing.assert_frame_equal(again.table, climbed.table, check_exact=True)


def test_needs_are_what_a_sweep_finds_at_the_last_rung(net, climbed):
    """Past their limits, that is: a sweep lists nothing else."""
    load = net.loads.set_index("bus").loc[3]
    q_mvar = load["q_mvar"] + 100 * np.tan(np.arccos(0.95))
    loaded = nr.parse(replaced(TEXT, "bus", {3: {2: f"{load['p_mw'] + 100}", 3: f"{q_mvar}"}}), "loaded.m")
    spare = (net.generators["p_max_mw"] - net.generators["p_mw"]).clip(lower=0)
    found = nr.sweep(loaded, balance=spare).violations
    low = climbed.needs[climbed.needs["quantity"] == "lowest voltage"]
    flows = climbed.needs[climbed.needs["quantity"] == "largest flow after an outage"]
    assert (low["value"] < low["limit"]).all()
    assert (flows["value"] > flows["limit"]).all()
    assert len(low) >= 3
    assert len(flows) >= 1
    for need in pd.concat([low, flows]).itertuples():
        kind = "thermal" if need.element_kind == "branch" else "low_voltage"
        of = found[(found["element"] == need.element) & (found["limit_type"] == kind)]
        worst = of["value"].max() if kind == "thermal" else of["value"].min()
        assert need.value == pytest.approx(worst, rel=1e-5)
        assert need.contingency == of.loc[of["value"] == worst, "contingency"].iloc[0]


def test_a_rating_is_raised_again_and_again(net):
    open_band = {"voltage_band": (0.3, 1.8), "voltage_band_post": (0.3, 1.8)}
    ladder = nr.headroom(net, [18], **open_band).ladder(18, rating_factor=1.02, max_rungs=3)
    assert ladder.table["element"].nunique() == 1
    assert list(ladder.table["limit"]) == pytest.approx([ladder.table.at[0, "limit"] * 1.02**k for k in range(4)])
    assert set(ladder.table["upgrade"][:3]) == {f"rating of {ladder.table.at[0, 'element']} x 1.02"}
    assert ladder.table["certified_mw"].is_monotonic_increasing


def test_endings_that_no_upgrade_helps(net, study):
    spare = study.ladder(14, target_mw=5000)
    units, loads = net.generators, net.loads
    most = units.loc[units["in_service"], "p_max_mw"].sum() - loads["p_mw"].sum()
    assert (spare.status, len(spare.table)) == ("generation_limited", 1)
    assert spare.most_generation_mw == pytest.approx(most)
    assert spare.table.at[0, "status"] == "limited"
    assert spare.needs.empty
    assert f"Units could never give a load here more than {most:.1f} MW" in repr(spare)
    nose = study.ladder(8)
    assert (nose.status, nose.table["limit_type"].iloc[-1]) == ("not_upgradable", "collapse")
    heavy = nr.headroom(nr.parse(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"), "heavy.m"))
    unsolved = heavy.ladder(4)
    assert (unsolved.status, unsolved.complete) == ("unsolved", True)
    assert unsolved.table["certified_mw"].isna().all()
    assert "without a figure" in repr(unsolved)
    none = heavy.upgrades()
    assert none.complete
    assert none.table.empty
    assert "No number is given" in repr(none)


def test_pairs_of_a_rung_are_those_of_the_study(study):
    ladder = study.ladder(8, target_mw=100, redispatch=True)
    pairs, own = ladder.pairs.loc[[0]], study.redispatch_pairs.loc[8]
    assert len(pairs) >= 2
    assert list(pairs["element"]) == list(own["element"])
    assert np.allclose(pairs["shadow_price"], own["shadow_price"], rtol=1e-3)
    assert list(pairs["shadow_price_unit"]) == list(own["shadow_price_unit"])
    assert ladder.table.index.is_unique
    weight = pairs["shadow_price"] * pairs["limit"]
    assert ladder.table.at[0, "element"] == pairs["element"].iloc[int(weight.argmax())]
    assert "redispatch headroom, to 100 MW" in repr(ladder)


@pytest.mark.parametrize("by", [False, True])
def test_unlocked_is_the_headroom_without_that_limit(study, listed, by):
    found = listed[by]
    figure = "redispatch_mw" if by else "headroom_mw"
    assert found.complete
    assert found.runs == (4, 4)
    for place, element in found.table.iterrows():
        held = found.buses[found.buses["element"] == element["element"]]
        edited = nr.parse(raised(TEXT, element["element_kind"], element["element_row"]), "edited.m")
        fresh = nr.headroom(edited, list(held.index), redispatch=by).table[figure]
        before = study.table.loc[held.index, figure]
        assert list(held["before_mw"]) == list(before)
        after = np.maximum(fresh, before) if by else fresh
        assert np.allclose(held["after_mw"], after, atol=0.2 if by else 1e-6), place
        assert np.allclose(held["unlocked_mw"], held["after_mw"] - held["before_mw"])
        assert element["buses_held"] == len(held)
        assert element["unlocked_sum_mw"] == pytest.approx(held["unlocked_mw"].sum())
        assert element["unlocked_median_mw"] == pytest.approx(held["unlocked_mw"].median())
        assert element["best_bus"] == held["unlocked_mw"].idxmax()
        assert element["best_unlocked_mw"] == held["unlocked_mw"].max()
    assert (found.buses["unlocked_mw"] >= 0).all()
    assert found.table["weight"].is_monotonic_decreasing


def test_elements_are_those_that_bind(study, listed):
    counts = study.table["element"].value_counts()
    fixed = listed[False]
    assert fixed.elements_total == len(counts)
    assert list(fixed.table["buses_held"]) == list(counts.iloc[:4])
    assert list(fixed.table["buses_held"]) == list(counts[fixed.table["element"]])
    assert list(fixed.table["weight"]) == list(fixed.table["buses_held"])
    pairs = study.redispatch_pairs
    by = listed[True]
    assert by.elements_total == pairs["element"].nunique()
    worth = (pairs["shadow_price"] * pairs["limit"]).groupby(pairs["element"]).sum().sort_values(ascending=False)
    assert list(by.table["element"]) == list(worth.index[:4])
    assert np.allclose(by.table["weight"], worth.iloc[:4])
    text = repr(by)
    assert f"Upgrades of case24_ieee_rts: 4 of {by.elements_total} elements that hold a bus" in text
    assert "each pair that redispatch headroom stops at; 4 elements at most" in text


def test_collapse_and_generation_are_listed_without_a_run():
    net = nr.parse(SMALL, "small.m")
    for options, kind in (
        ({"attribution": 50, "attribution_voltage": 5}, "collapse"),
        ({"attribution": 50, "contingencies": "none", "voltage_band": (0.2, 2.0)}, "generation"),
    ):
        study = nr.headroom(net, [4, 7], **options)
        assert kind in set(study.table["limit_type"])
        found = study.upgrades()
        row = found.table[found.table["element_kind"] == kind].iloc[0]
        assert row["buses_held"] == (study.table["limit_type"] == kind).sum()
        assert not row["was_run"]
        assert row["element_row"] is pd.NA
        assert row["best_bus"] is pd.NA
        held = found.buses[found.buses["element_kind"] == kind]
        assert held["after_mw"].isna().all()
        assert list(held["before_mw"]) == list(study.table.loc[held.index, "headroom_mw"])
        assert "where there is no limit to raise" in repr(found)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bus": 77}, "there is no bus 77 in small.m"),
        ({"bus": 9}, "candidate bus 9 is out of service (type 4)"),
        ({"bus": "4"}, "bus = '4'; must be a number"),
        ({"target_mw": 0}, "target_mw = 0; must be > 0 and finite"),
        ({"target_mw": float("inf")}, "target_mw = inf; must be > 0 and finite"),
        ({"redispatch": "no"}, "redispatch = 'no'; must be True or False"),
        ({"rating_factor": 1}, "rating_factor = 1; must be > 1"),
        ({"rating_factor": float("nan")}, "rating_factor = nan; must be > 1"),
        ({"max_rungs": 0}, "max_rungs = 0; must be a whole number >= 1"),
        ({"threads": 0}, "threads = 0; must be a whole number >= 1"),
        ({"progress": "no"}, "progress = 'no'; must be True or False"),
    ],
)
def test_ladder_options_out_of_range(options, words):
    study = nr.headroom(nr.parse(SMALL, "small.m"), [4], max_mw=10)
    with pytest.raises(nr.OptionError) as caught:
        study.ladder(**{"bus": 4, **options})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"most": 0}, "most = 0; must be a whole number >= 1"),
        ({"most": 2.5}, "most = 2.5; must be a whole number >= 1"),
        ({"redispatch": 1}, "redispatch = 1; must be True or False"),
        ({"redispatch": True}, "redispatch = True; the study has no redispatch figures"),
        ({"threads": -1}, "threads = -1; must be a whole number >= 1"),
    ],
)
def test_list_options_out_of_range(options, words):
    study = nr.headroom(nr.parse(SMALL, "small.m"), [4], max_mw=10)
    with pytest.raises(nr.OptionError) as caught:
        study.upgrades(**options)
    assert words in str(caught.value)


def test_threads_do_not_matter(study):
    one, two = (study.ladder(8, target_mw=150, threads=n) for n in (1, 2))
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)
    pd.testing.assert_frame_equal(one.needs, two.needs, check_exact=True)
    one, two = (study.upgrades(3, threads=n) for n in (1, 2))
    pd.testing.assert_frame_equal(one.buses, two.buses, check_exact=True)
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)


def test_progress_names_the_element(study):
    calls = []
    study.upgrades(3, progress=lambda *call: calls.append(call))
    assert calls[-1][0] == "candidate buses, element 3 of 3"
    assert all(0 <= done <= max(total, 1) for _, done, total in calls)
    study.ladder(3, target_mw=50, progress=lambda *call: calls.append(call))
    assert calls[-1][0] == "states at the last rung"

    def fail(*_):
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        study.ladder(3, progress=fail)


def test_csv_parquet_and_json_hold_the_tables(climbed, listed, tmp_path):
    for outcome, index in ((climbed, "rung"), (listed[True], None)):
        outcome.to_csv(tmp_path / "u.csv")
        again = pd.read_csv(tmp_path / "u.csv", index_col=index, float_precision="round_trip")
        assert list(again.columns) == list(outcome.table.columns)
        number = again.columns[again.dtypes == "float64"][0]
        assert list(again[number].dropna()) == list(outcome.table[number].dropna())
        assert list(again["element"].dropna()) == list(outcome.table["element"].dropna())
        assert outcome.to_csv() == (tmp_path / "u.csv").read_text()
        outcome.to_json(tmp_path / "u.json")
        assert json.loads((tmp_path / "u.json").read_text()) == json.loads(outcome.to_json())
        with pytest.raises(nr.OptionError, match=r"must end in \.csv"):
            outcome.to_csv(tmp_path / "u.txt")
    content = json.loads(climbed.to_json())
    assert (content["case"], content["bus"]) == ("case24_ieee_rts", 3)
    assert (content["target_mw"], content["rating_factor"]) == (100, 1.2)
    assert (content["status"], content["complete"], content["options"]["max_mw"]) == ("target_reached", True, 100)
    assert [row["certified_mw"] for row in content["rungs"]] == list(climbed.table["certified_mw"])
    assert content["rungs"][-1]["upgrade"] is None
    assert content["needs"][0]["quantity"] == "lowest voltage"
    assert len(content["pairs"]) == len(climbed.pairs)
    content = json.loads(listed[True].to_json())
    assert (content["most"], content["redispatch"], content["complete"]) == (4, True, True)
    assert len(content["elements"]) == 4
    assert [row["bus"] for row in content["buses"]] == list(listed[True].buses.index)
    pytest.importorskip("pyarrow")
    climbed.to_parquet(tmp_path / "u.parquet")
    again = pd.read_parquet(tmp_path / "u.parquet")
    assert again["certified_mw"].equals(climbed.table["certified_mw"])
    assert again.attrs["nodalroom"]["status"] == "target_reached"
