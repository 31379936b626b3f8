"""Tests of confidence decay."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.drift.scores import MeanConfidence
from holdfast.performance.confidence import (
    ConfidencePolicy,
    ConfidenceVerdict,
    confidence_decay,
    reference_confidence,
)
from holdfast.performance.realised import measure

BEFORE = MeanConfidence(mean=0.30, sd=0.12, n=2_000)


class TestConfidenceDecay:
    def test_a_model_that_hesitates_has_decayed(self):
        """Significant, and large enough to matter."""
        found = confidence_decay(BEFORE, MeanConfidence(mean=0.26, sd=0.12, n=800))

        assert found.verdict is ConfidenceVerdict.DECAYED
        assert found.fall == pytest.approx(0.04)

    def test_a_fall_too_small_to_matter_holds(self):
        """With a hundred thousand rows everything is significant."""
        found = confidence_decay(BEFORE, MeanConfidence(mean=0.285, sd=0.12, n=100_000))

        assert found.p_value is not None
        assert found.p_value < 0.01
        assert found.verdict is ConfidenceVerdict.HELD

    def test_a_surer_model_holds(self):
        """Only a fall is decay."""
        found = confidence_decay(BEFORE, MeanConfidence(mean=0.4, sd=0.1, n=800))

        assert found.verdict is ConfidenceVerdict.HELD

    def test_too_few_rows_to_tell_is_a_verdict_of_its_own(self):
        """Never held."""
        found = confidence_decay(BEFORE, MeanConfidence(mean=0.1, sd=0.0, n=3))

        assert found.verdict is ConfidenceVerdict.TOO_FEW
        assert found.p_value is None

    def test_constant_scores_give_no_nan(self):
        """No variance on either side: the fall is certain."""
        found = confidence_decay(
            MeanConfidence(mean=0.4, sd=0.0, n=500), MeanConfidence(mean=0.1, sd=0.0, n=500)
        )

        assert found.p_value == 0.0

    def test_null_it_fires_no_more_often_than_alpha(self):
        """Without drift, and without a least effect."""
        rng = np.random.default_rng(0)
        strict = ConfidencePolicy(min_effect=0.0)

        def sample(n):
            confidence = np.abs(rng.beta(2, 5, size=n) - 0.5)
            return MeanConfidence(mean=confidence.mean(), sd=confidence.std(ddof=1), n=n)

        fired = [
            confidence_decay(sample(1_000), sample(500), policy=strict).verdict
            is ConfidenceVerdict.DECAYED
            for _ in range(1_000)
        ]

        assert 0.02 <= np.mean(fired) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1_000)


class TestReferenceConfidence:
    def test_reads_a_releases_metrics(self):
        """The baseline travels with the release."""
        metrics = measure(np.array([True, False]), np.array([0.9, 0.3]), threshold=0.5)

        confidence = reference_confidence(metrics)

        assert (confidence.mean, confidence.n) == (metrics.confidence, 2)


class TestConfidencePolicy:
    @pytest.mark.parametrize(("field", "value"), [("alpha", 1.5), ("min_rows", 1)])
    def test_refuses_bounds_that_are_none(self, field, value):
        """Before anything is judged by them."""
        with pytest.raises(ValueError, match=field):
            ConfidencePolicy(**{field: value})
