"""Stretches of time in which rows are counted and judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["Window", "bucket_start"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A half-open stretch of time, ``[start_at, end_at)``, both aware."""

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        if self.start_at.tzinfo is None or self.end_at.tzinfo is None:
            raise ValueError("a window's ends must be aware datetimes")
        if self.end_at <= self.start_at:
            raise ValueError(f"a window must end after it starts; found {self}")

    def __contains__(self, moment: datetime) -> bool:
        return self.start_at <= moment < self.end_at

    def __str__(self) -> str:
        return f"{self.start_at:%Y-%m-%d %H:%M} to {self.end_at:%Y-%m-%d %H:%M} UTC"


def bucket_start(moment: datetime, bucket: timedelta) -> datetime:
    """Return the start of the bucket that a moment falls into; buckets count from 1970 UTC.

    >>> bucket_start(datetime(2026, 3, 5, 17, 30, tzinfo=UTC), timedelta(days=1))
    datetime.datetime(2026, 3, 5, 0, 0, tzinfo=datetime.timezone.utc)
    """
    return _EPOCH + (moment - _EPOCH) // bucket * bucket
