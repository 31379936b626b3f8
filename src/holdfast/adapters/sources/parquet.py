"""Rows from Parquet: one file or a folder of them, in the same few types as rows from text."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from holdfast.adapters.sources.arrow_columns import (
    clean_schema,
    refuse_bad_text,
    refuse_namesakes,
)
from holdfast.adapters.sources.dialect import check_readable, file_digest
from holdfast.domain.arrow import word_array
from holdfast.domain.cleaning import clean_type, cleaned
from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["ParquetPart", "ParquetSource", "parquet_files"]

_SCANNED = 1 << 17
_NO_WORD = "__HIVE_DEFAULT_PARTITION__"  # what writers call a folder of missing values
_ENDINGS = frozenset({".parquet", ".pq"})
_TEXT = frozenset({pa.string(), pa.large_string()})


def parquet_files(folder: Path) -> tuple[Path, ...]:
    """Return a folder's Parquet files, deeper ones too, by path.

    What starts with a dot or an underscore is somebody's bookkeeping.
    """
    return tuple(
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in _ENDINGS
        and not any(part[0] in "._" for part in path.relative_to(folder).parts)
    )


class ParquetSource:
    """Parquet data; numbers become float64, dictionaries text, dates timestamps in UTC.

    Whole numbers beyond 2⁵³ become text: they are identifiers, and float64 would merge
    some of them. Lists, structs and binary columns are left out, and the table says so.
    Folders named like ``year=2026`` become columns of text.

    Args:
        path: A file, or a folder of files with the same columns.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._n_groups: dict[Path, int] = {}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file as published; of a folder, of its files' in order."""
        if not self._path.is_dir():
            return file_digest(self._path)
        return sha256("".join(map(file_digest, self._files)).encode()).hexdigest()

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of the columns, as `read` gives them."""
        return clean_schema(
            self._stored, lambda names: self._scanned(names, _SCANNED, encoded=False)
        )

    def read(self) -> pa.Table:
        """Return all rows.

        Raises:
            DataFileError: If the data is missing, empty, cut off or not Parquet.
            ColumnError: If two columns bear one name, or text is not UTF-8.
        """
        return pa.concat_tables(self.batches(1 << 20)).combine_chunks()

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the rows in order, at most `rows` at a time; same types in each batch."""
        schema = self.schema
        for batch in self._scanned(schema.names, rows, encoded=False):
            columns = [cleaned(batch.column(field.name), field.type) for field in schema]
            yield pa.table(columns, schema=schema)

    def scan(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield the columns named as they are stored, text as dictionaries."""
        yield from self._scanned(columns, rows, encoded=True)

    def parts(self, n: int) -> tuple[ParquetPart, ...]:
        """Divide the rows by files and, where these are fewer than `n`, by row groups."""
        self._stored  # noqa: B018 - looked at here, once, not by each thread
        in_file = -(-n // len(self._files))
        return tuple(
            ParquetPart(source=self, path=path, groups=groups)
            for path in self._files
            for groups in _runs(self._n_groups[path], in_file)
        )

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        if not self._path.is_dir():
            check_readable(self._path)
            return (self._path,)
        found = parquet_files(self._path)
        if not found:
            raise DataFileError(
                self._path,
                "the folder holds no Parquet file",
                remedy="Name a folder with files that end in .parquet, .csv or .csv.gz; "
                "or one file.",
            )
        return found

    @cached_property
    def _stored(self) -> pa.Schema:
        """What the files hold, all of them the same columns."""
        n_rows, schemas = 0, []
        for path in self._files:
            with _opened(path) as file:
                n_rows += file.metadata.num_rows
                self._n_groups[path] = file.num_row_groups
                schemas.append(file.schema_arrow.remove_metadata())
            refuse_namesakes(schemas[-1].names)
            _check_alike(path, schemas[-1], self._files[0], schemas[0])
        if n_rows == 0:
            raise DataFileError(
                self._path, "the file has columns but no rows", remedy="Write the data again."
            )
        found = [_known_field(name, schemas) for name in schemas[0].names]
        of_folders = [pa.field(name, pa.string()) for name in self._folder_words(self._files[0])]
        return pa.schema([*found, *(f for f in of_folders if f.name not in schemas[0].names)])

    def _folder_words(self, file: Path) -> dict[str, str]:
        """Return what a file's folders say of its rows: ``year=2026`` is a column."""
        if not self._path.is_dir():
            return {}
        parts = [part.split("=", 1) for part in file.relative_to(self._path).parts[:-1]]
        return {unquote(pair[0]): unquote(pair[1]) for pair in parts if len(pair) == 2}

    def _scanned(self, names: Sequence[str], rows: int, *, encoded: bool) -> Iterator[pa.Table]:
        """Yield the rows file by file; names that are nowhere are left out."""
        for path in self._files:
            yield from self.rows_of(path, names, rows, encoded=encoded)

    def rows_of(
        self,
        path: Path,
        names: Sequence[str],
        rows: int,
        *,
        encoded: bool,
        groups: range | None = None,
    ) -> Iterator[pa.Table]:
        """Yield the rows of one file.

        Args:
            path: Of the file.
            names: Columns wanted; those that are nowhere are left out.
            rows: Of a batch.
            encoded: Whether text becomes dictionaries.
            groups: The row groups to read; None reads all, with as many threads as there
                are cores.
        """
        stored = self._stored
        wanted = [name for name in names if name in stored.names]
        words = self._folder_words(path)
        text = [f.name for f in stored if encoded and f.type in _TEXT and f.name not in words]
        with _opened(path, read_dictionary=text) as file:
            inside = [name for name in wanted if name in file.schema_arrow.names]
            found = file.iter_batches(
                batch_size=rows,
                columns=inside,
                row_groups=None if groups is None else list(groups),
                use_threads=groups is None,
            )
            for batch in found:
                table = pa.Table.from_batches([batch])
                refuse_bad_text(table)
                for name in wanted:
                    if name not in inside:
                        table = table.append_column(name, _repeated(words[name], len(batch)))
                yield table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParquetPart:
    """Row groups of one file, read by the thread that asks for them.

    Attributes:
        source: Whose part it is.
        path: The file.
        groups: Its row groups.
    """

    source: ParquetSource
    path: Path
    groups: range

    def scan(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield the columns named as they are stored, text as dictionaries."""
        yield from self.source.rows_of(self.path, columns, rows, encoded=True, groups=self.groups)


def _runs(n_groups: int, n: int) -> Iterator[range]:
    """Cut a file's row groups into about equal runs, at most `n`.

    >>> list(_runs(5, 2))
    [range(0, 3), range(3, 5)]
    """
    longest = -(-n_groups // n) or 1
    for start in range(0, n_groups, longest):
        yield range(start, min(start + longest, n_groups))


@contextmanager
def _opened(path: Path, *, read_dictionary: list[str] | None = None) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file; whatever is wrong with it, until it is closed, is named."""
    check_readable(path)
    try:
        # Buffered beforehand, every column chunk that was read would stay in memory until the
        # end of the file.
        with pq.ParquetFile(path, read_dictionary=read_dictionary, pre_buffer=False) as file:
            yield file
    except (pa.ArrowInvalid, OSError) as error:
        raise DataFileError(
            path,
            "the Parquet data is damaged, cut off or not Parquet at all",
            remedy="Fetch or write the file again.",
        ) from error


def _known_field(name: str, schemas: Sequence[pa.Schema]) -> pa.Field:
    """Return a column as the first file shows it that has any value in it."""
    fields = [schema.field(name) for schema in schemas]
    return next((field for field in fields if not pa.types.is_null(field.type)), fields[0])


def _check_alike(path: Path, schema: pa.Schema, first_path: Path, first: pa.Schema) -> None:
    odd = sorted(set(schema.names) ^ set(first.names))
    if odd:
        where = "only here" if odd[0] in schema.names else "not here"
        raise DataFileError(
            path,
            f"its columns are not those of {first_path.name}: {odd[0]!r} is {where}",
            remedy="Keep files of one kind in a folder.",
        )
    for field in schema:
        kinds = field.type, first.field(field.name).type
        if not any(map(pa.types.is_null, kinds)) and clean_type(kinds[0]) != clean_type(kinds[1]):
            raise DataFileError(
                path,
                f"column {field.name!r} holds {kinds[0]} here, {kinds[1]} in {first_path.name}",
                remedy="Write the files with the same types.",
            )


def _repeated(word: str, n_rows: int) -> pa.DictionaryArray:
    words = word_array([word]) if word != _NO_WORD else pa.nulls(1, pa.string())
    zeros = pa.Array.from_buffers(pa.int32(), n_rows, [None, pa.py_buffer(bytes(4 * n_rows))])
    return pa.DictionaryArray.from_arrays(zeros, words)
