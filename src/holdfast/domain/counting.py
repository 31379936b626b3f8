"""What a model is given of a date: how old it is, and where in the cycle; the one place for it.

Training, scoring and serving all count by `counted`. It takes whole numbers, one or an array of
them, so that a served row and the same row of a file get the same bits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.domain.derivation import DAY, DatePart, Derivation

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["counted"]

_HOUR = 3_600_000_000  # microseconds
_FIRST_WEEKDAY = 3  # 1970 began on a Thursday; Monday is 0


def _wave(wave: Any, steps: int) -> NDArray[np.float64]:
    # Rounded, so that half a turn is 0 and not 1e-16; a table, because the sine of an array
    # may differ in the last bit from that of a number.
    return np.array([round(wave(2 * math.pi * step / steps), 15) for step in range(steps)])


_WAVES = {
    DatePart.MONTH_SINE: _wave(math.sin, 12),
    DatePart.MONTH_COSINE: _wave(math.cos, 12),
    DatePart.WEEKDAY_SINE: _wave(math.sin, 7),
    DatePart.WEEKDAY_COSINE: _wave(math.cos, 7),
    DatePart.HOUR_SINE: _wave(math.sin, 24),
    DatePart.HOUR_COSINE: _wave(math.cos, 24),
}


def counted(derivation: Derivation, date: Any, moment: Any) -> Any:
    """Return what a derivation makes of dates.

    Args:
        derivation: Which part is counted.
        date: Microseconds since 1970 UTC: an int, or an int64 array of shape ``(n,)``.
        moment: When each row is asked about, likewise; only ages look at it.

    Returns:
        float64, of the same shape.

    >>> from datetime import UTC, datetime
    >>> from holdfast.domain.derivation import microseconds
    >>> at = datetime(2026, 1, 31, tzinfo=UTC)
    >>> age = Derivation(source="since", part=DatePart.AGE, timed=False, origin_at=at)
    >>> counted(age, microseconds(datetime(2026, 1, 1, tzinfo=UTC)), microseconds(at))
    30.0
    """
    part = derivation.part
    if part is DatePart.AGE:
        if derivation.timed:
            return (moment - date) / float(DAY)
        return (moment // DAY - date // DAY) / 1.0
    return _WAVES[part][_step(part, date)]


def _step(part: DatePart, date: Any) -> Any:
    """Return the place in a cycle, from 0."""
    if part in {DatePart.HOUR_SINE, DatePart.HOUR_COSINE}:
        return date // _HOUR % 24
    days = date // DAY
    if part in {DatePart.WEEKDAY_SINE, DatePart.WEEKDAY_COSINE}:
        return (days + _FIRST_WEEKDAY) % 7
    return _month(days)


def _month(days: Any) -> Any:
    """Return the month, 0 for January, of a day since 1970; whole numbers in, and out.

    Source:
        Hinnant (2013), *chrono-Compatible Low-Level Date Algorithms*, civil_from_days.
    """
    of_era = (days + 719_468) % 146_097  # days since a 1 March from which 400 years repeat
    years = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    from_march = (5 * of_year + 2) // 153
    return (from_march + 2) % 12
