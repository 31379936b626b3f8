"""How old rows leave the prediction log, and how a person is erased from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    import pyarrow as pa

    from holdfast.domain.keeping import DroppedDay, Erasure, LoggedDay, LogSchema, Removed
    from holdfast.ports.lease import Fence

__all__ = ["Retention"]


class Retention(Protocol):
    """The prediction log by UTC days, and the only ways by which rows leave it."""

    def schemas(self) -> tuple[LogSchema, ...]:
        """Return the schema of every prediction table."""
        ...

    def head(self, schema: LogSchema) -> str:
        """Return the cursor behind the newest row, as `PredictionLog.read` gives it."""
        ...

    def days(
        self, schema: LogSchema, *, since: date | None, until: date | None, up_to: str
    ) -> tuple[LoggedDay, ...]:
        """Return the days that hold rows, oldest first.

        Args:
            schema: Which table.
            since: The first day that counts; None takes the oldest.
            until: The first day that does not count any more; None takes the newest.
            up_to: A cursor; rows that were committed later are not looked at.
        """
        ...

    def rows(self, day: LoggedDay) -> Iterator[pa.Table]:
        """Yield the rows of a day with their labels, of every role, in bounded pieces.

        Columns: `domain.keeping.ARCHIVE_COLUMNS`, then the features in contract order, in
        the order of predictions. A feature may bear the name of one of the first. No
        transaction stays open between two pieces.
        """
        ...

    def drop(self, day: LoggedDay, *, fence: Fence | None = None) -> Removed:
        """Delete the rows of a day with their labels and request keys, in short transactions.

        Only what was there when the day was looked at: a row that came later stays, and so
        does one whose label came later. Counts of predictions follow. A crash leaves a
        part of the day; to drop it again finishes the work.

        Raises:
            LeaseLostError: If the fence is outdated; earlier pieces stay dropped.
        """
        ...

    def unreported(self) -> tuple[DroppedDay, ...]:
        """Return the days of which more was dropped than `mark_reported` was told."""
        ...

    def mark_reported(self, days: Sequence[DroppedDay]) -> None:
        """Remember that the log of events tells of these."""
        ...

    def erase(self, entity: str, *, at: datetime, fence: Fence | None = None) -> Erasure:
        """Delete all about an entity, in one transaction, and leave a tombstone.

        Predictions of every schema and role, their labels and request keys, and labels
        that name the entity. From then on the ledger takes no label for it that belongs
        to no prediction made since. Doing so twice is harmless.

        Raises:
            LeaseLostError: If the fence is outdated.
        """
        ...

    def scrub(self) -> bool:
        """Rewrite the store's files so that deleted bytes are in none of them.

        Returns:
            False if a reader held on to old pages meanwhile: then do it again.

        Raises:
            StoreUnavailableError: If the disk has no room for a second copy of the store.
        """
        ...
