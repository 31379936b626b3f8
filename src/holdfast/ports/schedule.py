"""When the loop is to tick: the moments of an interval, or of a cron expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Schedule"]


class Schedule(Protocol):
    """Moments without an end, the same in every process that is told the same settings.

    They follow from the settings and the calendar alone, not from when a process began: two
    copies of a loop mean the same moment, and one of them can leave it to the other.
    """

    def next_after(self, moment: datetime) -> datetime:
        """Return the first of the moments that is later than `moment`, in UTC.

        Args:
            moment: An aware moment.
        """
        ...
