"""Events about alerts: raised, told again, over; and what people did about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from holdfast.domain.evidence import Alert, Trigger
from holdfast.domain.ids import ModelVersion

__all__ = [
    "AlertAcknowledged",
    "AlertRaised",
    "AlertResolved",
    "AlertSilenced",
    "AlertUpdated",
    "SilenceLifted",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised:
    """Something became worth a person's attention."""

    alert: Alert
    model_version: ModelVersion
    incident_id: str | None = None  # that it opens; None: it was said once and opens none
    onset_at: datetime | None = None  # since when the world seems changed
    raised_at: datetime | None = None  # end of the bucket that alarmed; None: when it was written
    edge: bool = False  # an alarm of one moment; else something that holds until it is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertUpdated:
    """An open incident was alarmed again, or got louder or quieter."""

    incident_id: str
    alert: Alert
    model_version: ModelVersion
    reason: str
    onset_at: datetime | None = None
    raised_at: datetime | None = None  # of a new alarm; None: there was none


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertResolved:
    """An incident is over."""

    incident_id: str
    alert: Alert  # as it was said last
    model_version: ModelVersion
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAcknowledged:
    """A person knows of an incident: it is told again only if it gets louder."""

    incident_id: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSilenced:
    """A person wants to hear nothing, for a time, of an incident or of what fits the words."""

    until: datetime
    by: str
    reason: str
    incident_id: str | None = None
    trigger: Trigger | None = None  # None: any
    subject: str | None = None  # None: any


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceLifted:
    """A person ended a silence before its time; one of the same words."""

    by: str
    incident_id: str | None = None
    trigger: Trigger | None = None
    subject: str | None = None
