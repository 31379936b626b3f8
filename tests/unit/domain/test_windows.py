"""Stretches of time, half open and aware."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from holdfast.domain.errors import WindowError
from holdfast.domain.windows import Reach, Window, WindowSpec, bucket_start, since_1970

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY, HOUR, TICK = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
WEEK = Window(start_at=START, end_at=START + timedelta(days=7))


def reach(first, last):
    return Reach(first=since_1970(first), last=since_1970(last))


class TestWindow:
    def test_contains_its_start_and_not_its_end(self):
        """So that windows side by side share no row and lose none."""
        assert WEEK.start_at in WEEK
        assert WEEK.end_at not in WEEK
        assert WEEK.end_at - timedelta(microseconds=1) in WEEK

    @pytest.mark.parametrize("length", [timedelta(0), timedelta(days=-1)])
    def test_refuses_to_end_before_it_began(self, length):
        """An empty window can hold nothing to judge."""
        with pytest.raises(ValueError, match="must end after it starts"):
            Window(start_at=START, end_at=START + length)

    def test_refuses_naive_times(self):
        """They mean another moment on each machine."""
        with pytest.raises(ValueError, match="aware"):
            Window(start_at=START.replace(tzinfo=None), end_at=START)

    def test_reads_as_a_person_would_say_it(self):
        """It stands in explanations."""
        assert str(WEEK) == "2026-03-01 00:00 to 2026-03-08 00:00 UTC"


class TestBucketStart:
    @pytest.mark.parametrize(
        "bucket", [timedelta(days=1), timedelta(hours=7), timedelta(minutes=1)]
    )
    def test_is_the_last_multiple_since_1970(self, bucket):
        """A start belongs to its own bucket, the instant before to the one before."""
        moment = datetime(2026, 3, 5, 17, 30, 1, tzinfo=UTC)

        start = bucket_start(moment, bucket)

        assert start <= moment < start + bucket
        assert bucket_start(start, bucket) == start
        assert bucket_start(start - timedelta(microseconds=1), bucket) == start - bucket

    def test_does_not_depend_on_the_zone(self):
        """Half past midnight in Tokyo belongs to yesterday's bucket."""
        tokyo = datetime(2026, 3, 5, 0, 30, tzinfo=timezone(timedelta(hours=9)))

        start = bucket_start(tokyo, timedelta(days=1))

        assert start == datetime(2026, 3, 4, tzinfo=UTC)
        assert start.tzinfo is UTC

    def test_counts_backwards_before_1970(self):
        """Archives hold old rows."""
        old = datetime(1969, 12, 31, 12, tzinfo=UTC)

        assert bucket_start(old, timedelta(days=1)) == datetime(1969, 12, 31, tzinfo=UTC)


class TestWindowSpec:
    @pytest.mark.parametrize(
        ("window", "step", "said"),
        [
            ("7d", None, ("7d", "7d", "7d")),
            ("7d", "1d", ("7d", "1d", "1d")),
            ("24h", "6h", ("1d", "6h", "6h")),
            ("90m", "1h", ("90m", "1h", "30m")),
            (timedelta(days=1), None, ("1d", "1d", "1d")),
            ("1000", "400 rows", ("1,000 rows", "400 rows", "200 rows")),
            (1, None, ("1 row", "1 row", "1 row")),
        ],
    )
    def test_reads_lengths_as_people_write_them(self, window, step, said):
        """Buckets are as long as they can be for every window to be a sum of them."""
        spec = WindowSpec.parse(window, step)

        assert tuple(map(spec.say, (spec.length, spec.step, spec.bucket))) == said
        assert spec.tumbling == (spec.length == spec.step)

    def test_makes_buckets_a_part_of_the_season(self):
        """365 days are no whole number of weeks."""
        spec = WindowSpec.parse("7d", period="365d")

        assert spec.say(spec.bucket) == "1d"

    @pytest.mark.parametrize(
        ("window", "step", "message"),
        [
            ("1d", "7d", r"A step of 7d is longer than the window of 1d: .*at most 1d"),
            ("7d", "100", r"The window 7d counts time, but the step 100 counts rows\. Give both"),
            ("0d", None, r"A window of 0s with a step of 0s holds nothing.* greater than zero"),
            ("0", None, r"A window of 0 rows"),
            ("7d", "0s", r"with a step of 0s"),
            ("a week", None, r"'a week' is no length of a window\. Write a number of rows"),
            ("-5", None, r"'-5' is no length of a window"),
            ("7d", "1.000001s", r"would be a sum of .* buckets of .*divide each other"),
        ],
    )
    def test_refuses_lengths_that_make_no_windows(self, window, step, message):
        """In words, with what to write instead."""
        with pytest.raises(WindowError, match=message):
            WindowSpec.parse(window, step)

    def test_refuses_a_history_that_nobody_can_look_at(self):
        """One row of 1970 among those of today."""
        spec = WindowSpec.parse("1m")
        reach = Reach(first=0, last=since_1970(START))

        with pytest.raises(WindowError, match=r"over [\d,]+ windows, from 1970-01-01 .*wrong date"):
            list(spec.spans(reach))


class TestSpans:
    def test_lie_on_multiples_since_1970(self):
        """Whichever row comes first: the windows are the same."""
        spec = WindowSpec.parse("2d", "1d")

        spans = spec.spans(reach(START + HOUR, START + 4 * DAY - HOUR))

        assert [str(span.window.start_at.date()) for span in spans] == [
            "2026-03-01",
            "2026-03-02",
            "2026-03-03",
        ]

    def test_leave_out_what_the_ends_of_the_data_cut_off(self):
        """Unless asked for; then they are flagged."""
        spec = WindowSpec.parse("1d")
        data = reach(START + 12 * HOUR, START + 2 * DAY + 12 * HOUR)

        spans = list(spec.spans(data, partial=True))

        assert [span.complete for span in spans] == [False, True, False]
        assert list(spec.spans(data)) == spans[1:2]

    def test_dates_without_a_time_of_day_fill_their_day(self):
        """The last row bears midnight of a day that is there as a whole."""
        spec = WindowSpec.parse("1d")
        days = Reach(first=since_1970(START), last=since_1970(START + DAY), grain=DAY // TICK)

        assert len(list(spec.spans(days))) == 2

    def test_data_shorter_than_a_window_fill_none(self):
        """They are one incomplete window."""
        spec = WindowSpec.parse("100")
        rows = Reach(first=0, last=40)

        assert list(spec.spans(rows)) == []
        assert [str(s) for s in spec.spans(rows, partial=True)] == ["rows 0 to 100"]

    def test_rows_have_no_times(self):
        """Asking for them is an error, not 1970."""
        (span,) = WindowSpec.parse("10").spans(Reach(first=0, last=9))

        with pytest.raises(WindowError, match="rows 0 to 10 has no times"):
            _ = span.window
