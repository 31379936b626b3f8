"""Resampling a series in blocks, against a plain loop and against what is known."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domain.errors import TooFewLabelsError
from holdfast.stats.block_bootstrap import block_means, mean_interval


def plain_means(values, *, block, draws, rng):
    """Do the same one value at a time, from the same draws."""
    n = len(values)
    length = min(block, n)
    n_blocks = -(-n // length)
    means = []
    for starts in rng.integers(0, n, size=(draws, n_blocks)):
        resample = []
        for start in starts:
            for step in range(length):
                resample.append(values[(start + step) % n])  # noqa: PERF401 - plain on purpose
        means.append(sum(resample[:n]) / n)
    return means


def series(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


class TestBlockMeans:
    @pytest.mark.parametrize(("n", "block"), [(1, 3), (2, 3), (7, 3), (9, 3), (27, 1), (10, 10)])
    def test_does_what_a_plain_loop_does(self, n, block):
        """Also where the last block is cut, or longer than the series."""
        values = series(n)

        found = block_means(values, block=block, draws=50, rng=np.random.default_rng(3))

        plain = plain_means(values, block=block, draws=50, rng=np.random.default_rng(3))
        assert found == pytest.approx(plain)

    def test_blocks_of_one_give_the_standard_error_of_a_mean(self):
        """They are the plain bootstrap."""
        values = series(200)

        means = block_means(values, block=1, draws=4000, rng=np.random.default_rng(1))

        assert means.std() == pytest.approx(values.std() / np.sqrt(200), rel=0.05)

    def test_each_value_is_drawn_as_often_as_another(self):
        """The series is a circle: those at its ends count no less."""
        values = np.zeros(9)
        values[0] = 1.0

        means = block_means(values, block=3, draws=20_000, rng=np.random.default_rng(1))

        assert means.mean() == pytest.approx(1 / 9, rel=0.03)


class TestMeanInterval:
    def test_is_wider_where_neighbours_are_alike(self):
        """Windows that move together hold less news than their number says."""
        rng = np.random.default_rng(5)
        alike = np.repeat(rng.normal(size=20), 3)

        plain, blocks = (mean_interval(alike, block=block) for block in (1, 3))

        assert blocks.high - blocks.low > 1.3 * (plain.high - plain.low)

    def test_covers_the_truth_about_as_often_as_it_says(self):
        """Of 27 windows without any likeness, a little less than nine in ten, as small n do."""
        held = 0
        for seed in range(200):
            found = mean_interval(series(27, seed), draws=400)
            held += found.low <= 0.0 <= found.high

        assert 0.80 <= held / 200 <= 0.95

    def test_the_same_seed_gives_the_same_interval(self):
        """And the estimate is the plain mean."""
        values = series(15)

        first, again = mean_interval(values, seed=7), mean_interval(values, seed=7)

        assert first == again
        assert first.estimate == pytest.approx(values.mean())
        assert first.level == 0.90

    def test_one_window_tells_nothing(self):
        """There is nothing to resample: that is said."""
        with pytest.raises(TooFewLabelsError, match="Only 1 of the 2 windows to compare"):
            mean_interval(np.array([0.1]))
