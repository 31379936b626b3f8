"""Alerts on the terminal, for whoever runs the loop by hand or reads its log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from holdfast.domain.notices import NoticeKind
from holdfast.ports.notifier import Channel

if TYPE_CHECKING:
    from collections.abc import Collection

    from holdfast.domain.evidence import Alert
    from holdfast.domain.notices import Notice

__all__ = ["CONSOLE", "ConsoleNotifier", "HeldConsole"]

CONSOLE = Channel(name="notifier/console")
_WORDS = {
    NoticeKind.UPDATED: "STILL ",
    NoticeKind.RESOLVED: "OVER, WAS ",
    NoticeKind.TRIED: "TEST ",
}


class ConsoleNotifier:
    """Writes one line for each notice to a stream, standard error by default."""

    channel = CONSOLE

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def notify(self, notice: Notice) -> None:
        """Write the alert; the event id lets a reader find its evidence."""
        alert, stream = notice.alert, self._stream or sys.stderr
        loudness = f"{_WORDS.get(notice.kind, '')}{alert.severity.upper()}"
        stream.write(f"{loudness}: {alert.message} (event {notice.event_id})\n")
        stream.flush()


class HeldConsole:
    """Keeps notices until a command has said what it found, which need not be said twice."""

    channel = CONSOLE

    def __init__(self, console: ConsoleNotifier | None = None) -> None:
        self._console = console or ConsoleNotifier()
        self._held: list[Notice] = []

    def notify(self, notice: Notice) -> None:
        """Keep the notice; `let_go` says it."""
        self._held.append(notice)

    def let_go(self, said: Collection[Alert]) -> None:
        """Say all that was kept, but for new alerts that the command has said already."""
        for notice in self._held:
            if notice.kind is not NoticeKind.RAISED or notice.alert not in said:
                self._console.notify(notice)
        self._held.clear()
