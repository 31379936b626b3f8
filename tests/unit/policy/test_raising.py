"""What is alarmed after a tick: which incidents are open, since when, and how loudly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.policy.deciding import DecisionPolicy, Evidence
from holdfast.policy.incidents import AlertFinding
from holdfast.policy.raising import alarmed, harmless, hushed, n_telling
from holdfast.policy.transitions import ControlState

NOW = datetime(2026, 3, 9, tzinfo=UTC)
DAY = timedelta(days=1)
V1 = ModelVersion("v1")
POLICY = DecisionPolicy()  # 619 labelled rows show whether there is harm


def said(trigger, subject, *, onset=3, severity=Severity.WARNING):
    """Return what a monitor says at the end of yesterday."""
    alert = Alert(trigger=trigger, severity=severity, subject=subject, message=f"{subject}!")
    return AlertFinding(alert=alert, raised_at=NOW, onset_at=NOW - onset * DAY)


def holds(trigger, subject, severity=Severity.CRITICAL):
    """Return what holds until it is gone."""
    alert = Alert(trigger=trigger, severity=severity, subject=subject, message=f"{subject}!")
    return AlertFinding(alert=alert)


def found(*findings, state=None, now=NOW):
    return alarmed(
        state or ControlState(champion=V1), findings, champion=V1, now=now, window=4 * DAY
    )


DRIFT = said(Trigger.FEATURE_DRIFT, "tenure")
OLDER = said(Trigger.PREDICTION_DRIFT, "score", onset=5)
HARM = said(Trigger.HARM, "harm", onset=2)
CONCEPT = said(Trigger.CONCEPT, "calibration", onset=4, severity=Severity.CRITICAL)


class TestAlarmed:
    def test_opens_an_incident_for_each_thing_that_is_said(self):
        """What is open then is what is decided on."""
        state = found(DRIFT, HARM)

        assert {one.about for one in state.incidents} == {DRIFT.about, HARM.about}
        assert len(state.bodies) == 2

    def test_is_loudest_first(self):
        """As people read."""
        assert [alert.subject for alert in found(DRIFT, CONCEPT).alerts] == [
            "calibration",
            "tenure",
        ]

    def test_dates_harm_by_what_speaks_of_it_first(self):
        """Labels from before it would teach the old world; drift has a date of its own."""
        state = found(DRIFT, OLDER, HARM, CONCEPT)

        assert state.harmed_since == NOW - 4 * DAY
        assert state.drifted_since == NOW - 5 * DAY

    def test_what_has_no_onset_dates_nothing(self):
        """A window's test says that it is worse, not since when."""
        state = found(holds(Trigger.PERFORMANCE, "roc_auc"))

        assert state.harmed_since is None
        assert state.alerts[0].subject == "roc_auc"

    def test_goes_on_from_the_incidents_that_are_open(self):
        """An alarm is evidence until it has been quiet for long enough."""
        before = ControlState(champion=V1, incidents=found(DRIFT).incidents)

        soon = found(state=before, now=NOW + 3 * DAY)
        late = found(state=before, now=NOW + 7 * DAY)

        assert [alert.subject for alert in soon.alerts] == ["tenure"]
        assert soon.bodies == ()
        assert late.alerts == ()

    def test_does_not_end_what_others_say(self):
        """A tick's monitors do not look at whether a server could load the champion."""
        serving = holds(Trigger.SERVING, "v1")
        before = ControlState(champion=V1, incidents=found(serving).incidents)

        assert found(state=before, now=NOW + DAY).incidents == before.incidents


class TestHarmless:
    def test_is_drift_that_would_have_shown_its_harm(self):
        """By labels from after its own onset; those from before say nothing of it."""
        state = found(DRIFT, OLDER)
        counts = {DRIFT.onset_at: 400, OLDER.onset_at: 900}

        quiet = harmless(state, Evidence(n_rows=1), POLICY, n_since=counts.__getitem__)

        assert quiet == {OLDER.about}

    def test_is_nothing_while_the_model_does_worse(self):
        """Then nobody knows what does the harm."""
        state = found(DRIFT, HARM)
        evidence = Evidence(n_rows=1, alerts=state.alerts)

        assert harmless(state, evidence, POLICY, n_since=lambda _: 9_999) == frozenset()

    def test_is_nothing_that_the_policy_retrains_on(self):
        """To `any`, drift is a cause."""
        any_of_it = DecisionPolicy(name="any")

        quiet = harmless(found(DRIFT), Evidence(n_rows=1), any_of_it, n_since=lambda _: 9_999)

        assert quiet == frozenset()


class TestNTelling:
    def test_counts_from_the_drift_that_began_last(self):
        """Until labels tell of that one, drift is not known to be harmless."""
        counts = {DRIFT.onset_at: 400, OLDER.onset_at: 900}

        assert n_telling(found(DRIFT, OLDER), n_since=counts.__getitem__) == 400

    def test_is_none_without_drift(self):
        """Harm is told by its own labels."""
        assert n_telling(found(HARM), n_since=lambda _: 5) is None


class TestHushed:
    def test_says_as_a_note_what_does_no_harm(self):
        """And leaves the rest as loud as it was."""
        findings = (DRIFT, HARM)

        quieter = hushed(findings, found(*findings), frozenset({DRIFT.about}))

        assert [one.alert.severity for one in quieter] == [Severity.INFO, Severity.WARNING]

    def test_says_again_what_was_alarmed_before(self):
        """Once: then the incident is a note, and there is nothing more to say."""
        before = ControlState(champion=V1, incidents=found(DRIFT).incidents)
        quiet = frozenset({DRIFT.about})

        noted = found(*hushed((), found(state=before), quiet), state=before)
        after = ControlState(champion=V1, incidents=noted.incidents)

        assert [alert.severity for alert in noted.alerts] == [Severity.INFO]
        assert [type(body).__name__ for body in noted.bodies] == ["AlertUpdated"]
        assert hushed((), found(state=after), quiet) == ()

    def test_a_model_that_is_stuck_stays_critical(self):
        """The same score for every row is no drift to get used to."""
        stuck = holds(Trigger.PREDICTION_DRIFT, "score")

        assert hushed((stuck,), found(stuck), frozenset({stuck.about})) == (stuck,)
