"""The project's policy on a replayed history: the live loop's judgements, on rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.errors import TrainingFailedError
from holdfast.domain.evidence import Action, Trigger
from holdfast.domain.tables import encode_table
from holdfast.loop import challenge as challenging
from holdfast.loop import rehearse_project
from holdfast.loop.rehearse import History
from holdfast.loop.rehearse_project import Project
from holdfast.policy.guarding import GuardPolicy
from holdfast.testing.project import PLAN, QUIET, World, example_candidate, world_rows

WARM_UP, WINDOW = 2000, 600
FIRST = example_candidate()  # trained on the quiet world
TRAINER = LogisticRegressionTrainer()
REVERSED = World(reversed_concept=True)


class Watched:
    """Labels that remember how far they were read."""

    def __init__(self, labels):
        self._labels, self.furthest = labels, 0

    def __getitem__(self, rows):
        self.furthest = max(self.furthest, rows.indices(len(self._labels))[1])
        return self._labels[rows]


def rehearsal(*worlds, trainer=TRAINER, window=WINDOW, plan=PLAN, watched=Watched):
    """Return the policy after its warm-up, with a window of each world before it."""
    parts = [world_rows(WARM_UP, seed=1000)]
    parts += [world_rows(window, seed=i, world=w) for i, w in enumerate(worlds, start=1)]
    table = pa.concat_tables([rows for rows, _ in parts])
    history = History(
        features=table,
        matrix=encode_table(table, FIRST.contract),
        labels=watched(np.concatenate([labels for _, labels in parts])),
    )
    return Project(
        history,
        FIRST,
        warm_up=WARM_UP,
        window=window,
        plan=plan,
        trainers=[trainer],
        runtime=OnnxRuntime(),
    )


def close(project, count, *, delay=1, window=WINDOW):
    """Close the first windows one after the other; no label is read before its time."""
    steps = []
    for k in range(count):
        start = WARM_UP + k * window
        known = start + window - (delay - 1) * window
        steps.append(project.close(start, start + window, known=known))
        assert project._history.labels.furthest <= known
    return steps


@pytest.fixture(name="attempts")
def _attempts(monkeypatch):
    """What each attempt was given: its rows, and which of them serve for what."""
    seen = []
    original = challenging.challenge

    def watched(rows, champion, contract, plan, **options):
        seen.append((rows, plan))
        return original(rows, champion, contract, plan, **options)

    monkeypatch.setattr(rehearse_project, "challenge", watched)
    return seen


class TestClose:
    def test_keeps_a_model_that_holds(self):
        """Quiet windows bring neither alert nor attempt."""
        steps = close(rehearsal(QUIET, QUIET, QUIET), 3)

        assert {step.decision.action for step in steps} == {Action.KEEP}
        assert all(step.alerts == () for step in steps)

    def test_promotes_the_challenger_that_knows_the_new_world(self):
        """As soon as there are labels enough for the learner and the guard."""
        project = rehearsal(QUIET, REVERSED, REVERSED)

        steps = close(project, 3)

        actions = [step.decision.action for step in steps]
        assert actions == [Action.KEEP, Action.DEFER, Action.RETRAIN]
        assert steps[2].promoted
        assert project.version == "v2"

    def test_judges_the_new_champion_by_its_own_rows_alone(self):
        """After a promotion those scored by its predecessor say nothing about it."""
        project = rehearsal(QUIET, REVERSED, REVERSED, REVERSED)

        steps = close(project, 4)

        assert steps[3].decision.action is Action.KEEP
        assert steps[3].decision.reasons[-1] == "performance held on the mature labels"

    @pytest.mark.parametrize("delay", [1, 2, 3])
    def test_reads_no_label_before_it_is_known(self, delay):
        """Through quiet, harm, attempt and promotion; `close` above asserts it each time."""
        project = rehearsal(QUIET, *[REVERSED] * 5)

        steps = close(project, 6, delay=delay)

        assert any(step.promoted for step in steps)

    def test_without_labels_yet_it_says_that_it_cannot_tell(self):
        """With a delay of three windows the first two closes know none."""
        steps = close(rehearsal(QUIET, QUIET, QUIET), 2, delay=3)

        for step in steps:
            assert "too few mature labels to measure performance yet" in step.decision.reasons

    def test_dates_a_drift_from_the_bucket_in_which_it_began(self):
        """And goes on from there while it lasts: labels since then are counted."""
        shifted = World(shift=25.0)
        project = rehearsal(QUIET, shifted, shifted)

        steps = close(project, 3)

        assert [step.decision.action for step in steps[1:]] == [Action.ALERT, Action.KEEP]
        assert {alert.trigger for alert in steps[1].alerts} == {Trigger.FEATURE_DRIFT}
        assert f"since row {WARM_UP + WINDOW:,}" in steps[1].alerts[0].message
        assert steps[2].decision.reasons[0] == "charges drifted, harmless so far: watched"
        assert steps[1].decision.onset_at == steps[2].decision.onset_at
        assert steps[1].decision.onset_at == project._moment(WARM_UP + WINDOW)


class TestRetraining:
    def test_leaves_the_rows_of_a_broken_feed_out(self, attempts):
        """As the live loop does: nothing true can be learnt where a feature was lost."""
        broken = World(lost=0.7)
        project = rehearsal(QUIET, broken, QUIET, REVERSED, REVERSED)

        steps = close(project, 5)

        assert steps[1].decision.action is Action.FIX_UPSTREAM
        ((rows, plan),) = attempts
        assert len(rows) == WARM_UP + 4 * WINDOW
        assert rows.features.column("tenure").null_count == 0
        # What the plan counts are the rows that are left.
        assert plan.onset == pytest.approx(WARM_UP + 2 * WINDOW, abs=60)
        assert plan.guard < len(rows)

    def test_knows_which_rows_the_champion_has_learnt(self, attempts):
        """First those of the warm-up; after a promotion those of the winner's window."""
        soon = timedelta(minutes=1)
        decision = replace(PLAN.decision, cooldown=soon, cooldown_limit=soon)
        plan = replace(PLAN, decision=decision, windows=("recent",))
        project = rehearsal(QUIET, REVERSED, REVERSED, *[QUIET] * 4, plan=plan)

        steps = close(project, 7)

        (first, divided), (second, _) = attempts[:2]
        assert next(step for step in steps if step.attempted).promoted
        assert np.flatnonzero(first.reference).tolist() == list(range(WARM_UP))
        assert np.flatnonzero(second.reference).tolist() == list(range(divided.onset, len(first)))

    def test_rows_that_judged_once_do_not_judge_again(self, attempts):
        """
        The guard begins where the one before it ended, though it asks for more rows than
        have come since: then it defers, and those rows may judge another time.
        """
        soon = timedelta(minutes=1)
        plan = replace(
            PLAN,
            decision=replace(PLAN.decision, cooldown=soon, cooldown_limit=soon),
            guard=GuardPolicy(rule="no_worse", margin=-1.0),  # refuses whatever comes
        )
        project = rehearsal(QUIET, *[REVERSED] * 4, window=400, plan=plan)

        close(project, 5, window=400)

        guards = [(plan.guard, len(rows)) for rows, plan in attempts]
        judged = [(start, end) for start, end in guards if end - start >= 500]
        assert guards[1] == (guards[0][1], guards[0][1] + 400)
        assert len(judged) >= 2
        assert all(start >= end for (_, end), (start, _) in pairwise(judged))

    def test_a_failed_training_ends_the_attempt_and_keeps_the_champion(self):
        """It counts, and the cooldown grows."""

        class Failing(LogisticRegressionTrainer):
            def fit(self, *args, **kwargs):
                raise TrainingFailedError("failing", "out of memory")

        project = rehearsal(QUIET, REVERSED, REVERSED, REVERSED, trainer=Failing())

        steps = close(project, 4)

        assert (steps[2].attempted, steps[2].promoted) == (True, False)
        assert project.version == "v1"
        assert steps[3].decision.action is Action.DEFER
        assert "cooldown" in steps[3].decision.reasons[-1]
