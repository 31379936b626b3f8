"""Tests of drawing the same rows again."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.stats.resampling import draws_for, resampled_counts


def counts(n, draws, seed=0):
    return np.vstack(list(resampled_counts(n, draws=draws, rng=np.random.default_rng(seed))))


class TestResampledCounts:
    @pytest.mark.parametrize("n", [1, 7, 3000])
    def test_each_resample_has_as_many_rows_as_there_are(self, n):
        """However the work is cut into pieces."""
        found = counts(n, 250)

        assert found.shape == (250, n)
        assert (found.sum(axis=1) == n).all()

    def test_gives_the_standard_error_of_a_mean(self):
        """Which is known without any resample."""
        values = np.random.default_rng(1).normal(size=400)

        means = counts(400, 1000) @ values / 400

        assert means.std() == pytest.approx(values.std() / 20, rel=0.1)

    def test_the_seed_fixes_every_draw(self):
        """The same one comes back alike, another does not."""
        assert (counts(50, 20, seed=1) == counts(50, 20, seed=1)).all()
        assert (counts(50, 20, seed=1) != counts(50, 20, seed=2)).any()


class TestDrawsFor:
    def test_is_bounded_both_ways(self):
        """The work does not grow without end, and an error is never a guess."""
        assert [draws_for(n) for n in (0, 500, 10_000, 16_000, 10**7)] == [400, 400, 400, 250, 200]
