"""How dates are written, and how the features that come of them are called."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast.domain.derivation import DAY, DatePart, Derivation, as_moment, microseconds


class TestDerivation:
    def test_bears_the_name_of_its_date_and_part(self):
        """Reports show it so."""
        one = Derivation(
            source="since",
            part=DatePart.MONTH_SINE,
            timed=False,
            origin_at=datetime(2026, 1, 31, tzinfo=UTC),
        )

        assert one.name == "since (month, sine)"


class TestAsMoment:
    @pytest.mark.parametrize(
        "text", ["2026-01-31", "2026-01-31T00:00:00Z", " 2026-01-31 02:00+02:00 ", "20260131"]
    )
    def test_reads_iso_forms_as_utc(self, text):
        """Without an offset it is UTC, as in files."""
        assert as_moment(text) == datetime(2026, 1, 31, tzinfo=UTC)

    @pytest.mark.parametrize(
        "wrong", ["", "31.01.2026", "2026-02-30", "soon", None, 20260131, "0001-01-01T00:00+09:00"]
    )
    def test_reads_nothing_else(self, wrong):
        """A day that is not there, a number, a moment off the calendar."""
        assert as_moment(wrong) is None


class TestMicroseconds:
    def test_counts_from_1970(self):
        """Before it, below zero."""
        assert microseconds(datetime(1969, 12, 31, tzinfo=UTC)) == -DAY
