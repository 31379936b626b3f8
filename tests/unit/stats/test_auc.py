"""Tests of ROC AUC and DeLong's covariance."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from holdfast.domain.errors import TooFewLabelsError
from holdfast.stats.auc import auc_influence, delong, roc_auc


def sample(rng, n, *, shift=1.0, ties=False):
    labels = rng.uniform(size=n) < 0.3
    scores = rng.normal(size=n) + shift * labels
    return labels, np.round(scores, 1) if ties else scores


def naive_covariance(labels, vectors):
    """DeLong's formula written out over all pairs."""
    kernels = []
    for scores in vectors:
        gaps = scores[labels][:, None] - scores[~labels][None, :]
        kernels.append((gaps > 0) + 0.5 * (gaps == 0))
    by_positive = np.cov(np.stack([kernel.mean(axis=1) for kernel in kernels]))
    by_negative = np.cov(np.stack([kernel.mean(axis=0) for kernel in kernels]))
    return by_positive / labels.sum() + by_negative / (~labels).sum()


class TestRocAuc:
    @pytest.mark.parametrize("ties", [False, True])
    def test_equals_scikit_learn(self, ties):
        """Ties count one half."""
        labels, scores = sample(np.random.default_rng(0), 400, ties=ties)

        assert roc_auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))

    def test_refuses_one_class(self):
        """The ranking of one class is not 0.5, it is unknown."""
        with pytest.raises(TooFewLabelsError, match="rows of each class"):
            roc_auc(np.array([True, True]), np.array([0.1, 0.2]))


class TestDeLong:
    def test_equals_the_formula_over_all_pairs(self):
        """The fast way gives the covariance of the definition, ties included."""
        rng = np.random.default_rng(1)
        labels, old = sample(rng, 300, ties=True)
        new = old + rng.normal(size=300)

        found = delong(labels, old, new)

        np.testing.assert_allclose(found.covariance, naive_covariance(labels, [old, new]))
        assert found.aucs == pytest.approx([roc_auc_score(labels, s) for s in (old, new)])

    def test_a_model_does_not_differ_from_itself(self):
        """The pairing takes all variance out."""
        labels, scores = sample(np.random.default_rng(2), 200)

        difference = delong(labels, scores, scores).difference(0, 1)

        assert difference.estimate == 0.0
        assert difference.standard_error == pytest.approx(0.0, abs=1e-8)

    def test_the_interval_covers_the_truth(self):
        """Nineteen in twenty, within Monte Carlo error."""
        rng = np.random.default_rng(3)
        truth = 0.760250  # Phi(1 / sqrt 2): two normals one standard deviation apart
        covered = 0

        for _ in range(400):
            interval = delong(*sample(rng, 300)).interval()
            covered += interval.low <= truth <= interval.high

        assert 0.91 <= covered / 400 <= 0.98

    def test_a_true_null_is_rejected_at_its_level(self):
        """Two equally good models: one in twenty differences is significant at 5%."""
        rng = np.random.default_rng(4)
        rejected = 0

        for _ in range(400):
            labels, signal = sample(rng, 300)
            rivals = [signal + rng.normal(size=300) for _ in range(2)]
            interval = delong(labels, *rivals).difference(0, 1).interval(one_sided=True)
            rejected += interval.low > 0

        assert rejected / 400 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)

    def test_a_perfect_ranking_does_not_claim_certainty(self):
        """Twenty separated positives leave room for an AUC of 0.83."""
        labels = np.arange(60) >= 40

        interval = delong(labels, labels.astype(np.float64)).interval()

        assert interval.high == 1.0
        assert interval.low == pytest.approx(0.025 ** (1 / 20))

    def test_a_reversed_ranking_does_not_claim_certainty(self):
        """The mirror image."""
        labels = np.arange(60) >= 40

        interval = delong(labels, (~labels).astype(np.float64)).interval()

        assert interval.low == 0.0
        assert interval.high == pytest.approx(1 - 0.025 ** (1 / 20))

    def test_refuses_a_single_positive(self):
        """A variance needs two; the error says so."""
        with pytest.raises(TooFewLabelsError, match="Only 1 of the 2 rows of each class"):
            delong(np.array([True, False, False]), np.array([0.5, 0.2, 0.1]))


class TestAucInfluence:
    def test_its_spread_is_delongs_error(self):
        """The variance of its mean, but for n - 1 in place of n in each class."""
        labels, scores = sample(np.random.default_rng(5), 500, ties=True)

        moved = auc_influence(labels, scores)

        assert moved.mean() == pytest.approx(0.0, abs=1e-12)
        error = np.sqrt(moved @ moved) / labels.size
        assert error == pytest.approx(delong(labels, scores).standard_error(), rel=0.01)

    def test_refuses_one_class(self):
        """Nothing is ranked."""
        with pytest.raises(TooFewLabelsError):
            auc_influence(np.array([True, True]), np.array([0.1, 0.2]))
