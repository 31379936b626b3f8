"""The labelled rows that count, out of those that were read."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from holdfast.domain.evidence import Action, GuardReport, Outcome
from holdfast.domain.narration import story
from holdfast.domain.treatments import HoldOut, JudgeOn, RowsUsed, Treatment
from holdfast.loop.choose import compared_on, judged_rows, learnt_rows
from holdfast.loop.retrain_by_hand import retrain_by_hand
from holdfast.policy.alerting import harm_is_open
from holdfast.policy.row_choice import RowPolicy
from holdfast.testing.project import DAY, PLAN, MemoryProject


def rows(treated, entities=None):
    n = len(treated)
    return pa.table(
        {
            "prediction_id": [f"p{i}" for i in range(n)],
            "entity": pa.array(entities or [None] * n, pa.string()),
            "label": [True] * n,
            "was_treated": pa.array(treated, pa.bool_()),
        }
    )


class TestJudgedRows:
    def test_takes_for_untreated_of_whom_nobody_said_so(self):
        """Else a project that marks treatments alone would have no row left."""
        chosen, used = judged_rows(rows([True, None, False]), RowPolicy())

        assert chosen.column("prediction_id").to_pylist() == ["p1", "p2"]
        assert used == RowsUsed(which=JudgeOn.UNTREATED, n=2, n_left_out=1, n_treated=1)

    def test_knows_the_hold_out_by_the_entity_or_else_by_the_prediction(self):
        """As the server told the client."""
        holdout = HoldOut(share=0.5, salt="s")
        entities = [f"e{i}" if i % 2 else None for i in range(100)]
        whom = [entity or f"p{i}" for i, entity in enumerate(entities)]
        policy = RowPolicy(judge_on=JudgeOn.HOLDOUT, holdout=holdout)

        chosen, _ = judged_rows(rows([None] * 100, entities), policy)

        assert chosen.column("prediction_id").to_pylist() == [
            f"p{i}" for i, one in enumerate(whom) if holdout.holds(one)
        ]

    def test_takes_a_table_without_rows(self):
        """As of a window before the first label."""
        chosen, used = judged_rows(rows([]), RowPolicy())

        assert (chosen.num_rows, used.n) == (0, 0)


class TestLearntRows:
    def test_leaves_out_the_treated(self):
        """Their labels tell what an offer does, not what becomes of such people."""
        chosen, used = learnt_rows(rows([True, None]), RowPolicy(holdout=HoldOut(share=0.1)))

        assert chosen.column("prediction_id").to_pylist() == ["p1"]
        assert used.words == "1 untreated rows; 1 left out, 1 treated in all"


class TestComparedOn:
    def test_says_which_rows_a_guard_saw(self):
        """As many as the report counts, of the same kind."""
        report = GuardReport(
            outcome=Outcome.DEFER, rule="better", reason="too few", n=40, n_positive=4
        )
        used = RowsUsed(which=JudgeOn.UNTREATED, n=900, n_left_out=100, n_treated=100)

        of_rows, of_a_file = compared_on(report, used), compared_on(report, None)

        assert of_rows.rows_used == RowsUsed(which=JudgeOn.UNTREATED, n=40)
        assert of_a_file == report


HELD = HoldOut(share=0.3, salt="holdout/churn")


def campaign(policy, *, n_days=6):
    """Each day all flagged but the hold-out are called, and nobody of those leaves."""
    project = MemoryProject(plan=replace(PLAN, rows=policy))
    project.deploy()
    for _ in range(n_days):
        ids = project.log(400)
        called = [
            each
            for each in ids
            if project.store.predictions.get(each).prediction.positive and not HELD.holds(each)
        ]
        project.truths |= dict.fromkeys(called, False)
        project.clock.advance(DAY)
        now = project.clock.now()
        project.store.labels.treat(
            [Treatment(treated=True, observed_at=now, prediction_id=each) for each in called],
            received_at=now,
        )
        project.label(ids)
        done = project.tick()
    return project, done


class TestInTheLoop:
    def test_a_campaign_that_works_does_not_look_like_a_model_that_fails(self):
        """Judged on the hold-out, the champion is as good as it was; and the event says so."""
        project, done = campaign(RowPolicy(holdout=HELD))

        judged = [e.body for e in project.events if e.kind == "window_judged"][-1]
        used = judged.rows_used
        baseline = project.champion.baseline.figures["roc_auc"]
        assert used.which is JudgeOn.HOLDOUT
        assert judged.n_labelled == used.n < 700
        assert used.n + used.n_left_out == 1600
        assert judged.performance["roc_auc"] == pytest.approx(baseline, abs=0.08)
        assert done.decision.action is Action.KEEP
        told = [line for event in project.events for line in story(event)]
        assert f"measured on {used.words}" in told

    def test_judged_on_all_rows_it_would_be_retrained(self):
        """On labels that teach that whoever is about to leave stays."""
        project, done = campaign(RowPolicy(judge_on=JudgeOn.ALL, holdout=HELD), n_days=2)

        judged = [e.body for e in project.events if e.kind == "window_judged"][-1]
        baseline = project.champion.baseline.figures["roc_auc"]
        assert judged.rows_used.which is JudgeOn.ALL
        assert judged.performance["roc_auc"] < baseline - 0.1
        assert harm_is_open(done.finding.evidence.alerts)

    def test_a_retraining_says_which_rows_it_learns_from(self):
        """The untreated ones, the hold-out among them; its guard sees no others."""
        project, _ = campaign(RowPolicy(holdout=HELD))

        retrain_by_hand(
            project.ports,
            project.plan,
            project.champion,
            None,
            cause="asked for",
            actor="cli",
            holder="test",
        )

        bodies = {event.kind: event.body for event in project.events}
        started, judged = bodies["retraining_started"], bodies["challenger_judged"]
        assert started.rows_used.which is JudgeOn.UNTREATED
        assert started.rows_used.n_left_out == started.rows_used.n_treated > 0
        assert judged.report.rows_used == RowsUsed(which=JudgeOn.UNTREATED, n=judged.report.n)
        told = [line for event in project.events for line in story(event)]
        assert f"learns, of the log, from {started.rows_used.words}" in told
        assert f"compared on {judged.report.rows_used.words}" in told
