"""Months of real rows: what a draw leans towards, and what it must leave alone."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from holdfast.scenarios.reweighting import STORY, Act, Reweighted, weights
from holdfast.stats.auc import roc_auc

N = 2_000
RNG = np.random.default_rng(0)
SCORES = RNG.random(N)
LABELS = RNG.random(N) < 0.1 + 0.5 * SCORES  # as the scores say, more or less


class TestWeights:
    def test_of_a_quiet_month_are_equal(self):
        """Nothing drifts."""
        chance = weights(STORY[0], SCORES, LABELS)

        assert chance == pytest.approx(np.full(N, 1 / N))

    def test_that_lean_leave_the_rule_alone(self):
        """Whatever the outcome, rows of one score are as likely as each other."""
        chance = weights(Act(title="", what="", lean=1.0), SCORES, LABELS)

        by_score = np.argsort(SCORES)
        assert np.all(np.diff(chance[by_score]) > 0)
        assert chance.sum() == pytest.approx(1.0)

    def test_that_turn_keep_the_share_of_positives(self):
        """What drifts is which rows are positive, not how many."""
        chance = weights(Act(title="", what="", turn=5.0), SCORES, LABELS)

        assert chance[LABELS].sum() == pytest.approx(LABELS.mean())
        assert chance[~LABELS].sum() == pytest.approx(1 - LABELS.mean())


@pytest.fixture(scope="module")
def months():
    """Eight months of 500 rows."""
    return Reweighted(
        rows=[{"x": float(score)} for score in SCORES],
        labels=LABELS,
        words=("left", "stayed"),
        scores=SCORES,
        seed=3,
        rows_per_month=500,
    )


class TestReweighted:
    def test_the_first_models_ranking_fails_once_the_rule_turns(self, months):
        """And not before: that rows of a high score come more often does no harm."""
        aucs = [
            roc_auc(LABELS[months.drawn(n)], SCORES[months.drawn(n)])
            for n in range(1, len(STORY) + 1)
        ]

        assert min(aucs[:4]) > 0.6
        assert max(aucs[4:]) < 0.5  # what was learnt before now misleads

    def test_each_drawn_row_comes_once_with_its_own_outcome(self, months):
        """Two weeks later, unless the story ends before."""
        days = list(months.days())

        came = {row.customer_id: row for day in days for row in day.rows}
        assert len(came) == 8 * 500
        assert Counter(row.at.month for row in came.values()) == dict.fromkeys(range(1, 9), 500)
        word = {float(s): "left" if y else "stayed" for s, y in zip(SCORES, LABELS, strict=True)}
        said = [label for day in days for label in day.labels]
        assert all(label.label == word[came[label.customer_id].features["x"]] for label in said)
        assert {label.known_at - label.predicted_at for label in said} == {timedelta(days=14)}

    def test_the_same_seed_draws_the_same_rows(self, months):
        """Whichever month is asked for first."""
        assert np.array_equal(months.drawn(5), months.drawn(5))
        assert not np.array_equal(months.drawn(5), months.drawn(6))
