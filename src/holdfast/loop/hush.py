"""Write down that a person knows of an incident, or wants to hear nothing for a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.errors import InputError, UnknownIncidentError
from holdfast.domain.events import AlertAcknowledged, AlertSilenced, SilenceLifted
from holdfast.policy.transitions import fold
from holdfast.ports.event_log import Draft

if TYPE_CHECKING:
    from datetime import timedelta

    from holdfast.domain.evidence import Trigger
    from holdfast.policy.incidents import Incident
    from holdfast.policy.silences import Silence
    from holdfast.ports.clock import Clock
    from holdfast.ports.event_log import EventLog

__all__ = ["acknowledge", "lift", "silence"]


def acknowledge(
    events: EventLog, clock: Clock, wanted: str, *, by: str, reason: str, actor: str
) -> Incident:
    """Write down that a person knows of an incident; it is told again only if it gets louder.

    Args:
        events: The project's.
        clock: Dates it.
        wanted: The incident's id, or a beginning of it that no other open one shares.
        by: Who knows.
        reason: In words; may be empty.
        actor: By which way they said so.

    Raises:
        UnknownIncidentError: If no open incident, or more than one, is called so.
        StoreUnavailableError: If it could not be written down.
    """
    incident = _called(events, wanted)
    body = AlertAcknowledged(incident_id=incident.incident_id, by=by, reason=reason)
    events.append([Draft(body=body, actor=actor)], at=clock.now())
    return incident


def silence(
    events: EventLog,
    clock: Clock,
    *,
    lasts: timedelta,
    by: str,
    reason: str,
    actor: str,
    wanted: str | None = None,
    trigger: Trigger | None = None,
    subject: str | None = None,
) -> AlertSilenced:
    """Write down that nothing is to be told for a time, of an incident or of what fits.

    Args:
        events: The project's.
        clock: Dates it.
        lasts: How long.
        by: Who asks for it.
        reason: In words; may be empty.
        actor: By which way they said so.
        wanted: One incident, by its id or a beginning of it.
        trigger: Else what the alerts are about; None: any.
        subject: And of what: a feature's name, a metric; None: any.

    Raises:
        InputError: If it is said of nothing, of both, or for no time.
        UnknownIncidentError: If no open incident, or more than one, is called so.
        StoreUnavailableError: If it could not be written down.
    """
    named = trigger is not None or subject is not None
    if (wanted is None) is not named:
        raise InputError(
            "Say what to silence: an incident's id, or --trigger or --subject, and not both."
        )
    now = clock.now()
    try:
        until = now + lasts
    except OverflowError as error:
        raise InputError("No calendar reaches so far. Silence for a shorter time.") from error
    if until <= now:
        raise InputError("A silence of no length was asked for. Name a time such as 8h.")
    incident_id = None if wanted is None else _called(events, wanted).incident_id
    body = AlertSilenced(
        until=until,
        by=by,
        reason=reason,
        incident_id=incident_id,
        trigger=trigger,
        subject=subject,
    )
    events.append([Draft(body=body, actor=actor)], at=now)
    return body


def lift(
    events: EventLog,
    clock: Clock,
    *,
    by: str,
    actor: str,
    wanted: str | None = None,
    trigger: Trigger | None = None,
    subject: str | None = None,
) -> tuple[Silence, ...]:
    """End silences before their time and return them; all of them if nothing is named.

    Args:
        events: The project's.
        clock: Dates it.
        by: Who wants to hear again.
        actor: By which way they said so.
        wanted: Those of one incident, by its id or a beginning of it.
        trigger: Those of this trigger.
        subject: Those of this subject.
    """
    now = clock.now()
    standing = [one for one in fold(events.events()).silences if one.until > now]
    meant = tuple(
        one
        for one in standing
        if (wanted is None or (one.incident_id or "").startswith(wanted))
        and trigger in {None, one.trigger}
        and subject in {None, one.subject}
    )
    drafts = [
        Draft(
            body=SilenceLifted(
                by=by, incident_id=one.incident_id, trigger=one.trigger, subject=one.subject
            ),
            actor=actor,
        )
        for one in meant
    ]
    events.append(drafts, at=now)
    return meant


def _called(events: EventLog, wanted: str) -> Incident:
    found = [
        one
        for one in fold(events.events()).incidents
        if wanted and one.incident_id.removeprefix("i-").startswith(wanted.removeprefix("i-"))
    ]
    if len(found) != 1 or wanted == "i-":
        raise UnknownIncidentError(wanted)
    return found[0]
