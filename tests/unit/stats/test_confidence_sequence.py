"""A bound that may be looked at every day is right on all days together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from holdfast.stats.confidence_sequence import looked_at_always

LEVEL = 0.05
LOOKS = range(200, 4_001, 100)


def ever_wrong(*, runs, factor_of):
    """Return how often a lower bound of a mean of 0 lies above it at any look."""
    rng = np.random.default_rng(8)
    sums = rng.standard_normal((runs, LOOKS[-1])).cumsum(axis=1)
    wrong = np.zeros(runs, dtype=bool)
    for n in LOOKS:
        wrong |= sums[:, n - 1] / n > factor_of(n) / np.sqrt(n)
    return wrong.mean()


class TestLookedAtAlways:
    def test_is_wrong_at_any_look_no_more_often_than_the_level(self):
        """Null: 39 looks at 1,000 growing samples; the limit allows for the 1,000 (3 errors)."""
        rate = ever_wrong(
            runs=1_000, factor_of=lambda n: looked_at_always(n, level=LEVEL, tuned_at=2_000)
        )

        assert rate <= LEVEL

    def test_a_bound_for_one_look_would_be_wrong_far_more_often(self):
        """Else the sequence would not be needed."""
        rate = ever_wrong(runs=1_000, factor_of=lambda _: special.ndtri(1 - LEVEL))

        assert rate > 3 * LEVEL

    def test_costs_less_than_one_half_more_width(self):
        """Power: from 200 rows on, for a long time."""
        once = special.ndtri(1 - LEVEL)

        factors = [looked_at_always(n, level=LEVEL, tuned_at=2_000) for n in (500, 2_000, 50_000)]

        assert max(factors) < 2.1 * once
        assert min(factors) == factors[1]  # tightest where it is tuned

    @pytest.mark.parametrize(
        ("n", "level", "tuned_at"), [(0, 0.05, 10), (10, 0.5, 10), (10, 0.0, 10), (10, 0.05, 0)]
    )
    def test_refuses_what_is_no_level_and_no_sample(self, n, level, tuned_at):
        """It says what was found."""
        with pytest.raises(ValueError, match="at least one row"):
            looked_at_always(n, level=level, tuned_at=tuned_at)
