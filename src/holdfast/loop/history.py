"""What a process has read of the event log, so that each tick reads only what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.policy.transitions import ControlState, fold

if TYPE_CHECKING:
    from holdfast.domain.events import Event
    from holdfast.ports.event_log import EventLog

__all__ = ["History"]


class History:
    """The events that are known, and their fold: what is written down never changes.

    A log in which the newest known event is not the one that it was is another log: a backup
    was put back, say. All is read anew then.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._state = ControlState()

    def up_to_date(self, log: EventLog) -> tuple[list[Event], ControlState]:
        """Read on to the end of the log, and return all events with their fold.

        Args:
            log: The log, the same at every call.
        """
        known = self._events
        news = list(log.events(after=known[-1].seq - 1 if known else 0))
        if known:
            if not news or news[0].digest != known[-1].digest:
                known, self._state, news = [], ControlState(), list(log.events())
            else:
                news = news[1:]
        self._events, self._state = [*known, *news], fold(news, self._state)
        return self._events, self._state
