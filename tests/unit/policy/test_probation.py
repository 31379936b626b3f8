"""A champion on probation: what ends it, and how; and that luck rolls nobody back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from holdfast.domain.evidence import Outcome
from holdfast.domain.ids import ModelVersion
from holdfast.domain.stages import Stage
from holdfast.policy import probation
from holdfast.policy.probation import (
    Answered,
    Followed,
    ProbationPolicy,
    compare,
    refused,
    rule,
    serves,
)
from holdfast.policy.transitions import Staged

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
POLICY = ProbationPolicy(lasts=14 * DAY)
BESIDE = Staged(
    version=ModelVersion("v1"),
    stage=Stage.PROBATION,
    share=None,
    seq=7,
    since=START,
    begun=START,
    until=START + 14 * DAY,
)
WELL = serves(Answered(n_scored=900, n_failed=0), Answered(n_scored=900, n_failed=0), policy=POLICY)


def rows(n, *, seed=0, noise=0.0, shift=0.0, equal_noise=0.0):
    """Return labels, the former champion's scores and the new one's, which has more noise."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-1.0, 1.2, n)
    labels = rng.random(n) < 1 / (1 + np.exp(-logits))
    first, second = (logits + rng.normal(0, equal_noise, n) for _ in range(2))
    second = second + rng.normal(0, noise, n) + shift
    return labels, 1 / (1 + np.exp(-first)), 1 / (1 + np.exp(-second))


def compared(n=2_000, **how):
    return compare(*rows(n, **how), policy=POLICY)


def judged(*, staged=BESIDE, serving=WELL, report=None, after=DAY):
    return rule(staged, "v2", serving=serving, compared=report, now=START + after)


def share_rolled_back(*, runs):
    """Return the share of equal models that some look of a probation finds worse."""
    policy, looks = replace(POLICY, margin=0.0, calibration_margin=0.0), range(500, 3_401, 150)
    n_lucky = 0
    for seed in range(runs):
        labels, before, after = rows(looks[-1], seed=seed, equal_noise=1.0)
        outcomes = (
            compare(labels[:n], before[:n], after[:n], policy=policy).outcome for n in looks
        )
        n_lucky += Outcome.REFUSE in outcomes
    return n_lucky / runs


class TestCompare:
    def test_defers_on_too_few_rows(self):
        """That is no verdict on the champion."""
        few = compared(499)
        rare = compare(*rows(5_000, shift=0.0), policy=replace(POLICY, min_class=4_000))

        assert (few.outcome, rare.outcome) == (Outcome.DEFER, Outcome.DEFER)
        assert "too few to compare; 500 and 50 are needed" in few.reason
        assert few.checks == ()

    def test_refuses_what_ranks_worse(self):
        """By ROC AUC; its line has the figure, and bounds that hold at every look."""
        report = compared(noise=2.0)

        assert report.outcome is Outcome.REFUSE
        auc = report.checks[0]
        assert (auc.name, auc.passed) == ("roc_auc", False)
        low, high = auc.low or 0.0, auc.high or 0.0
        assert low < (auc.estimate or 0.0) < high < 0
        assert "significantly worse than the champion before it on 2,000 mature" in report.reason

    def test_refuses_what_is_calibrated_worse(self):
        """It ranks as before; its probabilities are none."""
        report = compared(shift=1.0)

        assert [check.name for check in report.checks if not check.passed] == [
            "brier",
            "calibration",
        ]
        assert report.checks[0].estimate == pytest.approx(0, abs=1e-12)

    def test_lets_a_better_brier_score_outweigh_calibration(self):
        """It ranks so much better that its shifted probabilities are the better ones, too."""
        labels, _, after = rows(4_000, shift=0.5)
        before = np.full(labels.size, labels.mean())

        report = compare(labels, before, after, policy=POLICY)

        _, brier, calibration = report.checks
        assert (brier.low or 0.0) > 0
        assert (calibration.high or 0.0) < 0
        assert (calibration.estimate or 0.0) < -POLICY.calibration_margin
        assert report.outcome is Outcome.ACCEPT

    def test_accepts_itself(self):
        """The same scores differ in nothing."""
        labels, scores, _ = rows(2_000)

        report = compare(labels, scores, scores, policy=POLICY)

        assert report.outcome is Outcome.ACCEPT
        assert "not shown to be worse" in report.reason

    def test_lets_a_difference_be_that_is_none_in_practice(self):
        """On very many rows the least of them is significant; the margin is not reached."""
        labels, before, after = rows(200_000, noise=0.25)

        report = compare(labels, before, after, policy=POLICY)

        auc = report.checks[0]
        assert (auc.high or 0.0) < 0
        assert (auc.estimate or 0.0) > -POLICY.margin
        assert report.outcome is Outcome.ACCEPT

    def test_rolls_an_equal_model_back_by_luck_no_more_often_than_the_level(self):
        """
        Null: whole probations of equal models, each look at the rows so far. No margin is given,
        so that the bounds alone are on trial.
        """
        assert share_rolled_back(runs=60) <= POLICY.level

    def test_usual_bounds_would_roll_every_fifth_equal_model_back(self, monkeypatch):
        """That is what the bounds for all looks are there to prevent."""
        monkeypatch.setattr(probation, "looked_at_always", lambda *_, **__: 1.645)

        assert share_rolled_back(runs=60) > 2 * POLICY.level

    def test_finds_a_truly_harmful_model(self):
        """Power: .05 of ROC AUC lost is found in nine of ten probations of 3,400 rows."""
        found = [
            compare(*rows(3_400, seed=seed, equal_noise=0.3, noise=1.0), policy=POLICY).outcome
            for seed in range(40)
        ]

        assert found.count(Outcome.REFUSE) >= 36


class TestServes:
    def test_refuses_more_unanswered_rows_than_before(self):
        """The one before it left one in a thousand."""
        before = Answered(n_scored=9_990, n_failed=10)

        report = serves(Answered(n_scored=950, n_failed=50), before, policy=POLICY)

        assert report.outcome is Outcome.REFUSE
        assert "50 of 1,000 rows could not be scored (5.00%)" in report.reason
        assert "the champion before it left 10 of 10,000" in report.reason

    @pytest.mark.parametrize("n_failed", [0, 1, 2])
    def test_puts_up_with_what_may_be_chance(self, n_failed):
        """A row in a thousand is no reason to go back."""
        before = Answered(n_scored=10_000, n_failed=0)

        report = serves(Answered(n_scored=2_000, n_failed=n_failed), before, policy=POLICY)

        assert report.outcome is Outcome.ACCEPT

    def test_without_any_row_there_is_nothing_against_it(self):
        """Nor for it: labels, or time, will tell."""
        nothing = Answered(n_scored=0, n_failed=0)

        assert serves(nothing, nothing, policy=POLICY).outcome is Outcome.ACCEPT


class TestRule:
    def test_waits_until_its_time_is_over(self):
        """And says who is on probation against whom until when."""
        ruling = judged(after=14 * DAY - timedelta(seconds=1))

        assert ruling.next is Followed.WAIT
        assert ruling.reason == "v2 is on probation against v1 until 2026-03-15 00:00 UTC"

    def test_keeps_what_nothing_was_shown_against(self):
        """With the last comparison, where there is one."""
        alone, with_figures = judged(after=14 * DAY), judged(after=14 * DAY, report=compared())

        assert (alone.next, with_figures.next) == (Followed.KEEP, Followed.KEEP)
        assert alone.reason == "v2 has stood its probation"
        assert "not shown to be worse" in with_figures.reason

    @pytest.mark.parametrize("after", [DAY, 99 * DAY])
    def test_rolls_harm_back_whenever_it_is_seen(self, after):
        """Also at the last look, after its time."""
        by_labels = judged(report=compared(noise=2.0), after=after)
        by_servers = judged(serving=refused("v2 is torn"), after=after)

        assert (by_labels.next, by_servers.next) == (Followed.ROLL_BACK, Followed.ROLL_BACK)
        assert "on probation, v2 was found wanting: significantly worse" in by_labels.reason
        assert "it cannot be loaded: v2 is torn" in by_servers.reason

    def test_goes_back_to_nobody_who_cannot_serve(self):
        """However bad the champion is, the one before would be worse."""
        broken = replace(BESIDE, failure="v1 is torn")

        ruling = judged(staged=broken, serving=refused("v2 is torn"))

        assert ruling.next is Followed.WITHDRAW
        assert ruling.reason == "v1 can no longer take over: v1 is torn"
