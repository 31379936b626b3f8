"""The simple policies that a replay sets beside the project's own."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.evidence import Action
from holdfast.domain.tables import encode_table
from holdfast.loop.rehearse import EveryWindow, History, Never
from holdfast.testing.project import World, example_candidate, world_rows

FIRST = example_candidate()
TABLE, LABELS = world_rows(4000, seed=5, world=World(reversed_concept=True))
MATRIX = encode_table(TABLE, FIRST.contract)


def history(labels=LABELS):
    return History(features=TABLE, matrix=MATRIX, labels=labels)


def every_window(labels=LABELS, *, horizon=1000, competing=()):
    return EveryWindow(
        history(labels),
        FIRST.model,
        FIRST.contract,
        horizon=horizon,
        window=500,
        competing=competing,
        seed=0,
    )


class TestHistory:
    def test_gives_out_labels_up_to_a_row(self):
        """With the rows that they belong to."""
        known = history().known(100, 300)

        assert len(known) == 200
        assert known.features.equals(TABLE.slice(100, 200))
        assert known.labels.tolist() == LABELS[100:300].tolist()


class TestNever:
    def test_scores_as_the_first_model_did(self):
        """Before and after any close."""
        never = Never(FIRST.model, FIRST.contract)

        step = never.close(0, 500, known=500)

        assert never.score(MATRIX) == pytest.approx(FIRST.model.predict(MATRIX))
        assert never.threshold == FIRST.contract.threshold
        assert (step.attempted, step.promoted) == (False, False)
        assert step.decision.action is Action.KEEP


class TestEveryWindow:
    def test_learns_the_new_world_at_the_first_close(self):
        """Without asking whether it is better."""
        policy = every_window()

        before = policy.version
        step = policy.close(1000, 1500, known=1500)

        assert (before, policy.version) == ("v1", "v2")
        assert (step.attempted, step.promoted) == (True, True)
        scores = policy.score(MATRIX)
        assert scores[LABELS].mean() > scores[~LABELS].mean() + 0.2

    def test_learns_from_the_newest_known_rows_alone(self):
        """Neither what is older than its horizon nor what is not known yet matters."""
        poisoned = LABELS.copy()
        poisoned[:1000] = ~poisoned[:1000]
        poisoned[2000:] = ~poisoned[2000:]
        honest, other = every_window(), every_window(poisoned)

        honest.close(1500, 2000, known=2000)
        other.close(1500, 2000, known=2000)

        assert honest.score(MATRIX).tolist() == other.score(MATRIX).tolist()

    def test_the_horizon_counts_from_the_last_known_row(self):
        """One row more or less inside of it shows."""
        poisoned = LABELS.copy()
        poisoned[1000:1100] = ~poisoned[1000:1100]
        honest, other = every_window(), every_window(poisoned)

        honest.close(1500, 2000, known=2000)
        other.close(1500, 2000, known=2000)

        assert honest.score(MATRIX).tolist() != other.score(MATRIX).tolist()

    def test_keeps_the_model_where_one_class_is_known(self):
        """It still counts as an attempt, and the reason is given."""
        policy = every_window(np.zeros(4000, np.bool_))

        step = policy.close(1000, 1500, known=1500)

        assert policy.version == "v1"
        assert (step.attempted, step.promoted) == (True, False)
        assert step.decision.action is Action.KEEP
        assert step.decision.reasons[0].startswith("kept the model:")

    def test_keeps_the_first_threshold(self):
        """It refits, and chooses nothing."""
        policy = every_window()

        policy.close(1000, 1500, known=1500)

        assert policy.threshold == FIRST.contract.threshold


class TestEveryWindowCompeting:
    TRAINERS = (LogisticRegressionTrainer(),)

    def test_says_under_which_name_it_acts(self):
        """Records tell the two apart."""
        plain = every_window().close(1000, 1500, known=1500)
        competing = every_window(competing=self.TRAINERS).close(1000, 1500, known=1500)

        assert plain.decision.policy == "every_window"
        assert competing.decision.policy == "every_window_competing"

    def test_does_not_read_what_is_not_known(self):
        """Its validation ends with the last known row."""
        poisoned = LABELS.copy()
        poisoned[2000:] = ~poisoned[2000:]
        policies = [every_window(labels, competing=self.TRAINERS) for labels in (LABELS, poisoned)]

        for policy in policies:
            policy.close(1500, 2000, known=2000)

        assert policies[0].score(MATRIX).tolist() == policies[1].score(MATRIX).tolist()

    def test_chooses_the_recent_rows_where_the_old_ones_mislead(self):
        """The last window has another concept than all before."""
        labels = LABELS.copy()
        labels[:3000] = ~labels[:3000]
        policy = every_window(labels, competing=self.TRAINERS)

        policy.close(3000, 3500, known=3500)

        scores = policy.score(MATRIX)
        assert scores[LABELS].mean() > scores[~LABELS].mean() + 0.2
