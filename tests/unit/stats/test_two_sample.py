"""Tests of the two-sample tests, against scipy and against every possible order."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from holdfast.domain.errors import EmptyWindowError
from holdfast.stats.two_sample import (
    chi_square,
    fisher_exact,
    kolmogorov_smirnov,
    pool_rare,
    unseen_allowance,
    unseen_p_value,
)


def cumulative(reference, current):
    """Cumulative counts of both samples at every distinct pooled value."""
    points = np.unique(np.concatenate([reference, current]))
    return tuple(
        np.searchsorted(np.sort(sample), points, side="right") for sample in (reference, current)
    )


class TestKolmogorovSmirnov:
    @pytest.mark.parametrize(("n", "m"), [(5, 5), (7, 30), (200, 90), (499, 501)])
    def test_equals_the_exact_test_without_ties(self, n, m):
        """Small windows get the permutation distribution itself."""
        rng = np.random.default_rng(n)
        reference, current = rng.normal(size=n), rng.normal(0.2, size=m)

        found = kolmogorov_smirnov(*cumulative(reference, current))

        oracle = stats.ks_2samp(reference, current, method="exact")
        assert found.statistic == pytest.approx(oracle.statistic)
        assert found.p_value == pytest.approx(oracle.pvalue, rel=1e-9)

    def test_equals_the_asymptotic_test_on_large_windows(self):
        """Beyond a thousand rows the asymptotic distribution takes over."""
        rng = np.random.default_rng(1)
        reference, current = rng.normal(size=3_000), rng.normal(0.05, size=20_000)

        found = kolmogorov_smirnov(*cumulative(reference, current))

        oracle = stats.ks_2samp(reference, current, method="asymp")
        assert found.statistic == pytest.approx(oracle.statistic)
        assert found.p_value == pytest.approx(oracle.pvalue, rel=1e-9)

    def test_is_exact_with_ties(self):
        """Over all orders of the pooled rows, so many reach the gap."""
        reference, current = np.array([0, 0, 1, 1, 2]), np.array([1, 2, 2, 2])
        pooled = np.concatenate([reference, current])

        found = kolmogorov_smirnov(*cumulative(reference, current))

        gaps = []
        for chosen in combinations(range(pooled.size), reference.size):
            mask = np.isin(np.arange(pooled.size), chosen)
            left, right = cumulative(pooled[mask], pooled[~mask])
            gaps.append(np.abs(left / left[-1] - right / right[-1]).max())
        assert found.p_value == pytest.approx(np.mean(np.array(gaps) >= found.statistic - 1e-12))

    def test_equal_windows_give_no_gap(self):
        """Nothing differs, so nothing is significant."""
        counts = np.array([0, 3, 10])

        found = kolmogorov_smirnov(counts, counts)

        assert (found.statistic, found.p_value) == (0.0, 1.0)

    def test_disjoint_windows_give_the_smallest_p_value(self):
        """All reference rows before all current ones: two orders out of all."""
        found = kolmogorov_smirnov(np.array([3, 3]), np.array([0, 3]))

        assert found.statistic == 1.0
        assert found.p_value == pytest.approx(2 / 20)

    def test_refuses_an_empty_window(self):
        """No row is no distribution."""
        with pytest.raises(EmptyWindowError, match="current window holds no rows"):
            kolmogorov_smirnov(np.array([1]), np.array([0]))


class TestPoolRare:
    def test_pools_what_is_expected_less_than_five_times(self):
        """A window of 100 beside 1,000 rows expects 42/11 and 18/11 of the rare two."""
        reference, current = np.array([900, 60, 30, 10]), np.array([70, 10, 12, 8])

        left, right = pool_rare(reference, current)

        assert left.tolist() == [900, 60, 40]
        assert right.tolist() == [70, 10, 20]

    def test_joins_a_tiny_rest_to_the_smallest_cell(self):
        """A pooled cell that is itself too rare would break the approximation."""
        left, right = pool_rare(np.array([500, 40]), np.array([500, 40]), rest=(0, 3))

        assert left.tolist() == [500, 40]
        assert right.tolist() == [500, 43]

    def test_leaves_one_cell_of_a_column_of_identifiers(self):
        """Where every level is rare, only the pooled cell is left."""
        left, right = pool_rare(np.ones(100, dtype=np.int64), np.zeros(100, dtype=np.int64))

        assert (left.tolist(), right.tolist()) == ([100], [0])


class TestChiSquare:
    def test_equals_homogeneity_in_scipy(self):
        """The two-sample test, not goodness of fit."""
        reference, current = np.array([510, 300, 190]), np.array([95, 80, 25])

        found = chi_square(reference, current)

        oracle = stats.chi2_contingency(np.stack([reference, current]), correction=False)
        assert found.statistic == pytest.approx(oracle.statistic)
        assert found.p_value == pytest.approx(oracle.pvalue)
        assert found.degrees_of_freedom == oracle.dof

    def test_does_not_overflow_on_large_windows(self):
        """Products of millions of rows stay in floating point."""
        counts = np.array([4_000_000_000, 2_000_000_000])

        assert chi_square(counts, counts).p_value == 1.0

    def test_one_category_differs_in_nothing(self):
        """A constant column has no degree of freedom."""
        assert chi_square(np.array([7, 0]), np.array([5, 0])).p_value == 1.0


class TestFisherExact:
    def test_equals_scipy(self):
        """The table has the rows with and without the property."""
        found = fisher_exact((3, 500), (12, 400))

        assert found.statistic == pytest.approx(12 / 400 - 3 / 500)
        assert found.p_value == pytest.approx(
            stats.fisher_exact(np.array([[3, 497], [12, 388]])).pvalue
        )

    def test_all_missing_on_both_sides_differs_in_nothing(self):
        """A degenerate table gives a plain answer."""
        assert fisher_exact((10, 10), (5, 5)).p_value == 1.0


class TestUnseen:
    def test_equals_the_one_sided_binomial_test(self):
        """More rows than allowed, at the allowed rate."""
        allowance = unseen_allowance(1_000, 3)

        p_value = unseen_p_value(15, 900, allowance=allowance)

        oracle = stats.binomtest(15, 900, allowance, alternative="greater").pvalue
        assert p_value == pytest.approx(oracle)

    def test_allows_what_a_feature_of_rare_levels_shows_without_drift(self):
        """Of 1,000 rows with 200 levels seen once, about a fifth of new rows is unseen."""
        allowance = unseen_allowance(1_000, 200)

        assert 0.2 < allowance < 0.25
        assert unseen_p_value(200, 1_000, allowance=allowance) > 0.5

    def test_never_allows_more_than_everything(self):
        """A column of identifiers: every new row is unseen, and that is no news."""
        allowance = unseen_allowance(1_000, 1_000)

        assert allowance == 1.0
        assert unseen_p_value(500, 500, allowance=allowance) == 1.0

    def test_nothing_unseen_is_no_evidence(self):
        """Zero rows are as many as or fewer than any rate gives."""
        assert unseen_p_value(0, 10, allowance=0.1) == 1.0

    def test_the_false_alarm_rate_stays_below_the_level(self):
        """Without drift, on a feature of 747 levels, far fewer than 5% are flagged."""
        rng = np.random.default_rng(0)
        shares = rng.pareto(1.0, size=747) + 0.01
        shares /= shares.sum()
        flagged = 0

        for _ in range(300):
            reference = rng.multinomial(2_000, shares)
            current = rng.multinomial(1_000, shares)
            allowance = unseen_allowance(2_000, int((reference == 1).sum()))
            n_unseen = int(current[reference == 0].sum())
            flagged += unseen_p_value(n_unseen, 1_000, allowance=allowance) <= 0.05

        assert flagged / 300 <= 0.05
