"""Tests of one feature's counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.domain.contract import FeatureKind
from holdfast.domain.errors import CorruptProfileError
from holdfast.drift.counts import (
    CategoryCounts,
    NumericCounts,
    NumericWire,
    feature_from_wire,
    most_frequent,
)
from holdfast.drift.wire import pack_counts, pack_floats

NUMBERS = NumericCounts(
    name="x",
    cells=np.array([1, 2, 0, 3, 1]),
    sums=np.array([-1.5, 0.0, 4.0]),
    n_missing=1,
    n_non_finite=0,
    minimum=0.0,
    maximum=9.0,
)


def numbers(**changes):
    return replace(NUMBERS, **changes)


def categories(known, unseen=(), n_missing=0):
    return CategoryCounts(
        name="x",
        kind=FeatureKind.CATEGORICAL,
        known=np.array(known),
        n_unseen=sum(count for _, count in unseen),
        unseen=tuple(unseen),
        n_missing=n_missing,
    )


class TestNumericCounts:
    def test_add_up(self):
        """Counts and sums add, the range widens."""
        both = numbers() + numbers(minimum=-3.0, n_non_finite=2)

        assert both.cells.tolist() == [2, 4, 0, 6, 2]
        assert both.sums.tolist() == [-3.0, 0.0, 8.0]
        assert (both.minimum, both.maximum) == (-3.0, 9.0)
        assert (both.n_values, both.n_absent) == (14, 4)

    def test_an_empty_side_does_not_narrow_the_range(self):
        """No value is no minimum, not zero."""
        empty = numbers(cells=np.zeros(5, dtype=np.int64), minimum=None, maximum=None)

        assert (numbers(minimum=5.0) + empty).minimum == 5.0

    def test_come_back_from_their_stored_form(self):
        """Sums of empty cells are not stored, and are zero again."""
        again = feature_from_wire(numbers().to_wire())

        assert again.to_wire() == numbers().to_wire()
        assert isinstance(again, NumericCounts)
        assert again.sums.tolist() == [-1.5, 0.0, 4.0]

    def test_refuse_sums_that_do_not_fit_the_counts(self):
        """Damage is named, not spread over other cells."""
        wire = NumericWire(
            name="x",
            cells=pack_counts(np.array([1, 0, 1])),
            sums=pack_floats(np.array([1.0])),
            n_missing=0,
            n_non_finite=0,
            minimum=None,
            maximum=None,
        )

        with pytest.raises(CorruptProfileError, match="do not fit"):
            feature_from_wire(wire)


class TestCategoryCounts:
    def test_add_up(self):
        """The names of unseen categories are joined, most frequent first."""
        both = categories([3, 0], [("new", 1)], 2) + categories([1, 1], [("old", 4), ("new", 1)])

        assert both.known.tolist() == [4, 1]
        assert both.unseen == (("old", 4), ("new", 2))
        assert (both.n_unseen, both.n_values, both.n_absent) == (6, 11, 2)

    @pytest.mark.parametrize(
        ("counts", "constant"),
        [
            (categories([5, 0]), True),
            (categories([0, 0], [("new", 3)]), True),
            (categories([5, 1]), False),
            (categories([5, 0], [("new", 1)]), False),
            (categories([0, 0], n_missing=4), False),
        ],
    )
    def test_know_whether_they_hold_one_value_only(self, counts, constant):
        """No value at all is not constant, it is missing."""
        assert counts.is_constant is constant


class TestMostFrequent:
    def test_keeps_twenty_names(self):
        """A column of typing errors does not blow the profile up."""
        kept = most_frequent([(f"typo {i:02}", 1 + i % 2) for i in range(50)])

        assert len(kept) == 20
        assert all(count == 2 for _, count in kept)
