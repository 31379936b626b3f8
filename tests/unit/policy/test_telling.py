"""Of which events about alerts people are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast.domain.events import AlertAcknowledged, AlertRaised, AlertResolved, AlertUpdated
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.policy.incidents import after
from holdfast.policy.silences import Silence
from holdfast.policy.telling import is_told

V1 = ModelVersion("v1")
NOW = datetime(2026, 7, 1, tzinfo=UTC)
HARM = Alert(trigger=Trigger.HARM, severity=Severity.WARNING, subject="loss", message="it rose")
CRITICAL = replace(HARM, severity=Severity.CRITICAL)
RAISED = AlertRaised(alert=HARM, model_version=V1, incident_id="i-1", raised_at=NOW, edge=True)
AGAIN = AlertUpdated(
    incident_id="i-1", alert=HARM, model_version=V1, reason="alarmed again", raised_at=NOW
)
QUIETER = replace(AGAIN, alert=replace(HARM, severity=Severity.INFO), raised_at=None)
LOUDER = replace(AGAIN, alert=CRITICAL)
OVER = AlertResolved(incident_id="i-1", alert=HARM, model_version=V1, reason="quiet")
KNOWN = AlertAcknowledged(incident_id="i-1", by="ada", reason="")
EVER = (Silence(until=NOW + timedelta(days=999), by="ada", reason="", subject="loss"),)


def open_after(*bodies, silences=()):
    incidents: Any = ()
    for body in bodies:
        incidents = after(incidents, body, at=NOW, champion=V1, silences=silences)
    return incidents


def told(body, *before, silences=(), silences_before=()):
    incidents = open_after(*before, silences=silences_before)
    return is_told(incidents, body, at=NOW, silences=silences)


class TestIsTold:
    @pytest.mark.parametrize(("body", "before"), [(RAISED, ()), (LOUDER, (RAISED,))])
    def test_of_what_is_new(self, body, before):
        """A first alarm, and one that is louder."""
        assert told(body, *before)

    def test_not_of_the_same_again(self):
        """A drift that lasts is alarmed day after day; it wakes people once."""
        assert not told(AGAIN, RAISED)

    def test_of_the_same_again_where_a_silence_kept_it_from_being_told(self):
        """Once the silence is over."""
        assert told(AGAIN, RAISED, silences_before=EVER)

    def test_of_the_end(self):
        """To whoever heard of the beginning."""
        assert told(OVER, RAISED)

    def test_not_of_what_got_quieter(self):
        """Nobody needs to get up for that."""
        assert not told(QUIETER, RAISED)

    @pytest.mark.parametrize("body", [RAISED, AGAIN, LOUDER, OVER])
    def test_of_nothing_that_is_silenced(self, body):
        """It is written down all the same."""
        assert not told(body, RAISED, silences=EVER)

    @pytest.mark.parametrize(("body", "expected"), [(AGAIN, False), (LOUDER, True), (OVER, False)])
    def test_of_what_a_person_knows_only_if_it_gets_louder(self, body, expected):
        """They have it in hand."""
        assert told(body, RAISED, KNOWN) is expected

    def test_not_of_the_end_of_what_nobody_heard_of(self):
        """It began and ended in silence."""
        assert not told(OVER, RAISED, silences_before=EVER)

    def test_of_what_is_said_once_and_opens_no_incident(self):
        """As a rollback that nobody asked for."""
        assert told(replace(RAISED, incident_id=None))

    def test_of_nothing_else(self):
        """Acknowledging is no alert."""
        assert not told(KNOWN, RAISED)
