"""Rows as numbers on the reference's scale."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.drift.multivariate.reference_rows import scale_of


@pytest.fixture(name="encode")
def _encode(contract_of):
    """Encode the values of a column x on the scale of others."""

    def of(kind, reference, current):
        arrow = {"numeric": pa.float64(), "categorical": pa.string(), "boolean": pa.bool_()}[kind]
        tables = [pa.table({"x": pa.array(x, arrow)}) for x in (reference, current)]
        return scale_of(tables[0], contract_of(x=kind)).encode(tables[1])

    return of


class TestReferenceScale:
    def test_a_number_is_its_distance_from_the_reference_mean(self, encode):
        """In the reference's standard deviations; missing is a column of its own."""
        rows = encode("numeric", [1.0, 3.0, None], [2.0, 4.0, None])

        np.testing.assert_allclose(rows, [[0, 0], [2, 0], [0, 1]], atol=1e-9)

    @pytest.mark.parametrize(
        ("reference", "current"),
        [
            ([1e300, -1e300, 1.0], [1e308, -1e308]),
            ([1.0, float("inf"), 2.0], [float("inf"), float("-inf")]),
            ([7.0, 7.0], [7.5, -1e9]),
            ([None, None], [1.0, -1.0]),
        ],
        ids=["huge", "infinite", "constant", "never there"],
    )
    def test_a_wild_number_is_far_but_finite(self, encode, reference, current):
        """One row must not outweigh a thousand."""
        rows = encode("numeric", reference, current)

        assert np.isfinite(rows).all()
        assert np.abs(rows).max() <= 5.0

    def test_a_word_is_how_frequent_it_was(self, encode):
        """One that was never seen is rarer than all that were."""
        frequent, rare, new, missing = encode(
            "categorical", ["a", "a", "a", "a", "b", None, None], ["a", "b", "c", None]
        )[:, 0]

        assert new < rare < missing < frequent

    def test_the_reference_itself_is_standardised(self, encode):
        """Words and numbers weigh alike."""
        words = ["a", "a", "a", "b"] * 5

        rows = encode("categorical", words, words)

        assert rows.mean() == pytest.approx(0.0, abs=1e-9)
        assert rows.std() == pytest.approx(1.0)

    def test_yes_and_no_are_words(self, encode):
        """Missing is a third one."""
        rows = encode("boolean", [True, True, False, None], [True, False, None])

        assert np.isfinite(rows).all()
        assert rows[0] > rows[1]
