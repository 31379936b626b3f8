"""Profiles add up: whatever the rows, and however they are split."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.drift.grid import Grid, cut_grid
from holdfast.drift.profile import Profile, profile, total
from holdfast.drift.report import Verdict, compare
from holdfast.stats.divergence import (
    jensen_shannon,
    population_stability_index,
    shares,
    total_variation,
)

CONTRACT = Contract(
    features=(
        Feature(name="number", kind=FeatureKind.NUMERIC, nullable=True),
        Feature(name="word", kind=FeatureKind.CATEGORICAL, nullable=True),
        Feature(name="flag", kind=FeatureKind.BOOLEAN, nullable=True),
    ),
    target=Target(name="y", positive="1", negative="0"),
    threshold=0.5,
    data_digest="",
)
ROWS = st.tuples(
    st.none() | st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, math.inf, -math.inf, math.nan]),
    st.none() | st.sampled_from(["a", "b", "c", "rare", "new"]),
    st.none() | st.booleans(),
)
COUNTS = hnp.arrays(np.int64, st.integers(1, 12), elements=st.integers(0, 1_000))


def table(rows):
    numbers, words, flags = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "number": pa.array(numbers, pa.float64()),
            "word": pa.array(words, pa.string()),
            "flag": pa.array(flags, pa.bool_()),
        }
    )


def batches(least=1):
    return st.lists(ROWS, min_size=least, max_size=60)


class TestProfilesAddUp:
    @given(reference=batches(), parts=st.lists(batches(least=0), min_size=1, max_size=5))
    def test_a_window_is_the_sum_of_its_parts(self, reference, parts):
        """Counts, minimum and maximum exactly; sums to 1e-9 of what was summed."""
        grid = cut_grid(table(reference), CONTRACT)

        summed = total(profile(table(part), grid) for part in parts)

        whole = profile(table([row for part in parts for row in part]), grid)
        assert (summed.n_rows, summed.rows_outside) == (whole.n_rows, whole.rows_outside)
        assert _words(summed) == _words(whole)
        left, right = _numbers(summed), _numbers(whole)
        assert left.cells.tolist() == right.cells.tolist()
        assert (left.n_missing, left.n_non_finite) == (right.n_missing, right.n_non_finite)
        assert (left.minimum, left.maximum) == (right.minimum, right.maximum)
        np.testing.assert_allclose(left.sums, right.sums, rtol=1e-9, atol=1e-9 * 1e6)

    @given(reference=batches(), parts=st.tuples(*[batches(least=0)] * 3))
    def test_the_grouping_does_not_matter(self, reference, parts):
        """A day is the sum of its hours, however they were summed: to the last count."""
        grid = cut_grid(table(reference), CONTRACT)
        a, b, c = (profile(table(part), grid) for part in parts)

        left, right = (a + b) + c, a + (b + c)

        assert left.n_rows == right.n_rows
        assert left.rows_outside == right.rows_outside
        assert _words(left) == _words(right)
        assert _numbers(left).cells.tolist() == _numbers(right).cells.tolist()
        np.testing.assert_allclose(
            _numbers(left).sums, _numbers(right).sums, rtol=1e-9, atol=1e-9 * 1e6
        )

    @given(reference=batches(), first=batches(least=0), second=batches(least=0))
    def test_the_order_does_not_matter(self, reference, first, second):
        """Partitions arrive as they like."""
        grid = cut_grid(table(reference), CONTRACT)
        left, right = profile(table(first), grid), profile(table(second), grid)

        assert left + right == right + left

    @given(reference=batches(), rows=batches(least=0))
    def test_every_row_is_counted_once_in_each_feature(self, reference, rows):
        """As a value, missing, or not finite."""
        counted = profile(table(rows), cut_grid(table(reference), CONTRACT))

        assert all(f.n_values + f.n_absent == len(rows) for f in counted.features)

    @given(reference=batches(), rows=batches(least=0))
    def test_comes_back_from_bytes(self, reference, rows):
        """Grid and counts alike."""
        grid = cut_grid(table(reference), CONTRACT)
        counted = profile(table(rows), grid)

        assert Grid.from_bytes(grid.to_bytes()) == grid
        assert Profile.from_bytes(counted.to_bytes()) == counted

    @given(rows=batches())
    def test_a_reference_does_not_drift_from_itself(self, rows):
        """Whatever it holds: nothing drifted, nothing unseen, no NaN."""
        counted = profile(table(rows), cut_grid(table(rows), CONTRACT))

        report = compare(counted, counted)

        assert report.names(Verdict.DRIFTED) == ()
        assert report.share_drifted == 0.0

    @settings(max_examples=50)
    @given(reference=batches(), rows=batches())
    def test_every_comparison_ends_in_a_verdict_of_finite_figures(self, reference, rows):
        """Any reference against any window."""
        grid = cut_grid(table(reference), CONTRACT)

        report = compare(profile(table(reference), grid), profile(table(rows), grid))

        figures = [
            value
            for feature in report.to_json()["features"]
            for test in feature["tests"]
            for value in test.values()
            if isinstance(value, float)
        ]
        assert all(math.isfinite(figure) for figure in figures)


class TestDivergences:
    @given(data=st.data(), reference=COUNTS)
    def test_are_never_negative_and_symmetric(self, data, reference):
        """Distances between shares, whichever window comes first."""
        current = data.draw(hnp.arrays(np.int64, reference.shape, elements=st.integers(0, 1_000)))
        p, q = shares(reference + 1), shares(current + 1)

        for divergence in (population_stability_index, jensen_shannon, total_variation):
            there, back = divergence(p, q), divergence(q, p)
            assert there >= 0.0
            assert math.isclose(there, back, rel_tol=1e-6, abs_tol=1e-7)


def _numbers(counted):
    return counted.features[0]


def _words(counted):
    return [feature.to_wire() for feature in counted.features[1:]]
