"""Tests of how many dependent rows are worth one."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.stats.design_effect import LEAST_BUCKETS, design_effect

ROWS = 300


def buckets(n_buckets, *, spread=0.0, m=9, seed=0):
    """Return hits of buckets whose rates vary with a standard deviation."""
    rng = np.random.default_rng(seed)
    rates = np.clip(rng.normal(0.3, spread, size=(n_buckets, 1)), 0.01, 0.99)
    return rng.binomial(ROWS, np.broadcast_to(rates, (n_buckets, m))).astype(float)


def full(hits):
    return np.full(hits.shape, float(ROWS))


class TestDesignEffect:
    def test_independent_rows_have_one(self):
        """Up to the noise of a few weeks."""
        hits = buckets(60)

        effect = design_effect(hits, full(hits))

        assert effect.measured
        assert 1.0 <= effect.value < 1.3

    def test_finds_what_varies_between_days(self):
        """1 + (n - 1) rho, where rho is the share of the variance that lies between days."""
        hits = buckets(400, spread=0.06)

        effect = design_effect(hits, full(hits))

        rho = 0.06**2 / (0.3 * 0.7)
        assert effect.value == pytest.approx(1 + (ROWS - 1) * rho, rel=0.2)

    def test_is_never_below_one(self):
        """Days more alike than chance would have them are no reason to bet more."""
        hits = np.full((20, 3), 90.0)

        assert design_effect(hits, full(hits)).value == 1.0

    def test_too_few_buckets_tell_nothing(self):
        """And it says so, instead of passing for measured."""
        hits = buckets(LEAST_BUCKETS - 1, spread=0.2)

        effect = design_effect(hits, full(hits))

        assert (effect.value, effect.measured) == (1.0, False)
        assert str(effect) == (
            "rows taken as independent: 13 of the 14 buckets that would tell are there"
        )

    def test_empty_buckets_do_not_count(self):
        """A Sunday without rows tells nothing."""
        hits = buckets(LEAST_BUCKETS)
        n = full(hits)
        hits[3], n[3] = 0.0, 0.0

        assert not design_effect(hits, n).measured

    def test_what_never_varies_is_left_out(self):
        """A feature that is never missing has no variance to compare with."""
        hits = buckets(30, spread=0.05, m=1)
        beside = np.hstack([hits, np.zeros((30, 1)), full(hits)])

        assert design_effect(beside, full(beside)) == design_effect(hits, full(hits))

    def test_no_buckets_are_no_error(self):
        """A new project has none."""
        assert not design_effect(np.zeros((0, 3)), np.zeros((0, 3))).measured

    def test_says_how_much_it_is(self):
        """In words for the report."""
        hits = buckets(400, spread=0.06)

        assert "times as much as independent ones" in str(design_effect(hits, full(hits)))
