from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from holdfast.scenarios.telecom.moments import aware, moments_of_month, month_start


class TestMonthStart:
    @pytest.mark.parametrize(
        ("number", "expected"),
        [(1, date(2025, 12, 1)), (2, date(2026, 1, 1)), (14, date(2027, 1, 1))],
    )
    def test_counts_over_the_years_end(self, number, expected):
        """Months count from 1, the start's own."""
        assert month_start(date(2025, 12, 1), number) == expected


class TestMomentsOfMonth:
    @pytest.mark.parametrize(
        ("first", "last"), [(date(2024, 2, 1), 29), (date(2025, 2, 1), 28), (date(2025, 7, 1), 31)]
    )
    def test_reach_from_the_first_day_to_the_last(self, first, last):
        """Leap years too, and nobody asks at night."""
        moments = aware(moments_of_month(np.random.default_rng(1), first, 5_000))

        assert {at.day for at in moments} == set(range(1, last + 1))
        assert {(at.year, at.month) for at in moments} == {(first.year, first.month)}
        assert {at.hour for at in moments} == set(range(7, 22))


class TestAware:
    def test_gives_plain_datetimes_in_utc(self):
        """What the ports take, whatever numpy's unit was."""
        moments = np.array(["2025-03-30T01:30"], dtype="datetime64[ms]")

        assert aware(moments) == [datetime(2025, 3, 30, 1, 30, tzinfo=UTC)]
