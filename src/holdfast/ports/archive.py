"""Where days of the prediction log are kept as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from holdfast.domain.keeping import ErasedFiles, LoggedDay

__all__ = ["Archive"]


class Archive(Protocol):
    """One file for each schema and UTC day, written whole or not at all."""

    def holds(self, day: LoggedDay) -> bool:
        """Return whether the day's file was written from this very state of the log.

        The file's bytes are read: a damaged one does not count.
        """
        ...

    def write(self, day: LoggedDay, rows: Iterable[pa.Table], *, keep: bool) -> int:
        """Write a day's file durably and return how many rows are in it.

        Args:
            day: Which day, and from which state.
            rows: As `Retention.rows` yields them.
            keep: Whether rows of the file that are not among these stay in it: of a day
                that was dropped in part they stand nowhere else.

        Raises:
            ArchiveError: If the file cannot be written, or the old one not be read.
        """
        ...

    def erase(self, entity: str) -> ErasedFiles:
        """Write every file anew that holds rows about an entity, without them.

        Raises:
            ArchiveError: If a file cannot be read or written.
        """
        ...
