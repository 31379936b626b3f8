"""Where labelled or unlabelled rows come from: a file, later a folder or a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    def read(self) -> pa.Table:
        """Return all rows.

        Raises:
            DataFileError: If the data is missing, empty or unreadable.
        """
        ...

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the rows in order, at most `rows` at a time; same types in each batch."""
        ...
