"""Tables and lines of text as wide as the terminal; where there is none, as wide as they are."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterable

import typer
from rich.cells import cell_len, set_cell_size

GAP = 2
#: A line that ends with a command, which is copied whole: it is never broken, nor are the names of files in other lines.
COMMAND = re.compile(r"(^|\s)nodalroom [a-z]+ ")
#: Where a narrow terminal leaves no other way, columns are cut down to so many letters.
NARROW = 6


def terminal_width() -> int | None:
    """None where standard output is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def print_lines(lines: Iterable[str]) -> None:
    """Lines of text; what does not fit goes on below, a little to the right. Commands are left to the terminal."""
    width = terminal_width()
    for line in lines:
        if width is None or cell_len(line) <= width or COMMAND.search(line):
            typer.echo(line)
            continue
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        for part in textwrap.wrap(
            line, max(width, 20), subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
        ):
            typer.echo(part)


def print_rows(heads: list[str], right: list[bool], rows: list[list[str]]) -> None:
    """Columns beside each other, those of `right` with their ends in line."""
    columns = list(zip(heads, *rows, strict=True))
    widths = fitted([list(column) for column in columns], terminal_width())
    bold = sys.stdout.isatty()
    for number, row in enumerate([heads, *rows]):
        cells = [wrapped(text, width) for text, width in zip(row, widths, strict=True)]
        for part in range(max(map(len, cells))):
            padded = []
            for cell, width, is_right in zip(cells, widths, right, strict=True):
                text = cell[part] if part < len(cell) else ""
                blanks = " " * (width - cell_len(text))
                padded.append(blanks + text if is_right else text + blanks)
            line = (" " * GAP).join(padded).rstrip()
            typer.echo(typer.style(line, bold=True) if bold and number == 0 else line)


def fitted(columns: list[list[str]], room: int | None) -> list[int]:
    """How wide each column is, so that all fit: the widest give way first, and words are broken last."""
    widths = [max(map(cell_len, column)) for column in columns]
    if room is None:
        return widths
    room -= GAP * (len(columns) - 1)
    words = [max((cell_len(word) for text in column for word in words_of(text)), default=0) for column in columns]
    for least in (words, [NARROW] * len(columns)):
        while sum(widths) > room:
            width, at = max((width, at) if width > least[at] else (0, at) for at, width in enumerate(widths))
            if width == 0:
                break
            widths[at] -= 1
    return widths


def words_of(text: str) -> list[str]:
    """What is not broken: names with underscores are, behind each."""
    return [word.rstrip() for word in re.findall(r"[^\s_]*(?:_+|\s+|$)", text) if word]


def wrapped(text: str, width: int) -> list[str]:
    if cell_len(text) <= width:
        return [text]
    lines, line = [], ""
    for word in re.findall(r"[^\s_]*(?:_+|\s+|$)", text):
        if line and cell_len((line + word).rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += word
        while cell_len(line.rstrip()) > width:
            part = set_cell_size(line, width)
            lines.append(part.rstrip())
            line = line[len(part.rstrip()) :].lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines
