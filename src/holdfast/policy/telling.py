"""Whether people are told of an event about an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.events import AlertRaised, AlertResolved, AlertUpdated
from holdfast.policy.silences import is_silenced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from holdfast.domain.events import EventBody
    from holdfast.domain.evidence import Alert
    from holdfast.policy.incidents import Incident
    from holdfast.policy.silences import Silence

__all__ = ["is_told"]


def is_told(
    before: Sequence[Incident], body: EventBody, *, at: datetime, silences: Sequence[Silence]
) -> bool:
    """Return whether people are told of an event about an alert.

    Once is enough: a strong drift that lasts is alarmed again in nearly every bucket. An open
    incident is told again only if it gets louder, or if a silence kept it from being told. What
    is silenced is written down and not told, and what got quieter is not told at all. The end
    is told to whoever heard of the beginning, unless they have acknowledged it.

    Args:
        before: The incidents that were open before it.
        body: What happened.
        at: When.
        silences: Those that stood then.
    """
    if not isinstance(body, AlertRaised | AlertUpdated | AlertResolved):
        return False
    known = next((one for one in before if one.incident_id == body.incident_id), None)
    if is_silenced(silences, body.incident_id, body.alert, at=at):
        return False
    match body:
        case AlertRaised():
            return known is None or _is_news(known, body.alert)
        case AlertUpdated():
            return known is not None and _is_news(known, body.alert)
        case AlertResolved():
            return known is not None and known.told and known.acknowledged is None


def _is_news(known: Incident, alert: Alert) -> bool:
    """Return whether an open incident got louder, or nobody has heard of it yet."""
    louder = alert.severity.rank > known.severity.rank
    return louder or (not known.told and known.acknowledged is None)
