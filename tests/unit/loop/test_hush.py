"""What people say of alerts: that they know, and that they want to hear nothing for a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from holdfast.domain.errors import InputError, UnknownIncidentError
from holdfast.domain.events import AlertRaised
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.loop.hush import acknowledge, lift, silence
from holdfast.policy.transitions import fold
from holdfast.ports.event_log import Draft
from holdfast.testing.project import START, MemoryProject

HOUR = timedelta(hours=1)
HARM = Alert(trigger=Trigger.HARM, severity=Severity.WARNING, subject="loss", message="it rose")
PERSON: dict[str, Any] = {"by": "ada", "actor": "cli"}


@pytest.fixture(name="project")
def _project():
    """A champion with an open incident."""
    project = MemoryProject()
    project.deploy()
    raised = [
        AlertRaised(alert=HARM, model_version=ModelVersion("v1"), incident_id=incident_id)
        for incident_id in ("i-ab01",)
    ]
    project.store.events.append([Draft(body=body, actor="control") for body in raised], at=START)
    return project


def state(project):
    return fold(project.events)


class TestAcknowledge:
    @pytest.mark.parametrize("wanted", ["i-ab01", "ab01", "i-ab", "a"])
    def test_by_an_id_or_the_beginning_of_one(self, project, wanted):
        """Who did so, and why, is kept."""
        acknowledge(project.store.events, project.clock, wanted, reason="a price rise", **PERSON)

        known = state(project).incidents[0].acknowledged
        assert (known.by, known.reason, known.severity) == ("ada", "a price rise", "warning")
        assert project.events[-1].actor == "cli"

    @pytest.mark.parametrize("wanted", ["i-ff", "", "i-"])
    def test_of_an_incident_that_is_not_open_is_refused(self, project, wanted):
        """With where those that are open are listed."""
        with pytest.raises(UnknownIncidentError, match="holdfast alerts"):
            acknowledge(project.store.events, project.clock, wanted, reason="", **PERSON)


class TestSilence:
    def hush(self, project, **about):
        return silence(
            project.store.events, project.clock, lasts=HOUR, reason="", **PERSON, **about
        )

    def test_of_one_incident_is_kept_by_its_whole_id(self, project):
        """The beginning that was given may mean another one later."""
        self.hush(project, wanted="ab")

        (one,) = state(project).silences
        assert (one.incident_id, one.until) == ("i-ab01", project.clock.now() + HOUR)

    def test_of_a_kind_of_alert(self, project):
        """Before there is any."""
        self.hush(project, trigger=Trigger.FEATURE_DRIFT, subject="tenure")

        (one,) = state(project).silences
        assert one.words == (None, Trigger.FEATURE_DRIFT, "tenure")

    @pytest.mark.parametrize("about", [{}, {"wanted": "ab", "subject": "tenure"}])
    def test_of_nothing_or_of_two_things_is_refused(self, project, about):
        """Everything is a lot to hear nothing of."""
        with pytest.raises(InputError, match="Say what to silence"):
            self.hush(project, **about)

    @pytest.mark.parametrize(
        ("lasts", "words"), [(timedelta(0), "no length"), (timedelta.max, "No calendar")]
    )
    def test_for_no_time_or_for_ever_is_refused(self, project, lasts, words):
        """It would say nothing, or hide an end that nobody finds."""
        with pytest.raises(InputError, match=words):
            silence(
                project.store.events, project.clock, lasts=lasts, reason="", subject="x", **PERSON
            )


class TestLift:
    def test_ends_all_of_them_if_none_is_named(self, project):
        """Whoever is back on duty wants to hear everything."""
        hush = TestSilence().hush
        hush(project, wanted="ab")
        hush(project, subject="tenure")

        lifted = lift(project.store.events, project.clock, **PERSON)

        assert len(lifted) == 2
        assert state(project).silences == ()

    @pytest.mark.parametrize(
        "about", [{"wanted": "i-ab"}, {"subject": "tenure"}, {"trigger": Trigger.HARM}]
    )
    def test_ends_those_that_are_named(self, project, about):
        """The others stand."""
        hush = TestSilence().hush
        hush(project, wanted="ab")
        hush(project, subject="tenure")
        hush(project, trigger=Trigger.HARM)

        (lifted,) = lift(project.store.events, project.clock, **PERSON, **about)

        assert lifted not in state(project).silences
        assert len(state(project).silences) == 2

    def test_knows_none_that_ran_out(self, project):
        """There is nothing to end."""
        TestSilence().hush(project, subject="tenure")
        project.clock.advance(2 * HOUR)

        assert lift(project.store.events, project.clock, **PERSON) == ()
