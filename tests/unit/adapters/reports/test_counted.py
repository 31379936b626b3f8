"""What can be read from counts alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

values = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=60)
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


class TestNumericPair:
    @given(before=values, after=values)
    @settings(max_examples=40)
    def test_shares_and_quantiles_of_few_values_are_exact(self, compared, before, after):
        """Every value of the reference has a cell of its own."""
        pair = compared({"x": before}, {"x": before + after}).pair("x")
        points = np.array(sorted(set(before)))

        below = pair.below(points)[0]

        assert below == pytest.approx([np.mean(np.array(before) < point) for point in points])
        expected = np.quantile(before, LEVELS, method="inverted_cdf")
        assert pair.quantiles(LEVELS)[0] == pytest.approx(expected)

    def test_quantiles_of_many_values_are_close(self, compared):
        """Within a cell of a thousandth of the rows."""
        rng = np.random.default_rng(0)
        before, after = rng.lognormal(size=20_000), rng.lognormal(size=5_000) * 1.5
        pair = compared({"x": before}, {"x": after}).pair("x")

        found = pair.quantiles(LEVELS)

        assert found[0] == pytest.approx(np.quantile(before, LEVELS), rel=0.02)
        assert found[1] == pytest.approx(np.quantile(after, LEVELS), rel=0.02)

    def test_a_window_without_values_has_no_share(self, compared):
        """And no quantile, rather than a wrong one."""
        import pyarrow as pa  # noqa: PLC0415  # for the type of nothing

        pair = compared({"x": [1.0, 2.0]}, {"x": pa.array([None], pa.float64())}).pair("x")

        assert not pair.comparable
        assert np.isnan(pair.quantiles(LEVELS)[1]).all()
        assert pair.below(np.array([1.5]))[1].tolist() == [0.0]

    def test_the_widest_gap_is_where_it_is(self, compared):
        """With the shares on either side."""
        pair = compared({"x": [1.0] * 6 + [2.0] * 4}, {"x": [1.0] * 2 + [2.0] * 8}).pair("x")

        gap = pair.gap

        assert (gap.at, gap.inclusive, gap.before, gap.after) == (1.0, True, 0.6, 0.2)
