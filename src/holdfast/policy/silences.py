"""For how long a person wants to hear nothing, and of what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.domain.events import AlertSilenced, SilenceLifted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from holdfast.domain.events import EventBody
    from holdfast.domain.evidence import Alert, Trigger

__all__ = ["Silence", "is_silenced", "silences_after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What is not told of, and until when.

    Attributes:
        until: From then on it is told of again.
        by: Who asked for it.
        reason: Why, in words; may be empty.
        incident_id: One incident; None: whatever has the trigger and the subject.
        trigger: None: any.
        subject: None: any.
    """

    until: datetime
    by: str
    reason: str
    incident_id: str | None = None
    trigger: Trigger | None = None
    subject: str | None = None

    @property
    def words(self) -> tuple[str | None, Trigger | None, str | None]:
        """What it is about; a later silence of the same words takes its place."""
        return self.incident_id, self.trigger, self.subject

    def covers(self, incident_id: str | None, alert: Alert, *, at: datetime) -> bool:
        """Return whether an alert is not told of at that time."""
        if at >= self.until:
            return False
        if self.incident_id is not None:
            return self.incident_id == incident_id
        return self.trigger in {None, alert.trigger} and self.subject in {None, alert.subject}


def is_silenced(
    silences: Iterable[Silence], incident_id: str | None, alert: Alert, *, at: datetime
) -> bool:
    """Return whether any silence covers an alert at that time."""
    return any(silence.covers(incident_id, alert, at=at) for silence in silences)


def silences_after(
    silences: tuple[Silence, ...], body: EventBody, *, at: datetime
) -> tuple[Silence, ...]:
    """Return the silences that stand after an event; those that ran out by then are let go.

    Args:
        silences: Those that stood before it.
        body: What happened.
        at: When.
    """
    match body:
        case AlertSilenced():
            new = Silence(
                until=body.until,
                by=body.by,
                reason=body.reason,
                incident_id=body.incident_id,
                trigger=body.trigger,
                subject=body.subject,
            )
            others = (one for one in silences if one.words != new.words)
            return tuple(one for one in (*others, new) if one.until > at)
        case SilenceLifted():
            lifted = (body.incident_id, body.trigger, body.subject)
            return tuple(one for one in silences if one.words != lifted)
    return silences
