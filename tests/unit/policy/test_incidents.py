"""What opens an incident, what belongs to it, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast.domain.events import (
    AlertAcknowledged,
    AlertRaised,
    AlertResolved,
    AlertSilenced,
    AlertUpdated,
)
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.policy.incidents import AlertFinding, after, follow, over_at
from holdfast.policy.silences import silences_after

V1, V2 = ModelVersion("v1"), ModelVersion("v2")
NOW = datetime(2026, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOW = 7 * DAY
HARM = Alert(trigger=Trigger.HARM, severity=Severity.WARNING, subject="loss", message="it rose")
DECAY = Alert(
    trigger=Trigger.PERFORMANCE, severity=Severity.WARNING, subject="roc_auc", message="it fell"
)


class Loop:
    """Ticks, and the incidents that are open after them."""

    def __init__(self):
        self.now, self.champion = NOW, V1
        self.open: Any = ()
        self.silences: Any = ()

    def tick(self, *findings, unjudged=()):
        bodies = follow(
            self.open,
            findings,
            now=self.now,
            champion=self.champion,
            window=WINDOW,
            silences=self.silences,
            unjudged=unjudged,
        )
        self.happen(*bodies)
        return bodies

    def happen(self, *bodies):
        for body in bodies:
            self.open = after(
                self.open, body, at=self.now, champion=self.champion, silences=self.silences
            )
            self.silences = silences_after(self.silences, body, at=self.now)


@pytest.fixture(name="loop")
def _loop():
    return Loop()


def alarm(at, alert=HARM, *, onset_at=None):
    return AlertFinding(alert=alert, raised_at=at, onset_at=onset_at)


def level(alert=DECAY):
    return AlertFinding(alert=alert)


def louder(alert):
    return replace(alert, severity=Severity.CRITICAL)


class TestAnAlarmOfOneMoment:
    def test_opens_an_incident_once(self, loop):
        """The detector begins anew and is quiet; the incident stays."""
        (raised,) = loop.tick(alarm(NOW, onset_at=NOW - DAY))
        loop.now += DAY

        assert loop.tick() == ()

        assert isinstance(raised, AlertRaised)
        (incident,) = loop.open
        assert (incident.incident_id, incident.onset_at) == (raised.incident_id, NOW - DAY)

    def test_another_one_updates_it(self, loop):
        """With the time at which it was, however late it was found."""
        loop.tick(alarm(NOW))
        loop.now += 3 * DAY

        (updated,) = loop.tick(alarm(NOW + DAY))

        assert isinstance(updated, AlertUpdated)
        assert updated.reason == "alarmed again"
        assert (loop.open[0].n_alarms, loop.open[0].last_at) == (2, NOW + DAY)

    def test_is_over_after_a_window_of_quiet(self, loop):
        """Not before."""
        loop.tick(alarm(NOW))
        loop.now = NOW + WINDOW - timedelta(seconds=1)
        too_early = loop.tick()
        loop.now = NOW + WINDOW

        (resolved,) = loop.tick()

        assert too_early == ()
        assert isinstance(resolved, AlertResolved)
        assert resolved.reason == "quiet since 2026-07-01 00:00 UTC"
        assert loop.open == ()

    def test_that_took_long_to_be_found_takes_long_to_be_over(self, loop):
        """A weak change is alarmed seldom; quiet for a week says nothing of it."""
        loop.tick(alarm(NOW, onset_at=NOW - 10 * DAY))

        assert over_at(loop.open[0], window=WINDOW) == NOW + 20 * DAY

    def test_that_is_known_already_says_nothing_again(self, loop):
        """A tick that crashed finds the same alarm, and its incident."""
        loop.tick(alarm(NOW))

        assert loop.tick(alarm(NOW)) == ()

    def test_several_in_a_tick_are_taken_in_the_order_of_time(self, loop):
        """After a sleep, a tick catches up on many buckets."""
        raised, updated = loop.tick(alarm(NOW), alarm(NOW - DAY), alarm(NOW - DAY))

        assert (raised.raised_at, updated.raised_at) == (NOW - DAY, NOW)

    def test_can_be_said_again_more_quietly(self, loop):
        """Once it is known to do no harm; the loudest stays on record."""
        loop.tick(alarm(NOW))

        (updated,) = loop.tick(alarm(NOW, replace(HARM, severity=Severity.INFO)))

        assert "quieter" in updated.reason
        assert updated.raised_at is None
        assert loop.open[0].alert.severity is Severity.INFO
        assert loop.open[0].severity is Severity.WARNING


class TestWhatHolds:
    def test_is_over_once_it_is_gone(self, loop):
        """And nothing is said as long as it stays the same."""
        loop.tick(level())
        meanwhile = loop.tick(level())

        (resolved,) = loop.tick()

        assert meanwhile == ()
        assert resolved.reason == "it is gone"

    def test_stays_if_it_could_not_be_looked_at(self, loop):
        """No labels in a window are no proof of anything."""
        loop.tick(level())

        assert loop.tick(unjudged={Trigger.PERFORMANCE}) == ()

    def test_gets_louder(self, loop):
        """Which is news."""
        loop.tick(level())

        (updated,) = loop.tick(level(louder(DECAY)))

        assert updated.reason == "louder than before, when it was warning"
        assert loop.open[0].severity is Severity.CRITICAL

    def test_said_in_two_ways_counts_as_loud_as_the_louder(self, loop):
        """Two tests may speak of one feature."""
        (raised,) = loop.tick(level(), level(louder(DECAY)))

        assert raised.alert.severity is Severity.CRITICAL

    def test_comes_back_as_another_incident(self, loop):
        """Under another id, by which people tell them apart."""
        (first,) = loop.tick(level())
        loop.now += DAY
        loop.tick()
        loop.now += DAY

        (second,) = loop.tick(level())

        assert second.incident_id != first.incident_id


class TestAChampionsEnd:
    def test_ends_its_incidents(self, loop):
        """Whatever they were about, another model answers now."""
        loop.tick(alarm(NOW), level())
        loop.champion = V2

        bodies = loop.tick(alarm(NOW))

        assert [type(body) for body in bodies] == [AlertRaised, AlertResolved, AlertResolved]
        assert bodies[-1].reason == "v2 is in production in place of v1"
        assert [one.champion for one in loop.open] == [V2]


class TestAServersWord:
    def test_that_it_could_not_load_the_champion_holds_until_another_comes(self, loop):
        """No tick looks at it, and it does not mend itself."""
        refused = Alert(
            trigger=Trigger.SERVING, severity=Severity.CRITICAL, subject="v1", message="damaged"
        )
        loop.happen(AlertRaised(alert=refused, model_version=V1, incident_id="i-1"))
        loop.now += 90 * DAY

        assert loop.tick() == ()

    def test_that_rows_failed_is_over_once_none_do(self, loop):
        """It is told of by each server, and is one incident."""
        failing = Alert(
            trigger=Trigger.SERVING,
            severity=Severity.CRITICAL,
            subject="v1",
            message="2 rows",
            statistic=2.0,
        )
        for incident_id in ("i-1", "i-2"):
            loop.happen(
                AlertRaised(
                    alert=failing,
                    model_version=V1,
                    incident_id=incident_id,
                    raised_at=NOW,
                    edge=True,
                )
            )
        assert [one.n_alarms for one in loop.open] == [2]
        loop.now += WINDOW

        (resolved,) = loop.tick(unjudged={Trigger.SERVING})

        assert resolved.incident_id == "i-1"

    def test_on_another_release_opens_none(self, loop):
        """It is said once; the trial beside the champion ends by itself."""
        loop.happen(AlertRaised(alert=HARM, model_version=V2, incident_id="i-1"))

        assert loop.open == ()


class TestSilence:
    def test_what_began_in_it_and_goes_on_is_said_after_it(self, loop):
        """Somebody has to hear of it."""
        loop.happen(
            AlertSilenced(until=NOW + 2 * DAY, by="ada", reason="", trigger=Trigger.PERFORMANCE)
        )
        loop.tick(level())
        loop.now += DAY
        during = loop.tick(level())
        loop.now += DAY

        (updated,) = loop.tick(level())

        assert during == ()
        assert updated.reason == "nobody was told of it while it was silenced"
        assert loop.tick(level()) == ()

    def test_what_a_person_knows_is_not_said_after_it(self, loop):
        """They have acknowledged it meanwhile."""
        loop.happen(
            AlertSilenced(until=NOW + DAY, by="ada", reason="", trigger=Trigger.PERFORMANCE)
        )
        loop.tick(level())
        incident_id = loop.open[0].incident_id
        loop.happen(AlertAcknowledged(incident_id=incident_id, by="ada", reason="known"))
        loop.now += DAY

        assert loop.tick(level()) == ()
