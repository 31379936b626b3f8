"""Which releases exist and which one is in production: projections of the event log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.ids import ModelVersion
    from holdfast.domain.releases import ReleaseRecord
    from holdfast.domain.stages import Stage

__all__ = ["Deployment", "ReleaseStore", "StagedRelease"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedRelease:
    """A release that stands beside the champion, and since when."""

    record: ReleaseRecord
    stage: Stage
    share: float | None  # of the requests that a canary answers; None for a shadow
    since: datetime
    seq: int  # the event that made it so; grows with each change
    until: datetime | None = None  # when the champion's probation ends; None of other stages


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What is in production, and since when."""

    champion: ReleaseRecord
    previous: ReleaseRecord | None
    since: datetime
    seq: int  # the event that put the champion there; grows with each change
    challenger: StagedRelease | None = None


class ReleaseStore(Protocol):
    """Reads of the release projections; only `EventLog.append` writes them."""

    def deployment(self) -> Deployment | None:
        """Return what is in production now, or None before the first promotion."""
        ...

    def deployment_at(self, moment: datetime) -> Deployment | None:
        """Return what was in production at a moment."""
        ...

    def release(self, version: ModelVersion) -> ReleaseRecord:
        """Return one release.

        Raises:
            UnknownReleaseError: If no release carries the version.
        """
        ...

    def releases(self) -> tuple[ReleaseRecord, ...]:
        """Return every release in order of registration."""
        ...
