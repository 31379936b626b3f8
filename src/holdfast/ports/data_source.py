"""Where labelled or unlabelled rows come from: a file, a folder, memory, a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

__all__ = ["DataSource", "DividedSource", "Part"]


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


class Part(Protocol):
    """Some of a source's rows."""

    def scan(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield each row of the part once; see `DataSource.scan`."""
        ...


@runtime_checkable
class DividedSource(Protocol):
    """A source whose parts can be read at the same time, each by a thread of its own."""

    def parts(self, n: int) -> Sequence[Part]:
        """Divide the rows.

        Args:
            n: How many parts are wanted at least; there may be fewer if the data are not
                stored in so many.

        Raises:
            DataFileError: If the data is missing, empty or unreadable.
        """
        ...
