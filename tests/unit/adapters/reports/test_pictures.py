"""The picture of one feature."""

from __future__ import annotations

import numpy as np

from holdfast.adapters.reports.pictures import Bars, Curve, picture
from holdfast.adapters.reports.ranking import MOST_LEVELS, ranked

RNG = np.random.default_rng(0)


def drawn(compared, before, after):
    return picture(compared({"x": before}, {"x": after}).pair("x"), identity="f0", name="x")


class TestPicture:
    def test_numbers_are_overlaid(self, compared):
        """Two outlines over one axis, with quantiles for those who want figures."""
        found = drawn(compared, RNG.normal(size=500), RNG.normal(size=500))

        assert isinstance(found, Curve)
        assert found.drawing.count("<path") == 4
        assert [row.name for row in found.quantiles][3] == "median"
        assert 3 <= len(found.ticks) <= 9

    def test_few_values_are_a_bar_each(self, compared):
        """A yes and a no are no distribution over an axis."""
        found = drawn(compared, [0.0, 1.0] * 20, [1.0] * 40)

        assert isinstance(found, Bars)
        assert [(row.name, row.before, row.after) for row in found.rows] == [
            ("0", "50%", "0%"),
            ("1", "50%", "100%"),
        ]

    def test_what_is_new_has_a_row_and_what_is_rare_is_summed(self, compared):
        """So that seven hundred categories fit on a page."""
        names = [f"c{i}" for i in range(700)] * 3
        found = drawn(compared, names, names[:1500] + ["new"] * 600)

        assert isinstance(found, Bars)
        assert len(found.rows) == MOST_LEVELS + 2
        assert [row.name for row in found.rows if row.quiet] == ["688 others"]
        assert [row.name for row in found.rows if row.fresh] == ["new"]
        assert found.rows[-1].drawing == ""  # its bar would dwarf the others

    def test_nothing_is_drawn_of_nothing(self, compared):
        """Both windows lack every value."""
        import pyarrow as pa  # noqa: PLC0415  # for the type of nothing

        none = pa.array([None, None], pa.float64())

        assert drawn(compared, none, none) is None


class TestRanked:
    def test_shows_what_changed_before_what_is_large(self, compared):
        """A small category that trebled is news."""
        before = ["big"] * 900 + [f"c{i}" for i in range(50)] * 2 + ["small"] * 10
        after = ["big"] * 900 + [f"c{i}" for i in range(50)] * 2 + ["small"] * 100

        found = ranked(compared({"x": before}, {"x": after}).pair("x"))

        names = [level.name for level in found.levels]
        assert names[:2] == ["small", "big"]
        assert len(names) == MOST_LEVELS
