"""Tests of the two trainers of boosted trees beyond the trainers' suite."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.hist_gradient_boosting import HistGradientBoostingTrainer
from holdfast.adapters.trainers.xgboost import XGBoostTrainer
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import TrainingFailedError
from holdfast.domain.matrix import FeatureMatrix
from holdfast.ports.trainer import Calibration
from holdfast.testing.learnable import learnable

TRAINERS = [XGBoostTrainer(n_trees=40), HistGradientBoostingTrainer(n_trees=40)]


@pytest.fixture(name="trainer", params=TRAINERS, ids=lambda one: one.name)
def _trainer(request):
    return request.param


def numbers(*columns):
    """Rows of numbers alone, with a contract for them."""
    matrix = np.column_stack(columns).astype(np.float32)
    features = tuple(
        Feature(name=f"x{i}", kind=FeatureKind.NUMERIC, nullable=True) for i in range(len(columns))
    )
    target = Target(name="y", positive="1", negative="0")
    contract = Contract(features=features, target=target, threshold=0.5, data_digest="")
    empty = np.empty((matrix.shape[0], 0), dtype=object)
    return FeatureMatrix(numeric=matrix, categorical=empty), contract


def largest_gap(model, contract, rows):
    exported = OnnxRuntime().load(model.to_onnx(Calibration()), contract)
    return np.abs(exported.score(rows) - model.predict(rows, Calibration())).max()


class TestFittedTrees:
    def test_part_values_on_every_threshold_as_the_export_does(self, trainer):
        """Each split's own value, and its neighbours: there `<` and `<=` differ."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=(800, 3))
        labels = x[:, 0] + rng.normal(scale=0.5, size=800) > 0
        rows, contract = numbers(*x.T)
        model = trainer.fit(rows, labels, contract=contract, seed=0)
        trees = model.booster.trees()
        splits = np.unique(np.concatenate([one.threshold[one.left >= 0] for one in trees]))
        beside = [np.nextafter(splits, np.float32(end)) for end in (-9, 9)]
        edges = np.concatenate([splits, *beside])
        asked, _ = numbers(edges, edges[::-1], edges)

        gap = largest_gap(model, contract, asked)

        assert splits.size > 30
        assert gap < 1e-6

    @pytest.mark.parametrize("constant", [np.nan, 7.0, 3.4e38])
    def test_pass_over_a_column_that_says_nothing(self, trainer, constant):
        """Missing throughout, or the same throughout, however large."""
        x = np.linspace(-1, 1, 400)
        rows, contract = numbers(x, np.full(400, constant))

        model = trainer.fit(rows, x > 0, contract=contract, seed=0)

        scores = model.predict(rows, Calibration())
        assert ((scores > 0.5) == (x > 0)).mean() > 0.95
        assert largest_gap(model, contract, rows) < 1e-6

    def test_learn_that_a_value_is_missing(self, trainer):
        """scikit-learn does so by a threshold of infinity, which float32 must stand."""
        x = np.where(np.arange(400) % 2, np.nan, 1.0)
        rows, contract = numbers(x)

        model = trainer.fit(rows, np.isnan(x), contract=contract, seed=0)

        assert ((model.predict(rows, Calibration()) > 0.5) == np.isnan(x)).all()
        assert largest_gap(model, contract, rows) < 1e-6

    def test_answer_the_largest_numbers(self, trainer):
        """As large as a client may send, of both signs."""
        rng = np.random.default_rng(1)
        x = rng.choice([-3.4028234e38, -1.0, 0.0, 1e-38, 3.4028234e38], size=(500, 2))
        rows, contract = numbers(*x.T)

        model = trainer.fit(rows, x[:, 0] > rng.normal(size=500), contract=contract, seed=0)

        assert largest_gap(model, contract, rows) < 1e-6

    def test_give_unseen_words_one_answer(self, trainer):
        """Whatever the word: that of the rare ones in training."""
        data = learnable(numeric=False)
        model = trainer.fit(data.matrix, data.labels, contract=data.contract, seed=0)
        words = np.array([["a", "b"], ["c", "d"]], dtype=object)
        asked = FeatureMatrix(numeric=np.empty((2, 0), np.float32), categorical=words)

        one, other = model.log_odds(asked)

        assert one == other
        assert largest_gap(model, data.contract, asked) < 1e-6

    def test_are_another_model_under_another_seed(self):
        """XGBoost draws rows and columns; the seed reaches it, also a large one."""
        data = learnable()
        trainer = XGBoostTrainer(n_trees=20)

        graphs = {
            trainer.fit(data.matrix, data.labels, contract=data.contract, seed=seed).to_onnx(
                Calibration()
            )
            for seed in (0, 1, 2**32 - 1)
        }

        assert len(graphs) == 3

    @pytest.mark.parametrize("share", [0.5, 0.02])
    def test_balance_the_classes(self, trainer, share):
        """Rare ones are not passed over: scores reach above one half before calibration."""
        rng = np.random.default_rng(2)
        x = rng.normal(size=4_000)
        labels = x > np.quantile(x, 1 - share)
        rows, contract = numbers(x + rng.normal(scale=0.3, size=4_000))

        model = trainer.fit(rows, labels, contract=contract, seed=0)

        found = model.predict(rows, Calibration())[labels] > 0.5
        assert found.mean() > 0.8

    def test_fail_by_name_on_infinite_values(self, trainer):
        """The column is named."""
        rows, contract = numbers(np.append(np.arange(9.0), np.inf))

        with pytest.raises(TrainingFailedError, match=rf"'{trainer.name}'.*'x0' holds infinity"):
            trainer.fit(rows, np.arange(10) > 4, contract=contract, seed=0)
