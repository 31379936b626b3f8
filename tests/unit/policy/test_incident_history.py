"""All incidents that ever were."""

from __future__ import annotations

from datetime import timedelta

from holdfast.domain.events import AlertRaised, AlertResolved, EventBody
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.policy.incident_history import history
from holdfast.ports.event_log import Draft
from holdfast.testing.project import START, MemoryProject

V1 = ModelVersion("v1")
DAY = timedelta(days=1)


def alert(subject):
    return Alert(
        trigger=Trigger.HARM, severity=Severity.WARNING, subject=subject, message="it rose"
    )


class TestHistory:
    def test_has_those_that_are_over_beside_those_that_are_open(self):
        """In the order in which they began, with the reason of their end."""
        project = MemoryProject()
        project.deploy()
        bodies: list[EventBody] = [
            AlertRaised(alert=alert("a"), model_version=V1, incident_id="i-1"),
            AlertRaised(alert=alert("b"), model_version=V1, incident_id="i-2"),
            AlertResolved(alert=alert("a"), model_version=V1, incident_id="i-1", reason="quiet"),
        ]
        for n, body in enumerate(bodies):
            project.store.events.append([Draft(body=body, actor="control")], at=START + n * DAY)

        first, second = history(project.events)

        assert (first.incident.incident_id, first.over_at, first.why) == (
            "i-1",
            START + 2 * DAY,
            "quiet",
        )
        assert (second.incident.incident_id, second.over_at) == ("i-2", None)
