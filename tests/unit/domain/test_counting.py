"""What is counted of a date, of one or of many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.counting import counted
from holdfast.domain.derivation import DatePart, Derivation, microseconds

NOON = microseconds(datetime(2026, 3, 5, 12, tzinfo=UTC))
EARLIEST, LATEST = (microseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in (2, 9998))


def of(part, *, timed=False):
    at = datetime(2026, 1, 31, tzinfo=UTC)
    return Derivation(source="since", part=part, timed=timed, origin_at=at)


class TestCounted:
    def test_counts_whole_days_where_training_saw_days(self):
        """So that a row has one age all day long, as each row of a file has."""
        date = microseconds(datetime(2026, 3, 1, tzinfo=UTC))

        assert counted(of(DatePart.AGE), date, NOON) == 4.0
        assert counted(of(DatePart.AGE, timed=True), date, NOON) == 4.5

    def test_counts_what_is_to_come_below_zero(self):
        """A contract's end, say."""
        date = microseconds(datetime(2026, 3, 6, tzinfo=UTC))

        assert counted(of(DatePart.AGE), date, NOON) == -1.0

    @pytest.mark.parametrize(
        ("part", "day", "expected"),
        [
            (DatePart.MONTH_COSINE, datetime(2024, 1, 31, tzinfo=UTC), 1.0),
            (DatePart.MONTH_SINE, datetime(2024, 4, 1, tzinfo=UTC), 1.0),
            (DatePart.MONTH_SINE, datetime(2024, 2, 29, tzinfo=UTC), 0.5),
            (DatePart.WEEKDAY_COSINE, datetime(2026, 3, 2, tzinfo=UTC), 1.0),  # a Monday
            (DatePart.WEEKDAY_SINE, datetime(1969, 12, 29, 23, tzinfo=UTC), 0.0),
            (DatePart.HOUR_COSINE, datetime(2026, 3, 2, 12, 59, tzinfo=UTC), -1.0),
        ],
    )
    def test_goes_round_in_its_cycle(self, part, day, expected):
        """December stands beside January."""
        assert counted(of(part, timed=True), microseconds(day), NOON) == pytest.approx(expected)

    @given(
        date=st.integers(EARLIEST, LATEST),
        part=st.sampled_from(DatePart),
        timed=st.booleans(),
    )
    def test_gives_one_and_many_the_same_bits(self, date, part, timed):
        """Serving counts one row at a time, training all at once."""
        one = counted(of(part, timed=timed), date, NOON)
        many = counted(of(part, timed=timed), np.array([date] * 9), np.array([NOON] * 9))

        assert np.float64(one).tobytes() * 9 == many.astype(np.float64).tobytes()

    @given(date=st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)))  # noqa: DTZ001  # made aware below
    def test_knows_the_calendar(self, date):
        """Leap years and centuries among it, by Python's own."""
        aware = date.replace(tzinfo=UTC)
        turn = 2 * np.pi

        month = counted(of(DatePart.MONTH_SINE), microseconds(aware), NOON)
        weekday = counted(of(DatePart.WEEKDAY_SINE), microseconds(aware), NOON)
        age = counted(of(DatePart.AGE, timed=True), microseconds(aware), NOON)

        assert month == pytest.approx(np.sin(turn * (date.month - 1) / 12), abs=1e-12)
        assert weekday == pytest.approx(np.sin(turn * date.weekday() / 7), abs=1e-12)
        at_noon = datetime(2026, 3, 5, 12, tzinfo=UTC)
        assert age == pytest.approx((at_noon - aware) / timedelta(days=1), rel=1e-12)
