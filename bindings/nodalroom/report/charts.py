"""Charts as inline SVG."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from html import escape

from .._words import LIMIT_WORDS

#: Colours that stay apart for colour-blind readers (Okabe and Ito).
LIMIT_COLOURS = {
    "thermal": "#d55e00",
    "low_voltage": "#0072b2",
    "high_voltage": "#56b4e9",
    "voltage_change": "#009e73",
    "collapse": "#aa3377",
    "generation": "#e69f00",
    "none": "#9aa0a6",
}

HEIGHT = 320
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 16, 48
#: The same curve for wide pages and for narrow ones, where shrunk figures could not be read.
WIDTHS = {"wide": 920, "narrow": 460}
#: What sites ask for, MW: bounds between the colours of a map.
ASKED_MW = (50, 100, 200, 300, 500, 1000, 2000, 5000, 10000)
#: How many bounds there are at most below the least of those.
MORE_BOUNDS = 3
#: Below this a bus counts as taking nothing, MW.
NOTHING_MW = 0.1
#: Where more than this share takes nothing, the curve is of the others: it would be empty otherwise.
MOSTLY = 0.5


def nice_ticks(top: float, count: int = 6) -> list[float]:
    """0 and round numbers up to at least `top`."""
    if not top > 0:
        return [0.0, 1.0]
    raw = top / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * (1 - 1e-9))
    return [i * step for i in range(math.ceil(top / step - 1e-9) + 1)]


def class_bounds(figures: Iterable[float]) -> list[float]:
    """Bounds between the colours of a map, MW: those that sites ask for, as far as the figures reach them.

    Below the least of them more are added, where many figures lie: a few strong buses do not hide the others.
    """
    values = sorted(value for value in map(float, figures) if math.isfinite(value) and value >= NOTHING_MW)
    if not values:
        return []
    asked = [float(bound) for bound in ASKED_MW if values[0] < bound <= values[-1]]
    below = [value for value in values if not asked or value < asked[0]]
    wanted = round(MORE_BOUNDS * len(below) / len(values))
    more: list[float] = []
    for k in range(1, wanted + 1):
        at = min(below[k * len(below) // (wanted + 1)], *(0.6 * bound for bound in asked[:1]), math.inf)
        power = 10.0 ** math.floor(math.log10(at))
        near = float(f"{min((m * power for m in (1, 1.5, 2, 3, 4, 5, 6, 8, 10)), key=lambda bound: abs(bound - at)):.2g}")
        if values[0] < near <= values[-1] and near not in [*asked, *more]:
            more.append(near)
    return sorted([*more, *asked])


def log_ticks(top: float, marks: tuple[int, ...] = (1, 2, 5)) -> list[float]:
    """1, 2, 5, 10, … up to at least `top`."""
    ticks: list[float] = []
    power = 1.0
    while True:
        for m in marks:
            ticks.append(m * power)
            if m * power >= top:
                return ticks
        power *= 10


def capacity_curve(headroom_mw: list[float], redispatch_mw: list[float] | None = None) -> str:
    """Number of buses (upwards) whose headroom is at least so many MW (to the right), by either figure."""
    values = sorted(value for value in headroom_mw if math.isfinite(value))
    again = sorted(value for value in redispatch_mw or [] if math.isfinite(value))
    if not values:
        return "<p>No bus has a number.</p>"
    some = [value for value in values if value >= NOTHING_MW]
    more = [value for value in again if value >= NOTHING_MW]
    buses = f"{len(values):,} buses"
    if not some and not more:
        return f"<p>None of {buses} takes {NOTHING_MW:g} MW or more, so there is no curve to draw.</p>"
    note = ""
    if len(some) < (1 - MOSTLY) * len(values):
        if again:
            note = f"<p>{len(values) - len(some):,} of {buses} take nothing under the fixed rule.</p>"
        else:
            note = (
                f"<p>{len(values) - len(some):,} of {buses} take nothing. The curve is of the other {len(some):,}.</p>"
            )
            values = some
    legend = ""
    if again:
        legend = (
            "<ul class='legend'><li><i class='stroke'></i>fixed rule</li>"
            "<li><i class='stroke again'></i>redispatch</li></ul>"
        )
    return note + "".join(_curve(values, again, name, width) for name, width in WIDTHS.items()) + legend


def _curve(values: list[float], again: list[float], name: str, width: int) -> str:
    count, top = max(len(values), len(again)), max(values[-1], *again[-1:], 1.0)
    median = statistics.median(values)
    narrow = width < 600
    # A few very strong buses would press all others against the axis.
    logarithmic = top > 12 * max(median, 1.0)
    x_ticks = log_ticks(top, (1,) if narrow else (1, 2, 5)) if logarithmic else nice_ticks(top, 4 if narrow else 6)
    y_ticks = nice_ticks(count, 5)
    plot_width, plot_height = width - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(mw: float) -> float:
        share = math.log(max(mw, 1.0)) / math.log(x_ticks[-1]) if logarithmic else mw / x_ticks[-1]
        return LEFT + plot_width * min(max(share, 0.0), 1.0)

    def y(buses: float) -> float:
        return TOP + plot_height * (1 - buses / y_ticks[-1])

    def stairs(figures: list[float]) -> str:
        # At figures[i] the number of buses with at least so much falls from len(figures) - i.
        path = [f"M{x(0):.1f},{y(len(figures)):.1f}"]
        last_x = -1.0
        for i, mw in enumerate(figures):
            last = i + 1 == len(figures)
            if not last and figures[i + 1] == mw:
                continue
            at = x(mw)
            if at - last_x < 0.2 and not last:
                continue  # finer than a reader can see
            last_x = at
            path.append(f"H{at:.1f}V{y(len(figures) - i - 1):.1f}")
        return "".join(path)

    line = stairs(values)
    area = f"{line}V{y(0):.1f}H{x(0):.1f}Z"
    second = f"<path class='line again' d='{stairs(again)}'/>" if again else ""

    grid = "".join(
        f"<line class='grid' x1='{LEFT}' x2='{width - RIGHT}' y1='{y(t):.1f}' y2='{y(t):.1f}'/>"
        f"<text class='tick' x='{LEFT - 8}' y='{y(t) + 4:.1f}' text-anchor='end'>{t:,.0f}</text>"
        for t in y_ticks
        if t == int(t)
    )
    grid += "".join(
        f"<line class='grid' x1='{x(t):.1f}' x2='{x(t):.1f}' y1='{TOP}' y2='{y(0):.1f}'/>"
        f"<text class='tick' x='{x(t):.1f}' y='{y(0) + 18:.1f}' text-anchor='middle'>{t:,g}</text>"
        for t in x_ticks
    )
    later = statistics.median(again) if again else math.inf
    # Its words stand to the left where the second line would run through them.
    near = 0 < (x(later) if again else math.inf) - x(median) < 120 < x(median) - LEFT
    marks = _median_mark(median, "", x(median), TOP + 14, y(0), width, near)
    if again:
        marks += _median_mark(later, " with redispatch", x(later), TOP + 30, y(0), width)
    scale = ""
    if logarithmic:
        scale = " (logarithmic)" if narrow else " (logarithmic; buses below 1 MW are left of the axis)"
    return (
        f"<svg class='curve {name}' viewBox='0 0 {width} {HEIGHT}' role='img' aria-label='Buses by headroom'>"
        f"{grid}<path class='area' d='{area}'/><path class='line' d='{line}'/>{second}{marks}"
        f"<text class='axis' x='{LEFT + plot_width / 2:.0f}' y='{HEIGHT - 8}' text-anchor='middle'>"
        f"New load, MW{scale}</text>"
        f"<text class='axis' transform='translate(14 {TOP + plot_height / 2:.0f}) rotate(-90)' text-anchor='middle'>"
        "Buses that take at least this</text></svg>"
    )


def _median_mark(
    median: float, what: str, at: float, text_y: float, bottom: float, width: int, left: bool = False
) -> str:
    anchor, shift = ("end", -6) if left or at > width * 0.6 else ("start", 6)
    return (
        f"<line class='mark' x1='{at:.1f}' x2='{at:.1f}' y1='{TOP}' y2='{bottom:.1f}'/>"
        f"<text class='mark' x='{at + shift:.1f}' y='{text_y}' text-anchor='{anchor}'>"
        f"median {median:,.1f} MW{what}</text>"
    )


def limit_bar(counts: dict[str, int]) -> str:
    """One bar, split by limit type, with its legend."""
    total = sum(counts.values())
    if not total:
        return ""
    parts, legend, at = [], [], 0.0
    for limit, count in counts.items():
        width = 100.0 * count / total
        colour = LIMIT_COLOURS.get(limit, "#999")
        word = escape(LIMIT_WORDS.get(limit, limit))
        parts.append(
            f"<rect x='{at:.3f}%' width='{width:.3f}%' height='100%' fill='{colour}'>"
            f"<title>{word}: {count:,}</title></rect>"
        )
        legend.append(f"<li><i class='dot' style='background:{colour}'></i>{word}: {count:,}</li>")
        at += width
    return (
        f"<svg class='bar' role='img' aria-label='Buses by limit type'>{''.join(parts)}</svg>"
        f"<ul class='legend'>{''.join(legend)}</ul>"
    )
