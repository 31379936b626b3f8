"""Rows from a folder of delimited text files: parts of one table, as exports leave them."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

import pyarrow as pa

from holdfast.adapters.sources.cells import FormFinder
from holdfast.adapters.sources.csv import CsvSource
from holdfast.adapters.sources.dialect import file_digest
from holdfast.domain.columns import notes_of, with_notes
from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["CsvFolderSource", "text_files"]

_ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


def text_files(folder: Path) -> tuple[Path, ...]:
    """Return a folder's delimited text files, deeper ones too, by path.

    What starts with a dot or an underscore is somebody's bookkeeping.
    """
    return tuple(
        path
        for path in sorted(folder.rglob("*"))
        if path.name.lower().endswith(_ENDINGS)
        and path.is_file()
        and not any(part[0] in "._" for part in path.relative_to(folder).parts)
    )


class CsvFolderSource:
    """A folder of text files with the same columns, in whatever order each has them.

    All files together decide a column's type: a word in the last one makes text of it in
    the first. Separators and compression may differ from file to file.

    Args:
        folder: Where the files are; others than text with separators are passed over.
        delimiter: The separator of all files; found for each if None.
        header: Whether each file's first row holds the names.
    """

    def __init__(self, folder: Path, *, delimiter: str | None = None, header: bool = True) -> None:
        self._folder = folder
        self._delimiter = delimiter
        self._header = header

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the files' digests, in the order of their paths."""
        return sha256("".join(map(file_digest, self._parts)).encode()).hexdigest()

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of the columns, as `read` gives them; all rows are looked at."""
        parts = self._parts
        first = next(iter(parts.values()))
        self._refuse_different_parts()
        comma = any(part.dialect.delimiter != "," for part in parts.values())
        finders = {n: FormFinder(n, decimal_comma=comma) for n in first.dialect.names}
        for part in parts.values():
            part.show(finders)
        forms = {name: finder.form() for name, finder in finders.items()}
        for part in parts.values():
            part.settle(forms)
        said = {note: None for part in parts.values() for note in notes_of(part.schema)}
        return with_notes(first.schema, [f"read from {len(parts)} files", *said])

    def read(self) -> pa.Table:
        """Return all rows, file after file.

        Raises:
            DataFileError: If there is no file, or one cannot be read or has other columns.
            ColumnError: If two columns of a file bear one name.
        """
        schema = self.schema
        tables = [part.read().select(schema.names) for part in self._parts.values()]
        return pa.concat_tables([table.cast(schema) for table in tables]).combine_chunks()

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the rows in order, at most `rows` at a time; a batch never spans two files."""
        schema = self.schema
        for part in self._parts.values():
            for batch in part.batches(rows):
                yield batch.select(schema.names).cast(schema)

    def scan(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield the columns named; text has to be read in order all the same."""
        for batch in self.batches(rows):
            yield batch.select([name for name in columns if name in batch.column_names])

    @cached_property
    def _parts(self) -> dict[Path, CsvSource]:
        found = text_files(self._folder)
        if not found:
            raise DataFileError(
                self._folder,
                "the folder holds no CSV file",
                remedy="Name a folder with files that end in .csv or .csv.gz; or one file.",
            )
        return {
            path: CsvSource(path, delimiter=self._delimiter, header=self._header) for path in found
        }

    def _refuse_different_parts(self) -> None:
        (first_path, first), *others = self._parts.items()
        expected = first.dialect.names
        for path, part in others:
            odd = sorted(set(part.dialect.names) ^ set(expected))
            if odd:
                where = "only here" if odd[0] in part.dialect.names else "not here"
                raise DataFileError(
                    path,
                    f"its columns are not those of {first_path.name}: {odd[0]!r} is {where}",
                    remedy="Keep files of one kind in a folder, or name one file.",
                )
