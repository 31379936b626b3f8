"""The machine's own clock."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["SystemClock"]


class SystemClock:
    """`Clock` of the operating system."""

    def now(self) -> datetime:
        """See `Clock.now`."""
        return datetime.now(UTC)
