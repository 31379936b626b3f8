"""Which features come of a date, and how moments are written and counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

__all__ = ["DAY", "DatePart", "Derivation", "as_moment", "microseconds"]

DAY: Final = 86_400_000_000
"""Microseconds in a day; moments are counted in microseconds since 1970, UTC."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class DatePart(StrEnum):
    """What of a date is counted; its value stands behind the column's name."""

    AGE = "age in days"
    MONTH_SINE = "month, sine"
    MONTH_COSINE = "month, cosine"
    WEEKDAY_SINE = "weekday, sine"
    WEEKDAY_COSINE = "weekday, cosine"
    HOUR_SINE = "hour, sine"
    HOUR_COSINE = "hour, cosine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """Where the values of a derived feature come from.

    Attributes:
        source: The date that clients send.
        part: What of it is counted.
        timed: Whether hours count. Where training saw days only, a day's age is a whole
            number all day long, whatever the time of the question.
        origin_at: The training data's newest moment: what ages count back from in rows of
            which nobody says when they were.
    """

    source: str
    part: DatePart
    timed: bool
    origin_at: datetime

    @property
    def name(self) -> str:
        """How the feature is called.

        >>> at = datetime(2026, 1, 31, tzinfo=UTC)
        >>> Derivation(source="since", part=DatePart.AGE, timed=False, origin_at=at).name
        'since (age in days)'
        """
        return f"{self.source} ({self.part})"


def microseconds(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970.

    >>> microseconds(datetime(1970, 1, 2, tzinfo=UTC)) == DAY
    True
    """
    return (moment - _EPOCH) // _MICROSECOND


def as_moment(value: object) -> datetime | None:
    """Return the moment that ISO text names, in UTC; None if it names none.

    Without an offset it is taken as UTC, a day as its midnight: as sources read files.

    >>> as_moment("2026-01-31").isoformat(), as_moment("31.1.2026")
    ('2026-01-31T00:00:00+00:00', None)
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # an offset can carry a time over the calendar's edge
        return None
