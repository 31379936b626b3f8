"""Rows whose labels stand in a file of their own, line by line beside the features."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

import pyarrow as pa

from holdfast.domain.columns import notes_of, with_notes
from holdfast.domain.errors import ColumnError, DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.ports.data_source import DataSource

__all__ = ["BesideSource"]


class BesideSource:
    """Two sources side by side: row i of one belongs to row i of the other.

    Args:
        features: The columns that come first.
        labels: The column to predict; where it is alone, it takes the target's name.
        target: The column to predict.
    """

    def __init__(self, features: DataSource, labels: DataSource, *, target: str) -> None:
        self._features, self._labels, self._target = features, labels, target

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the two sources' digests."""
        return sha256((self._features.digest + self._labels.digest).encode()).hexdigest()

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of the columns, as `read` gives them."""
        left, label = self._features.schema, self._label
        if self._target in left.names:
            raise ColumnError(
                self._target,
                "is among the features, and in the file of labels",
                remedy="Leave one of them out.",
            )
        fields = [*left, label.with_name(self._target)]
        return with_notes(pa.schema(fields), [*notes_of(left), *notes_of(self._labels.schema)])

    def read(self) -> pa.Table:
        """Return all rows.

        Raises:
            DataFileError: If a source cannot be read, or they have different numbers of rows.
            ColumnError: If the labels' column is not to be told, or there twice.
        """
        schema = self.schema
        features = self._features.read()
        labels = self._labels.read().column(self._label.name)
        if len(labels) != features.num_rows:
            raise DataFileError(
                "The labels",
                f"there are {len(labels):,} of them beside {features.num_rows:,} rows",
                remedy="Give one label a row, in the same order; a header in one file only "
                "shifts them.",
            )
        return pa.table([*features.columns, labels], schema=schema)

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the rows in order, at most `rows` at a time; all are read first."""
        whole = self.read()
        for start in range(0, whole.num_rows, rows):
            yield whole.slice(start, rows)

    def scan(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield the columns named."""
        for batch in self.batches(rows):
            yield batch.select([name for name in columns if name in batch.column_names])

    @cached_property
    def _label(self) -> pa.Field:
        schema = self._labels.schema
        if self._target in schema.names:
            return schema.field(self._target)
        if len(schema) == 1:
            return schema.field(0)
        raise ColumnError(
            self._target,
            f"is not in the file of labels, which has {', '.join(schema.names[:5])}",
            remedy="Name one of its columns as the target.",
        )
