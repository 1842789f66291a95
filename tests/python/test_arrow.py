"""Results as Arrow streams, for polars, DuckDB and whatever takes them."""

import nodalroom as nr
import numpy as np
import pytest
from conftest import DATA, SMALL

pyarrow = pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def study():
    return nr.headroom(nr.parse(SMALL, "small.m"), max_mw=500)


@pytest.fixture(scope="module")
def results(study):
    """Every result that is a stream, with the table it is."""
    net = study.network
    found = {
        "study": (study, study.table),
        "redispatch": (again := nr.headroom(nr.read(DATA / "case9.m"), redispatch=True), again.table),
        "sweep": (swept := nr.sweep(net), swept.table),
        "flow": (flow := net.solve(), flow.buses),
        "ladder": (ladder := study.ladder(7, 80), ladder.table),
        "upgrades": (listed := study.upgrades(), listed.table),
        "comparison": (compared := study.compare(nr.headroom(net, [4, 7], max_mw=5)), compared.table),
        "capped": (capped := nr.headroom(net, [4], max_mw=5), capped.table),
    }
    return found


KINDS = ["study", "redispatch", "sweep", "flow", "ladder", "upgrades", "comparison", "capped"]


@pytest.mark.parametrize("kind", KINDS)
def test_pyarrow_takes_it(kind, results):
    result, frame = results[kind]
    table = pyarrow.table(result)
    named = frame.reset_index() if frame.index.name is not None else frame
    assert table.column_names == list(named.columns)
    assert table.num_rows == len(frame)
    for name in named.columns:
        values, given = table[name].to_pylist(), named[name].tolist()
        missing = [value is None or value != value for value in map(plain, given)]
        assert [value is None for value in values] == missing, name
        assert [v for v in values if v is not None] == [g for g, none in zip(given, missing, strict=True) if not none]
        if named[name].dtype == object:
            assert table.schema.field(name).type == pyarrow.string(), name


def plain(value):
    return None if str(value) == "<NA>" else value


@pytest.mark.parametrize("kind", KINDS)
def test_polars_takes_it(kind, results):
    polars = pytest.importorskip("polars")
    result, frame = results[kind]
    table = polars.DataFrame(result)
    assert table.height == len(frame)
    if frame.index.name is not None:
        assert table.columns[0] == frame.index.name
        assert table[frame.index.name].to_list() == frame.index.tolist()


def test_the_bus_number_comes_first(study):
    table = pyarrow.table(study)
    assert table.column_names[0] == "bus"
    assert table["bus"].type == pyarrow.int64()
    assert table["headroom_mw"].to_pylist() == study.table["headroom_mw"].tolist()
    assert np.isinf(table["generation_mw"].to_pylist()).any()


def test_a_schema_can_be_asked_for(study):
    schema = pyarrow.table(study).schema
    stream = pyarrow.RecordBatchReader.from_stream(study, schema=schema)
    assert stream.read_all().equals(pyarrow.table(study))


def test_without_pyarrow_it_says_what_is_missing(study, monkeypatch):
    monkeypatch.setattr("nodalroom._frames.find_spec", lambda name: None)
    with pytest.raises(nr.OptionError, match=r"Arrow streams need pyarrow: pip install 'nodalroom\[parquet\]'"):
        study.__arrow_c_stream__()
