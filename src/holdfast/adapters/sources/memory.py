"""Rows that are in memory already, as an Arrow table."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from holdfast.adapters.sources.arrow_columns import (
    clean_schema,
    refuse_bad_text,
    refuse_namesakes,
)
from holdfast.domain.cleaning import cleaned
from holdfast.domain.errors import ColumnError, DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

__all__ = ["TableSource"]


class TableSource:
    """An Arrow table, in the same few types as rows from files.

    Args:
        table: The rows.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    @classmethod
    def of_frame(cls, frame: pd.DataFrame) -> Self:
        """Take the rows of a pandas data frame; its index is left out.

        Args:
            frame: Columns of objects must hold values of one type each, and gaps.

        Raises:
            ColumnError: If a column holds values of several types, or two bear one name.
        """
        names = [str(name) for name in frame.columns]
        refuse_namesakes(names)
        columns = [
            _arrow(name, values) for name, (_, values) in zip(names, frame.items(), strict=True)
        ]
        return cls(pa.table(columns, names=names))

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
        refuse_bad_text(self._table)
        return clean_schema(
            self._table.schema.remove_metadata(), lambda names: [self._table.select(names)]
        )

    def read(self) -> pa.Table:
        """Return all rows, clean.

        Raises:
            DataFileError: If there is no row.
            ColumnError: If two columns bear one name, or text is not UTF-8.
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


def _arrow(name: str, values: pd.Series) -> pa.Array:
    try:
        return pa.array(values, from_pandas=True)
    except (
        pa.ArrowInvalid,
        pa.ArrowTypeError,
        pa.ArrowNotImplementedError,
        OverflowError,
    ) as error:
        kinds = sorted({type(value).__name__ for value in values.dropna()})
        raise ColumnError(
            name,
            f"holds objects that do not make one type: {', '.join(kinds)}",
            remedy="Convert it, as in frame[name].astype(str), or leave it out.",
        ) from error
