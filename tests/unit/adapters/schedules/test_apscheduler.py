"""When a schedule's moments are: intervals, crontab's rules, and clocks that are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.adapters.schedules.apscheduler import CronSchedule, IntervalSchedule

BERLIN = ZoneInfo("Europe/Berlin")
SPRING = datetime(2026, 3, 29, tzinfo=BERLIN)  # 02:00 becomes 03:00
AUTUMN = datetime(2026, 10, 25, tzinfo=BERLIN)  # 03:00 becomes 02:00
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def between(schedule, begin, end):
    """Return the schedule's moments in a stretch."""
    found, at = [], begin
    while (at := schedule.next_after(at)) <= end:
        found.append(at)
    return found


def of_day(expression, day, zone=BERLIN):
    """Return the moments of a crontab line on a day of the wall, in UTC."""
    schedule = CronSchedule(expression, zone=zone)
    begin, end = (moment.astimezone(UTC) for moment in (day, day + timedelta(days=1)))
    return [f"{at:%H:%M}" for at in between(schedule, begin, end)]


def days_of(expression, n=31):
    """Return the days of March 2026, which begins on a Sunday, that a line matches."""
    begin = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
    found = between(CronSchedule(expression, zone=ZoneInfo("UTC")), begin, begin + n * 24 * HOUR)
    return [at.day for at in found]


class TestIntervalSchedule:
    @given(
        seconds=st.integers(1, 10_000_000),
        at=st.integers(0, 10**15).map(lambda n: NEW_YEAR + timedelta(microseconds=n)),
    )
    def test_gives_the_next_multiple_since_1970(self, seconds, at):
        """Exactly, whatever the length: two copies must mean the same moment by it."""
        every = timedelta(seconds=seconds)

        found = IntervalSchedule(every).next_after(at)

        assert at < found <= at + every
        assert (found - datetime(1970, 1, 1, tzinfo=UTC)) % every == timedelta(0)

    def test_goes_on_from_one_of_its_own_moments(self):
        """Later than, not at: else a loop would answer one moment for ever."""
        hourly = IntervalSchedule(HOUR)
        noon = datetime(2026, 3, 2, 12, tzinfo=UTC)

        assert hourly.next_after(noon) == noon + HOUR
        assert hourly.next_after(noon - timedelta(microseconds=1)) == noon


class TestCronSchedule:
    def test_reads_five_fields(self):
        """Minute, hour, day of the month, month, day of the week."""
        schedule = CronSchedule("*/30 4-5 1 jan,jul *", zone=ZoneInfo("UTC"))

        found = between(
            schedule, datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)
        )

        assert [f"{at:%m-%d %H:%M}" for at in found] == [
            "07-01 04:00", "07-01 04:30", "07-01 05:00", "07-01 05:30"
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("weekdays", "days"),
        [
            ("0", [1, 8, 15, 22, 29]),
            ("7", [1, 8, 15, 22, 29]),
            ("sun", [1, 8, 15, 22, 29]),
            ("1-5/2", [2, 4, 6, 9, 11, 13, 16, 18, 20, 23, 25, 27, 30]),
            ("5-7", [1, 6, 7, 8, 13, 14, 15, 20, 21, 22, 27, 28, 29]),
            ("fri-mon", [1, 2, 6, 7, 8, 9, 13, 14, 15, 16, 20, 21, 22, 23, 27, 28, 29, 30]),
            ("*/3", [1, 4, 7, 8, 11, 14, 15, 18, 21, 22, 25, 28, 29]),
            ("Mon,6", [2, 7, 9, 14, 16, 21, 23, 28, 30]),
        ],
    )
    def test_counts_the_days_of_the_week_from_sunday(self, weekdays, days):
        """As cron does; APScheduler's own reading of 0 is Monday."""
        assert days_of(f"0 0 * * {weekdays}") == days

    def test_takes_either_day_where_both_are_restricted(self):
        """crontab(5): the 13th, and each Friday."""
        assert days_of("0 0 13 * 5") == [6, 13, 20, 27]
        assert days_of("0 0 */10 * 0") == [1]  # a star restricts nothing, then both must match

    @pytest.mark.parametrize(
        "line", ["* * * *", "60 * * * *", "0 24 * * *", "0 0 * * 8", "0 0 31 2 *", "x * * * *",
                 "0 0 * * 1-5/0", "* * * * * *"]
    )  # fmt: skip
    def test_refuses_what_is_no_crontab_line(self, line):
        """Also a day that no year has: it would never come, and nobody would be told."""
        with pytest.raises(ValueError, match=r".+"):
            CronSchedule(line, zone=BERLIN)

    def test_february_29_comes_in_its_own_time(self):
        """Rare is not never."""
        schedule = CronSchedule("0 0 29 2 *", zone=ZoneInfo("UTC"))

        assert schedule.next_after(datetime(2026, 3, 1, tzinfo=UTC)).year == 2028


class TestClocksThatAreSet:
    """Red without `_moments`, and with APScheduler's own walk through a zone with such hours."""

    def test_a_time_that_is_skipped_comes_once(self):
        """02:30 does not exist on that day; it is made up for at 03:30, which is 01:30 UTC."""
        assert of_day("30 2 * * *", SPRING) == ["01:30"]

    def test_a_time_that_is_repeated_comes_once(self):
        """The first time that the wall shows 02:30."""
        assert of_day("30 2 * * *", AUTUMN) == ["00:30"]

    @pytest.mark.parametrize("day", [SPRING, AUTUMN])
    def test_on_the_days_around_it_comes_at_its_time(self, day):
        """The day before is on the old time, the day after on the new one."""
        schedule = CronSchedule("30 2 * * *", zone=BERLIN)

        found = between(schedule, day - timedelta(days=2), day + timedelta(days=3))

        assert len(found) == 5
        shown = [at.astimezone(BERLIN).strftime("%H:%M") for at in found]
        assert [one for one in shown if one != "02:30"] in ([], ["03:30"])

    @pytest.mark.parametrize("day", [SPRING, AUTUMN])
    def test_an_hourly_line_goes_on_by_the_hour(self, day):
        """Neither two in one hour nor an hour without any."""
        schedule = CronSchedule("15 * * * *", zone=BERLIN)
        begin = day.astimezone(UTC)

        found = between(schedule, begin, begin + 24 * HOUR)

        assert len(found) == 24
        assert {later - earlier for earlier, later in pairwise(found)} == {HOUR}

    def test_a_skipped_time_does_not_overtake_those_behind_it(self):
        """02:30 that day is later than 03:00; both come, in order."""
        assert of_day("0,30 2,3 * * *", SPRING) == ["01:00", "01:30"]

    def test_half_an_hour_is_enough(self):
        """Lord Howe Island sets its clocks by thirty minutes: 02:00 becomes 02:30."""
        zone = ZoneInfo("Australia/Lord_Howe")

        found = of_day("15 2 * * *", datetime(2026, 10, 4, tzinfo=zone), zone)

        assert found == ["15:45"]

    @given(
        minute=st.integers(0, 59),
        hour=st.integers(0, 23),
        begin=st.integers(0, 330 * 24 * 60).map(lambda n: NEW_YEAR + timedelta(minutes=n)),
        zone=st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]),
    )
    def test_a_daily_line_comes_once_for_each_day_of_the_wall(self, minute, hour, begin, zone):
        """Whatever was set when, and from whichever moment one looks."""
        schedule = CronSchedule(f"{minute} {hour} * * *", zone=ZoneInfo(zone))

        found = between(schedule, begin, begin + timedelta(days=8))

        days = [(at - timedelta(hours=1)).astimezone(ZoneInfo(zone)).date() for at in found]
        # An hour is what a skipped time may be late by, over midnight too.
        steps = [later - earlier for earlier, later in pairwise(found)]
        assert len(found) in {7, 8, 9}
        assert all(timedelta(hours=22) < step < timedelta(hours=26) for step in steps)
        assert len(set(days)) == len(days)
