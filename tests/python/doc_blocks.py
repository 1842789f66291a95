"""Code blocks of the documentation: finding them, and comparing what they print with what is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FENCE = re.compile(r"(`{3,})(.*)")
MARK = re.compile(r"<!-- not run:(.*)-->")
#: A number as it may be shown: with thousands separated, decimals, an exponent.
NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.]*\w)")
SECONDS = re.compile(r"\b\d[\d.]* s\b")
ANYTHING = "…"


@dataclass
class Block:
    language: str
    text: str
    line: int
    #: Why it is not run; None where it is.
    reason: str | None
    #: Whether nothing but empty lines stands between it and the block before.
    follows: bool


def blocks_of(path: Path) -> list[Block]:
    """The fenced blocks of a page, but for directives, in order."""
    found: list[Block] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    reason: str | None = None
    follows = False
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if mark := MARK.fullmatch(line.strip()):
            reason = mark[1].strip()
        elif fence := FENCE.fullmatch(line):
            first = at
            while lines[at] != fence[1]:
                at += 1
            if not fence[2].startswith("{"):
                found.append(Block(fence[2], "\n".join(lines[first:at]), first, reason, follows))
                follows = True
            reason = None
            at += 1
        elif line.strip():
            reason = None
            follows = False
    return found


def commands_of(block: Block) -> list[tuple[str, list[str]]]:
    """The commands of a console block, each with the lines shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
        else:
            raise ValueError(f"line {block.line}: output without a command before it")
    return found


def _numbers_agree(shown: str, got: str) -> bool:
    """To the digits shown, one unit of the last of which rounding may be off by, or to a hundred thousandth."""
    if shown == got:
        return True
    expected, actual = float(shown.replace(",", "")), float(got.replace(",", ""))
    if "e" in shown:  # a residual: it depends on the processor
        return abs(actual) <= 30 * abs(expected) and abs(expected) <= 30 * abs(actual)
    _, _, decimals = shown.partition(".")
    if not decimals and "." not in got:
        return False  # a count
    return abs(expected - actual) <= max(1.01 * 10.0 ** -len(decimals), 1e-5 * abs(expected))


def line_agrees(shown: str, got: str) -> bool:
    """Whether a line is what is shown, but for white space, times, and digits beyond those shown."""
    shown, got = (SECONDS.sub("# s", " ".join(text.split())) for text in (shown, got))
    if NUMBER.sub("#", shown) != NUMBER.sub("#", got):
        return False
    return all(map(_numbers_agree, NUMBER.findall(shown), NUMBER.findall(got)))


def contradiction(shown: str, got: str, seen: dict[str, str]) -> str | None:
    """A figure of this line that stands otherwise where it was `seen` before: both may agree with what is printed, to
    the last digit, and not with each other.
    """
    lines = (SECONDS.sub("# s", line) for line in (shown, got))
    for here, printed in zip(*map(NUMBER.findall, lines), strict=True):
        if len(here.partition(".")[2]) != len(printed.partition(".")[2]) or "." not in here or "e" in here:
            continue
        if seen.setdefault(printed, here) != here:
            return f"shown:   {here}, and elsewhere {seen[printed]}\nprinted: {printed}"
    return None


def first_difference(shown: list[str], got: list[str], seen: dict[str, str] | None = None) -> str | None:
    """What is shown and was not printed; a line "…" stands for any lines. None where all agrees.

    With `seen`, figures by what was printed, they have to be shown in one way wherever they stand.
    """
    shown = [line for line in shown if line.strip()]
    got = [line for line in got if line.strip()]
    at = 0
    free = False
    for line in shown:
        if line.strip() == ANYTHING:
            free = True
            continue
        while free and at < len(got) and not line_agrees(line, got[at]):
            at += 1
        if at == len(got) or not line_agrees(line, got[at]):
            printed = got[at] if at < len(got) else "(nothing more)"
            return f"shown:   {line}\nprinted: {printed}"
        if seen is not None and (found := contradiction(line, got[at], seen)):
            return found
        at += 1
        free = False
    if at < len(got) and not free:
        return f"shown:   (nothing more)\nprinted: {got[at]}"
    return None
