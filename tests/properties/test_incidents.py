"""Whatever monitors say and people do: one incident for each thing, told as it should be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from holdfast.domain.events import (
    AlertAcknowledged,
    AlertRaised,
    AlertResolved,
    AlertSilenced,
    AlertUpdated,
    ChampionPromoted,
    ReleaseRegistered,
    SilenceLifted,
)
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import ModelVersion, ReleaseId
from holdfast.policy.incidents import AlertFinding, follow
from holdfast.policy.silences import is_silenced
from holdfast.policy.telling import is_told
from holdfast.policy.transitions import ControlState, fold
from holdfast.ports.event_log import Draft
from holdfast.testing.fakes import InMemoryStore

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOW = 7 * DAY
TRIGGERS = (Trigger.FEATURE_DRIFT, Trigger.HARM, Trigger.PERFORMANCE, Trigger.SERVING)
ALERTS = st.builds(
    Alert,
    trigger=st.sampled_from(TRIGGERS),
    severity=st.sampled_from(Severity),
    subject=st.sampled_from(["tenure", "charges"]),
    message=st.just("…"),
    statistic=st.sampled_from([None, 0.5]),
)


@st.composite
def findings(draw):
    """Levels, and alarms of some days ago with an onset before them."""
    alarmed_ago = draw(st.none() | st.integers(0, 5))
    found_after = draw(st.none() | st.integers(0, 10))
    return draw(ALERTS), alarmed_ago, found_after


class IncidentLog(RuleBasedStateMachine):
    """Ticks, promotions, acknowledgements and silences, in any order."""

    def __init__(self):
        super().__init__()
        self.store = InMemoryStore()
        self.now = START
        self.state: Any = ControlState()  # its fields are set from the first step on
        self.loudest: dict[str, Severity] = {}  # by incident
        self.opened: set[str] = set()
        self.over: set[str] = set()
        self.promote()

    def happen(self, *bodies):
        drafts = [Draft(body=body, actor="test") for body in bodies]
        for event in self.store.events.append(drafts, at=self.now):
            self._judge(event.body)
            self.state = fold([event], self.state)

    @rule(said=st.lists(findings(), max_size=5), days=st.integers(0, 12))
    def tick(self, said, days):
        """A crashed one says nothing the second time."""
        self.now += days * DAY
        found = [self._finding(*one) for one in said]
        self.happen(*self._followed(found))
        # Alarms of one moment are heard once, for the detector began anew; levels go on.
        levels = [one for one in found if one.raised_at is None]
        again = self._followed(levels)
        assert not any(isinstance(body, AlertRaised | AlertUpdated) for body in again)
        assert all(one.champion == self.state.champion for one in self.state.incidents)

    @rule()
    def promote(self):
        """What is open stays so until the next tick says that it is over."""
        version, before = ModelVersion(f"v{self.state.n_releases + 1}"), self.state.incidents
        release_id = ReleaseId(f"{self.state.n_releases:064x}")
        self.happen(
            ReleaseRegistered(
                version=version,
                release_id=release_id,
                schema_digest="s",
                origin="train",
                trainer="logistic_regression",
                metrics={},
            ),
            ChampionPromoted(
                version=version, release_id=release_id, previous=self.state.champion, reason="…"
            ),
        )
        assert self.state.incidents == before

    @precondition(lambda self: self.state.incidents)
    @rule(data=st.data())
    def acknowledge(self, data):
        incident = data.draw(st.sampled_from(self.state.incidents))
        self.happen(AlertAcknowledged(incident_id=incident.incident_id, by="ada", reason=""))

    @rule(
        days=st.integers(1, 20),
        trigger=st.none() | st.sampled_from(TRIGGERS),
        subject=st.none() | st.sampled_from(["tenure", "charges"]),
    )
    def silence(self, days, trigger, subject):
        until = self.now + days * DAY
        self.happen(
            AlertSilenced(until=until, by="ada", reason="", trigger=trigger, subject=subject)
        )

    @precondition(lambda self: self.state.silences)
    @rule(data=st.data())
    def lift(self, data):
        one = data.draw(st.sampled_from(self.state.silences))
        self.happen(SilenceLifted(by="ada", trigger=one.trigger, subject=one.subject))
        assert one not in self.state.silences

    @invariant()
    def holds_one_open_incident_for_each_thing(self):
        about = [(one.champion, *one.about) for one in self.state.incidents]
        assert len(set(about)) == len(about)

    @invariant()
    def is_as_loud_as_its_loudest_alarm(self):
        for one in self.state.incidents:
            assert one.severity is self.loudest[one.incident_id]

    @invariant()
    def resolves_what_it_opened(self):
        """What is neither open nor over was lost."""
        still = {one.incident_id for one in self.state.incidents}
        assert self.opened - self.over == still

    def _finding(self, alert, alarmed_ago, found_after):
        raised_at = None if alarmed_ago is None else self.now - alarmed_ago * DAY
        known = raised_at is not None and found_after is not None
        return AlertFinding(
            alert=alert,
            raised_at=raised_at,
            onset_at=raised_at - found_after * DAY if known else None,
        )

    def _followed(self, found):
        return follow(
            self.state.incidents,
            found,
            now=self.now,
            champion=self.state.champion,
            window=WINDOW,
            silences=self.state.silences,
        )

    def _judge(self, body):
        """Look at an event before it is folded: what is told of it, and what it opens."""
        state = self.state
        told = is_told(state.incidents, body, at=self.now, silences=state.silences)
        if not isinstance(body, AlertRaised | AlertUpdated | AlertResolved):
            assert not told
            return
        if is_silenced(state.silences, body.incident_id, body.alert, at=self.now):
            assert not told
        known = next((o for o in state.incidents if o.incident_id == body.incident_id), None)
        if known is not None and known.acknowledged is not None and told:
            assert body.alert.severity.rank > known.acknowledged.severity.rank
        self._count(body)

    def _count(self, body):
        incident_id = body.incident_id
        if isinstance(body, AlertResolved):
            assert incident_id in self.opened - self.over
            self.over.add(incident_id)
            return
        if isinstance(body, AlertRaised):
            self.opened.add(incident_id)
            self.over.discard(incident_id)
        said = [body.alert.severity]
        if isinstance(body, AlertUpdated):
            said.append(self.loudest[incident_id])
        self.loudest[incident_id] = max(said, key=lambda one: one.rank)

    def teardown(self):
        """With its champion everything ends; and the log alone gives the same."""
        self.promote()
        self.tick([], 0)
        assert self.state.incidents == ()
        assert self.opened == self.over
        assert fold(self.store.events.events()) == self.state


TestIncidents = IncidentLog.TestCase
TestIncidents.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
