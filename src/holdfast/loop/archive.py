"""Write days of the prediction log to files: what an export and the archive have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from holdfast.domain.keeping import LoggedDay
    from holdfast.ports.archive import Archive
    from holdfast.ports.retention import Retention

__all__ = ["Keeping", "archive_day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Where old rows go, and when."""

    log: Retention
    archive: Archive
    retention: timedelta  # age from which rows leave the log


def archive_day(log: Retention, archive: Archive, day: LoggedDay) -> int | None:
    """Write a day's file unless it stands there as the log has it now.

    Returns:
        How many rows the new file holds; None if there was nothing to do.

    Raises:
        ArchiveError: If the file cannot be written.
    """
    if archive.holds(day):
        return None
    return archive.write(day, log.rows(day), keep=day.n_dropped > 0)
