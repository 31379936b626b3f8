"""Sequential permutation p-values."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.drift.multivariate.permutation import permutation_test


class TestPermutationTest:
    def test_counts_the_statistic_itself_as_one(self):
        """No p-value is zero."""
        test = permutation_test(9.0, np.zeros, most=99, exceedances=10)

        assert test.p_value == pytest.approx(0.01)
        assert test.null.size == 99

    def test_stops_when_the_case_is_clear(self):
        """Ties are as extreme: with nothing but them the first block is enough."""
        test = permutation_test(0.0, np.zeros, most=10_000, exceedances=10)

        assert test.p_value == 1.0
        assert test.null.size < 100

    @pytest.mark.parametrize("level", [0.01, 0.05, 0.1, 0.5])
    def test_is_no_smaller_than_chance_makes_it(self, level):
        """P(p <= a) <= a, stopped early or not."""
        rng = np.random.default_rng(0)

        p_values = [
            permutation_test(
                rng.standard_normal(), rng.standard_normal, most=199, exceedances=20
            ).p_value
            for _ in range(3_000)
        ]

        rate, error = np.mean(np.array(p_values) <= level), np.sqrt(level * (1 - level) / 3_000)
        assert level - 4 * error - 0.005 < rate < level + 3 * error
