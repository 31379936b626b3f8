"""Rows that a model was asked about, as the prediction log keeps them."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.cleaning import TIMESTAMP, cleaned
from holdfast.domain.errors import DataFileError
from holdfast.domain.predictions import Role
from holdfast.domain.tables import ARROW_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.domain.contract import Contract
    from holdfast.domain.windows import Window
    from holdfast.ports.prediction_log import PredictionLog

__all__ = ["LoggedSource"]

_PAGE = 200_000  # rows read at a time, at most: bounds the memory


class LoggedSource:
    """The champion's rows in a prediction log: features, and when each was predicted.

    They are read page by page in the order of their commits. Rows that are logged meanwhile
    may come with them.

    Args:
        log: Of any store.
        contract: Whose rows; those of every contract with the same features are the same.
        window: Leaves out what was predicted before or after; None takes all.
        moments: The name under which the time of prediction stands beside the features;
            None leaves it out.
    """

    def __init__(
        self,
        log: PredictionLog,
        contract: Contract,
        *,
        window: Window | None = None,
        moments: str | None = "predicted_at",
    ) -> None:
        self._log, self._contract = log, contract
        self._window, self._moments = window, moments

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rows as Arrow streams them, page by page."""
        found = sha256()
        for page in self.batches(_PAGE):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, page.schema) as writer:
                writer.write_table(page.combine_chunks())
            found.update(sink.getvalue())
        return found.hexdigest()

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns, as the contract tells them.

        Raises:
            DataFileError: If there is no row.
        """
        next(self._pages(_PAGE))
        return self._schema

    def read(self) -> pa.Table:
        """Return all rows.

        Raises:
            DataFileError: If there is none.
        """
        return pa.concat_tables(self.batches(_PAGE)).combine_chunks()

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the rows in order, at most `rows` at a time; same types in each batch."""
        for page in self._pages(rows):
            columns = [cleaned(page.column(field.name), field.type) for field in self._schema]
            yield pa.table(columns, schema=self._schema)

    def scan(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield the columns named, as they were logged."""
        wanted = [name for name in columns if name in self._schema.names]
        for page in self._pages(rows):
            yield page.select(wanted)

    @property
    def _schema(self) -> pa.Schema:
        fields = [pa.field(f.name, ARROW_TYPES[f.kind]) for f in self._contract.features]
        if self._moments is not None:
            fields.append(pa.field(self._moments, TIMESTAMP))
        return pa.schema(fields)

    def _pages(self, rows: int) -> Iterator[pa.Table]:
        """Yield features and moments, not cleaned; no page is empty.

        Raises:
            DataFileError: If there is no row at all.
        """
        window, n_rows = self._window, 0
        cursor = None
        if window is not None:
            cursor = self._log.cursor_since(self._contract, window.start_at)
        while True:
            page = self._log.read(self._contract, after=cursor, limit=min(rows, _PAGE))
            if page.rows.num_rows == 0:
                break
            cursor = page.cursor
            kept = page.rows.filter(_served(page.rows, window))
            n_rows += kept.num_rows
            if kept.num_rows:
                yield self._described(kept)
        if n_rows == 0:
            when = "" if window is None else f" from {window}"
            raise DataFileError(
                "The prediction log",
                f"it holds no row of this model{when}",
                remedy="Wait for traffic, or widen the window.",
            )

    def _described(self, rows: pa.Table) -> pa.Table:
        """Keep the features, which stand last; one may bear the name of a column of the log."""
        first = rows.num_columns - len(self._contract.features)
        columns = rows.columns[first:]
        if self._moments is not None:
            columns = [*columns, rows.column(rows.column_names.index("predicted_at"))]
        return pa.table(columns, names=self._schema.names)


def _served(rows: pa.Table, window: Window | None) -> pa.ChunkedArray:
    """Mark the rows that were answered within the window; a shadow's are the same ones again."""
    names = rows.column_names
    served = pc.not_equal(rows.column(names.index("role")), pa.scalar(Role.SHADOW.value))
    if window is None:
        return served
    moments = rows.column(names.index("predicted_at"))
    ends = pa.scalar(window.start_at, TIMESTAMP), pa.scalar(window.end_at, TIMESTAMP)
    inside = pc.and_(pc.greater_equal(moments, ends[0]), pc.less(moments, ends[1]))
    return pc.and_(served, inside)
