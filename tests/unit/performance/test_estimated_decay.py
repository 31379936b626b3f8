"""Tests of judging estimates without labels."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.estimates import EstimateVerdict, MaturedEstimate
from holdfast.domain.windows import Window
from holdfast.drift.profile import reference_profile
from holdfast.drift.scores import score_profile
from holdfast.performance.estimated_decay import (
    EstimatePolicy,
    estimate_window,
    matured_estimate,
    share_outside,
)
from holdfast.performance.realised import measure
from holdfast.testing.examples import example_contract

START = datetime(2026, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
POLICY = EstimatePolicy()


class World:
    """A calibrated model, and windows of any scores."""

    def __init__(self):
        self.rng = np.random.default_rng(0)
        contract = replace(example_contract(), threshold=0.37)
        rows = [(20.5 + i, float(i), "Yearly", False) for i in range(100)]
        table = pa.table(dict(zip(contract.names, zip(*rows, strict=True), strict=True)))
        self.reference = reference_profile(table, contract, self.rng.beta(1.2, 3.4, 4_000))
        held_out = self.rng.beta(1.2, 3.4, 4_000)
        self.baseline = measure(self.labels(held_out), held_out, threshold=0.37)

    def labels(self, scores, off=0.0):
        return self.rng.random(scores.size) < np.clip(scores + off, 0, 1)

    def window(self, scores, rows_outside=0):
        assert self.reference.score_grid is not None
        return replace(
            self.reference.profile,
            n_rows=scores.size,
            rows_outside=rows_outside,
            scores=score_profile(scores, self.reference.score_grid),
        )

    def matured(self, n=5, *, off=0.0):
        found: tuple[MaturedEstimate, ...] = ()
        for week in range(n):
            scores = self.rng.beta(1.2, 3.4, 700)
            realised = measure(self.labels(scores, off), scores, threshold=0.37)
            window = Window(start_at=START + week * WEEK, end_at=START + (week + 1) * WEEK)
            one = matured_estimate(window, scores, realised, threshold=0.37, matured=found)
            found = (*found, one)
        return found

    def judge(self, scores, *, matured=None, rows_outside=0, policy=POLICY):
        return estimate_window(
            self.reference,
            self.baseline,
            self.window(scores, rows_outside),
            matured=self.matured() if matured is None else matured,
            policy=policy,
        )


@pytest.fixture
def world():
    return World()


class TestEstimateWindow:
    def test_holds_where_the_scores_are_as_before(self, world):
        """With the figures in words, beside the reference's."""
        found = world.judge(world.rng.beta(1.2, 3.4, 1_000))

        assert found.verdict is EstimateVerdict.HELD
        assert "estimated ROC AUC" in found.reason
        assert "on the reference" in found.reason
        assert (found.n, found.n_matured) == (1_000, 5)

    def test_has_decayed_where_the_model_hardly_tells_rows_apart(self, world):
        """Scores that crowd together let expect a lower AUC, whatever labels come."""
        found = world.judge(world.rng.beta(12, 34, 2_000))

        assert found.verdict is EstimateVerdict.DECAYED
        assert found.figures["roc_auc"].high < world.baseline.figures["roc_auc"]

    def test_is_not_believed_before_five_windows_have_matured(self, world):
        """Whether scores are calibrated in production is not known until then."""
        found = world.judge(world.rng.beta(12, 34, 2_000), matured=world.matured(4))

        assert found.verdict is EstimateVerdict.TOO_FEW
        assert found.reason.startswith("4 of the 5 windows that it needs have been checked")
        assert "roc_auc" in found.figures

    def test_is_withdrawn_where_the_rows_are_new_to_the_model(self, world):
        """Six rows of a hundred lie outside: one too many, and said so."""
        scores = world.rng.beta(12, 34, 1_000)
        outside = share_outside(world.reference.profile)

        found = world.judge(scores, rows_outside=int(1_000 * (outside + 0.06)))

        assert found.verdict is EstimateVerdict.WITHDRAWN
        assert "outside what the model knows" in found.reason
        assert world.judge(scores, rows_outside=int(1_000 * (outside + 0.05))).verdict is (
            EstimateVerdict.DECAYED
        )

    def test_says_nothing_of_few_rows(self, world):
        """Too few is neither held nor decayed."""
        found = world.judge(world.rng.beta(12, 34, 199))

        assert found.verdict is EstimateVerdict.TOO_FEW
        assert found.reason == "199 of the 200 rows that it needs"

    def test_past_errors_widen_the_interval_and_hold_a_verdict_back(self, world):
        """Who was wrong by ten points of churn five times is not believed the sixth time."""
        scores = world.rng.beta(2.4, 6.8, 1_000)
        good, bad = world.matured(6), world.matured(6, off=0.1)

        believed, doubted = (world.judge(scores, matured=each) for each in (good, bad))

        width = [
            one.figures["brier"].high - one.figures["brier"].low for one in (believed, doubted)
        ]
        assert width[1] > 1.2 * width[0]
        assert believed.verdict is EstimateVerdict.DECAYED
        assert doubted.verdict is not EstimateVerdict.DECAYED

    def test_there_is_none_where_the_champion_scored_nothing(self, world):
        """Rows of another version say nothing about it."""
        empty = replace(world.window(np.array([0.5])), scores=None)

        found = estimate_window(world.reference, world.baseline, empty, matured=(), policy=POLICY)

        assert found is None

    def test_seldom_decays_without_a_change(self, world):
        """A null test: at 5% for each of two metrics, less the tolerance, 100 windows."""
        matured = world.matured()

        found = [world.judge(world.rng.beta(1.2, 3.4, 500), matured=matured) for _ in range(100)]

        decayed = sum(one.verdict is EstimateVerdict.DECAYED for one in found)
        assert decayed <= 10

    def test_refuses_an_impossible_level(self):
        """A probability lies between 0 and 1."""
        with pytest.raises(ValueError, match="alpha"):
            EstimatePolicy(alpha=0.0)


class TestMaturedEstimate:
    def test_intervals_cover_what_came(self, world):
        """Of 60 windows of a calibrated model, for each metric, nearly all."""
        matured = world.matured(60)

        for metric in ("roc_auc", "brier", "recall", "log_loss"):
            covered = [
                m.estimated[metric].low <= m.realised[metric] <= m.estimated[metric].high
                for m in matured
            ]
            assert np.mean(covered) >= 0.93

    def test_estimates_the_very_rows_that_have_labels(self, world):
        """Both figures of a pair are about the same rows."""
        (one,) = world.matured(1)

        assert one.n == 700
        assert set(one.estimated) == set(one.realised)
