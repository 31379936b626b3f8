"""When the loop last came through a tick, and when it will begin the next: for those who ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.ports.lease import Fence

__all__ = ["LoopTimes", "TickLog"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopTimes:
    """How a project's loop stands in time, on the machines' own clocks, not on `Clock`.

    Attributes:
        last_tick_at: When a tick last came to its end, by whomever it was run.
        answered: The scheduled moment for which that was done; the newest that is known.
        next_tick_at: When a loop that runs said that it would begin the next one; long past
            if that process died, and None if it was stopped.
    """

    last_tick_at: datetime | None = None
    answered: datetime | None = None
    next_tick_at: datetime | None = None


class TickLog(Protocol):
    """A fact that each tick replaces; it is no event, so that the audit log grows by none."""

    def ticked(self, *, answered: datetime | None = None, fence: Fence | None = None) -> None:
        """Write down that a tick came to its end now, on the store's own time.

        Args:
            answered: The scheduled moment for which it ran; None leaves the last one.
            fence: The lease under which it ran; checked inside the transaction.

        Raises:
            LeaseLostError: If the fence's token is not the lease's current one.
        """
        ...

    def announce(self, next_at: datetime | None, *, holder: str) -> None:
        """Write down when a loop means to begin its next tick.

        Args:
            next_at: When; None takes back what this holder said last, and no other's word.
            holder: Names the process.
        """
        ...

    def times(self) -> LoopTimes:
        """Return what is known; nothing, before the first tick."""
        ...
