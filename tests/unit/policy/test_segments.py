"""Tests of how rows are parted, and of harm on a part."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.matrix import FeatureMatrix
from holdfast.policy.segments import Segments, segment_gains, segments_of

CONTRACT = Contract(
    features=(
        Feature(name="tenure", kind=FeatureKind.NUMERIC, nullable=True),
        Feature(name="plan", kind=FeatureKind.CATEGORICAL, nullable=True),
        Feature(name="senior", kind=FeatureKind.BOOLEAN, nullable=False),
    ),
    target=Target(name="churn", positive="yes", negative="no"),
    threshold=0.5,
    data_digest="0" * 64,
)


def matrix(n=1000, seed=0):
    rng = np.random.default_rng(seed)
    tenure = rng.normal(size=n)
    tenure[: n // 5] = np.nan
    plan = rng.choice(
        np.array(["basic", "full", "rare", ""], dtype=object), n, p=[0.5, 0.3, 0.02, 0.18]
    )
    return FeatureMatrix(
        numeric=np.column_stack([tenure, rng.random(n) < 0.4]).astype(np.float32),
        categorical=plan.reshape(-1, 1),
    )


class TestSegmentsOf:
    def test_parts_rows_by_each_feature(self):
        """Quartiles of numbers, words, yes and no; missing values are a part of their own."""
        tenure, senior, plan = segments_of(matrix(), CONTRACT)

        assert len(tenure.names) == 5
        assert tenure.names[-1] == "tenure is missing"
        assert np.bincount(tenure.codes).tolist() == [200] * 5
        assert senior.names == ("senior = false", "senior = true")
        assert plan.names == ("plan is missing", "plan = basic", "plan = full")

    def test_rows_of_a_small_part_are_in_none(self):
        """Too few to be judged."""
        rows = matrix()

        plan = segments_of(rows, CONTRACT)[2]

        assert set(rows.categorical[plan.codes == -1, 0]) == {"rare"}

    def test_each_row_is_where_its_name_says(self):
        """The word of the name is the word of the row."""
        rows = matrix()
        plan = segments_of(rows, CONTRACT)[2]

        for code, name in enumerate(plan.names):
            word = name.removeprefix("plan = ") if "=" in name else ""
            assert set(rows.categorical[plan.codes == code, 0]) == {word}

    def test_a_feature_with_one_part_parts_nothing(self):
        """All rows together are judged anyway."""
        rows = matrix()
        same = FeatureMatrix(numeric=np.ones_like(rows.numeric), categorical=rows.categorical)

        assert [one.names[0] for one in segments_of(same, CONTRACT)] == ["plan is missing"]

    def test_a_column_without_any_value_parts_nothing(self):
        """And breaks nothing."""
        rows = matrix()
        empty = FeatureMatrix(
            numeric=np.full_like(rows.numeric, np.nan), categorical=rows.categorical
        )

        assert len(segments_of(empty, CONTRACT)) == 1


class TestSegmentGains:
    def test_equals_the_students_test_of_each_part(self):
        """One-sided, of the challenger's being worse there by more than is put up with."""
        rng = np.random.default_rng(0)
        losses, codes = rng.normal(size=400) - 0.05, rng.integers(-1, 3, size=400)

        gains = segment_gains(losses, Segments(names=("a", "b", "c"), codes=codes))

        for i, gain in enumerate(gains):
            inside = losses[codes == i]
            assert gain.n == inside.size
            assert gain.estimate == pytest.approx(inside.mean())
            assert gain.harm(slack=0.1) == pytest.approx(
                stats.ttest_1samp(inside, -0.1, alternative="less").pvalue
            )

    def test_no_difference_is_no_harm(self):
        """And a certain one is certain."""
        codes = np.repeat([0, 1], 100)

        same, worse = segment_gains(
            np.repeat([0.0, -0.1], 100), Segments(names=("a", "b"), codes=codes)
        )

        assert same.harm(slack=0.0) == 1.0
        assert worse.harm(slack=0.0) == pytest.approx(0.0)
        assert worse.harm(slack=0.2) == pytest.approx(1.0)
