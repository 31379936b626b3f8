"""Moments in the store: aware, in UTC, sortable as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql

from holdfast.adapters.stores.sql.timestamps import UtcTimestamp, from_text, to_text

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001  # the strategy adds the offset
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001  # the same
    timezones=OFFSETS,
)


class TestToText:
    @given(MOMENTS)
    def test_keeps_the_moment(self, moment):
        """To the microsecond, whatever its offset; it comes back in UTC."""
        back = from_text(to_text(moment))

        assert back == moment
        assert back.utcoffset() == timedelta(0)

    @given(MOMENTS, MOMENTS)
    def test_sorts_as_time_does(self, one, other):
        """Ranges are found by comparing text."""
        assert (to_text(one) < to_text(other)) == (one < other)

    def test_refuses_a_naive_moment(self):
        """It would mean another time on each machine."""
        with pytest.raises(ValueError, match="aware"):
            to_text(datetime(2026, 1, 1))  # noqa: DTZ001  # naive on purpose


class TestUtcTimestamp:
    def test_is_text_in_sqlite_and_a_time_elsewhere(self):
        """SQLite has no type for time; PostgreSQL's is aware."""
        sqlite = create_engine("sqlite://").dialect

        assert UtcTimestamp().compile(sqlite) == "VARCHAR(27)"
        assert UtcTimestamp().compile(postgresql.dialect()) == "TIMESTAMP WITH TIME ZONE"

    def test_hands_other_databases_aware_moments(self):
        """Their drivers take and return datetimes."""
        moment = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
        column, dialect = UtcTimestamp(), postgresql.dialect()

        bound = column.process_bind_param(moment, dialect)
        back = column.process_result_value(moment, dialect)

        assert bound == back == moment
        assert bound.tzinfo == back.tzinfo == UTC
        assert column.process_bind_param(None, dialect) is None
        assert column.process_result_value(None, dialect) is None
