"""Which alerts belong together: one incident from its first alarm until it is over.

What a monitor says is either an *edge*, an alarm of one moment after which the monitor begins
anew, or a *level*, which is said again at every tick for as long as it holds. Of both become
incidents: at most one is open for a champion, a trigger and a subject.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from holdfast.domain.canonical import digest
from holdfast.domain.events import (
    AlertAcknowledged,
    AlertRaised,
    AlertResolved,
    AlertUpdated,
)
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.policy.silences import is_silenced

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime, timedelta

    from holdfast.domain.events import EventBody
    from holdfast.domain.ids import ModelVersion
    from holdfast.policy.silences import Silence

__all__ = [
    "Acknowledgement",
    "AlertFinding",
    "Incident",
    "after",
    "follow",
    "incident_called",
    "over_at",
]

_UNHEARD = "nobody was told of it while it was silenced"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFinding:
    """What a monitor says at a tick.

    Attributes:
        alert: In words, with its figure.
        raised_at: For an alarm of one moment: when it was, which is the end of its bucket.
            None for what holds until it is gone.
        onset_at: Since when the world seems changed.
    """

    alert: Alert
    raised_at: datetime | None = None
    onset_at: datetime | None = None

    @property
    def about(self) -> tuple[Trigger, str]:
        """What the incident is about that it belongs to."""
        return self.alert.trigger, self.alert.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """A person's word that an incident is known."""

    by: str
    at: datetime
    reason: str
    severity: Severity  # how loud it was then: a louder one is told again


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One thing that is wrong, from its first alarm on.

    Attributes:
        incident_id: Of what it is about; the same for everybody who hears of it.
        champion: In production when it began; it ends with the champion.
        alert: As it was said last.
        severity: The loudest so far.
        edge: Whether an alarm of one moment was among what was said.
        opened_at: When it was written down.
        raised_at: When its first alarm was; of a level, when it was written down.
        last_at: When its last alarm was.
        onset_at: Since when the world seems changed, if that was estimated.
        n_alarms: How often it was alarmed.
        told: Whether people were told of it, or would have been but for a later silence.
        acknowledged: A person's word that it is known.
    """

    incident_id: str
    champion: ModelVersion
    alert: Alert
    severity: Severity
    edge: bool
    opened_at: datetime
    raised_at: datetime
    last_at: datetime
    onset_at: datetime | None = None
    n_alarms: int = 1
    told: bool = True
    acknowledged: Acknowledgement | None = None

    @property
    def about(self) -> tuple[Trigger, str]:
        """Trigger and subject, of which the champion has no other open incident."""
        return self.alert.trigger, self.alert.subject


def follow(
    open: Sequence[Incident],  # noqa: A002 - the incidents that are open; no file is opened here
    findings: Iterable[AlertFinding],
    *,
    now: datetime,
    champion: ModelVersion,
    window: timedelta,
    silences: Sequence[Silence] = (),
    unjudged: Collection[Trigger] = (),
) -> tuple[EventBody, ...]:
    """Return what is to be written down of a tick's findings; nothing if nothing is new.

    Args:
        open: The incidents that are open, by `after`.
        findings: What the monitors say, in any order.
        now: When.
        champion: Who is in production; incidents of another end.
        window: The least time of quiet after which an alarm of one moment is over.
        silences: Those that stand.
        unjudged: What could not be looked at in this tick: its incidents stay as they are.
    """
    said = _sorted(findings)
    bodies: list[EventBody] = []
    mine = tuple(one for one in open if one.champion == champion)
    for finding in said:
        known = next((one for one in mine if one.about == finding.about), None)
        body = _opening(finding, champion, now) if known is None else _telling(known, finding)
        if body is not None:
            bodies.append(body)
            mine = after(mine, body, at=now, champion=champion, silences=silences)
    held: set[Trigger | tuple[Trigger, str]] = {finding.about for finding in said}
    others = [one for one in open if one.champion != champion]
    endings = [
        _ending(one, now, champion, window=window, held={*held, *unjudged})
        for one in (*others, *mine)
    ]
    ended = {body.incident_id: body for body in endings if body is not None}
    return (*bodies, *_unheard(mine, ended, now, silences), *ended.values())


def after(
    open: tuple[Incident, ...],  # noqa: A002 - as above
    body: EventBody,
    *,
    at: datetime,
    champion: ModelVersion | None,
    silences: Sequence[Silence] = (),
) -> tuple[Incident, ...]:
    """Return the incidents that are open after an event, in the order in which they began.

    Args:
        open: Those that were open before it.
        body: What happened.
        at: When.
        champion: Who was in production then: what is said of another release is no incident.
        silences: Those that stood then.
    """
    match body:
        case AlertRaised(incident_id=str() as new_id) if body.model_version == champion:
            new = _opened(body, new_id, at, silences)
            known = next((one for one in open if _same(one, new)), None)
            if known is None:
                return (*open, new)
            return _with(open, _further(known, new.alert, new.last_at, at, silences))
        case AlertUpdated(incident_id=incident_id, alert=alert, raised_at=raised_at):
            return tuple(
                _further(one, alert, raised_at, at, silences)
                if one.incident_id == incident_id
                else one
                for one in open
            )
        case AlertResolved(incident_id=incident_id):
            return tuple(one for one in open if one.incident_id != incident_id)
        case AlertAcknowledged(incident_id=incident_id, by=by, reason=reason):
            return tuple(
                replace(one, acknowledged=_known(one, by, reason, at))
                if one.incident_id == incident_id
                else one
                for one in open
            )
    return open


def incident_called(champion: ModelVersion, alert: Alert, *, since: datetime) -> str:
    """Return the id of the incident that an alert opens: the same, whoever works it out.

    Args:
        champion: In production when it began.
        alert: Says what it is about.
        since: When its first alarm was.
    """
    return f"i-{digest([champion, alert.trigger, alert.subject, since])[:10]}"


def over_at(incident: Incident, *, window: timedelta) -> datetime:
    """Return when an alarm of one moment is over, if nothing more is heard of it.

    A change that took long to be found takes long to be found again.

    Args:
        incident: Of alarms of one moment.
        window: The least time of quiet.
    """
    onset = incident.onset_at or incident.raised_at
    return incident.last_at + max(window, 2 * (incident.raised_at - onset))


def _sorted(findings: Iterable[AlertFinding]) -> list[AlertFinding]:
    """Return each alarm once, as loud as it was said, in the order of time; levels last."""
    loudest: dict[tuple[object, ...], AlertFinding] = {}
    for finding in findings:
        key = (*finding.about, finding.raised_at)
        said = loudest.get(key)
        if said is None or said.alert.severity.rank < finding.alert.severity.rank:
            loudest[key] = finding
    return sorted(
        loudest.values(), key=lambda one: (one.raised_at is None, one.raised_at or 0, one.about)
    )


def _opening(finding: AlertFinding, champion: ModelVersion, now: datetime) -> AlertRaised:
    return AlertRaised(
        alert=finding.alert,
        model_version=champion,
        incident_id=incident_called(champion, finding.alert, since=finding.raised_at or now),
        onset_at=finding.onset_at,
        raised_at=finding.raised_at,
        edge=finding.raised_at is not None,
    )


def _telling(known: Incident, finding: AlertFinding) -> AlertUpdated | None:
    """Return what a finding adds to its open incident: an alarm, or another loudness."""
    raised_at = finding.raised_at
    anew = raised_at is not None and raised_at > known.last_at
    was, now = known.alert.severity, finding.alert.severity
    if not anew and was is now:
        return None
    changed = f"{'louder' if now.rank > was.rank else 'quieter'} than before, when it was {was}"
    said = ["alarmed again"] if anew else []
    return AlertUpdated(
        incident_id=known.incident_id,
        alert=finding.alert,
        model_version=known.champion,
        reason="; ".join([*said, *([changed] if was is not now else [])]),
        onset_at=finding.onset_at,
        raised_at=raised_at if anew else None,
    )


def _ending(
    incident: Incident,
    now: datetime,
    champion: ModelVersion,
    *,
    window: timedelta,
    held: Collection[Trigger | tuple[Trigger, str]],
) -> AlertResolved | None:
    if incident.champion != champion:
        why = f"{champion} is in production in place of {incident.champion}"
    elif incident.about in held or _is_unsaid(incident, held):
        return None
    elif not incident.edge:
        why = "it is gone"
    elif now < over_at(incident, window=window):
        return None
    else:
        why = f"quiet since {incident.last_at:%Y-%m-%d %H:%M} UTC"
    return AlertResolved(
        incident_id=incident.incident_id,
        alert=replace(incident.alert, severity=incident.severity),
        model_version=incident.champion,
        reason=why,
    )


def _is_unsaid(incident: Incident, held: Collection[Trigger | tuple[Trigger, str]]) -> bool:
    """Return whether that nothing is said of an incident means nothing.

    What a server says, no tick looks at: a release that it could not load stays so, and rows
    that fail are told of when they come.
    """
    if incident.alert.trigger is Trigger.SERVING:
        return incident.alert.statistic is None
    return incident.alert.trigger in held


def _unheard(
    mine: Iterable[Incident],
    ended: Collection[str],
    now: datetime,
    silences: Sequence[Silence],
) -> Iterator[AlertUpdated]:
    """Yield what began in silence and goes on after it: somebody has to hear of it."""
    for one in mine:
        silent = is_silenced(silences, one.incident_id, one.alert, at=now)
        if one.told or silent or one.acknowledged is not None or one.incident_id in ended:
            continue
        yield AlertUpdated(
            incident_id=one.incident_id,
            alert=one.alert,
            model_version=one.champion,
            reason=_UNHEARD,
        )


def _opened(
    body: AlertRaised, incident_id: str, at: datetime, silences: Sequence[Silence]
) -> Incident:
    return Incident(
        incident_id=incident_id,
        champion=body.model_version,
        alert=body.alert,
        severity=body.alert.severity,
        edge=body.edge,
        opened_at=at,
        raised_at=body.raised_at or at,
        last_at=body.raised_at or at,
        onset_at=body.onset_at,
        told=not is_silenced(silences, incident_id, body.alert, at=at),
    )


def _further(
    known: Incident,
    alert: Alert,
    raised_at: datetime | None,
    at: datetime,
    silences: Sequence[Silence],
) -> Incident:
    """Return an incident after it was said again."""
    silent = is_silenced(silences, known.incident_id, alert, at=at)
    return replace(
        known,
        alert=alert,
        severity=max(known.severity, alert.severity, key=lambda one: one.rank),
        edge=known.edge or raised_at is not None,
        last_at=known.last_at if raised_at is None else max(known.last_at, raised_at),
        n_alarms=known.n_alarms + (raised_at is not None),
        told=known.told or not silent,
    )


def _known(incident: Incident, by: str, reason: str, at: datetime) -> Acknowledgement:
    return Acknowledgement(by=by, at=at, reason=reason, severity=incident.severity)


def _same(known: Incident, new: Incident) -> bool:
    of_it = known.champion == new.champion and known.about == new.about
    return of_it or known.incident_id == new.incident_id


def _with(incidents: tuple[Incident, ...], changed: Incident) -> tuple[Incident, ...]:
    return tuple(changed if one.incident_id == changed.incident_id else one for one in incidents)
