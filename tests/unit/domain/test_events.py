"""The chain of events: what follows what, and what gives a change away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec
import pytest

from holdfast.domain.canonical import canonical_json
from holdfast.domain.errors import BrokenChainError
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
    decode_body,
    kind_of,
    verify_chain,
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
from holdfast.domain.stages import Ending, Stage
from holdfast.domain.windows import Window

V1, V2 = ModelVersion("v1"), ModelVersion("v2")
RELEASE = ReleaseId("r" * 64)
START = datetime(2026, 3, 1, tzinfo=UTC)
ALERT = Alert(
    trigger=Trigger.FEATURE_DRIFT,
    severity=Severity.WARNING,
    subject="tenure",
    message="…",
    statistic=0.2,
)
BODIES = (
    ReleaseRegistered(
        version=V1,
        release_id=RELEASE,
        schema_digest="s",
        origin="train",
        trainer="logistic_regression",
        metrics={"roc_auc": 0.84},
    ),
    ChampionPromoted(version=V1, release_id=RELEASE, previous=None, reason="first"),
    ChampionRolledBack(version=V1, release_id=RELEASE, replaced=V2, reason="worse"),
    ChallengerStaged(
        version=V2,
        release_id=RELEASE,
        stage=Stage.CANARY,
        share=0.1,
        champion=V1,
        reason="accepted",
    ),
    StageEnded(version=V2, stage=Stage.CANARY, ending=Ending.WITHDRAWN, reason="worse"),
    ProbationJudged(
        champion=V2,
        previous=V1,
        report=GuardReport(
            outcome=Outcome.ACCEPT, rule="probation", reason="no harm", n=900, n_positive=300
        ),
        judged_until=START,
    ),
    WindowJudged(
        window=Window(start_at=START, end_at=START + timedelta(days=7)),
        model_version=V1,
        n=1000,
        drifted=("tenure",),
        underpowered=(),
        share_drifted=0.25,
        performance={"roc_auc": 0.8},
        settled_until=START + timedelta(days=6),
        n_settled=900,
        weighted_share=0.6,
        verdict=WindowVerdict(rule="drift_share >= 0.5", fired=None, why="…"),
    ),
    WindowRevised(
        window=Window(start_at=START, end_at=START + timedelta(days=7)),
        model_version=V1,
        n_judged=1000,
        n=1020,
        n_late=20,
        drifted=(),
        share_drifted=0.0,
        differs=True,
        verdict=WindowVerdict(rule="drift_share >= 0.5", fired=True, why="…"),
    ),
    AlertRaised(alert=ALERT, model_version=V1),
    AlertRaised(
        alert=ALERT, model_version=V1, incident_id="i-1", onset_at=START, raised_at=START, edge=True
    ),
    AlertUpdated(
        incident_id="i-1", alert=ALERT, model_version=V1, reason="alarmed again", raised_at=START
    ),
    AlertResolved(incident_id="i-1", alert=ALERT, model_version=V1, reason="it is gone"),
    AlertAcknowledged(incident_id="i-1", by="ada", reason="known"),
    AlertSilenced(until=START, by="ada", reason="", trigger=Trigger.CONFIDENCE, subject="x"),
    SilenceLifted(by="ada", incident_id="i-1"),
    DecisionMade(
        decision=Decision(action=Action.KEEP, policy="harm", reasons=("quiet",), onset_at=START),
        model_version=V1,
        alerts=(ALERT,),
        n_labels=7,
        policy_digest="p",
    ),
    RetrainingStarted(attempt_id="a1", champion=V1, cause="harm", n_rows=900),
    RetrainingResumed(attempt_id="a1", champion=V1, n_tries=2, reason="it broke off"),
    RetrainingFailed(attempt_id="a1", champion=V1, reason="one class"),
    ChallengerJudged(
        attempt_id="a1",
        champion=V1,
        report=GuardReport(
            outcome=Outcome.REFUSE,
            rule="better",
            reason="…",
            n=500,
            n_positive=100,
            checks=(Check(name="roc_auc", passed=True, reason="…", estimate=0.1),),
        ),
        guard_until=START,
        trainer="logistic_regression",
        training_window="recent",
        margins={"logistic_regression/all": 0.12},
    ),
    KeyCreated(key_id=KeyId("k"), scopes=(KeyScope.PREDICT,), expires_at=START),
    KeyRevoked(key_id=KeyId("k"), scopes=(KeyScope.PREDICT,)),
    RowsDropped(schema_digest="s", day="2026-03-01", n_predictions=9, n_labels=3, n_request_keys=0),
    EntityErased(erasure_id="e", n_predictions=2, n_labels=1, n_request_keys=0, n_archived_rows=7),
)


def log(bodies=BODIES):
    """Chain bodies into events, an hour apart."""
    events, previous = [], GENESIS
    for i, body in enumerate(bodies, start=1):
        event = chain(
            body,
            seq=i,
            event_id=EventId(f"e{i}"),
            at=START + timedelta(hours=i),
            actor="control",
            previous=previous,
        )
        events.append(event)
        previous = event.digest
    return events


class TestBodies:
    @pytest.mark.parametrize("body", BODIES, ids=kind_of)
    def test_each_comes_back_from_its_stored_form(self, body):
        """An equal object, by its kind alone."""
        assert decode_body(kind_of(body), canonical_json(body)) == body

    def test_there_is_an_example_of_every_kind(self):
        """So that these tests speak of all of them."""
        assert {type(body) for body in BODIES} == set(get_args(EventBody))

    def test_what_was_stored_before_probations_still_reads(self):
        """A rollback was a person's then, and no stage had an end that was set."""
        rolled_back = decode_body(
            "champion_rolled_back",
            b'{"reason":"worse","release_id":"ab","replaced":"v2","version":"v1"}',
        )
        staged = decode_body(
            "challenger_staged",
            b'{"champion":"v1","reason":"accepted","release_id":"ab","share":0.1,'
            b'"stage":"canary","version":"v2"}',
        )

        assert isinstance(rolled_back, ChampionRolledBack)
        assert rolled_back.report is None
        assert isinstance(staged, ChallengerStaged)
        assert staged.until is None

    @pytest.mark.parametrize(
        ("kind", "stored"),
        [
            (
                "window_judged",
                (
                    b'{"drifted":["tenure"],"model_version":"v1","n":9,"share_drifted":0.5,'
                    b'"underpowered":[],"window":{"end_at":"2026-03-08T00:00:00Z",'
                    b'"start_at":"2026-03-01T00:00:00Z"}}'
                ),
            ),
            (
                "window_revised",
                (
                    b'{"differs":true,"drifted":[],"model_version":"v1","n":10,"n_judged":9,"n_late":1,'
                    b'"share_drifted":0.0,"window":{"end_at":"2026-03-08T00:00:00Z",'
                    b'"start_at":"2026-03-01T00:00:00Z"}}'
                ),
            ),
        ],
    )
    def test_what_was_stored_before_verdicts_were_kept_still_reads(self, kind, stored):
        """What the rule said then is not known; that is not the same as quiet."""
        body = decode_body(kind, stored)

        assert isinstance(body, WindowJudged | WindowRevised)
        assert body.verdict is None
        assert body.weighted_share is None

    def test_an_unknown_kind_is_refused(self):
        """A newer version wrote it; to pass over it would fold another state."""
        with pytest.raises(ValueError, match="'champion_retired'"):
            decode_body("champion_retired", b"{}")

    def test_a_body_of_another_form_is_refused(self):
        """Every field is checked."""
        with pytest.raises(msgspec.DecodeError):
            decode_body("retraining_failed", b'{"attempt_id": 3}')


class TestVerifyChain:
    def test_counts_the_links_of_a_sound_log(self):
        """From the first, or on from where an earlier check ended."""
        events = log()

        assert verify_chain(events) == len(BODIES)
        assert verify_chain(events[4:], previous=events[3].digest, after=4) == len(BODIES) - 4
        assert verify_chain([]) == 0

    @pytest.mark.parametrize(
        "change",
        [
            {"data": b'{"reason":"better"}'},
            {"at": START},
            {"actor": "mallory"},
            {"event_id": "e99"},
            {"body": BODIES[0]},
        ],
        ids=["content", "time", "actor", "id", "kind"],
    )
    def test_finds_a_change_of_anything(self, change):
        """Each field is under the digest."""
        events = log()
        events[2] = replace(events[2], **change)

        with pytest.raises(BrokenChainError) as caught:
            verify_chain(events)

        assert caught.value.seq == 3

    def test_finds_an_event_that_was_dropped(self):
        """Also if the others were renumbered to hide it."""
        events = log()
        renumbered = [replace(event, seq=i) for i, event in enumerate(events[1:], start=1)]

        with pytest.raises(BrokenChainError, match="is gone"):
            verify_chain(events[:3] + events[4:])
        with pytest.raises(BrokenChainError, match="does not follow"):
            verify_chain(renumbered)

    def test_finds_events_that_changed_places(self):
        """The order is part of what happened."""
        events = log()
        events[3], events[4] = events[4], events[3]

        with pytest.raises(BrokenChainError):
            verify_chain(events)

    def test_finds_a_rewritten_event_whose_digest_was_made_anew(self):
        """The next one names the old digest."""
        events = log()
        forged = chain(
            replace(BODIES[1], reason="forged"),
            seq=2,
            event_id=EventId("e2"),
            at=events[1].at,
            actor="control",
            previous=events[0].digest,
        )

        with pytest.raises(BrokenChainError) as caught:
            verify_chain([events[0], forged, *events[2:]])

        assert caught.value.seq == 3

    def test_the_digest_covers_the_stored_bytes_not_how_they_are_read(self):
        """A later version that knows another field still verifies an old log."""
        events = log()
        reread = replace(events[1], body=replace(BODIES[1], reason="as read by another version"))

        assert verify_chain([events[0], reread, *events[2:]]) == len(events)
