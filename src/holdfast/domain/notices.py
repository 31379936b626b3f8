"""What people are told of an alert: words that can be understood at night."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from holdfast.domain.evidence import Alert
    from holdfast.domain.ids import EventId, ModelVersion

__all__ = ["Notice", "NoticeKind"]

_LONGEST_TITLE = 120  # characters; mail programs and telephones show no more of a line


class NoticeKind(StrEnum):
    """What is said of an alert."""

    RAISED = "raised"
    UPDATED = "updated"
    RESOLVED = "resolved"
    TRIED = "tried"  # to see whether it arrives


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message to people; a repetition bears the same ids.

    Attributes:
        kind: What is said of the alert.
        alert: What is wrong, in words, with its figure.
        model_version: The release that it is about; None of a trial.
        event_id: Of the event that says so, with which `holdfast explain` tells more.
        at: When that was written down.
        incident_id: The same for all that is said of one thing; None: it is said once.
        since: When the change seems to have begun.
        reason: What is new, or why it is over.
        deeds: What the loop did about it, in order.
    """

    kind: NoticeKind
    alert: Alert
    model_version: ModelVersion | None
    event_id: EventId
    at: datetime
    incident_id: str | None = None
    since: datetime | None = None
    reason: str = ""
    deeds: tuple[str, ...] = ()

    def title(self, model_name: str) -> str:
        """Return how bad it is, of which model, and what, in one line."""
        title = " ".join(f"[{self._loudness}] {model_name}: {self.alert.message}".split())
        return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"

    def body(self, model_name: str, *, dashboard: str | None = None) -> str:
        """Return all of it, line by line.

        Args:
            model_name: The project's model.
            dashboard: Where a person can look, if the project has said so.
        """
        if self.kind is NoticeKind.TRIED:
            return f"{self.alert.message}\n\nSent: {self.at:%Y-%m-%d %H:%M} UTC"
        seen = [] if dashboard is None else [f"Dashboard: {dashboard}"]
        return "\n".join([*self._lines(model_name), *self._further(), *seen])

    @property
    def _loudness(self) -> str:
        severity = self.alert.severity.upper()
        match self.kind:
            case NoticeKind.UPDATED:
                return f"STILL {severity}"
            case NoticeKind.RESOLVED:
                return "OVER"
            case NoticeKind.TRIED:
                return "TEST"
        return severity

    def _lines(self, model_name: str) -> Iterator[str]:
        yield self.alert.message
        yield ""
        if self.reason:
            yield f"{'Over' if self.kind is NoticeKind.RESOLVED else 'New'}: {self.reason}"
        if self.since is not None:
            yield f"Since: about {self.since:%Y-%m-%d %H:%M} UTC"
        yield f"Found: {self.at:%Y-%m-%d %H:%M} UTC"
        if self.alert.statistic is not None:
            yield f"Figure: {self.alert.statistic:.4g}"
        about = self.alert.trigger.replace("_", " ")
        yield f"About: {self.alert.subject} ({about}, {self.alert.severity})"
        if self.model_version is not None:
            yield f"Model: {model_name} {self.model_version}"
        yield from (f"What the loop did: {deed}" for deed in self.deeds)

    def _further(self) -> Iterator[str]:
        yield ""
        yield f"To look further: holdfast explain {self.event_id}"
        if self.incident_id is not None and self.kind is not NoticeKind.RESOLVED:
            yield f"To say that you know: holdfast alerts ack {self.incident_id}"
        if self.incident_id is not None:
            yield f"Incident: {self.incident_id}"
