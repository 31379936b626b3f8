"""Ids, times and flags that stand beside the features of a row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from holdfast.domain.fields import FieldReader


class TestIdentifier:
    def test_takes_text_and_whole_numbers(self):
        """Customer numbers are often sent as numbers; they are names all the same."""
        reader = FieldReader(0, {"entity": 7590, "id": "order-1"})

        found = (reader.identifier("entity"), reader.identifier("id"), reader.identifier("at"))

        assert found == ("7590", "order-1", None)
        assert reader.issues == []

    @pytest.mark.parametrize("value", ["", "x" * 257, "a\x00b", "line\nbreak", 1.5, True, [], {}])
    def test_refuses_what_no_id_looks_like(self, value):
        """An id that a database could not hold, or a log not print, is refused by name."""
        reader = FieldReader(4, {"id": value})

        found = reader.identifier("id")

        assert found is None
        assert [(issue.row, issue.field) for issue in reader.issues] == [(4, "id")]


class TestMoment:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
            ("2026-03-01T12:00:00+02:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
            ("2026-03-01T12:00:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
            ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
            (datetime(2026, 3, 1, 12), datetime(2026, 3, 1, 12, tzinfo=UTC)),  # noqa: DTZ001 - a naive time is the case
            (
                datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=1))),
                datetime(2026, 3, 1, 11, tzinfo=UTC),
            ),
        ],
    )
    def test_reads_iso_times_as_utc(self, text, expected):
        """A time without an offset is taken as UTC; one with an offset is converted."""
        reader = FieldReader(0, {"at": text})

        found = reader.moment("at")

        assert found == expected
        assert found.tzinfo is UTC

    @pytest.mark.parametrize("value", ["yesterday", "", 1772366400, True, "0001-01-01T00:00+14:00"])
    def test_refuses_what_is_no_time(self, value):
        """Also a time that leaves the calendar when it is converted, and Unix seconds."""
        reader = FieldReader(0, {"at": value})

        found = reader.moment("at")

        assert found is None
        assert "needs an ISO 8601 time" in reader.issues[0].problem


class TestOnly:
    def test_names_what_a_misspelt_key_meant(self):
        """A key that would be passed over silently is worse than one that is refused."""
        reader = FieldReader(0, {"observed": "2026-03-01"})

        reader.only(["label", "observed_at"])

        assert reader.issues[0].field == "observed"
        assert "did you mean 'observed_at'?" in reader.issues[0].problem


class TestFlag:
    def test_takes_booleans_only(self):
        """1 and "true" are refused: a client that sends them means to be told."""
        reader = FieldReader(0, {"explain": 1})

        found = reader.flag("explain")

        assert found is False
        assert reader.issues[0].problem == "needs true or false"
