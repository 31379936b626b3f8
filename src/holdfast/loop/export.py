"""Export the prediction log with its labels, one file a schema and UTC day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.loop.archive import archive_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from holdfast.ports.archive import Archive
    from holdfast.ports.retention import Retention

__all__ = ["Exported", "export"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export did."""

    n_days: int  # in the log, within the stretch that was asked for
    n_written: int  # files written, or written again
    n_rows: int  # in the log of those days


def export(
    log: Retention,
    archive: Archive,
    *,
    since: date | None = None,
    until: date | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> Exported:
    """Write every day's file that does not stand there already; run again, it goes on.

    Args:
        log: Whose rows.
        archive: Where the files go.
        since: The first UTC day; None takes the oldest.
        until: The first UTC day that is left out; None takes all.
        on_rows: Told after each day how many rows it has.

    Raises:
        ArchiveError: If a file cannot be written; the days before stay written.
    """
    n_days = n_written = n_rows = 0
    for schema in log.schemas():
        for day in log.days(schema, since=since, until=until, up_to=log.head(schema)):
            n_written += archive_day(log, archive, day) is not None
            n_days, n_rows = n_days + 1, n_rows + day.n_rows
            if on_rows is not None:
                on_rows(day.n_rows)
    return Exported(n_days=n_days, n_written=n_written, n_rows=n_rows)
