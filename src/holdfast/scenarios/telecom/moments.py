"""At which moments the rows of a month come in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DAY", "Moments", "aware", "moments_of_month", "month_start"]

Moments: TypeAlias = NDArray[np.datetime64]
"""Moments in UTC, to the second."""

DAY = 86_400  # seconds

_OPENS, _CLOSES = 7 * 3600, 22 * 3600  # when the telecom's shops and jobs ask for scores


def month_start(start: date, number: int) -> date:
    """Return the first day of the n-th month from a start, counted from 1.

    >>> month_start(date(2025, 11, 1), 3)
    datetime.date(2026, 1, 1)
    """
    months = start.year * 12 + start.month - 1 + number - 1
    return date(months // 12, months % 12 + 1, 1)


def moments_of_month(rng: np.random.Generator, first_day: date, n: int) -> Moments:
    """Return n moments spread evenly over a month's days, sorted; each in opening hours."""
    n_days = (month_start(first_day, 2) - first_day).days
    seconds = rng.integers(0, n_days, n) * DAY + rng.integers(_OPENS, _CLOSES, n)
    return np.datetime64(first_day, "s") + np.sort(seconds).astype("timedelta64[s]")


def aware(moments: Moments) -> Sequence[datetime]:
    """Return moments as aware datetimes in UTC.

    >>> aware(np.array(["2025-01-01T08:00:00"], dtype="datetime64[s]"))
    [datetime.datetime(2025, 1, 1, 8, 0, tzinfo=datetime.timezone.utc)]
    """
    seconds = moments.astype("datetime64[s]").astype(np.int64).tolist()
    return [datetime.fromtimestamp(second, UTC) for second in seconds]
