"""Rows that are in memory already, as an Arrow table."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

import pyarrow as pa

from holdfast.adapters.sources.arrow_columns import clean_schema, refuse_namesakes
from holdfast.domain.cleaning import cleaned
from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["TableSource"]


class TableSource:
    """An Arrow table, in the same few types as rows from files.

    Args:
        table: The rows. A data frame becomes a table by
            ``pyarrow.Table.from_pandas(frame, preserve_index=False)``.

    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rows as Arrow streams them."""
        self._check()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self._table.schema) as writer:
            writer.write_table(self._table.combine_chunks())
        return sha256(sink.getvalue()).hexdigest()

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of the columns, as `read` gives them."""
        self._check()
        return clean_schema(
            self._table.schema.remove_metadata(), lambda names: [self._table.select(names)]
        )

    def read(self) -> pa.Table:
        """Return all rows, clean.

        Raises:
            DataFileError: If there is no row.
            ColumnError: If two columns bear one name.
        """
        columns = [cleaned(self._table.column(field.name), field.type) for field in self.schema]
        return pa.table(columns, schema=self.schema)

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the rows in order, at most `rows` at a time; same types in each batch."""
        clean = self.read()
        for start in range(0, clean.num_rows, rows):
            yield clean.slice(start, rows)

    def scan(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield the rows as they are, without copying them."""
        self._check()
        present = self._table.select([n for n in columns if n in self._table.column_names])
        for start in range(0, present.num_rows, rows):
            yield present.slice(start, rows)

    def _check(self) -> None:
        refuse_namesakes(self._table.column_names)
        if self._table.num_rows == 0:
            raise DataFileError(
                "The table in memory", "it has columns but no rows", remedy="Give some rows."
            )
