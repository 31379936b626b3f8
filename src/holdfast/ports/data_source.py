"""Where labelled or unlabelled rows come from: a file, a folder, memory, a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

__all__ = ["DataSource"]


class DataSource(Protocol):
    """A rectangular data set with named columns.

    Cells are typed (float64, boolean, text or timestamp); blank text and the usual
    missing-value codes have become null. Row order is the file's.
    """

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes as published (before decompression)."""
        ...

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns, as `read` gives them.

        Raises:
            DataFileError: If the data is missing, empty or unreadable.
        """
        ...

    def read(self) -> pa.Table:
        """Return all rows.

        Raises:
            DataFileError: If the data is missing, empty or unreadable.
        """
        ...

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the rows in order, at most `rows` at a time; same types in each batch."""
        ...

    def scan(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield each row once, as fast as can be, to be counted.

        Cells may be uncleaned, text dictionary-encoded, and batches come in any order.

        Args:
            columns: Those wanted; one that is not there is left out.
            rows: How many a batch should hold, about.

        Raises:
            DataFileError: If the data is missing, empty or unreadable.
        """
        ...
