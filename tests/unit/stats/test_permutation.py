"""Tests of random deals of the pooled rows."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from holdfast.stats.permutation import deal, share_reaching, two_cell_p_value


class TestDeal:
    @pytest.mark.parametrize(
        "pooled", [[3, 5, 0, 90], [40_000, 60_000, 200_000], [10**9, 10**9, 500]]
    )
    def test_deals_what_is_there(self, pooled):
        """Never more of a cell than both windows hold; means as expected."""
        pooled = np.array(pooled)
        m = int(pooled.sum()) // 4

        dealt = deal(pooled, m, draws=400)

        assert (dealt >= 0).all()
        assert (dealt <= pooled).all()
        assert dealt.mean(axis=0) / pooled.sum() == pytest.approx(
            pooled / (4 * pooled.sum()), abs=0.005
        )

    def test_spreads_as_much_above_a_billion_rows_as_below(self):
        """Another sampler takes over there; the spread is the hypergeometric one."""
        pooled = np.array([6, 4]) * 10**8

        dealt = deal(pooled, 10**6, draws=2_000)

        assert dealt[:, 0].std() == pytest.approx(np.sqrt(10**6 * 0.6 * 0.4), rel=0.1)

    def test_is_the_same_every_time(self):
        """A report on the same counts does not change."""
        pooled = np.array([30, 40, 50])

        assert (deal(pooled, 60, draws=9) == deal(pooled, 60, draws=9)).all()


class TestShareReaching:
    def test_counts_ties_up_to_rounding(self):
        """A statistic summed in another order is the same statistic."""
        assert share_reaching(0.1 + 0.2, np.array([0.3, 0.0, 0.0])) == 0.5


class TestTwoCells:
    def test_is_the_share_of_orders_that_go_as_far(self):
        """Over all deals of nine rows, four of them current."""
        rows = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1])
        far = abs(2 - 4 / 3)

        found = two_cell_p_value(np.array([6, 3]), np.array([2, 2]))

        deals = [abs(rows[list(chosen)].sum() - 4 / 3) for chosen in combinations(range(9), 4)]
        assert found == pytest.approx(np.mean(np.array(deals) >= far - 1e-12))
