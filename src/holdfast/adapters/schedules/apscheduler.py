"""When to tick, by APScheduler's triggers: every so often, or at the times of a crontab.

Its triggers say when; the waiting is `loop.repeat`'s own. APScheduler's scheduler waits by a
clock that stands still while a machine sleeps, and would come late by that time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

__all__ = ["CronSchedule", "IntervalSchedule"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_SHIFT = timedelta(hours=3)  # more than any zone in use is set forth or back at once
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")  # as crontab counts them
_FIELDS = 5


class IntervalSchedule:
    """`Schedule` of the multiples of a length of time since 1970: hours on the hour, UTC.

    Args:
        every: From one tick to the next; parts of a second are left off.

    >>> hourly = IntervalSchedule(timedelta(hours=1))
    >>> hourly.next_after(datetime(2026, 3, 2, 12, 0, tzinfo=UTC)).isoformat()
    '2026-03-02T13:00:00+00:00'
    """

    def __init__(self, every: timedelta) -> None:
        seconds = max(1, int(every.total_seconds()))
        self._trigger = IntervalTrigger(seconds=seconds, start_date=_EPOCH, timezone=UTC)

    def next_after(self, moment: datetime) -> datetime:
        """See `Schedule.next_after`."""
        later = moment.astimezone(UTC).replace(microsecond=0) + _SECOND
        return _found(self._trigger.get_next_fire_time(None, later)).astimezone(UTC)


class CronSchedule:
    """`Schedule` of a crontab line's five fields, by the clock on a wall somewhere.

    As cron has it: 0 and 7 are Sunday, and if both the day of the month and that of the week
    are restricted, either is enough. A time that the clock skips in spring comes once, as much
    later as the clock was set forth; one that it shows twice in autumn comes the first time
    only. Where the hour is ``*`` or ``*/n``, ticks follow the passing of time instead: none is
    made up for the hour that is skipped, and the hour that is repeated has its own.

    Args:
        expression: Minute, hour, day of the month, month, day of the week.
        zone: Whose clock.

    Raises:
        ValueError: If it is no such line, or no day ever matches it.

    Source:
        crontab(5) and cron(8), Vixie cron.

    >>> from zoneinfo import ZoneInfo
    >>> quarter_past = CronSchedule("15 * * * *", zone=ZoneInfo("UTC"))
    >>> quarter_past.next_after(datetime(2026, 3, 2, 12, 15, tzinfo=UTC)).isoformat()
    '2026-03-02T13:15:00+00:00'
    """

    def __init__(self, expression: str, *, zone: ZoneInfo) -> None:
        fields = expression.split()
        if len(fields) != _FIELDS:
            raise ValueError(f"needs 5 fields, such as '15 * * * *'; it has {len(fields)}")
        minute, hour, day, month, weekday = fields
        weekdays = _weekdays(weekday)
        either = "*" not in {day[0], weekday[0]}
        days = [(day, "*"), ("*", weekdays)] if either else [(day, weekdays)]
        # The wall's times are looked for as if the zone were UTC, which skips and repeats none.
        self._triggers = [
            CronTrigger(
                minute=minute, hour=hour, day=of_month, month=month, day_of_week=of_week,
                timezone=UTC,
            )
            for of_month, of_week in days
        ]  # fmt: skip
        self._zone, self._passes = zone, hour.startswith("*")
        if next(self._shown(_EPOCH), None) is None:
            raise ValueError("never comes: no day of any year matches it")

    def next_after(self, moment: datetime) -> datetime:
        """See `Schedule.next_after`."""
        found: datetime | None = None
        for shown in self._shown(self._on_the_wall(moment) - _SHIFT):
            if found is not None and shown > self._on_the_wall(found) + _SHIFT:
                break
            for at in self._moments(shown):
                if at > moment and (found is None or at < found):
                    found = at
        return _found(found)

    def _on_the_wall(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone).replace(tzinfo=UTC)

    def _shown(self, begin: datetime) -> Iterator[datetime]:
        """Yield the times of the line that a wall shows from one on, as if they were UTC."""
        while True:
            times = [trigger.get_next_fire_time(None, begin) for trigger in self._triggers]
            known = [time for time in times if time is not None]
            if not known:
                return
            yield min(known)
            begin = min(known) + _SECOND

    def _moments(self, shown: datetime) -> Iterator[datetime]:
        """Yield the moments that count for what the wall shows: mostly one, at most two."""
        local = shown.replace(tzinfo=self._zone)
        first = local.astimezone(UTC)
        is_skipped = self._on_the_wall(first) != shown
        if not (is_skipped and self._passes):
            yield first
        if self._passes and not is_skipped:
            yield local.replace(fold=1).astimezone(UTC)


def _weekdays(field: str) -> str:
    """Return a crontab's days of the week by name: APScheduler counts them from Monday."""
    if field == "*":
        return field
    days: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        first, _, last = ("0", "-", "6") if span == "*" else span.partition("-")
        begin = _weekday(first)
        end = _weekday(last) if last else 6 if step else begin
        days |= {i % 7 for i in range(begin, end + 7 * (end < begin) + 1, int(step or 1))}
    return ",".join(_DAYS[day] for day in sorted(days))


def _weekday(word: str) -> int:
    if word in _DAYS:
        return _DAYS.index(word)
    if word.isdecimal() and int(word) <= len(_DAYS):
        return int(word)
    raise ValueError(f"{word!r} is no day of the week: 0 to 7, or sun to sat")


def _found(moment: datetime | None) -> datetime:
    assert moment is not None, "a trigger without an end, which matches some day"
    return moment
