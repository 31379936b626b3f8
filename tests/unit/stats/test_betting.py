"""A bet against a rate: it is lost in the long run if the rate holds, and won if it does not."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.stats.betting import wealth_against_rate

RATE = 0.01
LEVEL = 0.05
LOOKS = range(50, 5_001, 50)


def ever_won(*, rate, runs=400):
    """Return how often the wealth exceeds 1 / level at any look."""
    hits = (np.random.default_rng(3).random((runs, LOOKS[-1])) < rate).cumsum(axis=1)
    return np.mean(
        [
            any(wealth_against_rate(int(row[n - 1]), n, rate=RATE) >= 1 / LEVEL for n in LOOKS)
            for row in hits
        ]
    )


class TestWealthAgainstRate:
    def test_wins_by_chance_no_more_often_than_the_level(self):
        """Null: the rate is just the one that is put up with; a hundred looks."""
        assert ever_won(rate=RATE, runs=300) <= LEVEL

    def test_wins_where_the_rate_is_three_times_as_high(self):
        """Power, within 5,000 rows."""
        assert ever_won(rate=3 * RATE, runs=100) > 0.95

    @pytest.mark.parametrize("n", [1, 100, 10**7])
    def test_never_ends_in_a_float_that_is_none(self, n):
        """All rows hit, or none does, of however many."""
        assert wealth_against_rate(n, n, rate=0.001) > 1
        assert 0 <= wealth_against_rate(0, n, rate=0.001) < 1

    def test_without_rows_is_what_it_began_as(self):
        """Nothing was won or lost."""
        assert wealth_against_rate(0, 0, rate=0.5) == pytest.approx(1.0)

    @pytest.mark.parametrize(("hits", "n", "rate"), [(2, 1, 0.1), (-1, 1, 0.1), (0, 1, 0.0)])
    def test_refuses_what_cannot_be(self, hits, n, rate):
        """It says what was found."""
        with pytest.raises(ValueError, match="hits among rows"):
            wealth_against_rate(hits, n, rate=rate)
