"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["FakeClock"]


class FakeClock:
    """`Clock` under a test's control.

    Args:
        moment: Where it stands; aware.

    >>> clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    >>> clock.advance(timedelta(days=1))
    >>> clock.now().isoformat()
    '2026-01-02T00:00:00+00:00'
    """

    def __init__(self, moment: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        """See `Clock.now`."""
        return self._moment

    def advance(self, by: timedelta) -> None:
        """Move it on, or back."""
        self._moment += by

    def set_to(self, moment: datetime) -> None:
        """Let it be another moment."""
        self._moment = moment.astimezone(UTC)
