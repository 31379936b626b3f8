"""Tests of merging cells into bins."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from holdfast.drift.bins import merged_bins
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile


def bins(one_feature, kind, reference, current):
    contract = one_feature(kind)
    tables = [pa.table({"x": pa.array(values)}) for values in (reference, current)]
    grid = cut_grid(tables[0], contract)
    left, right = (profile(table, grid).features[0] for table in tables)
    return [row.tolist() for row in merged_bins(left, right)]


class TestMergedBins:
    def test_numbers_fall_into_ten_bins_of_near_equal_mass(self, one_feature):
        """A tenth of the reference in each."""
        values = np.random.default_rng(0).normal(size=20_000)

        reference, current = bins(one_feature, "numeric", values, values + 0.1)

        assert len(reference) == 10
        assert max(abs(count - 2_000) for count in reference) <= 25
        assert sum(current) == 20_000

    def test_a_heavy_value_is_never_split(self, one_feature):
        """Half of the rows at zero stay in one bin."""
        values = np.concatenate([np.zeros(500), np.linspace(1, 2, 500)])

        reference, _ = bins(one_feature, "numeric", values, values)

        assert max(reference) >= 500
        assert sum(reference) == 1_000

    def test_no_bin_is_empty_in_the_reference(self, one_feature):
        """Values beyond its range join the outermost bins."""
        reference, current = bins(one_feature, "numeric", [1.0, 2.0], [-50.0, 1.5, 99.0])

        assert reference == [1, 1]
        assert current == [1, 2]

    def test_missing_values_have_a_bin_of_their_own(self, one_feature):
        """A shift of missingness must be visible."""
        reference, current = bins(one_feature, "numeric", [1.0, 1.0, None], [None, None, 1.0])

        assert reference == [2, 1]
        assert current == [1, 2]

    def test_rare_and_unseen_categories_share_a_bin(self, one_feature):
        """The nine most frequent keep their own."""
        words = [f"level {i:02}" for i in range(12) for _ in range(12 - i)]

        reference, current = bins(one_feature, "categorical", words, ["level 00", "new"])

        assert reference == [12, 11, 10, 9, 8, 7, 6, 5, 4, 6]
        assert current == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]

    def test_a_reference_without_values_has_one_bin_for_them(self, one_feature):
        """Everything that arrives now is news of one kind."""
        missing = pa.array([None, None], pa.float64())

        reference, current = bins(one_feature, "numeric", missing, [1.0, 2.0, None])

        assert reference == [0, 2]
        assert current == [2, 1]
