"""Which features come of a column of dates, and their values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.dated import derivations_of, derived_values, newest_of, repeated, says_when
from holdfast.domain.derivation import DatePart, Derivation

START = datetime(2024, 1, 1, tzinfo=UTC)
MOMENT = pa.timestamp("us", tz="UTC")
SHUFFLED = np.random.default_rng(3).permutation(60).tolist()


def dates(days):
    values = [None if day is None else START + timedelta(days=day) for day in days]
    return pa.chunked_array([pa.array(values, MOMENT)])


def parts(days):
    return [one.part for one in derivations_of("since", dates(days), origin_at=START)]


class TestSaysWhen:
    @pytest.mark.parametrize("days", [range(60), range(60, 0, -1), [day // 7 for day in range(60)]])
    def test_suspects_dates_in_whose_order_the_rows_lie(self, days):
        """The oldest first, or the newest; some on the same day."""
        assert says_when("since", dates(days))

    @pytest.mark.parametrize("name", ["date", "Timestamp", "event_time", "date time"])
    def test_suspects_what_is_called_so(self, name):
        """Also where the rows were shuffled."""
        assert says_when(name, dates(SHUFFLED))

    def test_takes_others_for_something_of_the_row(self):
        """As when a customer signed; and of a few rows the order proves nothing."""
        assert not says_when("signed_on", dates(SHUFFLED))
        assert not says_when("signed_on", dates(range(10)))


class TestDerivationsOf:
    def test_counts_a_cycle_that_the_dates_go_round(self):
        """Of half a year, the month would be but another age."""
        week = [DatePart.WEEKDAY_SINE, DatePart.WEEKDAY_COSINE]
        month = [DatePart.MONTH_SINE, DatePart.MONTH_COSINE]

        assert parts([0, 5]) == [DatePart.AGE]
        assert parts([0, 180]) == [DatePart.AGE, *week]
        assert parts([0, 400]) == [DatePart.AGE, *month, *week]

    def test_counts_hours_where_there_are_any(self):
        """Then an age has its fraction, too."""
        timed = derivations_of("since", dates([0, 5.25]), origin_at=START)
        plain = derivations_of("since", dates([0, 5]), origin_at=START)

        assert [one.part for one in timed][1:] == [DatePart.HOUR_SINE, DatePart.HOUR_COSINE]
        assert (timed[0].timed, plain[0].timed) == (True, False)


class TestDerivedValues:
    AGE = Derivation(
        source="since", part=DatePart.AGE, timed=False, origin_at=START + timedelta(days=10)
    )

    def test_counts_to_the_moment_of_each_row(self):
        """A row without a moment has no age."""
        values = derived_values(dates([0, 0, 0]), self.AGE, dates([3, 4, None]))

        assert values.to_pylist() == [3.0, 4.0, None]

    def test_counts_to_the_origin_where_no_moment_is_known(self):
        """And leaves missing dates missing."""
        assert derived_values(dates([0, None]), self.AGE, None).to_pylist() == [10.0, None]

    def test_looks_at_moments_for_ages_only(self):
        """A weekday is what it is."""
        weekday = Derivation(
            source="since", part=DatePart.WEEKDAY_COSINE, timed=False, origin_at=START
        )

        assert derived_values(dates([0]), weekday, dates([None])).to_pylist() == [1.0]  # a Monday


class TestNewestOf:
    def test_looks_through_all_columns(self):
        """None if none of them bears a date."""
        assert newest_of([dates([1, None]), dates([3])]) == START + timedelta(days=3)
        assert newest_of([dates([None])]) is None


class TestRepeated:
    def test_gives_each_row_the_moment(self):
        """As a column."""
        assert repeated(START, 2).to_pylist() == [START, START]
