"""On which axis numbers are shown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.adapters.reports.axis import MOST_BINS, choose_axis

RNG = np.random.default_rng(0)


def axis_of(compared, values):
    return choose_axis(compared({"x": values}, {"x": values}).pair("x"))


class TestChooseAxis:
    def test_a_body_is_linear_and_clipped(self, compared):
        """The reference's 0.5% to 99.5%: one row far out does not squash all others."""
        axis = axis_of(compared, np.append(RNG.normal(size=5_000), 1e6))

        assert not axis.logarithmic
        assert -3 < axis.bounds[0] < -2
        assert 2 < axis.bounds[-1] < 3

    def test_more_than_three_decades_are_logarithmic(self, compared):
        """Else all but the largest values share the first bin."""
        axis = axis_of(compared, RNG.lognormal(sigma=3, size=5_000))

        assert axis.logarithmic
        assert [tick.label for tick in axis.ticks] == sorted(
            {tick.label for tick in axis.ticks}, key=lambda label: float(label.replace(",", ""))
        )

    def test_zeros_do_not_forbid_a_logarithmic_axis(self, compared):
        """Usage is often nothing, and else anything."""
        values = np.where(RNG.random(5_000) < 0.6, 0.0, RNG.lognormal(3, 1.5, 5_000))

        axis = axis_of(compared, values)

        assert axis.logarithmic
        assert axis.bounds[0] > 0

    def test_long_tails_on_both_sides_are_clipped_to_the_body(self, compared):
        """The middle half stays wide enough to be read."""
        values = RNG.standard_cauchy(20_000)

        axis = axis_of(compared, values)

        assert axis.bounds[-1] - axis.bounds[0] < 20

    def test_whole_numbers_get_bins_of_equally_many(self, compared):
        """A bin with two of them beside bins with one would look like a comb."""
        axis = axis_of(compared, RNG.poisson(40, 5_000).astype(float))

        widths = np.diff(axis.bounds)
        assert widths == pytest.approx(np.full(widths.size, round(float(widths[0]))))
        assert (axis.bounds % 1 == 0.5).all()

    @given(
        values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50)
    )
    @settings(max_examples=80)
    def test_any_numbers_have_an_axis(self, compared, values):
        """With bins in order, and ticks that lie on it."""
        axis = axis_of(compared, values)

        assert (np.diff(axis.bounds) > 0).all()
        assert np.isfinite(axis.bounds).all()
        assert axis.bounds.size <= MOST_BINS + 2
        assert all(-1e-6 <= tick.position <= 1 + 1e-6 for tick in axis.ticks)
        assert len(axis.ticks) <= 12
