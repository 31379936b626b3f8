"""Tests of holdfast.ports.tuner."""

from __future__ import annotations

import pytest

from holdfast.adapters.trainers.hist_gradient_boosting import HistGradientBoostingTrainer
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.adapters.trainers.xgboost import XGBoostTrainer
from holdfast.ports.tuner import Span, TunableTrainer
from holdfast.testing.fakes.trainer import OddsTrainer


class TestSpan:
    @pytest.mark.parametrize(
        ("low", "high", "ratio", "said"),
        [(1.0, 1.0, False, "low < high"), (0.0, 1.0, True, "begins above 0")],
    )
    def test_refuses_what_holds_no_values(self, low, high, ratio, said):
        """A search in it would fail at its first trial."""
        with pytest.raises(ValueError, match=said):
            Span(low=low, high=high, ratio=ratio)


class TestTunableTrainer:
    @pytest.mark.parametrize(
        "trainer",
        [LogisticRegressionTrainer(), XGBoostTrainer(), HistGradientBoostingTrainer()],
        ids=lambda one: one.name,
    )
    def test_is_every_built_in_trainer(self, trainer):
        """Its own values lie within its spans, and others can be put in their place."""
        assert isinstance(trainer, TunableTrainer)
        assert set(trainer.setting) == set(trainer.spans)
        assert all(
            span.low <= trainer.setting[name] <= span.high for name, span in trainer.spans.items()
        )
        name, span = next(iter(trainer.spans.items()))
        value = int(span.low) if span.whole else span.low
        assert trainer.with_setting({name: value}).setting == {**trainer.setting, name: value}

    def test_is_not_one_that_lets_nothing_vary(self):
        """A user's own need not."""
        assert not isinstance(OddsTrainer(), TunableTrainer)
