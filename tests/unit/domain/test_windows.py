"""Stretches of time, half open and aware."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from holdfast.domain.windows import Window, bucket_start

START = datetime(2026, 3, 1, tzinfo=UTC)
WEEK = Window(start_at=START, end_at=START + timedelta(days=7))


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
