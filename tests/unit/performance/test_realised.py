"""Tests of measuring a model on labelled rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as oracle

from holdfast.domain.canonical import canonical_json
from holdfast.domain.errors import EmptyWindowError
from holdfast.performance.calibration_error import calibration_error
from holdfast.performance.realised import measure


def rows(n=500, seed=0):
    rng = np.random.default_rng(seed)
    scores = rng.beta(2, 4, size=n)
    return rng.random(n) < scores, scores


class TestMeasure:
    def test_equals_scikit_learn(self):
        """Every figure, at the threshold asked for."""
        labels, scores = rows()

        measured = measure(labels, scores, threshold=0.4)

        decided = scores >= 0.4
        assert measured.figures == pytest.approx(
            {
                "roc_auc": oracle.roc_auc_score(labels, scores),
                "recall": oracle.recall_score(labels, decided),
                "precision": oracle.precision_score(labels, decided),
                "f1": oracle.f1_score(labels, decided),
                "accuracy": oracle.accuracy_score(labels, decided),
                "brier": oracle.brier_score_loss(labels, scores),
                "log_loss": oracle.log_loss(labels, scores),
                "pr_auc": oracle.average_precision_score(labels, scores),
                "calibration_error": calibration_error(labels, scores).estimate,
            }
        )
        assert (measured.n, measured.n_positive) == (500, labels.sum())

    def test_every_interval_contains_its_figure(self):
        """And monitors get the standard errors that they need."""
        measured = measure(*rows(), threshold=0.4)

        for name, (low, high) in measured.intervals.items():
            assert low <= measured.figures[name] <= high
        assert set(measured.intervals) == set(measured.figures)
        assert {"roc_auc", "brier"} <= set(measured.standard_errors)

    def test_intervals_cover_the_truth(self):
        """Nineteen in twenty, each by its own method, within Monte Carlo error."""
        truth = measure(*rows(200_000, seed=1), threshold=0.4, prices=(1, 5)).figures
        drawn = [measure(*rows(400, seed), threshold=0.4, prices=(1, 5)) for seed in range(2, 302)]

        covered = {
            name: np.mean([one.intervals[name][0] <= value <= one.intervals[name][1]
                           for one in drawn])
            for name, value in truth.items()
        }  # fmt: skip

        assert {name: share for name, share in covered.items() if share < 0.91} == {}

    def test_knows_what_the_errors_cost(self):
        """The mean of a row, where each error has its price; without prices it is unknown."""
        labels = np.array([True, True, False, False])
        scores = np.array([0.9, 0.1, 0.8, 0.2])

        measured = measure(labels, scores, threshold=0.5, prices=(1.0, 5.0))

        assert measured.figures["cost"] == pytest.approx((1.0 + 5.0) / 4)
        assert "cost" not in measure(labels, scores, threshold=0.5).figures

    def test_knows_the_models_confidence(self):
        """Mean and spread of |p - 0.5|."""
        measured = measure(np.array([True, False]), np.array([0.9, 0.3]), threshold=0.5)

        assert measured.confidence == pytest.approx(0.3)
        assert measured.confidence_sd == pytest.approx(np.std([0.4, 0.2], ddof=1))

    def test_one_class_has_no_roc_auc(self):
        """Left out, not NaN and not 0.5; the losses stand."""
        measured = measure(np.zeros(50, dtype=bool), np.full(50, 0.1), threshold=0.5)

        assert set(measured.figures) == {"accuracy", "brier", "log_loss", "calibration_error"}
        assert b"NaN" not in canonical_json(measured)

    def test_one_positive_has_a_roc_auc_without_an_interval(self):
        """The figure is known, its variance is not."""
        labels = np.array([True, False, False])

        measured = measure(labels, np.array([0.6, 0.2, 0.7]), threshold=0.5)

        assert measured.figures["roc_auc"] == 0.5
        assert "roc_auc" not in measured.intervals
        assert "roc_auc" not in measured.standard_errors

    def test_a_sure_and_wrong_score_has_a_finite_loss(self):
        """Strict JSON has no infinity."""
        measured = measure(np.array([True, False]), np.array([0.0, 1.0]), threshold=0.5)

        assert np.isfinite(measured.figures["log_loss"])

    def test_refuses_no_rows(self):
        """Nothing measured is not zero."""
        with pytest.raises(EmptyWindowError):
            measure(np.array([], dtype=bool), np.array([]), threshold=0.5)

    def test_a_single_row_is_measured(self):
        """Without spread, without NaN."""
        measured = measure(np.array([True]), np.array([0.8]), threshold=0.5)

        assert measured.figures["brier"] == pytest.approx(0.04)
        canonical_json(measured)
