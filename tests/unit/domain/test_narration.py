"""Events in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from holdfast.domain.events import (
    GENESIS,
    AlertAcknowledged,
    AlertRaised,
    AlertResolved,
    AlertSilenced,
    AlertUpdated,
    ChallengerJudged,
    ChallengerStaged,
    ChampionPromoted,
    ChampionRolledBack,
    DecisionMade,
    EntityErased,
    EventBody,
    KeyCreated,
    KeyRevoked,
    ProbationJudged,
    ReleaseRegistered,
    RetrainingFailed,
    RetrainingResumed,
    RetrainingStarted,
    RowsDropped,
    SilenceLifted,
    StageEnded,
    WindowJudged,
    WindowRevised,
    WindowVerdict,
    chain,
)
from holdfast.domain.evidence import (
    Action,
    Alert,
    Check,
    Decision,
    GuardReport,
    Outcome,
    Severity,
    Trigger,
)
from holdfast.domain.ids import EventId, ModelVersion, ReleaseId
from holdfast.domain.keys import KeyId, KeyScope
from holdfast.domain.narration import headline, story
from holdfast.domain.stages import Ending, Stage
from holdfast.domain.windows import Window

V1, V2 = ModelVersion("v1"), ModelVersion("v2")
RELEASE = ReleaseId("r" * 64)
AT = datetime(2026, 7, 4, 9, 5, 7, tzinfo=UTC)
ALERT = Alert(
    trigger=Trigger.PERFORMANCE,
    severity=Severity.CRITICAL,
    subject="roc_auc",
    message="ROC AUC fell from 0.840 to 0.760 on mature labels",
    statistic=0.08,
)
DECISION = DecisionMade(
    decision=Decision(
        action=Action.DEFER,
        policy="harm",
        reasons=("ROC AUC fell", "only 90 of the 500 labelled rows needed are mature"),
        onset_at=AT - timedelta(days=3),
        retry_at=AT + timedelta(days=1),
    ),
    model_version=V2,
    alerts=(ALERT,),
    n_labels=1090,
    policy_digest="p",
)
JUDGED = ChallengerJudged(
    attempt_id="a1",
    champion=V2,
    report=GuardReport(
        outcome=Outcome.REFUSE,
        rule="better",
        reason="roc_auc +0.003 is no proven gain",
        n=1000,
        n_positive=265,
        checks=(
            Check(name="better", passed=False, reason="no proven gain"),
            Check(name="recall", passed=True, reason="recall held", low=-0.01, high=0.02),
        ),
    ),
    guard_until=AT,
    trainer="logistic_regression",
    training_window="recent",
    margins={"logistic_regression/all": 0.14, "logistic_regression/recent": 0.12},
)
WINDOW = WindowJudged(
    window=Window(start_at=AT - timedelta(days=7), end_at=AT),
    model_version=V2,
    n=7000,
    drifted=("tenure", "charges"),
    underpowered=("plan",),
    share_drifted=0.5,
    confidence=0.31,
    n_labelled=2000,
    performance={"roc_auc": 0.76},
)
REVISED = WindowRevised(
    window=WINDOW.window,
    model_version=V2,
    n_judged=7000,
    n=7020,
    n_late=20,
    drifted=("tenure",),
    share_drifted=0.25,
    differs=True,
    n_unlooked=3,
)
VERDICT = WindowVerdict(
    rule="drift_share >= 0.5",
    fired=True,
    why="2 of 4 features drifted (50%); the rule fires at 50%.",
)
QUIET = replace(VERDICT, fired=False)
UNTOLD = replace(VERDICT, fired=None)
SHADOW = ChallengerStaged(
    version=V2,
    release_id=RELEASE,
    stage=Stage.SHADOW,
    share=None,
    champion=V1,
    reason="to see it at work",
)
HARM = GuardReport(
    outcome=Outcome.REFUSE,
    rule="probation",
    reason="roc_auc fell",
    n=900,
    n_positive=300,
    checks=(Check(name="roc_auc", passed=False, reason="it fell", low=-0.2, high=-0.1),),
)
HEADLINES = [
    (
        REVISED,
        "Counted 20 late rows into a window judged for v2: its verdict would be another now",
    ),
    (
        ReleaseRegistered(
            version=V2,
            release_id=RELEASE,
            schema_digest="s",
            origin="train",
            trainer="xgboost",
            metrics={"roc_auc": 0.8412},
        ),
        "Registered v2 (xgboost, ROC AUC 0.841 on held-out rows)",
    ),
    (
        ChampionPromoted(version=V1, release_id=RELEASE, previous=None, reason="first"),
        "Promoted v1: the first model in production",
    ),
    (
        ChampionPromoted(version=V2, release_id=RELEASE, previous=V1, reason="a gain"),
        "Promoted v2 over v1: a gain",
    ),
    (
        ChampionRolledBack(version=V1, release_id=RELEASE, replaced=V2, reason="complaints"),
        "Rolled back from v2 to v1: complaints",
    ),
    (SHADOW, "Staged v2 beside v1 in shadow: to see it at work"),
    (
        replace(SHADOW, stage=Stage.CANARY, share=0.125),
        "Staged v2 beside v1 as a canary for 0.125 of the requests: to see it at work",
    ),
    (
        StageEnded(version=V2, stage=Stage.CANARY, ending=Ending.WITHDRAWN, reason="complaints"),
        "Withdrew v2 from its canary stage: complaints",
    ),
    (
        StageEnded(version=V2, stage=Stage.SHADOW, ending=Ending.PROMOTED, reason="it is in"),
        "The shadow stage of v2 ended: it is in",
    ),
    (
        ChallengerStaged(
            version=V1,
            release_id=RELEASE,
            stage=Stage.PROBATION,
            share=None,
            champion=V2,
            reason="v1 scores on beside it",
        ),
        "Put v2 on probation: v1 scores on beside it",
    ),
    (
        StageEnded(
            version=V1, stage=Stage.PROBATION, ending=Ending.PASSED, reason="v2 has stood it"
        ),
        "The probation beside v1 ended: v2 has stood it",
    ),
    (
        ProbationJudged(champion=V2, previous=V1, report=HARM, judged_until=AT),
        "Compared v2, on probation, with v1: roc_auc fell",
    ),
    (WINDOW, "Judged 7,000 rows of v2: 2 features drifted"),
    (replace(WINDOW, drifted=("tenure",)), "Judged 7,000 rows of v2: 1 feature drifted"),
    (replace(WINDOW, drifted=()), "Judged 7,000 rows of v2: no feature drifted"),
    (
        AlertRaised(alert=ALERT, model_version=V2),
        "Critical: ROC AUC fell from 0.840 to 0.760 on mature labels",
    ),
    (
        AlertUpdated(incident_id="i-1", alert=ALERT, model_version=V2, reason="alarmed again"),
        "Now critical: ROC AUC fell from 0.840 to 0.760 on mature labels (alarmed again)",
    ),
    (
        AlertResolved(incident_id="i-1", alert=ALERT, model_version=V2, reason="it is gone"),
        "Over: ROC AUC fell from 0.840 to 0.760 on mature labels (it is gone)",
    ),
    (
        AlertAcknowledged(incident_id="i-1", by="ada", reason="a price rise"),
        "ada knows of i-1: a price rise",
    ),
    (
        AlertSilenced(until=AT, by="ada", reason="", incident_id="i-1"),
        "ada silenced i-1 until 2026-07-04 09:05 UTC",
    ),
    (
        AlertSilenced(until=AT, by="ada", reason="moving house", subject="tenure"),
        "ada silenced every alert of tenure until 2026-07-04 09:05 UTC: moving house",
    ),
    (
        SilenceLifted(by="ada", trigger=Trigger.FEATURE_DRIFT),
        "ada lifted the silence of feature drift",
    ),
    (DECISION, "Wanted to retrain, and deferred it: ROC AUC fell"),
    (
        RetrainingStarted(attempt_id="a1", champion=V2, cause="harm", n_rows=12345),
        "Began a retraining against v2 on 12,345 rows",
    ),
    (
        RetrainingFailed(attempt_id="a1", champion=V2, reason="one class"),
        "The retraining ended without a model: one class",
    ),
    (
        RetrainingFailed(attempt_id="a1", champion=V2, reason="it is too old", interrupted=True),
        "The retraining broke off and could not go on: it is too old",
    ),
    (
        RetrainingResumed(attempt_id="a1", champion=V2, n_tries=2, reason="it broke off"),
        "Went on with the retraining against v2: it broke off",
    ),
    (JUDGED, "The guard refused the challenger of v2: roc_auc +0.003 is no proven gain"),
    (
        KeyCreated(
            key_id=KeyId("0a1b2c3d4e5f"),
            scopes=(KeyScope.PREDICT, KeyScope.LABEL),
            expires_at=AT,
        ),
        "Made API key 0a1b2c3d4e5f (predict, label, until 2026-07-04 09:05 UTC)",
    ),
    (
        KeyCreated(key_id=KeyId("0a1b2c3d4e5f"), scopes=(KeyScope.READ,), expires_at=None),
        "Made API key 0a1b2c3d4e5f (read)",
    ),
    (
        KeyRevoked(key_id=KeyId("0a1b2c3d4e5f"), scopes=(KeyScope.READ,)),
        "Revoked API key 0a1b2c3d4e5f (read)",
    ),
    (
        RowsDropped(
            schema_digest="s" * 64,
            day="2026-03-01",
            n_predictions=7043,
            n_labels=7000,
            n_request_keys=0,
        ),
        "Dropped 7,043 rows of 2026-03-01, older than the retention; they stand in the archive",
    ),
    (
        EntityErased(
            erasure_id="e-1", n_predictions=1, n_labels=2, n_request_keys=1, n_archived_rows=3
        ),
        "Erased an entity: 1 row of the log, 3 rows of the archive",
    ),
]


def event(body):
    return chain(body, seq=7, event_id=EventId("e-7"), at=AT, actor="control", previous=GENESIS)


class TestHeadline:
    @pytest.mark.parametrize(("body", "expected"), HEADLINES)
    def test_says_in_one_line_what_happened(self, body, expected):
        """In words a person would use, with the figure that matters."""
        assert headline(event(body)) == expected

    def test_has_words_for_every_kind_of_event(self):
        """An event without words could not be explained."""
        assert {type(body) for body, _ in HEADLINES} == set(get_args(EventBody))

    @pytest.mark.parametrize("action", Action)
    def test_has_words_for_every_action(self, action):
        """None is shown as its code name."""
        body = replace(DECISION, decision=replace(DECISION.decision, action=action))

        words = headline(event(body))

        assert words.endswith(": ROC AUC fell")
        assert words[0].isupper()
        assert "_" not in words

    @pytest.mark.parametrize("outcome", Outcome)
    def test_has_words_for_every_outcome_of_the_guard(self, outcome):
        """Accepted, refused, could not judge yet."""
        body = replace(JUDGED, report=replace(JUDGED.report, outcome=outcome))

        assert headline(event(body)).startswith("The guard ")

    @pytest.mark.parametrize(
        ("differs", "words"),
        [
            (False, "Counted 1 late row into a window judged for v2: its verdict stays the same"),
            (
                None,
                (
                    "Counted 1 late row into a window judged for v2: its verdict stands; "
                    "another model is in production now"
                ),
            ),
        ],
    )
    def test_says_what_late_rows_mean(self, differs, words):
        """Nothing, or that nobody asks any more."""
        assert headline(event(replace(REVISED, n_late=1, differs=differs))) == words

    @pytest.mark.parametrize(
        ("verdict", "ending"),
        [
            (VERDICT, "2 features drifted; by the rule, the window drifted"),
            (QUIET, "2 features drifted"),
            (UNTOLD, "2 features drifted"),
        ],
    )
    def test_says_if_the_rule_fired(self, verdict, ending):
        """That is news; the rest is in the story."""
        said = headline(event(replace(WINDOW, verdict=verdict)))

        assert said == f"Judged 7,000 rows of v2: {ending}"


class TestStory:
    def test_of_an_alert_tells_its_incident_and_since_when(self):
        """One that was said once, and opens none, has neither."""
        once = AlertRaised(alert=ALERT, model_version=V2)
        opens = replace(once, incident_id="i-1", onset_at=AT)

        assert not any("incident" in line for line in story(event(once)))
        assert "incident: i-1" in story(event(opens))
        assert "the change seems to have begun: 2026-07-04 09:05 UTC" in story(event(opens))

    def test_of_a_rollback_by_the_loop_tells_why(self):
        """With the figures, and what follows; a person's own says no more than their reason."""
        body = ChampionRolledBack(version=V1, release_id=RELEASE, replaced=V2, reason="worse")

        by_hand = list(story(event(body)))
        by_itself = list(story(event(replace(body, report=HARM))))

        assert by_itself[3:6] == [
            "by itself: the champion was on probation, and failed it",
            "FAILED roc_auc: it fell [-0.2000, -0.1000]",
            "the next attempt waits twice as long as usual, from now on",
        ]
        assert by_hand[2] == by_itself[2]
        assert len(by_hand) == 4

    def test_of_a_comparison_tells_each_figure(self):
        """And which rows it looked at."""
        body = ProbationJudged(champion=V2, previous=V1, report=HARM, judged_until=AT)

        lines = list(story(event(body)))

        assert lines[2:4] == [
            "rows predicted before: 2026-07-04 09:05 UTC",
            "FAILED roc_auc: it fell [-0.2000, -0.1000]",
        ]

    def test_of_a_revision_tells_the_counts(self):
        """Before and now, what would be said, and what was left alone."""
        lines = list(story(event(REVISED)))

        assert lines[2:6] == [
            "window: 2026-06-27 09:05 to 2026-07-04 09:05 UTC",
            "rows: 7,000 when it was judged, 7,020 now",
            "drifted, with all rows: tenure",
            "older windows with late rows, not looked at again: 3",
        ]

    @pytest.mark.parametrize("body", [body for body, _ in HEADLINES])
    def test_begins_with_the_headline_and_ends_with_where_it_is_written(self, body):
        """When, by whom, and the digest that proves it."""
        told = event(body)

        lines = list(story(told))

        assert lines[0] == headline(told)
        assert lines[1] == "when: 2026-07-04 09:05:07 UTC, by control"
        assert lines[-1] == f"event 7, e-7, digest {told.digest[:16]}"

    def test_gives_every_reason_and_all_evidence_of_a_decision(self):
        """Also since when, and when it may be tried again."""
        lines = list(story(event(DECISION)))

        assert "policy: harm, model v2" in lines
        assert "because: ROC AUC fell" in lines
        assert "because: only 90 of the 500 labelled rows needed are mature" in lines
        assert f"evidence: [critical] {ALERT.message}" in lines
        assert "mature labelled rows since the change: 1,090" in lines
        assert "the change seems to have begun: 2026-07-01 09:05 UTC" in lines
        assert "may be tried again: 2026-07-05 09:05 UTC" in lines

    def test_lists_the_candidates_best_first_and_every_check(self):
        """Which failed is to be seen at a glance."""
        lines = list(story(event(JUDGED)))

        assert "rule: better, on 1,000 rows (265 positive)" in lines
        best = lines.index("candidate logistic_regression/recent: Brier 0.1200 on validation")
        assert lines[best + 1] == "candidate logistic_regression/all: Brier 0.1400 on validation"
        window = "challenger: logistic_regression, trained on the window 'recent', "
        assert f"{window}calibration sigmoid" in lines
        assert "FAILED better: no proven gain" in lines
        assert "passed recall: recall held [-0.0100, +0.0200]" in lines

    def test_says_why_a_candidate_fell_out(self):
        """Also the best one: then the second best was judged."""
        body = replace(JUDGED, failures={"xgboost/all": "no export for it"}, calibration="isotonic")

        lines = list(story(event(body)))

        assert "candidate xgboost/all fell out: no export for it" in lines
        assert any(line.endswith("calibration isotonic") for line in lines)

    def test_names_what_drifted_and_what_could_not_be_told(self):
        """And the performance, with how many rows stand behind it."""
        lines = list(story(event(WINDOW)))

        assert "drifted: tenure, charges (50% of the features)" in lines
        assert "too few rows to tell: plan" in lines
        assert "performance on 2,000 mature rows: roc_auc 0.760" in lines

    @pytest.mark.parametrize(
        ("verdict", "said"),
        [(VERDICT, "it fired"), (QUIET, "it did not fire"), (UNTOLD, "it cannot tell")],
    )
    @pytest.mark.parametrize("body", [WINDOW, REVISED], ids=["judged", "revised"])
    def test_gives_the_rule_and_what_it_said(self, body, verdict, said):
        """With its bound, and why; that it cannot tell is not that it was quiet."""
        lines = list(story(event(replace(body, verdict=verdict))))

        assert f"rule: drift_share >= 0.5; {said}: {VERDICT.why}" in lines

    def test_of_an_event_without_a_verdict_says_nothing_of_the_rule(self):
        """It was written before verdicts were kept."""
        lines = list(story(event(WINDOW)))

        assert not any(line.startswith("rule: ") for line in lines)

    def test_says_how_much_of_the_importance_drifted(self):
        """Where the release knows it."""
        lines = list(story(event(replace(WINDOW, weighted_share=0.71))))

        assert "by importance, 71% of the features drifted" in lines

    def test_says_that_there_were_no_labels_rather_than_nothing(self):
        """Not enough data is a finding of its own."""
        lines = list(story(event(replace(WINDOW, performance=None, n_labelled=0))))

        assert "performance: no mature labels of this model's predictions yet" in lines

    def test_says_what_left_the_store_beside_rows(self):
        """Labels and request ids; of an erasure, which tombstone it left."""
        body = EntityErased(
            erasure_id="e-1", n_predictions=1, n_labels=2, n_request_keys=3, n_archived_rows=0
        )

        lines = list(story(event(body)))

        assert "with them: 2 labels, 3 request ids" in lines
        assert "erasure: e-1" in lines
