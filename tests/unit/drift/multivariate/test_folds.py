"""Folds, permuted labels, and the AUC within folds."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.drift.multivariate.folds import auc, deal_rows
from holdfast.stats.auc import roc_auc


class TestDealRows:
    def test_every_row_is_dealt_once(self):
        """Both windows' rows, in random order."""
        folds = deal_rows(57, 31, 5, np.random.default_rng(0))

        assert sorted(folds.order) == list(range(88))
        assert list(folds.is_current) == [row >= 57 for row in folds.order]
        assert [folds.slices[0].start, folds.slices[-1].stop] == [0, 88]

    def test_each_fold_has_its_share_of_both_windows(self):
        """To within one row of each."""
        folds = deal_rows(57, 31, 5, np.random.default_rng(0))

        current = [folds.is_current[fold].sum() for fold in folds.slices]
        reference = [(~folds.is_current[fold]).sum() for fold in folds.slices]
        assert set(current) <= {6, 7}
        assert set(reference) <= {11, 12}


class TestPermutedLabels:
    def test_keep_each_folds_share(self):
        """Only such labellings are as likely as the true one."""
        folds = deal_rows(50, 20, 4, np.random.default_rng(0))

        labels = folds.permuted_labels(30, np.random.default_rng(1))

        for fold in folds.slices:
            assert set(labels[:, fold].sum(axis=1)) == {folds.is_current[fold].sum()}

    def test_make_every_row_of_a_fold_equally_likely(self):
        """Five standard errors around the fold's rate."""
        folds = deal_rows(6, 4, 2, np.random.default_rng(0))

        rates = folds.permuted_labels(4_000, np.random.default_rng(1)).mean(axis=0)

        assert np.abs(rates - 0.4).max() < 5 * np.sqrt(0.24 / 4_000)


class TestAuc:
    @pytest.mark.parametrize("decimals", [0, 1, 6], ids=["ties", "some ties", "no ties"])
    def test_is_the_house_s_roc_auc(self, decimals):
        """Only faster."""
        rng = np.random.default_rng(0)
        labels = rng.random(300) < 0.3
        scores = rng.normal(size=300).round(decimals).astype(np.float32)

        assert auc(labels, scores) == pytest.approx(
            roc_auc(labels, scores.astype(np.float64)), abs=1e-12
        )

    def test_does_not_compare_scores_of_two_folds(self):
        """A fold whose scores lie higher says nothing of its rows."""
        folds = deal_rows(20, 20, 2, np.random.default_rng(0))
        scores = folds.is_current.astype(np.float32)
        scores[folds.slices[1]] -= 10

        assert folds.auc(folds.is_current, scores) == 1.0
