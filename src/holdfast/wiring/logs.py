"""Where a process's own log goes: to standard error, so that standard output stays for answers."""

from __future__ import annotations

import logging
import sys
from functools import partial
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict

__all__ = ["log_to_stderr"]


def log_to_stderr(*, least: int = logging.WARNING, worker: int | None = None) -> None:
    """Send the log to standard error, unless a program around Holdfast has decided otherwise.

    By default structlog prints to standard output, where a line of log would break the JSON
    of a command and stand before the address that a server announces.

    Args:
        least: The level from which lines are written, as `logging` numbers it.
        worker: Which of several workers this process is; each line says so.
    """
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *([] if worker is None else [partial(_named, worker)]),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=_to_stderr,
    )


def _named(worker: int, _logger: object, _method: str, line: EventDict) -> EventDict:
    # Not a context variable, which threads do not inherit.
    return {**line, "worker": worker}


def _to_stderr(*_: object) -> structlog.PrintLogger:
    """Return a logger to what is standard error at this moment, which a test may replace."""
    return structlog.PrintLogger(sys.stderr)
