"""What is owed to whom of an alert, and which words it has once it is delivered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.domain.errors import UnknownEventError
from holdfast.domain.events import (
    AlertAcknowledged,
    AlertRaised,
    AlertResolved,
    AlertSilenced,
    AlertUpdated,
    DecisionMade,
    RetrainingFailed,
)
from holdfast.domain.evidence import Action, Alert, Decision, Severity, Trigger
from holdfast.domain.ids import EventId, ModelVersion
from holdfast.domain.notices import NoticeKind
from holdfast.loop.announce import announced, notice_of, owed, owed_of
from holdfast.policy.transitions import ControlState
from holdfast.ports.event_log import Draft
from holdfast.ports.notifier import Channel
from holdfast.testing.fakes import InMemoryStore

V1 = ModelVersion("v1")
NOW = datetime(2026, 7, 1, tzinfo=UTC)
HARM = Alert(trigger=Trigger.HARM, severity=Severity.WARNING, subject="loss", message="it rose")
CONSOLE = Channel(name="notifier/console")
PAGER = Channel(name="notifier/pager", least=Severity.CRITICAL)
RAISED = AlertRaised(
    alert=HARM, model_version=V1, incident_id="i-1", onset_at=NOW - timedelta(days=2)
)
UPDATED = AlertUpdated(
    incident_id="i-1", alert=HARM, model_version=V1, reason="alarmed again", raised_at=NOW
)
RESOLVED = AlertResolved(incident_id="i-1", alert=HARM, model_version=V1, reason="quiet")


def made(action):
    return DecisionMade(
        decision=Decision(action=action, policy="harm", reasons=("the loss rose",)),
        model_version=V1,
        alerts=(HARM,),
        n_labels=900,
        policy_digest="p",
    )


def log(*bodies):
    events = InMemoryStore().events
    return events, events.append([Draft(body=body, actor="control") for body in bodies], at=NOW)


class TestOwed:
    def test_each_channel_has_its_own_effect(self):
        """So that one that is down holds nobody up."""
        critical = replace(HARM, severity=Severity.CRITICAL)

        assert [e.channel for e in owed(critical, [CONSOLE, PAGER])] == [
            "notifier/console",
            "notifier/pager",
        ]

    def test_a_channel_is_owed_nothing_that_is_too_quiet_for_it(self):
        """As `[alerts] severity` says."""
        assert [e.channel for e in owed(HARM, [CONSOLE, PAGER])] == ["notifier/console"]


class TestOwedOf:
    def test_nothing_is_owed_while_it_is_silenced(self):
        """Also of what comes of no tick: a server's word, a rollback."""
        silence = AlertSilenced(until=NOW + timedelta(hours=1), by="ada", reason="", subject="loss")
        events, _ = log(silence)

        during = owed_of(events, HARM, [CONSOLE], at=NOW)
        after = owed_of(events, HARM, [CONSOLE], at=NOW + timedelta(hours=1))

        assert (len(during), len(after)) == (0, 1)


class TestAnnounced:
    def announced(self, *bodies):
        drafts = announced(bodies, ControlState(champion=V1), [CONSOLE], actor="control", now=NOW)
        return [(type(draft.body), len(draft.effects)) for draft in drafts]

    def test_keeps_all_of_it_and_tells_what_is_news(self):
        """What a tick says of one incident is seen in its order."""
        known = AlertAcknowledged(incident_id="i-1", by="ada", reason="")

        assert self.announced(RAISED, UPDATED, known, UPDATED, RESOLVED) == [
            (AlertRaised, 1),
            (AlertUpdated, 0),
            (AlertAcknowledged, 0),
            (AlertUpdated, 0),
            (AlertResolved, 0),
        ]


class TestNoticeOf:
    def test_tells_since_when_and_what_the_loop_did(self):
        """Which it did only after the alert was written down."""
        store = InMemoryStore().events
        drafts = [Draft(body=b, actor="control") for b in (RAISED, made(Action.RETRAIN))]
        first, _ = store.append(drafts, at=NOW)
        failed = RetrainingFailed(attempt_id="a", champion=V1, reason="one class")
        store.append([Draft(body=failed, actor="control")], at=NOW)

        notice = notice_of(store, first.event_id)

        assert (notice.kind, notice.incident_id) == (NoticeKind.RAISED, "i-1")
        assert notice.since == NOW - timedelta(days=2)
        assert notice.deeds == (
            "Decided to retrain: the loss rose",
            "The retraining ended without a model: one class",
        )

    def test_tells_nothing_of_a_later_tick(self):
        """A notice that waited for a day must not claim its deeds."""
        events, (first, *_) = log(RAISED, made(Action.ALERT), made(Action.RETRAIN))

        assert notice_of(events, first.event_id).deeds == ("Alerted and watched: the loss rose",)

    @pytest.mark.parametrize(
        ("body", "kind", "reason"),
        [
            (UPDATED, NoticeKind.UPDATED, "alarmed again"),
            (RESOLVED, NoticeKind.RESOLVED, "quiet"),
        ],
    )
    def test_says_that_it_is_the_same_incident(self, body, kind, reason):
        """And what is new, or why it is over."""
        events, (event,) = log(body)

        notice = notice_of(events, event.event_id)

        assert (notice.kind, notice.reason, notice.incident_id) == (kind, reason, "i-1")

    def test_an_event_about_no_alert_has_none(self):
        """A newer version may have owed it."""
        events, (event,) = log(made(Action.KEEP))

        with pytest.raises(TypeError, match="about no alert"):
            notice_of(events, event.event_id)

    def test_an_event_that_is_not_there_has_none(self):
        """It is said as such."""
        with pytest.raises(UnknownEventError):
            notice_of(InMemoryStore().events, EventId("e1"))
