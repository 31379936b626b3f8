"""Tests of Anderson–Darling and Cramér–von Mises: their values, and their level."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special, stats

from holdfast.domain.errors import EmptyWindowError
from holdfast.stats.squared_gaps import anderson_darling, cramer_von_mises

TESTS = [anderson_darling, cramer_von_mises]


def cells(reference, current):
    """Counts of both samples at every distinct pooled value."""
    points = np.unique(np.concatenate([reference, current]))
    return tuple(
        np.bincount(np.searchsorted(points, sample), minlength=points.size)
        for sample in (reference, current)
    )


def spread(n, m):
    """The standard deviation that Scholz and Stephens give (their equation 4, k = 2)."""
    total, inverse = n + m, 1 / n + 1 / m
    steps = np.arange(1, total)
    h = (1 / steps).sum()
    later = np.cumsum(1 / steps[::-1])[::-1]  # later[i - 1] is the sum of 1/j for j >= i
    first = np.arange(1, total - 1)
    g = (later[1:] / (total - first)).sum()
    a = (4 * g - 6) + (10 - 6 * g) * inverse
    b = (2 * g - 4) * 4 + 8 * h * 2 + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6
    c = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * inverse + 4 * h
    d = (2 * h + 6) * 4 - 4 * h * 2
    above = a * total**3 + b * total**2 + c * total + d
    return np.sqrt(above / ((total - 1) * (total - 2) * (total - 3)))


def samples(kind, rng, n, m):
    match kind:
        case "continuous":
            return rng.normal(size=n), rng.normal(size=m)
        case "tied":
            return rng.integers(0, 5, n), rng.integers(0, 5, m)
        case "two values":
            return rng.random(n) < 0.2, rng.random(m) < 0.2
        case "mostly zero":
            return tuple(np.where(rng.random(k) < 0.9, 0.0, rng.random(k)) for k in (n, m))
        case _:
            return tuple(
                np.where(rng.random(k) < 0.98, 0.0, 1 + (rng.random(k) < 0.5)) for k in (n, m)
            )


def limit(z):
    """P(A² < z) in the limit, by the series of Anderson and Darling (1954)."""
    total = 0.0
    for j in range(8):
        rate = (4 * j + 1) ** 2 * np.pi**2 / (8 * z)
        area = integrate.quad(
            lambda w, rate=rate: np.exp(z / (8 * (w * w + 1)) - rate * w * w), 0, np.inf
        )[0]
        total += special.binom(-0.5, j) * (4 * j + 1) * np.exp(-rate) * area
    return np.sqrt(2 * np.pi) / z * total


class TestAndersonDarling:
    @pytest.mark.filterwarnings("ignore:p-value")
    @pytest.mark.filterwarnings("ignore:Parameter `variant`")
    @pytest.mark.filterwarnings("ignore:.*method")
    @pytest.mark.parametrize("kind", ["continuous", "tied", "two values", "mostly zero"])
    @pytest.mark.parametrize(("n", "m"), [(5, 9), (40, 300), (900, 800)])
    def test_equals_the_midrank_form_of_scipy(self, kind, n, m):
        """Scipy standardises; mean 1 and the spread of the source undo that."""
        reference, current = samples(kind, np.random.default_rng(n), n, m)

        found = anderson_darling(*cells(reference, current))

        if np.unique(np.concatenate([reference, current])).size > 1:
            oracle = stats.anderson_ksamp([reference, current], midrank=True).statistic
            assert found.statistic == pytest.approx(oracle * spread(n, m) + 1, abs=1e-9)

    @pytest.mark.parametrize("shift", [0.0, 0.02, 0.05, 0.08, 0.1, 0.14])
    def test_repeats_the_published_limit_on_fine_cells(self, shift):
        """Of which Marsaglia and Marsaglia's short formula is itself 2e-5 off."""
        rng = np.random.default_rng(3)

        found = anderson_darling(*cells(rng.normal(size=2_000), rng.normal(shift, size=2_000)))

        assert 1 - found.p_value == pytest.approx(limit(found.statistic), abs=6e-6)

    def test_gives_p_values_far_into_the_tail(self):
        """Where scipy's stop at 0.001."""
        reference, current = np.arange(1_000), np.arange(1_000) + 90

        found = anderson_darling(*cells(reference, current))

        assert 1e-16 < found.p_value < 1e-9

    def test_p_is_large_where_windows_agree_more_than_chance_would(self):
        """Every second row went to the other window."""
        found = anderson_darling(*cells(np.arange(0, 400, 2), np.arange(1, 400, 2)))

        assert 0.99 < found.p_value <= 1.0


class TestCramerVonMises:
    @pytest.mark.parametrize(("n", "m"), [(5, 9), (40, 300), (900, 800)])
    def test_equals_scipy_without_ties(self, n, m):
        """Statistic to 1e-9; p as the limit, which scipy shifts a little for few rows."""
        reference, current = samples("continuous", np.random.default_rng(n), n, m)

        found = cramer_von_mises(*cells(reference, current))

        oracle = stats.cramervonmises_2samp(reference, current, method="asymptotic")
        assert found.statistic == pytest.approx(oracle.statistic, abs=1e-9)
        assert found.p_value == pytest.approx(oracle.pvalue, abs=0.2 / np.sqrt(min(n, m)))

    def test_does_not_depend_on_the_direction_of_the_axis(self):
        """With ties it would, if only gaps after a cell counted."""
        reference, current = np.array([5, 1, 7, 2]), np.array([1, 4, 3, 9])

        forth = cramer_von_mises(reference, current)
        back = cramer_von_mises(reference[::-1], current[::-1])

        assert forth.statistic == pytest.approx(back.statistic)


@pytest.mark.parametrize("test", TESTS)
class TestBoth:
    @pytest.mark.parametrize("kind", ["continuous", "tied", "two values", "mostly zero", "rare"])
    @pytest.mark.parametrize(("n", "m"), [(5, 5), (30, 5), (30, 30), (200, 30), (300, 250)])
    def test_null_keeps_the_level(self, test, kind, n, m):
        """P(p <= a) <= a + 2 Monte-Carlo standard errors, of 250 pairs without drift."""
        rng = np.random.default_rng(7)

        p_values = np.array([test(*cells(*samples(kind, rng, n, m))).p_value for _ in range(250)])

        for level in (0.01, 0.05, 0.1):
            error = np.sqrt(level * (1 - level) / p_values.size)
            assert (p_values <= level).mean() <= level + 2 * error

    @pytest.mark.parametrize("kind", ["continuous", "tied", "two values"])
    def test_null_is_not_empty(self, test, kind):
        """A test that never fires would keep its level, too: p below 0.1 in some 10%."""
        rng = np.random.default_rng(8)

        p_values = [test(*cells(*samples(kind, rng, 300, 250))).p_value for _ in range(400)]

        assert np.mean(np.array(p_values) <= 0.1) > 0.06

    def test_power_finds_more_than_kolmogorov_smirnov(self, test):
        """A shift of half a standard deviation at 100 against 100 rows."""
        rng = np.random.default_rng(9)
        pairs = [(rng.normal(size=100), rng.normal(0.5, size=100)) for _ in range(100)]

        found = [test(*cells(*pair)).p_value <= 0.05 for pair in pairs]

        rival = [stats.ks_2samp(*pair).pvalue <= 0.05 for pair in pairs]
        assert np.mean(found) > 0.85
        assert np.mean(found) >= np.mean(rival)

    def test_one_value_on_both_sides_is_no_difference(self, test):
        """A constant column has nothing to order."""
        found = test(np.array([0, 7, 0]), np.array([0, 3, 0]))

        assert (found.statistic, found.p_value) == (0.0, 1.0)

    def test_one_row_against_one_row_says_nothing(self, test):
        """Whichever is larger."""
        assert test(np.array([1, 0]), np.array([0, 1])).p_value == 1.0

    def test_survives_counts_beyond_any_window(self, test):
        """Ten billion rows, a shift of one in a million."""
        reference = np.full(1_000, 10**7)
        current = reference.copy()
        current[0] += 10_000

        found = test(reference, current)

        assert np.isfinite(found.statistic)
        assert 0.0 <= found.p_value <= 1.0

    @pytest.mark.parametrize(("n", "m", "which"), [(0, 1, "reference"), (1, 0, "current")])
    def test_refuses_an_empty_window(self, test, n, m, which):
        """No row is no distribution."""
        with pytest.raises(EmptyWindowError, match=f"{which} window holds no rows"):
            test(np.array([n]), np.array([m]))
