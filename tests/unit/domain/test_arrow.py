"""Tests of making Arrow arrays without pyarrow.array."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.arrow import (
    float_values,
    index_array,
    mask_array,
    moment_of,
    null_rows,
    whole_values,
    word_array,
)


class TestToArrow:
    @pytest.mark.parametrize("words", [[], [""], ["a", "", "größer", "📦 two\n"]])
    def test_words_come_back(self, words):
        """Whatever they are made of."""
        made = word_array(words)

        assert made.equals(pa.array(words, pa.string()))
        made.validate(full=True)

    @pytest.mark.parametrize("n", [0, 1, 8, 9])
    def test_masks_come_back(self, n):
        """Also where their bits fill no whole byte."""
        mask = np.arange(n) % 3 == 0

        assert mask_array(mask).to_pylist() == mask.tolist()

    def test_moments_come_back(self):
        """To the microsecond, those before 1970 too; a missing one is none."""
        moments = [datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC), None]

        made = pa.array(moments, pa.timestamp("us", tz="UTC"))

        assert [moment_of(one) for one in made] == moments

    def test_indexes_come_back(self):
        """From any kind of whole number, and from every second of an array."""
        indexes = np.arange(10, dtype=np.int32)[::2]

        assert index_array(indexes).to_pylist() == [0, 2, 4, 6, 8]


class TestFromArrow:
    COLUMN = pa.chunked_array([pa.array([9.0, 1.0, None]), pa.array([3.0])])

    def test_missing_numbers_become_nan(self):
        """Whole numbers are widened; chunks are joined."""
        whole = self.COLUMN.cast(pa.int8())

        np.testing.assert_array_equal(float_values(whole), [9.0, 1.0, np.nan, 3.0])

    def test_a_slice_keeps_to_its_rows(self):
        """Buffers hold more than the slice."""
        np.testing.assert_array_equal(float_values(self.COLUMN.slice(1)), [1.0, np.nan, 3.0])
        assert whole_values(pa.array([5, 6, 7]).slice(1), missing=0).tolist() == [6, 7]

    def test_an_empty_column_has_no_values(self):
        """Of whatever type."""
        empty = pa.chunked_array([], pa.float64())

        assert float_values(empty).size == 0

    def test_rows_without_a_value_are_numbered(self):
        """Over chunks."""
        assert null_rows(self.COLUMN).tolist() == [2]


class TestImports:
    def test_counting_does_not_import_pandas(self):
        """It would cost a second of each command, where it is installed."""
        code = (
            "import sys, numpy as np, pyarrow as pa\n"
            "from holdfast.domain.arrow import *\n"
            "column = pa.chunked_array([word_array(['a', 'b'])])\n"
            "null_rows(column), mask_array(np.ones(2, bool)), whole_scalar(1)\n"
            "float_values(pa.chunked_array([index_array(np.arange(3))]))\n"
            "print('pandas' in sys.modules)"
        )

        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )

        assert done.stdout.strip() == "False"
