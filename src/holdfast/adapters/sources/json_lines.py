"""Rows from JSON lines: one object a line, as services log them; torn lines are told apart."""

from __future__ import annotations

import gzip
import json
import zlib
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa

from holdfast.adapters.sources.dialect import check_readable, file_digest
from holdfast.adapters.sources.json_columns import JsonColumn, JsonForm
from holdfast.domain.columns import with_notes
from holdfast.domain.errors import DataFileError
from holdfast.ports.record_source import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["JsonLinesSource"]

_PAGE = 10_000
_LONGEST = 1 << 22  # bytes of one line; what is longer is no row of a table
_TEXT_KEPT = 10_000  # characters of a torn line


class JsonLinesSource:
    """A file with a JSON object a line, gzipped or not; blank lines are passed over.

    As a `DataSource` it refuses a torn line; `records` gives torn lines beside the others.
    Keys become columns in the order in which they first appear; a key that a line does not
    have is missing there. All lines together decide a column's type.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file as published (before decompression)."""
        return file_digest(self._path)

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of the columns, as `read` gives them; all lines are looked at."""
        notes = [
            f"column {form.name!r} is left out: it holds objects or lists"
            for form in self._forms
            if form.field is None
        ]
        kept = [form.field for form in self._forms if form.field is not None]
        return with_notes(pa.schema(kept), notes)

    def read(self) -> pa.Table:
        """Return all rows.

        Raises:
            DataFileError: If the file is missing, empty or damaged, or a line is torn.
        """
        return pa.concat_tables(self.batches(_PAGE)).combine_chunks()

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the rows in order, at most `rows` at a time; same types in each batch."""
        schema = self.schema
        forms = [form for form in self._forms if form.field is not None]
        for page in self._pages(rows):
            columns = [form.read([row.get(form.name) for row in page]) for form in forms]
            yield pa.table(columns, schema=schema)

    def scan(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield the columns named; each line has to be parsed all the same."""
        for batch in self.batches(rows):
            yield batch.select([name for name in columns if name in batch.column_names])

    def records(self) -> Iterator[Record]:
        """See `RecordSource.records`."""
        for number, line in self._lines():
            if not line.strip():
                continue
            fields = _object(line)
            if fields is None:
                text = line[: 4 * _TEXT_KEPT].decode(errors="replace").rstrip("\r\n")
                yield Record(number=number, problem="it is no JSON object", text=text[:_TEXT_KEPT])
            else:
                yield Record(number=number, fields=fields)

    @cached_property
    def _forms(self) -> tuple[JsonForm, ...]:
        columns: dict[str, JsonColumn] = {}
        for page in self._pages(_PAGE):
            for name in dict.fromkeys(key for row in page for key in row):
                column = columns.setdefault(name, JsonColumn(name))
                column.see([row.get(name) for row in page])
        if not columns:
            raise DataFileError(
                self._path, "it holds no JSON object", remedy="Write one object a line."
            )
        return tuple(column.form() for column in columns.values())

    def _pages(self, rows: int) -> Iterator[list[dict[str, object]]]:
        """Yield the lines' objects.

        Raises:
            DataFileError: If a line is torn.
        """
        objects = (self._whole(record) for record in self.records())
        while page := list(islice(objects, rows)):
            yield page

    def _whole(self, record: Record) -> dict[str, object]:
        if record.fields is None:
            raise DataFileError(
                self._path,
                f"line {record.number}: {record.problem}",
                remedy="Mend the line or take it out.",
            )
        return dict(record.fields)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        check_readable(self._path)
        with self._path.open("rb") as file:
            gzipped = file.read(2) == b"\x1f\x8b"
        try:
            with gzip.open(self._path) if gzipped else self._path.open("rb") as file:
                number = 0
                while line := file.readline(_LONGEST):
                    number += 1
                    yield number, line
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataFileError(
                self._path,
                f"the gzip data is damaged or cut off ({error})",
                remedy="Fetch it again.",
            ) from error


def _object(line: bytes) -> dict[str, object] | None:
    """Return a line's object; None if it is torn or something else."""
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = _lenient(line)
    return found if isinstance(found, dict) else None


def _lenient(line: bytes) -> object:
    """Parse what strict JSON has no word for: Python's own writer puts NaN and Infinity."""
    try:
        found: object = json.loads(line)
        json.dumps(found, ensure_ascii=False).encode()  # half a character is no text
    except (ValueError, RecursionError):
        return None
    return found
