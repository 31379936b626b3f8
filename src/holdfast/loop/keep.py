"""Drop what is older than the retention, once it stands in the archive, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.domain.errors import StateError
from holdfast.domain.events import RowsDropped
from holdfast.domain.keeping import Removed
from holdfast.loop.archive import archive_day
from holdfast.loop.control import incumbent
from holdfast.loop.hold import held
from holdfast.loop.profile import counted_until
from holdfast.ports.event_log import Draft

if TYPE_CHECKING:
    from datetime import date, datetime

    from holdfast.domain.keeping import LogSchema
    from holdfast.loop.archive import Keeping
    from holdfast.loop.control import ControlPorts, Incumbent
    from holdfast.ports.lease import Fence

__all__ = ["Kept", "keep", "keep_by_hand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What retention did."""

    until: date  # rows predicted before this UTC day are to leave the log
    n_days: int  # of which something was dropped; counted once a schema
    removed: Removed
    uncounted: bool = False  # nothing of the champion's rows is counted yet: they stay


def keep_by_hand(ports: ControlPorts, *, actor: str, holder: str) -> Kept:
    """Do as a tick does with old rows, now.

    Raises:
        StateError: If no retention is set, or a control loop is at work.
        NoChampionError: If nothing is in production yet.
        ArchiveError: If a file cannot be written.
    """
    with held(ports.lease, holder=holder) as fence:
        if fence is None:
            raise StateError("A control loop is at work now. Try again when its tick is done.")
        now = ports.clock.now()
        kept = keep(ports, incumbent(ports), actor=actor, now=now, fence=fence)
    if kept is None:
        raise StateError(
            "No retention is set, so that nothing grows too old. "
            'Set one in holdfast.toml: [store] retention = "400d"'
        )
    return kept


def keep(
    ports: ControlPorts, champion: Incumbent, *, actor: str, now: datetime, fence: Fence
) -> Kept | None:
    """Archive and drop whole UTC days that are older than the retention.

    A day is dropped only once its file is on disk and its bytes were read back. Rows that
    no tick has counted stay: the monitors would never see them. A crash at any point loses
    nothing and doubles nothing; the next time goes on from there.

    Args:
        ports: The control plane's ports.
        champion: Whose rows the monitors count.
        actor: Who runs it, for the audit.
        now: The tick's moment.
        fence: The lease under which this runs.

    Returns:
        None if no retention is set.

    Raises:
        ArchiveError: If a file cannot be written; what was dropped before stays dropped.
        LeaseLostError: If another control loop took over.
    """
    keeping = ports.keeping
    if keeping is None:
        return None
    until = (now - keeping.retention).date()
    removed, n_days, uncounted = Removed(), 0, False
    for schema in keeping.log.schemas():
        up_to = _seen(ports, keeping, schema, champion)
        if up_to is None:
            uncounted = True
            continue
        for part in _dropped(keeping, schema, until=until, up_to=up_to, fence=fence):
            removed, n_days = removed + part, n_days + 1
    _report(ports, keeping, actor=actor, now=now, fence=fence)
    return Kept(until=until, n_days=n_days, removed=removed, uncounted=uncounted)


def _seen(
    ports: ControlPorts, keeping: Keeping, schema: LogSchema, champion: Incumbent
) -> str | None:
    """Return the cursor up to which the monitors have no more need of a schema's rows."""
    if schema.digest != champion.contract.schema_digest:
        return keeping.log.head(schema)  # of a former model: nothing counts them any more
    return counted_until(ports.profiles, champion)


def _dropped(
    keeping: Keeping, schema: LogSchema, *, until: date, up_to: str, fence: Fence
) -> list[Removed]:
    """Archive and drop a schema's days before one; return what each gave up."""
    removed = []
    for day in keeping.log.days(schema, since=None, until=until, up_to=up_to):
        archive_day(keeping.log, keeping.archive, day)
        if not keeping.archive.holds(day):
            continue  # what was written is not what is read: the rows stay where they are safe
        removed.append(keeping.log.drop(day, fence=fence))
    return removed


def _report(
    ports: ControlPorts, keeping: Keeping, *, actor: str, now: datetime, fence: Fence
) -> None:
    """Write down what was dropped, also what a crash kept from being told."""
    days = keeping.log.unreported()
    if not days:
        return
    drafts = [
        Draft(
            body=RowsDropped(
                schema_digest=day.schema_digest,
                day=day.day.isoformat(),
                n_predictions=day.removed.n_predictions,
                n_labels=day.removed.n_labels,
                n_request_keys=day.removed.n_request_keys,
            ),
            actor=actor,
            key=f"dropped/{day.schema_digest}/{day.day}/{day.removed.n_predictions}",
        )
        for day in days
    ]
    ports.events.append(drafts, at=now, fence=fence)
    keeping.log.mark_reported(days)
