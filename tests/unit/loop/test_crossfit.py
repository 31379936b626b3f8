"""Tests of holdfast.loop.crossfit."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.loop.crossfit import cross_fit
from holdfast.loop.train import fit_on
from holdfast.testing.learnable import learnable


def fitted(data):
    half = len(data.labels) // 2
    return fit_on(
        data.matrix,
        data.labels,
        train=np.arange(half),
        validation=np.arange(half, len(data.labels)),
        trainer=LogisticRegressionTrainer(),
        contract=data.contract,
        seed=0,
    )


class TestCrossFit:
    def test_no_row_is_scored_by_a_model_that_saw_its_label(self):
        """Turning one fold's labels round leaves that fold's scores as they were."""
        data = learnable(1000)
        model = fitted(data)
        poisoned = data.labels.copy()
        poisoned[:200] = ~poisoned[:200]

        honest = cross_fit(model, data.matrix, data.labels, threshold=0.5, ordered=True)
        other = cross_fit(model, data.matrix, poisoned, threshold=0.5, ordered=True)

        assert other.scores[:200] == pytest.approx(honest.scores[:200])
        assert other.scores[200:] != pytest.approx(honest.scores[200:])

    def test_measures_all_rows(self):
        """The baseline stands on every row, so it is surer than a held-out fifth."""
        data = learnable(2000)

        found = cross_fit(fitted(data), data.matrix, data.labels, threshold=0.5, ordered=False)

        assert found.metrics.n == 2000
        assert 0.7 < found.metrics.figures["roc_auc"] < 1.0

    def test_keeps_the_rows_of_an_entity_together(self):
        """Someone who was learnt from is not someone new: no entity spans two folds."""
        data = learnable(600)
        twins = [f"customer {i // 2}" for i in range(600)]
        model = fitted(data)
        poisoned = data.labels.copy()
        poisoned[0] = ~poisoned[0]

        honest = cross_fit(
            model, data.matrix, data.labels, threshold=0.5, ordered=False, entities=twins
        )
        other = cross_fit(
            model, data.matrix, poisoned, threshold=0.5, ordered=False, entities=twins
        )

        assert other.scores[1] == pytest.approx(honest.scores[1])
