"""Tests of estimating performance without labels."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from holdfast.domain.errors import EmptyWindowError
from holdfast.performance.estimated import METRICS, estimate
from holdfast.performance.realised import measure

THRESHOLD = 0.37


def confusion(scores, threshold):
    """The expected confusion matrix, after NannyML's documentation of CBPE."""
    tp = sum(p for p in scores if p >= threshold)
    fp = sum(1 - p for p in scores if p >= threshold)
    fn = sum(p for p in scores if p < threshold)
    tn = sum(1 - p for p in scores if p < threshold)
    return tp, fp, fn, tn


def area_under_expected_curve(scores):
    """The area under the expected (FPR, TPR) at each threshold, after the same."""
    points = [(0.0, 0.0)]
    for threshold in sorted(set(scores), reverse=True):
        tp, fp, fn, tn = confusion(scores, threshold)
        points.append((fp / (fp + tn), tp / (tp + fn)))
    return sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(points))


def realised(scores, rng):
    return measure(rng.random(scores.size) < scores, scores, threshold=THRESHOLD).figures


class TestEstimate:
    def test_agrees_with_the_published_formulas(self):
        """Oracle: the expected confusion matrix in plain Python."""
        scores = np.random.default_rng(0).beta(1.2, 3.4, 200)
        tp, fp, fn, tn = confusion(scores.tolist(), THRESHOLD)

        found = {name: one.estimate for name, one in estimate(scores, threshold=THRESHOLD).items()}

        assert found["accuracy"] == pytest.approx((tp + tn) / (tp + fp + fn + tn), rel=1e-12)
        assert found["precision"] == pytest.approx(tp / (tp + fp), rel=1e-12)
        assert found["recall"] == pytest.approx(tp / (tp + fn), rel=1e-12)
        assert found["f1"] == pytest.approx(tp / (tp + 0.5 * (fp + fn)), rel=1e-12)
        assert found["brier"] == pytest.approx((scores * (1 - scores)).mean(), rel=1e-12)
        assert found["log_loss"] == pytest.approx(
            np.mean(stats.bernoulli.entropy(scores)), rel=1e-12
        )
        assert tuple(sorted(found)) == tuple(sorted(METRICS))

    def test_leaves_out_of_the_published_auc_what_no_labels_can_be(self):
        """
        The published area pairs each row with itself, once as positive and once as negative,
        which counts one half and pulls towards 0.5. Without these pairs it is ours.
        """
        scores = np.random.default_rng(1).beta(1.2, 3.4, 120)
        own = (scores * (1 - scores)).sum()
        pairs = scores.sum() * (1 - scores).sum()

        ours = estimate(scores, threshold=THRESHOLD)["roc_auc"].estimate

        published = area_under_expected_curve(scores.tolist())
        assert (ours * (pairs - own) + own / 2) / pairs == pytest.approx(published, rel=1e-9)

    def test_errors_are_those_of_drawn_labels_and_rows(self):
        """Simulation: labels of fixed rows vary by the label error, other rows by the full one."""
        rng = np.random.default_rng(2)
        fixed = rng.beta(1.2, 3.4, 500)
        expected = estimate(fixed, threshold=THRESHOLD)

        of_labels = [realised(fixed, rng) for _ in range(300)]
        of_both = [realised(rng.beta(1.2, 3.4, 500), rng) for _ in range(300)]

        for metric, figure in expected.items():
            same, others = ([run[metric] for run in runs] for runs in (of_labels, of_both))
            near = 4 * figure.label_error / math.sqrt(300)
            assert np.mean(same) == pytest.approx(figure.estimate, abs=near)
            assert np.std(same) == pytest.approx(figure.label_error, rel=0.15)
            assert np.std(others) == pytest.approx(figure.standard_error, rel=0.15)

    def test_intervals_cover_what_a_calibrated_model_realises(self):
        """
        At least 95% for the same rows, about 95% around the figure that holds for all rows:
        the interval also has the luck of which rows came.
        """
        rng = np.random.default_rng(3)
        population = rng.beta(1.2, 3.4, 200_000)
        truth = {n: f.estimate for n, f in estimate(population, threshold=THRESHOLD).items()}
        same, all_rows = dict.fromkeys(METRICS, 0), dict.fromkeys(METRICS, 0)

        for _ in range(300):
            rows = rng.beta(1.2, 3.4, 400)
            figures, outcome = estimate(rows, threshold=THRESHOLD), realised(rows, rng)
            for name, figure in figures.items():
                same[name] += figure.low <= outcome[name] <= figure.high
                all_rows[name] += abs(outcome[name] - truth[name]) <= 1.96 * figure.standard_error

        assert min(same.values()) / 300 >= 0.93
        assert all(0.92 <= hits / 300 <= 0.98 for hits in all_rows.values())

    def test_the_error_of_a_share_is_the_binomial_one(self):
        """Over rows and labels together, a share of n rows has the variance R(1 - R)/n."""
        scores = np.random.default_rng(4).random(250)

        found = estimate(scores, threshold=0.5)

        share = found["accuracy"].estimate
        assert found["accuracy"].standard_error == pytest.approx(
            stats.binom.std(250, share) / 250, rel=1e-12
        )
        recall, n_positive = found["recall"].estimate, scores.sum()
        assert found["recall"].standard_error == pytest.approx(
            math.sqrt(recall * (1 - recall) / n_positive), rel=1e-12
        )

    def test_takes_the_scores_at_their_word(self):
        """A change of what scores mean cannot be seen in them; the docs say so, too."""
        rng = np.random.default_rng(5)
        scores = rng.beta(1.2, 3.4, 5_000)
        upside_down = rng.random(5_000) < rng.permutation(scores)

        estimated = estimate(scores, threshold=THRESHOLD)["roc_auc"].estimate

        assert measure(upside_down, scores, threshold=THRESHOLD).figures["roc_auc"] < 0.55
        assert estimated > 0.75

    def test_leaves_out_what_the_rows_do_not_define(self):
        """No precision without positive decisions, no AUC where one class alone is expected."""
        assert set(estimate(np.full(20, 0.01), threshold=0.5)) == set(METRICS) - {
            "precision",
            "roc_auc",
        }

    def test_stays_inside_what_a_metric_can_be(self):
        """Only the log loss may exceed 1."""
        found = estimate(np.array([0.2, 0.6, 0.5, 0.9, 0.4, 0.5]), threshold=0.5)

        assert all(0.0 <= one.low <= one.estimate <= one.high for one in found.values())
        assert all(one.high <= 1.0 for name, one in found.items() if name != "log_loss")

    def test_refuses_no_rows(self):
        """Nothing is not a window that went well."""
        with pytest.raises(EmptyWindowError):
            estimate(np.zeros(0), threshold=0.5)
