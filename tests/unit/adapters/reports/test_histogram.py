"""Both windows as bars."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.adapters.reports.histogram import histogram, single_values

RNG = np.random.default_rng(0)
numbers = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=40)


class TestHistogram:
    @given(before=numbers, after=numbers)
    @settings(max_examples=50)
    def test_every_value_is_in_a_bar(self, compared, before, after):
        """Shares add up to one, but for ends too small to be drawn."""
        drawn = histogram(compared({"x": before}, {"x": after}).pair("x"))

        lost = 0.0011  # two ends without a bar
        total = [float(drawn.before.sum()), float(drawn.after.sum())]
        for end in drawn.ends:
            total = [total[0] + end.before, total[1] + end.after]
        assert all(1 - lost <= one <= 1 + 1e-9 for one in total)
        assert 0 < drawn.highest <= 1 + 1e-9

    def test_what_lies_beyond_the_axis_stands_at_its_end(self, compared):
        """A window that moved out of the picture is still seen."""
        drawn = histogram(
            compared({"x": RNG.normal(size=2_000)}, {"x": RNG.normal(size=500) + 50}).pair("x")
        )

        assert drawn.upper is not None
        assert drawn.upper.after == pytest.approx(1.0)

    def test_an_end_that_dwarfs_the_body_gets_its_own_scale(self, compared):
        """Else the body of a column of zeros is a flat line."""
        zeros = np.where(RNG.random(5_000) < 0.6, 0.0, RNG.lognormal(3, 1.5, 5_000))

        drawn = histogram(compared({"x": zeros}, {"x": zeros}).pair("x"))

        assert drawn.zeros is not None
        assert drawn.zeros.name == "exactly 0"
        assert drawn.highest < 0.1
        assert drawn.scale_of(drawn.zeros) == pytest.approx(0.6, abs=0.03)


class TestSingleValues:
    def test_few_values_are_shown_each(self, compared):
        """With those that are new in one entry."""
        levels = single_values(compared({"x": [0.0, 1.0, 1.0]}, {"x": [1.0, 7.0]}).pair("x"))

        assert levels is not None
        assert [(level.name, level.after) for level in levels] == [
            ("0", 0.0),
            ("1", 0.5),
            ("others, 1 to 7", 0.5),
        ]

    def test_many_values_are_not(self, compared):
        """They make a histogram."""
        values = RNG.normal(size=200)

        assert single_values(compared({"x": values}, {"x": values}).pair("x")) is None
