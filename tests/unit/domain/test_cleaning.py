"""Tests of how values are cleaned."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from holdfast.domain.cleaning import TIMESTAMP, blanked, clean_type, cleaned, finite


class TestBlanked:
    def test_takes_blanks_and_codes_for_missing(self):
        """In any case and with blanks around; answers stay."""
        cells = pa.array(["", "  ", "N/A", "nan", " NULL ", "?", "None", "Unknown", " No ", None])

        assert blanked(cells).to_pylist() == [*[None] * 6, "None", "Unknown", "No", None]
        assert blanked(cells, none=True).to_pylist() == [*[None] * 7, "Unknown", "No", None]


class TestFinite:
    def test_leaves_what_a_model_can_take(self):
        """NaN and the infinities are missing."""
        numbers = pa.array([1.0, float("nan"), float("inf"), float("-inf"), None, -0.0])

        assert finite(numbers).to_pylist() == [1.0, None, None, None, None, 0.0]


class TestCleaned:
    @pytest.mark.parametrize("chunked", [False, True])
    @pytest.mark.parametrize(
        ("column", "expected"),
        [
            (pa.array([1, None], pa.int32()), [1.0, None]),
            (pa.array([2**53 + 1], pa.int64()), [float(2**53)]),
            (pa.array([1.5, float("inf")], pa.float32()), [1.5, None]),
            (pa.array([Decimal("1.25")], pa.decimal128(9, 2)), [1.25]),
            (pa.array([True, None]), [True, None]),
            (pa.array([" a ", "?"], pa.large_string()), ["a", None]),
            (pa.array(["a", " "], pa.string()).dictionary_encode(), ["a", None]),
            (pa.array([7, None]).dictionary_encode(), [7.0, None]),
            (pa.nulls(2), [None, None]),
            (pa.array([date(2026, 3, 1)]), [datetime(2026, 3, 1, tzinfo=UTC)]),
            (
                pa.array([datetime(2026, 3, 1, 12)], pa.timestamp("ns")),  # noqa: DTZ001  # naive
                [datetime(2026, 3, 1, 12, tzinfo=UTC)],
            ),
            (
                pa.array([datetime(2026, 3, 1, 12, tzinfo=UTC)], pa.timestamp("ms", "Asia/Tokyo")),
                [datetime(2026, 3, 1, 12, tzinfo=UTC)],
            ),
        ],
        ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
    )
    def test_gives_the_few_types_that_models_know(self, column, expected, chunked):
        """Alike for an array and for a column in chunks, as Parquet, memory and Spark bring."""
        given = pa.chunked_array([column]) if chunked else column

        clean = cleaned(given, clean_type(column.type))

        assert clean.to_pylist() == expected
        assert clean.type in {pa.float64(), pa.bool_(), pa.string(), TIMESTAMP}

    @pytest.mark.parametrize("kind", [pa.binary(), pa.list_(pa.int64()), pa.struct([])])
    def test_knows_no_type_for_what_is_no_single_value(self, kind):
        """Such columns are left out, and said to be."""
        assert clean_type(kind) is None
