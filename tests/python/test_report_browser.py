"""The report in a browser: offline, with mouse, touch and keyboard, at both widths, and the same figures as the table."""

import os
import re
import shutil
from pathlib import Path

import nodalroom as nr
import pytest
from conftest import DATA, SMALL

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (nodalroom[test])")

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="no chromium here: script/setup test installs it, or name one in CHROMIUM"
)

NASTY = "<script>document.title=`owned`</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Desk:
    """A page that was opened offline, with all it said and asked for."""

    def __init__(self, browser, path, address="", width=1400, height=1000, **options):
        self.context = browser.new_context(viewport={"width": width, "height": height}, offline=True, **options)
        self.page = self.context.new_page()
        self.problems, self.requests = [], []
        self.page.on("console", lambda message: self.problems.append(message.text))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri() + address)

    def text(self, selector):
        return self.page.locator(selector).inner_text()

    def column(self, name):
        at = self.page.evaluate(
            "name => [...document.querySelectorAll('#buses thead th:not([hidden])')]"
            ".findIndex(head => head.dataset.column === name) + 1",
            name,
        )
        return self.page.locator(f"#buses tbody tr[data-row] td:nth-child({at})").all_inner_texts()

    def focused(self):
        return self.page.evaluate("document.activeElement.id || document.activeElement.className")


@pytest.fixture
def open_desk(browser):
    opened = []

    def call(path, *arguments, **options):
        opened.append(Desk(browser, path, *arguments, **options))
        return opened[-1]

    yield call
    for desk in opened:
        desk.context.close()
        assert desk.problems == []
        assert len(desk.requests) == 1, desk.requests


@pytest.fixture(scope="module")
def grid():
    return nr.headroom(nr.read(DATA / "case_ACTIVSg200.m"), progress=False)


@pytest.fixture(scope="module")
def grid_page(grid, tmp_path_factory):
    path = tmp_path_factory.mktemp("grid") / "grid.html"
    grid.report(path)
    return path


@pytest.fixture(scope="module")
def redispatched():
    net = nr.read(DATA / "case24_ieee_rts.m")
    return nr.headroom(net, buses=[3, 8, 14], redispatch=True, progress=False)


@pytest.fixture(scope="module")
def redispatched_page(redispatched, tmp_path_factory):
    path = tmp_path_factory.mktemp("redispatched") / "redispatched.html"
    redispatched.report(path)
    return path


def facts(desk):
    """What the panel says, by its words."""
    pairs = desk.page.locator("#panel dl.facts > div").all()
    return {pair.locator("dt").inner_text(): pair.locator("dd").inner_text() for pair in pairs}


def test_a_bus_is_searched_and_opened(grid, grid_page, open_desk):
    desk = open_desk(grid_page)
    assert desk.text("#count") == f"{len(grid.table)} buses"
    desk.page.fill("#find", "PEKIN 1 0")
    wanted = grid.table.index[grid.table["name"] == "PEKIN 1 0"].tolist()
    assert desk.text("#count") == f"{len(wanted)} of {len(grid.table)} buses"
    desk.page.fill("#find", "133")
    desk.page.click("#buses tbody tr[data-row] >> nth=0")
    row = grid.table.loc[133]
    assert desk.page.url.endswith("#bus=133")
    assert desk.text("#panel-title").split("\n") == ["Bus 133", row["name"]]
    assert desk.text("#panel [data-figure=headroom_mw] b") == f"{row['headroom_mw']:,.1f} MW"
    said = facts(desk)
    assert said["Clean at"] == f"{row['feasible_mw']:,.2f} MW"
    assert said["Broken at"] == f"{row['violated_mw']:,.2f} MW"
    assert said["States solved"] == f"{row['states_solved']} of {row['states_total']}"
    assert said["Element"] == row["element"]
    assert row["contingency"] in said["State"]
    for name in ("thermal_mw", "voltage_mw", "collapse_mw", "generation_mw"):
        shown = desk.text(f"#panel [data-limit={name}] b")
        end = f"none below {row['collapse_mw']:,.0f} MW"
        assert shown == (end if row[name] == float("inf") else f"{row[name]:,.1f} MW")
    assert desk.text("#panel .command pre") == grid.witness(133).command()
    desk.page.keyboard.press("Escape")
    assert not desk.page.is_visible("#panel")
    assert "#bus" not in desk.page.url


def test_every_row_shows_the_figures_of_the_table(grid, grid_page, open_desk):
    desk = open_desk(grid_page)
    desk.page.click("#columns")
    desk.page.click("#buses th[data-column=bus] button")
    shown, height = {}, 600
    for step in range(12):
        desk.page.evaluate("top => { document.getElementById('table-window').scrollTop = top }", step * height)
        desk.page.wait_for_timeout(60)
        columns = [desk.column(name) for name in ("bus", "headroom_mw", "feasible_mw", "voltage_mw", "value", "states")]
        shown |= {int(cells[0]): cells[1:] for cells in zip(*columns, strict=True)}
    assert sorted(shown) == grid.table.index.tolist()
    for bus, cells in shown.items():
        row = grid.table.loc[bus]
        digits = 4 if re.search("voltage|collapse", row["limit_type"]) else 1
        assert cells[0] == f"{row['headroom_mw']:,.1f}"
        assert cells[1] == f"{row['feasible_mw']:,.2f}"
        assert cells[2] == ("none" if row["voltage_mw"] == float("inf") else f"{row['voltage_mw']:,.1f}")
        assert cells[3].rstrip("*") == f"{row['value']:,.{digits}f}"
        assert cells[4] == f"{row['states_solved']} of {row['states_total']}"


def test_filters_narrow_map_and_table(grid, grid_page, open_desk):
    desk = open_desk(grid_page)
    table, total = grid.table, len(grid.table)

    def expect(count):
        assert desk.text("#count") == (f"{count} of {total} buses" if count < total else f"{total} buses")
        assert desk.text("#rows") == f"{count} {'row' if count == 1 else 'rows'}"

    desk.page.fill("#least-kv", "100")
    expect(int((table["base_kv"] >= 100).sum()))
    desk.page.fill("#most-kv", "120")
    expect(int(table["base_kv"].between(100, 120).sum()))
    desk.page.fill("#least-mw", "50")
    desk.page.fill("#most-mw", "100")
    expect(int((table["base_kv"].between(100, 120) & table["headroom_mw"].between(50, 100)).sum()))
    desk.page.select_option("#kind", "thermal")
    left = (
        table["base_kv"].between(100, 120) & table["headroom_mw"].between(50, 100) & (table["limit_type"] == "thermal")
    )
    expect(int(left.sum()))
    desk.page.fill("#held-by", "no such element")
    expect(0)
    assert "No bus is left" in desk.text("#buses tbody")
    desk.page.click("#reset")
    expect(total)
    desk.page.select_option("#area", str(table["area"].iloc[0]))
    expect(int((table["area"] == table["area"].iloc[0]).sum()))


def test_headings_sort(grid, grid_page, open_desk):
    desk = open_desk(grid_page)
    first = [float(cell.replace(",", "")) for cell in desk.column("headroom_mw")]
    assert first == sorted(first, reverse=True)
    desk.page.click("#buses th[data-column=headroom_mw] button")
    again = [float(cell.replace(",", "")) for cell in desk.column("headroom_mw")]
    assert again == sorted(again)
    assert again[0] == round(float(grid.table["headroom_mw"].min()), 1)
    assert desk.page.get_attribute("#buses th[data-column=headroom_mw]", "aria-sort") == "ascending"
    desk.page.focus("#buses th[data-column=name] button")
    desk.page.keyboard.press("Enter")
    names = [name for name in desk.column("name") if name != "–"]
    assert names[:2] == sorted(grid.table["name"].dropna(), key=str.upper)[:2]


def test_an_element_shows_the_buses_it_holds(grid, grid_page, open_desk):
    desk = open_desk(grid_page)
    button = desk.page.locator("#holds button.held").first
    name = button.inner_text()
    button.click()
    assert desk.text("#rows").split()[0] == str(int((grid.table["element"] == name).sum()))
    assert name in desk.text("#held")
    desk.page.click("#held")
    assert desk.text("#count") == f"{len(grid.table)} buses"


def test_an_address_opens_its_bus(grid_page, open_desk):
    desk = open_desk(grid_page, "#bus=133")
    assert desk.text("#panel-title").startswith("Bus 133")
    desk.page.evaluate("location.hash = 'bus=102'")
    desk.page.wait_for_function("document.getElementById('panel-title').textContent.startsWith('Bus 102')")


def test_a_bus_without_a_row_says_so(tmp_path, open_desk):
    net = nr.read(DATA / "case_ACTIVSg200.m")
    path = tmp_path / "high.html"
    nr.headroom(net, [133, 135], contingencies="none", progress=False).report(path)
    desk = open_desk(path, "#bus=136")
    assert desk.text("#panel-title").split("\n") == ["Bus 136", net.buses.at[136, "name"]]
    assert "Not studied" in desk.text("#panel") and "2 buses that were named" in desk.text("#panel")
    desk.page.evaluate("location.hash = 'bus=9999'")
    desk.page.wait_for_function("document.getElementById('panel-title').textContent === 'Bus 9999'")
    assert "There is no such bus in this case" in desk.text("#panel")
    assert desk.page.is_hidden("#zoom-bound")
    desk.page.keyboard.press("Escape")
    assert desk.page.is_hidden("#panel") and "#bus" not in desk.page.url
    desk.page.fill("#find", "9998")
    desk.page.keyboard.press("Enter")
    assert "There is no such bus" in desk.text("#panel")
    desk.page.fill("#find", "133")
    desk.page.keyboard.press("Enter")
    assert desk.text("#panel [data-figure=headroom_mw] b").endswith(" MW")


def test_a_limit_that_was_not_found_says_up_to_where(grid, tmp_path, open_desk):
    path = tmp_path / "capped.html"
    capped = nr.headroom(grid.network, [133], max_mw=20, progress=False)
    assert capped.table.at[133, "status"] == "cap_reached"
    capped.report(path)
    desk = open_desk(path, "#bus=133")
    assert desk.text("#panel [data-limit=collapse_mw] b") == "none up to the cap, 20 MW"
    assert "the cap of 20 MW, or up to the load from which on a state has no solution" in desk.text("#all")


def test_the_legend_knows_what_is_filtered_out(grid_page, open_desk):
    desk = open_desk(grid_page)
    assert "filtered out" not in desk.text("#bus-legend")
    desk.page.fill("#least-mw", "100")
    assert "filtered out" in desk.text("#bus-legend")
    desk.page.click("#reset")
    assert "filtered out" not in desk.text("#bus-legend")


def test_the_map_stands_high_on_the_page(grid_page, redispatched_page, open_desk):
    for path in (grid_page, redispatched_page):
        desk = open_desk(path, width=1400, height=900)
        assert desk.page.locator("#map").bounding_box()["y"] <= 380
        tops = {desk.page.locator(f"#{name}").bounding_box()["y"] // 12 for name in ("find", "reset", "count")}
        assert len(tops) == 1  # one line
        for value in desk.page.locator(".card b").all():
            assert value.bounding_box()["height"] < 32
        inside = desk.page.locator("#map").bounding_box()
        assert desk.page.locator(".zoom").bounding_box()["y"] >= inside["y"] + inside["height"]


def test_on_a_phone_figures_stand_second(grid_page, redispatched_page, open_desk):
    desk = open_desk(grid_page, width=400, height=800, has_touch=True)
    heads = [head.get_attribute("data-column") for head in desk.page.locator("#buses thead th:visible").all()]
    assert heads[:3] == ["bus", "headroom_mw", "name"] and not {"base_kv", "area"} & set(heads)
    box = desk.page.locator("#buses th[data-column=headroom_mw]").bounding_box()
    assert box["x"] + box["width"] < 400
    desk.page.locator("#buses tbody tr[data-row] >> nth=3").tap()
    desk.page.wait_for_timeout(100)
    for part in ("#panel-title", "#panel [data-figure=headroom_mw] b"):
        box = desk.page.locator(part).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] < 400
    desk = open_desk(redispatched_page, "#bus=8", width=400, height=800)
    for figure in ("headroom_mw", "redispatch_mw"):
        box = desk.page.locator(f"#buses th[data-column={figure}]").bounding_box()
        assert box["x"] + box["width"] < 400
    heads = desk.page.locator("#panel [aria-label='Units that move'] th").all_inner_texts()
    assert heads[:2] == ["Unit", "Moved MW"]
    # Turned, or in a wider window, all columns are there again.
    desk.page.set_viewport_size({"width": 1000, "height": 800})
    desk.page.wait_for_function("document.querySelector('#buses th[data-column=area]').offsetWidth > 0")
    assert desk.column("bus")[0] in ("3", "8", "14")


def test_names_of_branches_are_not_broken(redispatched, redispatched_page, open_desk):
    desk = open_desk(redispatched_page, "#bus=8")
    said = facts(desk)
    assert redispatched.table.at[8, "contingency"] in said["State"]
    for part in desk.page.locator("#panel .whole").all():
        assert part.evaluate("part => part.getClientRects().length") == 1
    assert "Bars from 0 to " in desk.text("#panel .bars")


def test_the_map_answers_mouse_and_keyboard(grid_page, open_desk):
    desk = open_desk(grid_page)
    page = desk.page
    page.locator("#desk").scroll_into_view_if_needed()
    before = page.evaluate("document.getElementById('map').toDataURL()")
    page.focus("#map")
    for key in ("+", "+", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    page.wait_for_timeout(100)
    moved = page.evaluate("document.getElementById('map').toDataURL()")
    assert moved != before
    page.keyboard.press("Enter")
    assert page.is_visible("#panel")
    bus = desk.text("#panel-title").split()[1]
    page.keyboard.press("Escape")
    assert desk.focused() == "map"
    page.keyboard.press("0")
    # The bus is found again by hovering over the whole map, and opened by a click.
    box = page.locator("#map").bounding_box()
    page.fill("#find", bus)
    found = None
    for y in range(20, int(box["height"]), 16):
        for x in range(20, int(box["width"]), 16):
            page.mouse.move(box["x"] + x, box["y"] + y)
            if page.locator("#tip").is_visible() and f"Bus {bus} " in desk.text("#tip") + " ":
                found = (box["x"] + x, box["y"] + y)
                break
        if found:
            break
    assert found
    page.mouse.click(*found)
    assert desk.text("#panel-title").split()[1] == bus


def test_the_table_answers_the_keyboard(grid, grid_page, open_desk):
    desk = open_desk(grid_page)
    desk.page.focus("#table-window")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        desk.page.keyboard.press(key)
    ranked = grid.table["headroom_mw"].sort_values(ascending=False, kind="stable").index
    assert desk.text("#panel-title").split()[1] == str(ranked[1])
    assert desk.focused() == "panel-title"
    desk.page.keyboard.press("Escape")
    assert desk.focused() == "table-window"
    desk.page.keyboard.press("End")
    assert desk.page.locator("#buses tr.active td").first.inner_text() == str(ranked[-1])


def test_tab_reaches_every_control_in_order(redispatched_page, open_desk):
    desk = open_desk(redispatched_page)
    reached = []
    for _ in range(60):
        desk.page.keyboard.press("Tab")
        reached.append(desk.focused())
    wanted = ["theme", "find", "held-by", "kind", "area", "least-kv", "most-mw", "reset", "figure", "colour", "map",
              "zoom-in", "zoom-all", "columns", "download", "table-window"]  # fmt: skip
    at = [reached.index(name) for name in wanted]
    assert at == sorted(at)


def test_both_figures(redispatched, redispatched_page, open_desk):
    desk = open_desk(redispatched_page, "#bus=8")
    row = redispatched.table.loc[8]
    assert desk.text("#panel [data-figure=redispatch_mw] b") == f"{row['redispatch_mw']:,.1f} MW"
    panel = desk.text("#panel")
    pairs, units = redispatched.redispatch_pairs.loc[[8]], redispatched.redispatch_units.loc[[8]]
    for words in (*pairs["element"], *pairs["contingency"], units["unit"].iloc[0], f"{units['p_mw'].iloc[0]:,.1f}"):
        assert words in panel
    assert redispatched.witness(8, redispatch=True).command() in panel.replace("\n", " ")
    before = desk.page.evaluate("document.getElementById('map').toDataURL()")
    desk.page.select_option("#figure", "redispatch_mw")
    desk.page.wait_for_timeout(100)
    assert desk.page.evaluate("document.getElementById('map').toDataURL()") != before
    desk.page.fill("#least-mw", "50")
    assert desk.text("#count") == f"{int((redispatched.table['redispatch_mw'] >= 50).sum())} of 3 buses"


def test_names_are_text(tmp_path, open_desk):
    net = nr.parse(SMALL.replace("DELTA", NASTY).replace("GOLF", "\u2028" + NASTY), "small.m")
    path = tmp_path / "nasty.html"
    nr.headroom(net, max_mw=500, progress=False).report(path)
    desk = open_desk(path, "#bus=4")
    assert NASTY in desk.text("#panel-title")
    assert NASTY in desk.text("#buses tbody")
    assert desk.page.title() == "Headroom of small"
    assert desk.page.locator("#panel img, #buses img, #panel script").count() == 0
    assert desk.page.evaluate("document.querySelector('meta[http-equiv]').content").startswith("default-src 'none'")


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_page(grid_page, redispatched_page, open_desk, width, scheme):
    for path, bus in ((grid_page, 133), (redispatched_page, 8)):
        desk = open_desk(path, f"#bus={bus}", width=width, color_scheme=scheme)
        assert desk.page.evaluate("document.documentElement.scrollWidth") <= width
        assert desk.page.get_attribute("html", "data-theme") == scheme
        colour = desk.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", colour)[:3])) < 200) == (scheme == "dark")
        desk.page.click("#theme")
        assert desk.page.get_attribute("html", "data-theme") != scheme


def test_a_finger_moves_the_map_and_taps_a_bus(redispatched_page, open_desk):
    desk = open_desk(redispatched_page, width=400, height=800, has_touch=True)
    desk.page.locator("#map").scroll_into_view_if_needed()
    place = desk.page.evaluate(
        """() => {
          const box = document.getElementById("map").getBoundingClientRect();
          return [box.left + box.width / 2, box.top + box.height / 2];
        }"""
    )
    desk.page.focus("#map")
    desk.page.keyboard.press("Enter")
    bus = desk.text("#panel-title").split()[1]
    desk.page.click("#zoom-bound")
    desk.page.keyboard.press("Escape")
    desk.page.touchscreen.tap(*place)
    assert int(bus) in (3, 8, 14)


def test_printed_it_has_every_row(grid, grid_page, open_desk):
    desk = open_desk(grid_page)
    desk.page.emulate_media(media="print")
    desk.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(desk.column("bus")) == len(grid.table)
    for gone in ("#filters", "#theme", ".zoom", "nav"):
        assert desk.page.is_hidden(gone)
    for kept in ("#map", "#buses", "#holds", "#assumed", "#curve"):
        assert desk.page.is_visible(kept)
    desk.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(desk.page.pdf(format="A4")) > 10_000


def test_pages_without_a_map_run_too(tmp_path, open_desk):
    path: Path = tmp_path / "heavy.html"
    nr.headroom(nr.parse(SMALL.replace("\n3 1 40 12", "\n3 1 4000 1200"), "heavy.m"), progress=False).report(path)
    desk = open_desk(path)
    assert "No number is given" in desk.text("body")
    desk.page.click("#theme")


def test_the_large_case_opens(tmp_path, open_desk):
    net = nr.read(DATA / "case_ACTIVSg2000.m")
    study = nr.headroom(net, buses=net.buses.index[::400].tolist(), contingencies="none", progress=False)
    path = tmp_path / "large.html"
    study.report(path)
    assert path.stat().st_size < 15e6
    desk = open_desk(path)
    assert desk.text("#count") == f"{len(study.table)} buses"
    assert "not studied" in desk.text("#bus-legend")
