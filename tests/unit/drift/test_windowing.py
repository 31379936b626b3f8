"""Rows are counted once, into buckets; windows are sums of those."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pyarrow as pa
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import ColumnError, GridMismatchError, WindowError
from holdfast.domain.windows import WindowSpec
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile
from holdfast.drift.windowing import bucketed_by_row, bucketed_by_time, nothing_counted

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
CONTRACT = Contract(
    features=(Feature(name="x", kind=FeatureKind.NUMERIC, nullable=True),),
    target=Target(name="y", positive="1", negative="0"),
    threshold=0.5,
    data_digest="",
)
COUNT = partial(profile, grid=cut_grid(pa.table({"x": [0.0, 1.0]}), CONTRACT))
DAILY = WindowSpec.parse("1d")


def by_time(moments, spec=DAILY, **options):
    column = pa.chunked_array([pa.array(moments, **options)])
    rows = pa.table({"x": [float(i) for i in range(len(moments))]})
    return bucketed_by_time(rows, column, COUNT, spec, column="seen")


def sizes(counted, **options):
    return [counts and counts.n_rows for _, counts in counted.windows(**options)]


class TestBucketedByTime:
    def test_reports_an_empty_window_as_empty(self):
        """A day without a row holds nothing to compare; it is there all the same."""
        counted = by_time([START, START + DAY - DAY / 48, START + 2 * DAY, START + 3 * DAY])

        assert sizes(counted) == [2, None, 1]

    def test_counts_rows_without_a_time_beside(self):
        """They are in no window, and not lost."""
        counted = by_time([None, START, None, START + DAY])

        assert (counted.n_rows, counted.n_undated) == (2, 2)

    def test_rows_of_no_time_at_all_make_no_window(self):
        """Nor an error: how many there were stands in the result."""
        counted = by_time([None, None], type=pa.timestamp("us"))

        assert (list(counted.windows(partial=True)), counted.n_undated) == ([], 2)

    @pytest.mark.parametrize(
        "moments",
        [
            pa.array([date(2026, 3, 2)]),
            pa.array([START.replace(tzinfo=None)], pa.timestamp("ns")),
            pa.array([START], pa.timestamp("s", tz="Asia/Tokyo")),
        ],
        ids=lambda array: str(array.type),
    )
    def test_reads_dates_and_times_of_any_unit_as_utc(self, moments):
        """The zone only says how a moment is written."""
        counted = by_time(moments)

        (span,) = [span for span, _ in counted.windows(partial=True)]
        assert span.window.start_at == START

    def test_refuses_what_is_no_time(self):
        """A number may be anything."""
        with pytest.raises(ColumnError, match=r"'seen': holds double values, not times\. Write"):
            by_time([1.0, 2.0])

    def test_refuses_windows_of_rows(self):
        """Those are laid by number."""
        with pytest.raises(WindowError, match="A window of 10 rows cannot be counted by time"):
            by_time([START], WindowSpec.parse("10"))

    def test_a_late_row_is_added_to_its_own_bucket(self):
        """Wherever it comes in the stream."""
        early = by_time([START, START + DAY, START + 2 * DAY])

        later = early + by_time([START + DAY / 2])

        assert sizes(later, partial=True) == [2, 1, 1]


class TestBucketedByRow:
    def test_lays_windows_by_number(self):
        """Sliding ones share rows; what is left at the end fills none."""
        rows = pa.table({"x": [float(i) for i in range(11)]})

        counted = bucketed_by_row(rows, COUNT, WindowSpec.parse("4", "2"))

        assert [str(span) for span, _ in counted.windows()] == [
            "rows 0 to 4",
            "rows 2 to 6",
            "rows 4 to 8",
            "rows 6 to 10",
        ]
        assert sizes(counted, partial=True) == [4, 4, 4, 4, 3]


class TestBucketedRows:
    def test_refuses_to_add_other_windows(self):
        """Their buckets are other stretches."""
        with pytest.raises(GridMismatchError):
            nothing_counted(DAILY) + nothing_counted(WindowSpec.parse("2d"))

    def test_says_what_it_covers(self):
        """Stretches beyond the first or the last row are not."""
        counted = by_time([START, START + 3 * DAY])
        spans = [span for span, _ in counted.windows()]

        assert [counted.covers(span) for span in spans] == [True] * 4
        assert not counted.covers(spans[0].moved(-DAILY.length))
        assert [counted.holds(span) for span in spans] == [True, False, False, True]
        assert not nothing_counted(DAILY).covers(spans[0])
