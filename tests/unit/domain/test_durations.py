"""Durations: what is read, what is refused, and that writing is the inverse of reading."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.durations import format_duration, parse_duration


class TestDurations:
    @pytest.mark.parametrize(
        ("text", "length"),
        [
            ("7d", timedelta(days=7)),
            ("12h", timedelta(hours=12)),
            ("30m", timedelta(minutes=30)),
            ("0s", timedelta(0)),
            ("1.5h", timedelta(minutes=90)),
            ("1d12h", timedelta(hours=36)),
            (" 2W ", timedelta(weeks=2)),
        ],
    )
    def test_reads_numbers_with_units(self, text, length):
        """Weeks to seconds, alone or together."""
        parsed = parse_duration(text)

        assert parsed == length

    @pytest.mark.parametrize("text", ["", "7", "d", "-7d", "7 days", "1y", None, 7, "9e9d"])
    def test_refuses_anything_else(self, text):
        """A bare number has no unit, and none is assumed."""
        with pytest.raises(ValueError, match="needs a duration"):
            parse_duration(text)

    def test_refuses_what_no_calendar_holds(self):
        """A number that overflows is a mistake, not a crash."""
        with pytest.raises(ValueError, match="longer than any calendar"):
            parse_duration("9" * 30 + "w")

    @given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=100_000)))
    def test_writes_what_it_reads(self, length):
        """Formatting and parsing are inverse, to the microsecond."""
        text = format_duration(length)

        assert abs(parse_duration(text) - length) <= timedelta(microseconds=1)
