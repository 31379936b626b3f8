"""How rows reach a model."""

from __future__ import annotations

import numpy as np

from holdfast.domain.contract import MISSING_CATEGORY
from holdfast.domain.matrix import encode_rows
from holdfast.testing.online import TINY_CONTRACT

ROWS = [(3.0, None, True, "monthly"), (70.0, 20.5, False, None), (1.0, 1.0, False, "new")]


class TestEncodeRows:
    def test_puts_each_value_into_its_matrix_and_column(self):
        """Numbers and booleans as float32, text as it is."""
        matrix = encode_rows(ROWS, TINY_CONTRACT)

        assert matrix.numeric.dtype == np.float32
        assert matrix.numeric[:, 0].tolist() == [3.0, 70.0, 1.0]
        assert matrix.numeric[:, 2].tolist() == [1.0, 0.0, 0.0]
        assert matrix.categorical[:, 0].tolist() == ["monthly", MISSING_CATEGORY, "new"]

    def test_says_missing_in_the_models_words(self):
        """NaN among numbers, blank text among categories: never 0."""
        matrix = encode_rows(ROWS, TINY_CONTRACT)

        assert np.isnan(matrix.numeric[:, 1]).tolist() == [True, False, False]
        assert matrix.categorical[1, 0] == ""

    def test_no_rows_are_still_of_the_right_shape(self):
        """A model may be asked about nothing."""
        matrix = encode_rows([], TINY_CONTRACT)

        assert len(matrix) == 0
        assert matrix.numeric.shape == (0, 3)
        assert matrix.categorical.shape == (0, 1)


class TestTake:
    def test_keeps_rows_of_both_matrices_together(self):
        """In the order asked for, by index or by slice."""
        matrix = encode_rows(ROWS, TINY_CONTRACT)

        chosen = matrix.take(np.array([2, 0]))

        assert chosen.numeric[:, 0].tolist() == [1.0, 3.0]
        assert chosen.categorical[:, 0].tolist() == ["new", "monthly"]
        assert len(matrix.take(slice(1, None))) == 2
