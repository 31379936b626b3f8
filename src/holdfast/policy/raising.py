"""What is alarmed after a tick's findings: which incidents are open, and since when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from holdfast.domain.events import AlertRaised
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.policy.incidents import AlertFinding, Incident, after, follow
from holdfast.policy.policies import BENIGN, HARM, DecisionPolicy
from holdfast.policy.weighing import Evidence, harmed, rows_to_see

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime, timedelta

    from holdfast.domain.events import EventBody
    from holdfast.domain.ids import ModelVersion
    from holdfast.policy.transitions import ControlState

__all__ = ["NOT_OF_A_TICK", "Alarmed", "alarmed", "harmless", "hushed", "n_telling"]

NOT_OF_A_TICK = frozenset({Trigger.SERVING, Trigger.PROBATION, Trigger.REGISTRY})
"""What others than a tick's monitors say; a tick that is silent about it does not end it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarmed:
    """Where the alerts stand after a tick's findings.

    Attributes:
        bodies: What is to be written down of it.
        incidents: Those of the champion that are open then.
    """

    bodies: tuple[EventBody, ...]
    incidents: tuple[Incident, ...]

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """What is alarmed now, loudest first."""
        alerts = (incident.alert for incident in self.incidents)
        return tuple(sorted(alerts, key=lambda alert: -alert.severity.rank))

    @property
    def harmed_since(self) -> datetime | None:
        """Since when the model does worse, as far as its monitors have told."""
        return self._since(HARM)

    @property
    def drifted_since(self) -> datetime | None:
        """Since when features, scores or labels drift, as far as their monitors have told."""
        return self._since(BENIGN)

    @property
    def fresh(self) -> tuple[Alert, ...]:
        """What is said for the first time."""
        return tuple(body.alert for body in self.bodies if isinstance(body, AlertRaised))

    def _since(self, triggers: frozenset[Trigger]) -> datetime | None:
        told = (one.onset_at for one in self.incidents if one.alert.trigger in triggers)
        return min((at for at in told if at is not None), default=None)


def alarmed(
    state: ControlState,
    findings: Sequence[AlertFinding],
    *,
    champion: ModelVersion,
    now: datetime,
    window: timedelta,
    unjudged: Collection[Trigger] = (),
) -> Alarmed:
    """Put a tick's findings to the incidents that are open.

    Args:
        state: The fold of the event log.
        findings: What the monitors say.
        champion: Whom they are about.
        now: The tick's moment.
        window: The least time of quiet after which an alarm is over.
        unjudged: What could not be looked at: its incidents stay as they are.
    """
    bodies = follow(
        state.incidents,
        findings,
        now=now,
        champion=champion,
        window=window,
        silences=state.silences,
        unjudged={*NOT_OF_A_TICK, *unjudged},
    )
    incidents = state.incidents
    for body in bodies:
        incidents = after(incidents, body, at=now, champion=champion, silences=state.silences)
    return Alarmed(bodies=bodies, incidents=incidents)


def harmless(
    found: Alarmed,
    evidence: Evidence,
    policy: DecisionPolicy,
    *,
    n_since: Callable[[datetime], int],
) -> frozenset[tuple[Trigger, str]]:
    """Return which of the drifts that are alarmed have had their chance to do harm, and did not.

    What the project's policy retrains on is no mere note to it, and is never among them.

    Args:
        found: What is alarmed.
        evidence: Whether anything says that the model does worse.
        policy: Gives the rise of errors that must have had its chance to show.
        n_since: How many mature labelled rows of the champion's own come after a moment.
    """
    if harmed(evidence):
        return frozenset()
    enough = rows_to_see(policy.tolerance)
    return frozenset(
        one.about
        for one in found.incidents
        if one.alert.trigger in BENIGN - policy.acts_on
        and n_since(one.onset_at or one.raised_at) >= enough
    )


def n_telling(found: Alarmed, *, n_since: Callable[[datetime], int]) -> int | None:
    """Return how many labelled rows come after the drift that began last; None without any.

    Args:
        found: What is alarmed.
        n_since: How many mature labelled rows of the champion's own come after a moment.
    """
    drifts = (one for one in found.incidents if one.alert.trigger in BENIGN)
    return min((n_since(one.onset_at or one.raised_at) for one in drifts), default=None)


def hushed(
    findings: Sequence[AlertFinding],
    found: Alarmed,
    quiet: frozenset[tuple[Trigger, str]],
) -> tuple[AlertFinding, ...]:
    """Return the findings with some of them as notes; what is open already is said again once.

    Args:
        findings: Of the tick.
        found: What they came to as they were.
        quiet: What does no harm; see `harmless`.
    """
    again = (
        AlertFinding(alert=one.alert, raised_at=one.last_at, onset_at=one.onset_at)
        for one in found.incidents
        if one.edge and one.alert.severity is not Severity.INFO
    )
    said = {finding.about for finding in findings}
    everything = (*findings, *(one for one in again if one.about in quiet - said))
    return tuple(_as_note(one) if one.about in quiet else one for one in everything)


def _as_note(finding: AlertFinding) -> AlertFinding:
    if finding.alert.severity is Severity.CRITICAL:
        return finding
    return replace(finding, alert=replace(finding.alert, severity=Severity.INFO))
