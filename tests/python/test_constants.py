"""The table of numbers in docs/math.md, section 10, against the sources it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORDS = {"one half": 0.5, "a half": 0.5, "one quarter": 0.25, "a tenth": 0.1, "1 kW": 1e-3}
LITERAL = re.compile(r"(?<![\w.])(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)[fFuUlL]*(?![\w.])")


def rows():
    text = (ROOT / "docs" / "math.md").read_text(encoding="utf-8")
    lines = text.partition("## 10. The numbers and where they stand")[2].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][2:]


def numbers_of(cell):
    """The numbers of a row's first cell, each as the values that a source may have for it."""
    found = []
    for words, value in WORDS.items():
        found += [[value]] * cell.count(words)
        cell = cell.replace(words, "")
    for factor, exponent in re.findall(r"\$(?:(\d+)\\cdot)?10\^\{(-?\d+)\}\$", cell):
        found.append([float(f"{factor or 1}e{exponent}")])
    cell = re.sub(r"\$[^$]*\$", "", cell)
    for number, unit in re.findall(r"(\d+(?:\.\d+)?(?:/\d+)?)\s*(%|MiB|GiB)?", cell):
        above, _, below = number.partition("/")
        value = float(above) / float(below or 1)
        if unit == "%":
            found.append([value / 100, 1 - value / 100])
        elif unit:
            found.append([value * 2 ** (30 if unit == "GiB" else 20)])
        else:
            found.append([value])
    return found


def values_in(text):
    """The numbers that stand in a source, comments left out."""
    text = re.sub(r"//[^\n]*", "", text)
    values = {float(literal) for literal in LITERAL.findall(text)}
    for above, below in re.findall(r"([\d.]+) / ([\d.]+)", text):
        values.add(float(above) / float(below))
    for above, places in re.findall(r"\{(\d+)\} << (\d+)", text):
        values.add(float(above) * 2 ** int(places))
    # 1/8 stands as 8 steps of one.
    return values | {1 / value for value in values if value > 1 and value == int(value)}


def source_text(cell):
    texts, room = [], ""
    for name in re.findall(r"`([^`]+)`", cell):
        if name.startswith("."):
            name = Path(texts[-1][0]).with_suffix(name).name
        room, _, file = name.rpartition("/") if "/" in name else (room, "", name)
        places = [ROOT / "include" / "nodalroom" / room / file, ROOT / "src" / room / file]
        found = [place for place in places if place.is_file()]
        assert found, f"there is no {room}/{file}"
        texts.append((file, found[0].read_text(encoding="utf-8")))
    assert texts, f"{cell!r} names no file"
    return "\n".join(text for _, text in texts)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[1][:40])
def test_a_number_of_the_table_stands_in_the_file_it_names(row):
    numbers, meaning, where = row
    values = values_in(source_text(where))
    wanted = numbers_of(numbers)
    assert wanted, f"{numbers!r} is no number"
    for choices in wanted:
        near = [value for value in values if any(abs(value - choice) <= 1e-12 * choice for choice in choices)]
        assert near, f"{meaning}: {choices[0]:g} is not in {where}"


def test_a_stale_number_or_file_is_found():
    assert len(rows()) >= 35
    with pytest.raises(AssertionError, match="is not in"):
        test_a_number_of_the_table_stands_in_the_file_it_names(["0.123 MW", "made up", "`headroom/crossing.cpp`"])
    with pytest.raises(AssertionError, match="there is no"):
        source_text("`headroom/lane_kernels.hpp`")
