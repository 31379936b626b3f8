"""Tests of holdfast.performance.curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import auc, confusion_matrix, precision_recall_curve, roc_auc_score, roc_curve

from holdfast.domain.canonical import canonical_json, from_json
from holdfast.domain.curves import Curves
from holdfast.domain.errors import EmptyWindowError
from holdfast.performance.curves import MOST_POINTS, trace


def sample(n, *, digits=None, seed=1):
    rng = np.random.default_rng(seed)
    scores = rng.beta(2, 4, n)
    labels = rng.random(n) < scores
    return labels, scores if digits is None else scores.round(digits)


def rates(curves):
    return (
        np.array([curves.false_alarms(point) for point in curves.points]),
        np.array([curves.recall(point) for point in curves.points]),
    )


class TestTrace:
    def test_is_scikit_learns_roc_curve_where_scores_are_few(self):
        """Point for point, ties among them."""
        labels, scores = sample(500, digits=2)

        curves = trace(labels, scores, threshold=0.4)

        false_alarms, recall = rates(curves)
        expected = roc_curve(labels, scores, drop_intermediate=False)
        assert np.array_equal(false_alarms, expected[0])
        assert np.array_equal(recall, expected[1])
        assert [p.threshold for p in curves.points[1:]] == expected[2][1:].tolist()

    def test_is_scikit_learns_precision_recall_curve(self):
        """Scikit-learn lists it the other way round, and ends it by convention."""
        labels, scores = sample(500, digits=2)

        curves = trace(labels, scores, threshold=0.4)

        precision, recall, thresholds = precision_recall_curve(labels, scores)
        ours = curves.points[1:]
        assert [curves.precision(p) for p in ours] == precision[:-1][::-1].tolist()
        assert [curves.recall(p) for p in ours] == recall[:-1][::-1].tolist()
        assert [p.threshold for p in ours] == thresholds[::-1].tolist()

    def test_has_the_confusion_matrix_at_the_chosen_threshold(self):
        """Also between two scores, and with few points of many kept."""
        labels, scores = sample(20_000)

        chosen = trace(labels, scores, threshold=0.4321).chosen

        (_, false_positive), (_, true_positive) = confusion_matrix(labels, scores >= 0.4321)
        assert chosen.threshold == 0.4321
        assert (chosen.n_true_positive, chosen.n_false_positive) == (true_positive, false_positive)

    @pytest.mark.parametrize("n", [1_000, 50_000])
    def test_keeps_few_points_of_many_and_loses_nothing_that_is_seen(self, n):
        """
        Neither rate moves by more than a hundredth and a row between two of them: the area
        below the points is that below the curve to within less than a thousandth.
        """
        labels, scores = sample(n)

        curves = trace(labels, scores, threshold=0.5)

        false_alarms, recall = rates(curves)
        assert len(curves.points) <= MOST_POINTS
        assert np.diff(false_alarms).max() <= 0.01 + 1 / (n - labels.sum())
        assert np.diff(recall).max() <= 0.01 + 1 / labels.sum()
        assert auc(false_alarms, recall) == pytest.approx(roc_auc_score(labels, scores), abs=0.0005)
        assert (curves.points[-1].n_true_positive, curves.points[-1].n_false_positive) == (
            labels.sum(),
            n - labels.sum(),
        )

    def test_has_scikit_learns_calibration_curve(self):
        """Ten bins of as many rows, where no score occurs twice."""
        labels, scores = sample(5_000)

        bins = trace(labels, scores, threshold=0.5).bins

        shares, means = calibration_curve(labels, scores, n_bins=10, strategy="quantile")
        assert [one.n for one in bins] == [500] * 10
        assert np.allclose([one.n_positive / one.n for one in bins], shares, atol=0.003)
        assert np.allclose([one.mean_score for one in bins], means, atol=0.003)

    def test_one_class_has_no_rate_of_the_other(self):
        """None, not 0: what is not there cannot be found."""
        curves = trace(np.zeros(3, dtype=bool), np.array([0.1, 0.2, 0.3]), threshold=0.5)

        assert curves.recall(curves.points[-1]) is None
        assert curves.false_alarms(curves.points[-1]) == 1.0
        assert curves.precision(curves.chosen) is None

    def test_asks_for_rows(self):
        """Nothing has no curve."""
        with pytest.raises(EmptyWindowError):
            trace(np.zeros(0, dtype=bool), np.zeros(0), threshold=0.5)

    @given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60))
    def test_every_point_is_what_is_flagged_there(self, rows):
        """And the whole survives being written down as strict JSON."""
        labels = np.array([label for label, _ in rows])
        scores = np.array([score for _, score in rows])

        curves = trace(labels, scores, threshold=0.5)

        for point in curves.points[1:]:
            flagged = scores >= point.threshold
            assert point.n_true_positive == (flagged & labels).sum()
            assert point.n_false_positive == (flagged & ~labels).sum()
        assert sum(one.n for one in curves.bins) == labels.size
        assert from_json(canonical_json(curves), Curves) == curves
