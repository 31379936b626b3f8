"""Tests of the divergences beside what chance alone would give."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domain.contract import FeatureKind
from holdfast.drift.methods.registry import METHODS
from holdfast.stats import divergence
from holdfast.stats.divergence import SMOOTHING, shares

NAMES = [
    "population_stability_index",
    "jensen_shannon",
    "kullback_leibler",
    "hellinger",
    "total_variation",
]
SMOOTHED = {"population_stability_index", "kullback_leibler"}  # infinite for an empty bin


@pytest.mark.parametrize("name", NAMES)
class TestDivergences:
    def test_value_is_the_divergence_on_ten_bins(self, name, compared, run):
        """The same figure as on the merged counts."""
        rng = np.random.default_rng(0)
        pair = compared(FeatureKind.NUMERIC, rng.normal(size=900), rng.normal(0.3, size=700))

        result = run(name, pair)

        smoothing = SMOOTHING if name in SMOOTHED else 0.0
        p, q = (shares(counts, smoothing=smoothing) for counts in pair.bins)
        assert pair.bins[0].size == 10
        assert result.statistic == pytest.approx(float(getattr(divergence, name)(p, q)))

    def test_chance_alone_gives_what_is_expected(self, name, compared, run):
        """Over windows without drift, the mean of the values is the mean that is shown."""
        rng = np.random.default_rng(1)

        results = [
            run(name, compared(FeatureKind.NUMERIC, rng.normal(size=400), rng.normal(size=200)))
            for _ in range(60)
        ]

        mean = np.mean([result.statistic for result in results])
        assert mean == pytest.approx(np.mean([result.expected for result in results]), rel=0.15)

    def test_null_keeps_the_level(self, name, compared, run):
        """P(p <= 0.1) <= 0.1 + 2 Monte-Carlo standard errors, of 150 pairs without drift."""
        rng = np.random.default_rng(2)

        p_values = [
            run(
                name, compared(FeatureKind.NUMERIC, rng.normal(size=300), rng.normal(size=100))
            ).p_value
            for _ in range(150)
        ]

        assert np.mean(np.array(p_values) <= 0.1) <= 0.1 + 2 * np.sqrt(0.09 / 150)

    def test_a_shift_is_reached_by_no_deal(self, name, compared, run):
        """The smallest p-value that 199 deals can give."""
        rng = np.random.default_rng(3)
        pair = compared(FeatureKind.NUMERIC, rng.normal(size=900), rng.normal(0.5, size=700))

        result = run(name, pair)

        assert result.p_value == 1 / 200
        assert result.statistic > 3 * result.expected

    def test_missing_values_have_a_bin(self, name, compared, run):
        """A tenth gone missing shows, though no value moved."""
        values = [float(i) for i in range(100)] * 10

        result = run(name, compared(FeatureKind.NUMERIC, values, values[:900] + [None] * 100))

        assert result.p_value <= 0.02

    def test_cannot_decide(self, name):
        """A p-value in steps of 0.005 is too coarse for a family of tests."""
        assert not METHODS[name].is_test


class TestDeals:
    def test_are_drawn_once_for_all_divergences(self, compared, run):
        """They are what costs most."""
        pair = compared(FeatureKind.CATEGORICAL, ["a", "b"] * 50, ["a", "b", "b"] * 20)

        for name in NAMES:
            run(name, pair)

        assert pair.deals is pair.deals
        assert pair.deals[1].shape == (199, 2)
