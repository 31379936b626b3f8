"""Numbers that stand for a missing value."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.codes import code_in, with_codes_missing, without_numbers
from holdfast.domain.errors import ColumnError

RNG = np.random.default_rng(11)
AGES = RNG.integers(18, 80, 900).astype(float)
DAYS = RNG.integers(0, 28, 900).astype(float)


def with_code(values, code, n=100):
    return np.concatenate([values, np.full(n, float(code))])


class TestCodeIn:
    @pytest.mark.parametrize(
        ("values", "code"), [(AGES, 0), (AGES, -1), (AGES, 999), (DAYS, 999), (DAYS, -9)]
    )
    def test_finds_a_code_far_from_all_others(self, values, code):
        """Ages of 0 and then from 18 on; 999 days since the last call."""
        assert code_in(with_code(values, code)) == code

    @pytest.mark.parametrize(
        "values",
        [
            DAYS,  # 0 is one of many
            with_code(DAYS, 29),
            with_code(AGES, 99),  # not far: some are that old
            with_code(AGES, 999, n=5),  # outliers
            with_code(DAYS, 500),  # no code
            np.repeat([0.0, 1.0, 5.0, 99.0], 50),  # too few to say what is far
            RNG.lognormal(3, 2, 1_000),
            RNG.normal(0, 1, 1_000),
            np.arange(0.0, 1_000.0),
        ],
    )
    def test_leaves_honest_numbers_alone(self, values):
        """Skewed ones, counts, scales with a sound zero."""
        assert code_in(values) is None

    def test_takes_no_number_out_of_nothing(self):
        """An empty column has no code."""
        assert code_in(np.array([])) is None


class TestWithCodesMissing:
    def test_makes_them_missing(self):
        """In the named columns alone."""
        table = pa.table({"a": [1.0, 999.0, None], "b": [999.0, 1.0, 2.0]})

        found = with_codes_missing(table, {"a": (999.0,)})

        assert found.to_pydict() == {"a": [1.0, None, None], "b": [999.0, 1.0, 2.0]}

    @pytest.mark.parametrize(("name", "said"), [("pday", "'pdays'"), ("word", "holds no numbers")])
    def test_refuses_a_column_without_numbers(self, name, said):
        """Or one that is not there, with the one that was meant."""
        table = pa.table({"pdays": [1.0], "word": ["x"]})

        with pytest.raises(ColumnError, match=said):
            with_codes_missing(table, {name: (999.0,)})


class TestWithoutNumbers:
    def test_keeps_what_was_missing(self):
        """And any other number."""
        column = pa.chunked_array([[0.0, None], [-1.0]])

        assert without_numbers(column, (0.0, 7.0)).to_pylist() == [None, None, -1.0]
