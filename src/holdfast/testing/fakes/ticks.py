"""What is known of the loop's ticks, in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from holdfast.ports.tick_log import LoopTimes

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.ports.lease import Fence
    from holdfast.testing.fakes.leases import InMemoryLease

__all__ = ["InMemoryTickLog"]


class InMemoryTickLog:
    """`TickLog` in memory, on the time of its leases."""

    def __init__(self, leases: InMemoryLease) -> None:
        self._leases, self._times, self._announced_by = leases, LoopTimes(), ""

    def ticked(self, *, answered: datetime | None = None, fence: Fence | None = None) -> None:
        """See `TickLog.ticked`."""
        self._leases.check(fence)
        self._times = replace(
            self._times,
            last_tick_at=self._leases.now(),
            answered=answered or self._times.answered,
        )

    def announce(self, next_at: datetime | None, *, holder: str) -> None:
        """See `TickLog.announce`."""
        if next_at is None and holder != self._announced_by:
            return
        self._times, self._announced_by = replace(self._times, next_tick_at=next_at), holder

    def times(self) -> LoopTimes:
        """See `TickLog.times`."""
        return self._times
