"""What the package tells Python's logging, under the name ``nodalroom``: INFO for the start and end of long
calls, DEBUG for what they were asked. The package installs no handler and sets no level.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ._words import counted

if TYPE_CHECKING:
    from .network import Network

logger = logging.getLogger("nodalroom")


def reading(net: Network) -> Network:
    """Says that a case was read, and with DEBUG what is doubtful in it."""
    if not logger.isEnabledFor(logging.INFO):
        return net
    notes = net.diagnostics
    logger.info("read %s from %s: %s", net.name, net.source, counted(len(notes), "diagnostic", "diagnostics"))
    for note in notes.itertuples():
        logger.debug("%s, line %s: %s %s: %s", net.source, note.line, note.severity, note.code, note.message)
    return net


@contextmanager
def logged(
    what: str, net: Network, options: dict[str, Any] | None = None, level: int = logging.DEBUG
) -> Iterator[Callable[[str], None]]:
    """Logs the start and the end of a call with its seconds; what is yielded takes the outcome in words."""
    started = time.monotonic()
    outcome = "ended without a result"

    def done(words: str) -> None:
        nonlocal outcome
        outcome = words

    logger.log(level, "%s of %s: starts", what, net.name)
    if options is not None:
        logger.debug("%s of %s: options %s", what, net.name, options)
    try:
        yield done
    except BaseException as error:
        outcome = f"{type(error).__name__}: {error}"
        raise
    finally:
        logger.log(level, "%s of %s: %s, %.3f s", what, net.name, outcome, time.monotonic() - started)
