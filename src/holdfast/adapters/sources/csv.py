"""Rows from delimited text files, as pyarrow parses them and `cells` understands them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pacsv

from holdfast.adapters.sources.cells import CellKind, ColumnForm, FormFinder
from holdfast.adapters.sources.dialect import Dialect, file_digest, no_rows, sniff
from holdfast.domain.columns import with_notes
from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["CsvSource"]

_BLOCK = 1 << 22  # bytes parsed at a time; a single row may not be longer


class CsvSource:
    """A delimited text file: any separator, gzipped or not, UTF-8 or Latin-1.

    The whole file decides a column's type, so that a late blank or word cannot change it
    between batches: it is read once to find the types, and again for the rows.

    Args:
        path: The file.
        delimiter: The separator; found among comma, semicolon, tab and bar if None.
        header: Whether the first row holds the names; if not, they are c1, c2 and so on.
        keep_ragged: Leave out rows with too few or too many fields rather than refuse the file.

    Attributes:
        ragged: The rows that were left out so far, as they stand in the file, by their number.
    """

    def __init__(
        self,
        path: Path,
        *,
        delimiter: str | None = None,
        header: bool = True,
        keep_ragged: bool = False,
    ) -> None:
        self.ragged: dict[int, str] = {}
        self._keep_ragged = keep_ragged
        self._path = path
        self._delimiter = delimiter
        self._header = header
        self._known_forms: tuple[ColumnForm, ...] | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file as published (before decompression)."""
        return file_digest(self._path)

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of the columns, as `read` gives them; all rows are looked at."""
        return self._schema_of(self._forms(self._cells()))

    def read(self) -> pa.Table:
        """Return all rows.

        Raises:
            DataFileError: If the file is missing, empty, ragged, binary or damaged.
            ColumnError: If two columns bear one name.
        """
        batches = list(self._cells())
        return self._typed(batches, self._forms(batches))

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the rows in order, at most `rows` at a time; same types in each batch."""
        pending: list[pa.RecordBatch] = []
        n_pending = 0
        forms = self._forms(self._cells())
        for batch in self._cells():
            pending.append(batch)
            n_pending += batch.num_rows
            if n_pending >= rows:
                table = pa.Table.from_batches(pending)
                for start in range(0, n_pending - rows + 1, rows):
                    yield self._typed(table.slice(start, rows).to_batches(), forms)
                rest = table.slice(n_pending // rows * rows)
                pending, n_pending = rest.to_batches(), rest.num_rows
        if n_pending:
            yield self._typed(pending, forms)

    def scan(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield the columns named; text has to be read in order all the same."""
        for batch in self.batches(rows):
            yield batch.select([name for name in columns if name in batch.column_names])

    @cached_property
    def _dialect(self) -> Dialect:
        return sniff(self._path, delimiter=self._delimiter, header=self._header)

    @property
    def dialect(self) -> Dialect:
        """How the file is written."""
        return self._dialect

    def show(self, finders: Mapping[str, FormFinder]) -> None:
        """Show all rows to the finders of what the columns are, by the columns' names."""
        self._show(finders, self._cells())

    def settle(self, forms: Mapping[str, ColumnForm]) -> None:
        """Take a decision on what the columns are that other files had a part in, too."""
        self._known_forms = tuple(forms[name] for name in self._dialect.names)

    def _forms(self, batches: Iterable[pa.RecordBatch]) -> tuple[ColumnForm, ...]:
        """Return what the columns are, from all rows if they were not read before."""
        if self._known_forms is None:
            comma = self._dialect.delimiter != ","
            finders = {n: FormFinder(n, decimal_comma=comma) for n in self._dialect.names}
            self._show(finders, batches)
            self._known_forms = tuple(finder.form() for finder in finders.values())
        return self._known_forms

    def _show(self, finders: Mapping[str, FormFinder], batches: Iterable[pa.RecordBatch]) -> None:
        last = None
        for batch in batches:
            last = batch if batch.num_rows else last
            for name, cells in zip(self._dialect.names, batch.columns, strict=True):
                finders[name].see(cells)
        self._check_end(last)

    def _check_end(self, last: pa.RecordBatch | None) -> None:
        if last is None:
            raise no_rows(self._path)
        # The parser takes the end of the file for the missing quote, and all rows between
        # for one cell.
        row = last.slice(last.num_rows - 1).to_pylist()[0]
        over_lines = any("\n" in cell for cell in row.values())
        if self._dialect.odd_quotes and (over_lines or self._dialect.ends_quoted):
            raise DataFileError(
                self._path,
                "a quote is opened and never closed",
                remedy="Close it, or fetch the file again if it was cut off; a quote inside a "
                "quoted cell is written twice.",
            )

    def _typed(self, batches: list[pa.RecordBatch], forms: tuple[ColumnForm, ...]) -> pa.Table:
        table = pa.Table.from_batches(batches)
        schema = self._schema_of(forms)
        columns = [form.read(table.column(i)) for i, form in enumerate(forms[: len(schema)])]
        return pa.table(columns, schema=schema)

    def _schema_of(self, forms: tuple[ColumnForm, ...]) -> pa.Schema:
        notes = list(self._dialect.notes)
        if self._has_trailing_separator(forms):
            notes.append(
                f"the last column ({forms[-1].name or 'unnamed'}) is empty in each row, "
                "from a separator at the line's end: left out"
            )
            forms = forms[:-1]
        return with_notes(pa.schema([form.field for form in forms]), notes)

    def _has_trailing_separator(self, forms: tuple[ColumnForm, ...]) -> bool:
        unnamed = not self._header or forms[-1].name in {"", f"column_{len(forms)}"}
        return len(forms) > 1 and unnamed and forms[-1].kind is CellKind.EMPTY

    def _cells(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows as text, in batches of a block of bytes."""
        dialect = self._dialect
        try:
            compression = "gzip" if dialect.gzipped else None
            with (
                pa.input_stream(str(self._path), compression=compression) as stream,
                self._reader(stream, dialect) as reader,
            ):
                yield from reader
        except pa.ArrowInvalid as error:
            raise self._refusal(str(error)) from None

    def _reader(self, stream: pa.NativeFile, dialect: Dialect) -> pacsv.CSVStreamingReader:
        return pacsv.open_csv(
            stream,
            read_options=pacsv.ReadOptions(
                column_names=dialect.names,
                skip_rows=dialect.skip_lines,
                skip_rows_after_names=1 if dialect.has_header else 0,
                encoding=dialect.encoding,
                block_size=_BLOCK,
                use_threads=False,  # rows keep their numbers, for error messages
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=dialect.delimiter,
                newlines_in_values=True,
                invalid_row_handler=self._leave_out if self._keep_ragged else None,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(dialect.names, pa.string()), strings_can_be_null=False
            ),
        )

    def _leave_out(self, row: pacsv.InvalidRow) -> str:
        self.ragged[row.number] = row.text
        return "skip"

    def _refusal(self, said: str) -> DataFileError:
        """Say what the parser met, without repeating the row: it may hold personal data."""
        ragged = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", said)
        if ragged:
            row, expected, found = ragged.groups()
            problem = f"row {row} has {found} fields, the rows above have {expected}"
        elif "straddl" in said:
            problem = f"a row is longer than {_BLOCK >> 20} MiB"
        else:
            problem = "the text cannot be parsed as rows of fields"
        return DataFileError(
            self._path, problem, remedy="Mend the row, or check the separator and the quotes."
        )
