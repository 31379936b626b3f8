"""Tests of judging realised performance."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.performance.degradation import (
    DegradationPolicy,
    DegradationVerdict,
    degradation,
)
from holdfast.performance.realised import measure

POLICY = DegradationPolicy()


def window(rng, n, *, noise=0.0, base=2.0):
    """Rows of a calibrated model; noise mixes the labels up."""
    scores = rng.beta(base, 4, size=n)
    truth = np.where(rng.random(n) < noise, rng.permutation(scores), scores)
    return measure(rng.random(n) < truth, scores, threshold=0.4)


def verdicts(reference, current, policy=POLICY):
    return {item.metric: item for item in degradation(reference, current, policy=policy)}


class TestDegradation:
    def test_a_mixed_up_world_degrades_the_model(self):
        """AUC and Brier score fall by far more than the tolerance."""
        rng = np.random.default_rng(0)

        found = verdicts(window(rng, 3_000), window(rng, 2_000, noise=0.8))

        assert found["roc_auc"].verdict is DegradationVerdict.DEGRADED
        assert found["brier"].verdict is DegradationVerdict.DEGRADED
        assert found["roc_auc"].worsening > 0.05

    def test_a_better_window_holds(self):
        """One-sided: improvement is never an alarm."""
        rng = np.random.default_rng(0)

        found = verdicts(window(rng, 3_000, noise=0.8), window(rng, 2_000))

        assert found["roc_auc"].verdict is DegradationVerdict.HELD
        assert found["roc_auc"].worsening < 0

    @pytest.mark.parametrize("n", [1, 40, 199])
    def test_too_few_rows_to_tell_is_a_verdict_of_its_own(self, n):
        """Never held, and without a p-value."""
        rng = np.random.default_rng(0)

        found = verdicts(window(rng, 3_000), window(rng, n))

        assert {item.verdict for item in found.values()} == {DegradationVerdict.TOO_FEW}
        assert all(item.p_value is None for item in found.values())

    def test_too_few_positives_are_too_few_rows(self):
        """Ten churners say little, among however many."""
        rng = np.random.default_rng(0)
        labels = np.arange(2_000) < 10
        current = measure(labels, rng.random(2_000), threshold=0.4)

        found = verdicts(window(rng, 3_000), current)

        assert found["brier"].verdict is DegradationVerdict.TOO_FEW

    def test_a_reference_without_standard_error_is_too_little(self):
        """Its figure could be off by anything."""
        rng = np.random.default_rng(0)
        reference = measure(np.zeros(500, dtype=bool), rng.random(500), threshold=0.4)

        found = verdicts(reference, window(rng, 2_000))

        assert found["roc_auc"].verdict is DegradationVerdict.TOO_FEW
        assert (found["roc_auc"].reference, found["roc_auc"].worsening) == (None, None)
        assert found["brier"].verdict is not DegradationVerdict.TOO_FEW

    def test_recall_and_accuracy_only_inform(self):
        """A changed mix of classes moves them without any fault of the model."""
        rng = np.random.default_rng(0)

        found = verdicts(window(rng, 3_000), window(rng, 2_000))

        informational = {name for name, item in found.items() if item.informational}
        assert informational == {"recall", "accuracy"}

    @pytest.mark.parametrize("metric", ["roc_auc", "brier"])
    def test_null_without_drift_it_fires_no_more_often_than_alpha(self, metric):
        """Even without any tolerance."""
        rng = np.random.default_rng(5)
        strict = DegradationPolicy(auc_tolerance=0.0, brier_tolerance=0.0)

        fired = [
            verdicts(window(rng, 1_000), window(rng, 500), strict)[metric].verdict
            is DegradationVerdict.DEGRADED
            for _ in range(400)
        ]

        assert 0.01 <= np.mean(fired) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)

    def test_power_a_loss_of_six_points_is_mostly_found(self):
        """At 2,000 reference and 1,000 current rows."""
        rng = np.random.default_rng(6)

        fired = [
            verdicts(window(rng, 2_000), window(rng, 1_000, noise=0.5))["roc_auc"].verdict
            is DegradationVerdict.DEGRADED
            for _ in range(40)
        ]

        assert np.mean(fired) >= 0.8


class TestDegradationPolicy:
    def test_refuses_an_alpha_that_is_none(self):
        """Such as a percentage by mistake."""
        with pytest.raises(ValueError, match="alpha must lie between 0 and 1; found 5"):
            DegradationPolicy(alpha=5)
