"""Tests of how evidence grows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from holdfast.stats.betting import wealth_against_rate
from holdfast.stats.e_detector import STAKES, grown, log_bets, log_gains, log_group_means


class TestLogGains:
    def test_a_row_multiplies_the_wealth_by_one_plus_its_surplus(self):
        """1 + f (x - q) / q, as the literature has it."""
        gains = log_gains(0.3, rates=np.array([0.2]), dispersion=1.0)

        np.testing.assert_allclose(np.exp(gains[0]), 1 + STAKES * (0.3 - 0.2) / 0.2)

    def test_a_fair_row_costs_nothing(self):
        """An outcome at the rate itself leaves the wealth as it is."""
        gains = log_gains(0.2, rates=np.array([0.2]), dispersion=1.0)

        np.testing.assert_allclose(gains, 0.0, atol=1e-12)

    def test_dependent_rows_count_less(self):
        """A design effect of 4 takes three quarters of the evidence away."""
        rates = np.array([0.2, 0.2])

        gains = log_gains(1.0, rates=rates, dispersion=np.array([1.0, 4.0]))

        np.testing.assert_allclose(gains[1], gains[0] / 4)


class TestLogBets:
    def test_agrees_with_the_bet_of_a_single_look(self):
        """The bets' mean is the wealth that `stats.betting` computes row by row."""
        bets = log_bets(np.array([12.0]), np.array([100.0]), rates=np.array([0.1]), dispersion=1.0)

        assert np.exp(bets).mean() == pytest.approx(wealth_against_rate(12, 100, rate=0.1))

    def test_no_rows_are_no_evidence(self):
        """Neither for nor against."""
        bets = log_bets(np.zeros(1), np.zeros(1), rates=np.array([0.1]), dispersion=1.0)

        np.testing.assert_array_equal(bets, 0.0)

    @pytest.mark.parametrize("rate", [1e-12, 1 - 1e-12])
    def test_extreme_rates_stay_finite(self, rate):
        """Where a reference has hardly any hit, or hardly anything else."""
        million = np.array([1e6])

        bets = log_bets(million, million, rates=np.array([rate]), dispersion=1.0)

        assert np.isfinite(bets).all()


class TestGrown:
    def test_adds_a_unit_and_lets_all_ride(self):
        """M becomes e (M + 1)."""
        after = grown(np.log([[3.0]]), np.log([[2.0]]))

        assert math.exp(float(after[0, 0])) == pytest.approx(8.0)

    def test_begins_from_nothing(self):
        """The first bucket's evidence is its e-value."""
        assert float(grown(np.array([-np.inf]), np.array([1.5]))[0]) == 1.5

    def test_never_overflows(self):
        """A feed that broke among millions of rows is e to the power of thousands."""
        assert float(grown(np.array([5e5]), np.array([5e5]))[0]) == 1e6


class TestLogGroupMeans:
    def test_averages_each_group_over_bets_and_stakes(self):
        """Groups may differ in size."""
        m = np.array([[1.0, 3.0], [5.0, 7.0], [10.0, 20.0]])

        means = np.exp(log_group_means(np.log(m), np.array([0, 2])))

        np.testing.assert_allclose(means, [4.0, 15.0])

    def test_a_group_without_evidence_has_none(self):
        """Minus infinity, without a warning."""
        log_m = np.array([[-np.inf, -np.inf], [0.0, 0.0]])

        means = log_group_means(log_m, np.array([0, 1]))

        assert means.tolist() == [-np.inf, 0.0]

    def test_one_huge_bet_carries_its_group(self):
        """Its share of the mean is all that is left in a float."""
        log_m = np.array([[1e6, -np.inf]])

        assert log_group_means(log_m, np.array([0])) == pytest.approx(1e6)

    def test_no_groups_have_no_means(self):
        """A project without labels has no monitors of them."""
        assert log_group_means(np.zeros((0, 7)), np.zeros(0, dtype=np.intp)).size == 0
