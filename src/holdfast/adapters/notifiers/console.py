"""Alerts on the terminal, for whoever runs the loop by hand or reads its log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from holdfast.domain.evidence import Alert
    from holdfast.domain.ids import EventId

__all__ = ["ConsoleNotifier"]


class ConsoleNotifier:
    """Writes one line for each alert to a stream, standard error by default."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def notify(self, alert: Alert, *, event_id: EventId) -> None:
        """Write the alert; the event id lets a reader find its evidence."""
        stream = self._stream or sys.stderr
        stream.write(f"{alert.severity.upper()}: {alert.message} (event {event_id})\n")
        stream.flush()
