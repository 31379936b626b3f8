"""Logs of other services, record by record, whatever the format: JSON lines, text, Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.adapters.sources import open_source
from holdfast.adapters.sources.csv import CsvSource
from holdfast.adapters.sources.json_lines import JsonLinesSource
from holdfast.domain.columns import as_words
from holdfast.ports.record_source import Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    import pyarrow as pa

    from holdfast.ports.data_source import DataSource
    from holdfast.ports.record_source import RecordSource

__all__ = ["TableRecords", "open_records"]

_PAGE = 10_000


class TableRecords:
    """The rows of a table as records; satisfies `RecordSource`.

    Rows of a text file with too few or too many fields are torn; they come first, in order.

    Args:
        source: The table.
        as_text: Columns that are wanted as text, in the file's own words.
    """

    def __init__(self, source: DataSource, *, as_text: Collection[str]) -> None:
        self._source, self._as_text = source, frozenset(as_text)

    def records(self) -> Iterator[Record]:
        """See `RecordSource.records`."""
        _ = self._source.schema  # a text file is read once for its types: then all torn are known
        if isinstance(self._source, CsvSource):
            for number, text in sorted(self._source.ragged.items()):
                yield Record(number=number, problem="it has too few or too many fields", text=text)
        number = 0
        for table in self._source.batches(_PAGE):
            columns = [self._values(table, name) for name in table.column_names]
            for row in zip(*columns, strict=True):
                number += 1
                yield Record(number=number, fields=dict(zip(table.column_names, row, strict=True)))

    def _values(self, table: pa.Table, name: str) -> list[object]:
        column = table.column(name)
        if name in self._as_text:
            column = as_words(column, table.schema.field(name))
        values: list[object] = column.to_pylist()
        return values


def open_records(
    path: Path,
    *,
    delimiter: str | None = None,
    header: bool = True,
    as_text: Collection[str] = (),
) -> RecordSource:
    """Return a file's records; nothing is read yet, except its first bytes.

    Args:
        path: JSON lines, delimited text (each gzipped or not), Parquet or a folder of it.
        delimiter: The separator of a text file; found if None.
        header: Whether a text file's first row holds the column names.
        as_text: Columns that are wanted as text, in the file's own words.

    Raises:
        DataFileError: If the delimiter is not one character.
    """
    source = open_source(path, delimiter=delimiter, header=header, keep_ragged=True)
    if isinstance(source, JsonLinesSource):
        return source
    return TableRecords(source, as_text=as_text)
