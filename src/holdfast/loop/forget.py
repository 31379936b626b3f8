"""Erase a person: from the log, the labels, the request keys and the archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.domain.errors import StateError
from holdfast.domain.events import EntityErased
from holdfast.domain.keeping import ErasedFiles
from holdfast.loop.hold import held
from holdfast.ports.event_log import Draft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.keeping import Removed
    from holdfast.ports.archive import Archive
    from holdfast.ports.clock import Clock
    from holdfast.ports.event_log import EventLog
    from holdfast.ports.lease import Lease
    from holdfast.ports.retention import Retention

__all__ = ["Forgotten", "forget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What an erasure did."""

    erasure_id: str
    removed: Removed  # from the store, by this and earlier erasures of the same entity
    files: ErasedFiles
    scrubbed: bool  # False: a reader kept old pages of the store's file in use


def forget(
    log: Retention,
    archives: Sequence[Archive],
    events: EventLog,
    entity: str,
    *,
    lease: Lease,
    clock: Clock,
    actor: str,
    holder: str,
) -> Forgotten:
    """Erase all about an entity; run again after a crash, it finishes the work.

    The tombstone comes first, so that no label brings the name back meanwhile; the event,
    which does not name the entity, comes last.

    Args:
        log: Where its rows are.
        archives: The archive, and exports that are to forget as well.
        events: Where it is written down.
        entity: Whom to erase, as predictions name it.
        lease: Held all the while: nothing is archived beside.
        clock: Says when.
        actor: Who runs it, for the audit.
        holder: Names this process to others that ask for the lease.

    Raises:
        StateError: If a control loop is at work.
        ArchiveError: If a file cannot be read or written; then run it again.
        StoreUnavailableError: If the store cannot be written.
    """
    with held(lease, holder=holder) as fence:
        if fence is None:
            raise StateError("A control loop is at work now. Try again when its tick is done.")
        now = clock.now()
        erasure = log.erase(entity, at=now, fence=fence)
        files = ErasedFiles()
        for archive in archives:
            files += archive.erase(entity)
        scrubbed = log.scrub()
        body = EntityErased(
            erasure_id=erasure.erasure_id,
            n_predictions=erasure.removed.n_predictions,
            n_labels=erasure.removed.n_labels,
            n_request_keys=erasure.removed.n_request_keys,
            n_archived_rows=files.n_rows,
        )
        events.append([Draft(body=body, actor=actor)], at=now, fence=fence)
    return Forgotten(
        erasure_id=erasure.erasure_id, removed=erasure.removed, files=files, scrubbed=scrubbed
    )
