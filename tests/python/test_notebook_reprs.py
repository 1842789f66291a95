"""Results in a notebook's cell: whatever names a case holds, they are text; and progress there."""

import re
import sys
import types
from html.parser import HTMLParser

import nodalroom as nr
import pytest
from conftest import SMALL
from nodalroom import _progress

NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>"
VOID = {"br", "img", "hr"}


class Cell(HTMLParser):
    """Tags, attributes and words of a cell; every tag must be closed."""

    def __init__(self, raw):
        super().__init__()
        self.raw, self.tags, self.words, self.open = raw, [], [], []
        self.feed(raw)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def net():
    text = SMALL.replace("DELTA", NASTY).replace("GOLF", NASTY)
    return nr.parse(text, f"{NASTY}.m").with_load(4, 1)


@pytest.fixture(scope="module")
def cells(net):
    study = nr.headroom(net, max_mw=500)
    results = {
        "network": net,
        "flow": net.solve(),
        "sweep": nr.sweep(net, voltage_band_post=(0.995, 1.05), rating_post="A"),
        "study": study,
        "ladder": study.ladder(7, 80),
        "upgrades": study.upgrades(),
        "comparison": study.compare(nr.headroom(net.with_load(5, 3), [4, 7], max_mw=500, certify="all")),
    }
    return {kind: Cell(result._repr_html_()) for kind, result in results.items()}


KINDS = ["network", "flow", "sweep", "study", "ladder", "upgrades", "comparison"]


@pytest.mark.parametrize("kind", KINDS)
def test_names_stay_text(kind, cells):
    cell = cells[kind]
    assert "<script" not in cell.raw
    assert not any(tag in {"script", "img", "link", "iframe", "style", "b2"} for tag, _ in cell.tags)
    allowed = {"style"}
    assert all(set(attributes) <= allowed for _, attributes in cell.tags)
    assert not re.search(r"https?:|url\(|javascript:", cell.raw)


def test_a_nasty_name_is_shown_as_it_is(cells):
    assert NASTY in cells["study"].text
    assert NASTY in cells["network"].text
    assert NASTY in cells["comparison"].text


@pytest.mark.parametrize("kind", KINDS)
def test_colours_are_those_of_the_notebook(kind, cells):
    """Nothing fixes black on white: only grey lines, and words that are the notebook's own colour."""
    styles = ";".join(attributes.get("style", "") for _, attributes in cells[kind].tags)
    assert not re.search(r"(?<![-\w])color\s*:", styles)
    for ground in re.findall(r"background[^:]*:([^;']*)", styles):
        assert ground == "none"
    for colour in re.findall(r"rgba?\([^)]*\)|#[0-9a-f]{3,6}", styles):
        assert colour.startswith("rgba(128,128,128,"), colour


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("network", ["Network small", "Edited load at bus 4: +1 MW", "9 of 10", "isolated_buses", "230, 115 kV"]),
        ("flow", ["Power flow of small", "converged", "Lowest voltage", "Highest loadings"]),
        ("sweep", ["N-1 sweep of small", "12 converged", "Violations", "low_voltage", "… and"]),
        ("study", ["Headroom study of small", "7 limited", "Most headroom", "branch 1: 1-2 ckt 1", "balance: spare"]),
        ("ladder", ["Ladder of bus 7", "target_reached", "Rungs"]),
        ("upgrades", ["Upgrades of small", "What each unlocks", "unlocked_sum_mw"]),
        ("comparison", ["small against small", "Options that differ", "certify", "Largest changes", "same limit, lower"]),
    ],
)
def test_they_say_what_matters(kind, words, cells):
    for word in words:
        assert word in cells[kind].text, (word, cells[kind].text)


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_compact(kind, cells):
    assert len(cells[kind].raw) < 16_000
    assert sum(tag == "tr" for tag, _ in cells[kind].tags) < 60


def test_results_without_numbers_have_a_cell_too():
    net = nr.parse(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"), "heavy.m")
    study = nr.headroom(net)
    assert "No number" in Cell(study._repr_html_()).text
    assert "no solution" in Cell(net.solve()._repr_html_()).text
    assert "Intact case" in Cell(nr.sweep(net)._repr_html_()).text
    assert Cell(study.ladder(4)._repr_html_()).text
    assert Cell(study.upgrades()._repr_html_()).text
    assert "–" in Cell(nr.headroom(nr.parse(SMALL, "s.m"), [4], max_mw=5)._repr_html_()).text


class Notebook:
    """What IPython.display would have shown, one update after the other."""

    def __init__(self):
        self.shown = []
        module = types.ModuleType("IPython.display")
        module.HTML = str
        module.display = lambda content, display_id: self.shown.append(content) or self
        self.module = module

    def update(self, content):
        self.shown.append(content)


def test_progress_in_a_notebook_needs_no_widgets(small, monkeypatch):
    notebook = Notebook()
    monkeypatch.setitem(sys.modules, "IPython.display", notebook.module)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    nr.headroom(small, [4, 7], max_mw=50)
    assert notebook.shown[0] == "starting"
    assert any("candidate buses" in text and "<progress value='2' max='2'>" in text for text in notebook.shown)
    assert notebook.shown[-1] == ""


def test_progress_in_a_notebook_goes_away_after_a_refusal(small, monkeypatch):
    notebook = Notebook()
    monkeypatch.setitem(sys.modules, "IPython.display", notebook.module)
    with pytest.raises(RuntimeError), _progress.notebook_bar() as show:
        show("<b>stage</b>", 0, 0)
        raise RuntimeError
    assert notebook.shown == ["starting", "&lt;b&gt;stage&lt;/b&gt; ", ""]


def test_progress_in_a_terminal(small, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with _progress.reporting(True) as show:
        assert show is not None
        show("candidate buses", 1, 2)


def test_no_progress_elsewhere():
    with _progress.reporting(True) as show:
        assert show is None
