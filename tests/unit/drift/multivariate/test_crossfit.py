"""Out-of-fold scores for many labellings at once."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from holdfast.drift.multivariate.crossfit import SparseRidge
from holdfast.drift.multivariate.folds import deal_rows


@pytest.fixture(name="folds")
def _folds():
    return deal_rows(120, 80, 4, np.random.default_rng(0))


def standardised(rng, n, d):
    columns = rng.normal(size=(n, d))
    columns -= columns.mean(axis=0)
    return (columns / columns.std(axis=0)).astype(np.float32)


class TestSparseRidge:
    def test_is_a_ridge_regression_fitted_without_the_fold(self, folds):
        """Where one group stands alone and tells, its coefficients are scaled, no more."""
        columns = standardised(np.random.default_rng(0), 200, 3)
        columns[folds.is_current] += 0.8
        ridge = SparseRidge(columns, np.zeros(3, dtype=int), folds, penalty=0.1)

        found = ridge.coefficients(folds.is_current[None, :])

        for fold, coefficients in zip(folds.slices, found, strict=True):
            others = np.setdiff1d(np.arange(200), np.arange(fold.start, fold.stop))
            labels = folds.is_current[others] - folds.is_current.mean()
            expected = Ridge(alpha=0.1 * others.size, fit_intercept=False).fit(
                columns[others].astype(float), labels
            )
            ratio = coefficients[:, 0] / expected.coef_
            np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-3)
            assert 0.8 < ratio.mean() <= 1.0

    def test_each_labelling_is_scored_as_if_alone(self, folds):
        """Permutations do not see each other."""
        columns = standardised(np.random.default_rng(0), 200, 6)
        ridge = SparseRidge(columns, np.arange(6) // 2, folds, penalty=0.1)
        labels = folds.permuted_labels(5, np.random.default_rng(1))

        together = ridge.scores(ridge.coefficients(labels))

        for one, scores in zip(labels, together, strict=True):
            alone = ridge.scores(ridge.coefficients(one[None, :]))[0]
            np.testing.assert_allclose(scores, alone, atol=1e-5)

    def test_a_row_is_scored_by_those_that_did_not_see_it(self, folds):
        """More columns than rows can learn every label by heart; out of fold that is worthless."""
        columns = standardised(np.random.default_rng(0), 200, 400)
        ridge = SparseRidge(columns, np.arange(400), folds, penalty=1e-3)
        labels = folds.is_current

        scores = ridge.scores(ridge.coefficients(labels[None, :]))[0]

        assert folds.auc(labels, scores) < 0.65

    def test_groups_that_say_nothing_are_all_but_silenced(self, folds):
        """One that tells is not drowned by a hundred that do not."""
        columns = standardised(np.random.default_rng(0), 200, 100)
        columns[folds.is_current, 7] += 1.0
        ridge = SparseRidge(columns, np.arange(100), folds, penalty=0.1)

        size = np.abs(np.mean(ridge.coefficients(folds.is_current[None, :]), axis=0))[:, 0]

        assert size.argmax() == 7
        assert size[7] > 3 * np.delete(size, 7).max()

    def test_without_columns_every_row_scores_the_same(self, folds):
        """Constant features alone: an AUC of one half."""
        ridge = SparseRidge(
            np.empty((200, 0), dtype=np.float32), np.empty(0, dtype=int), folds, penalty=0.1
        )

        scores = ridge.scores(ridge.coefficients(folds.is_current[None, :]))[0]

        assert folds.auc(folds.is_current, scores) == 0.5
