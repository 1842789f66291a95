"""What nodalroom raises on purpose. Numerical outcomes are never raised: they are statuses."""

from __future__ import annotations

__all__ = ["InputError", "NodalroomError", "OptionError", "PartialResultWarning"]


class NodalroomError(Exception):
    """Base of every exception of this package."""


class InputError(NodalroomError, ValueError):
    """Input data that cannot be used; the text reads ``FILE:LINE: PROBLEM``.

    Attributes:
        file: path or label of the input.
        line: 1-based line of the file, 0 where the problem belongs to the file as a whole.
        problem: names the table, the row, the field and the value.
    """

    def __init__(self, file: str, line: int, problem: str) -> None:
        where = f"{file}:{line}" if line > 0 else file
        super().__init__(f"{where}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem

    def __reduce__(self) -> tuple[type[InputError], tuple[str, int, str]]:
        return InputError, (self.file, self.line, self.problem)


class OptionError(NodalroomError, ValueError):
    """A call that cannot be carried out as asked; the text names the option, the value and the rule."""


class PartialResultWarning(UserWarning):
    """A study was interrupted: its tables hold what had been finished, and ``complete`` is False."""
