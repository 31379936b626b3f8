"""How far columns go with each other: against scipy, and against chance."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import spearmanr

from holdfast.domain.association import association

RNG = np.random.default_rng(0)
X = RNG.integers(0, 30, 500).astype(float)


def _column(values):
    return pa.chunked_array([values])


class TestAssociation:
    def test_is_spearmans_beside_numbers(self):
        """Ties count with their mean rank."""
        y = -X + RNG.normal(scale=10, size=500)

        found = association(_column(X), _column(y))

        assert found == pytest.approx(abs(spearmanr(X, y).statistic))

    def test_takes_booleans_for_numbers(self):
        """A yes is a one."""
        found = association(_column(X), _column(X > 15))

        assert found == pytest.approx(abs(spearmanr(X, X > 15).statistic))

    def test_of_words_that_fix_the_number_is_one(self):
        """Their ranks have no variance left within a word."""
        words = [f"w{x}" for x in X]

        assert association(_column(X), _column(words)) == pytest.approx(1.0)

    def test_many_words_of_no_meaning_go_with_nothing(self):
        """Two hundred words in five hundred rows explain much by chance; it is taken off."""
        words = [f"w{i}" for i in RNG.integers(0, 200, 500)]

        assert association(_column(X), _column(words)) < 0.25

    def test_leaves_gaps_out(self):
        """Of either column."""
        gaps = RNG.random(500) < 0.3
        numbers = [None if gap else x for gap, x in zip(gaps, X, strict=True)]
        y = X * 2

        found = association(pa.chunked_array([pa.array(numbers, pa.float64())]), _column(y))

        assert found == pytest.approx(1.0)

    @pytest.mark.parametrize("other", [np.ones(500), np.array(["same"] * 500)])
    def test_with_a_constant_is_zero(self, other):
        """What never changes goes with nothing."""
        assert association(_column(X), _column(other)) == 0.0

    def test_does_not_judge_few_rows(self):
        """Ten rows go together by chance."""
        assert association(_column(X[:10]), _column(X[:10])) == 0.0
