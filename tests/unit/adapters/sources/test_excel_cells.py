"""Cells of a sheet as columns: each kind alone, and what mixtures become."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from holdfast.adapters.sources.excel_cells import cell_array, cell_text

NOON = datetime(2024, 1, 31, 12)  # noqa: DTZ001 - as openpyxl gives it


class TestCellArray:
    @pytest.mark.parametrize(
        ("cells", "kind", "values"),
        [
            ([1, 2.5, None], "double", [1.0, 2.5, None]),
            ([1, "#DIV/0!", "n/a", 3], "int64", [1, None, None, 3]),
            ([2**60, 2**60 + 1], "int64", [2**60, 2**60 + 1]),
            ([True, None, False], "bool", [True, None, False]),
            (["1", "2.5"], "double", [1.0, 2.5]),
            (["2,5", "3"], "double", [2.5, 3.0]),
            ([1, "two"], "string", ["1", "two"]),
            ([1.0, "A1"], "string", ["1", "A1"]),
            (["007", 8], "string", ["007", "8"]),
            ([True, "maybe"], "string", ["true", "maybe"]),
            ([2**70, 1], "string", [str(2**70), "1"]),
            ([timedelta(hours=36), None], "double", [1.5, None]),
            ([time(8, 30), None], "string", ["08:30:00", None]),
            ([None, None], "string", [None, None]),
            ([1, "-", 3], "int64", [1, None, 3]),
            ([True, "-"], "string", ["true", "-"]),
            (["+", "-"], "string", ["+", "-"]),
        ],
    )
    def test_gives_one_type(self, cells, kind, values):
        """Errors and missing-value codes do not make text of numbers."""
        found = cell_array("x", cells)

        assert (str(found.type), found.to_pylist()) == (kind, values)

    def test_dates_and_times_are_moments_in_utc(self):
        """Excel knows no zones; a date is its midnight."""
        found = cell_array("x", [NOON, date(2024, 2, 1), None])

        assert found.to_pylist() == [
            NOON.replace(tzinfo=UTC),
            datetime(2024, 2, 1, tzinfo=UTC),
            None,
        ]

    def test_dates_that_are_partly_text_are_read_as_such(self):
        """In ISO form; one typed by hand does not spoil the column."""
        found = cell_array("x", [NOON, "2024-02-01"])

        assert found.to_pylist() == [NOON.replace(tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)]


class TestCellText:
    def test_shows_whole_numbers_without_a_fraction(self):
        """An area code of 415 is no 415.0."""
        assert [cell_text(c) for c in (415.0, 2.5, False, NOON)] == [
            "415",
            "2.5",
            "false",
            "2024-01-31T12:00:00",
        ]
