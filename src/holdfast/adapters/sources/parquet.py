"""Rows from Parquet: one file or a folder of them, in the same few types as rows from text."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as pds
import pyarrow.parquet as pq

from holdfast.adapters.sources.arrow_columns import clean_schema, refuse_namesakes
from holdfast.adapters.sources.dialect import check_readable, file_digest
from holdfast.domain.cleaning import clean_type, cleaned
from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["ParquetSource", "parquet_files"]

_READ_AHEAD = 4  # batches decoded before they are asked for
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
    Folders named like ``year=2026`` become columns.

    Args:
        path: A file, or a folder of files with the same columns.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file as published; of a folder, of its files' in order."""
        if not self._path.is_dir():
            return file_digest(self._path)
        return sha256("".join(map(file_digest, self._files)).encode()).hexdigest()

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of the columns, as `read` gives them."""
        with self._errors():
            dataset = self._dataset(self._stored)
            return clean_schema(self._stored, lambda names: _scanned(dataset, names, 1 << 17))

    def read(self) -> pa.Table:
        """Return all rows.

        Raises:
            DataFileError: If the data is missing, empty, cut off or not Parquet.
            ColumnError: If two columns bear one name.
        """
        return pa.concat_tables(self.batches(1 << 20)).combine_chunks()

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the rows in order, at most `rows` at a time; same types in each batch."""
        with self._errors():
            schema = self.schema
            for batch in _scanned(self._dataset(self._stored), schema.names, rows):
                columns = [cleaned(batch.column(field.name), field.type) for field in schema]
                yield pa.table(columns, schema=schema)

    def scan(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield the columns named as they are stored, text as dictionaries."""
        with self._errors():
            schema = self._stored
            fields = [
                field.with_type(pa.dictionary(pa.int32(), pa.string()))
                if field.type in _TEXT
                else field
                for field in schema
            ]
            present = [name for name in columns if name in schema.names]
            yield from _scanned(self._dataset(pa.schema(fields)), present, rows)

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
                remedy="Name a folder with files that end in .parquet, or one file.",
            )
        return found

    @cached_property
    def _stored(self) -> pa.Schema:
        """What the files hold, all of them the same columns."""
        metadata = [_metadata(path) for path in self._files]
        if sum(one.num_rows for one in metadata) == 0:
            raise DataFileError(
                self._path, "the file has columns but no rows", remedy="Write the data again."
            )
        schemas = [one.schema.to_arrow_schema().remove_metadata() for one in metadata]
        for path, schema in zip(self._files, schemas, strict=True):
            refuse_namesakes(schema.names)
            _check_alike(path, schema, self._files[0], schemas[0])
        unified = pa.unify_schemas(schemas, promote_options="permissive")
        return pa.unify_schemas([unified, *self._folder_columns(unified)])

    def _folder_columns(self, schema: pa.Schema) -> list[pa.Schema]:
        """Return the columns that folders' names add, such as ``year=2026``."""
        if not self._path.is_dir():
            return []
        found = pds.dataset(self._files, format="parquet", partitioning="hive").schema
        return [pa.schema([f for f in found if f.name not in schema.names])]

    def _dataset(self, schema: pa.Schema) -> pds.Dataset:
        encoded = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        options = pds.ParquetReadOptions(dictionary_columns=encoded)
        return pds.dataset(
            list(map(str, self._files)),
            schema=schema,
            format=pds.ParquetFileFormat(read_options=options),
            partitioning="hive" if self._path.is_dir() else None,
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowInvalid, OSError) as error:
            raise DataFileError(
                self._path,
                "the Parquet data is damaged, cut off or not Parquet at all",
                remedy="Fetch or write it again.",
            ) from error


def _metadata(path: Path) -> pq.FileMetaData:
    check_readable(path)
    try:
        return pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataFileError(
            path,
            "the Parquet data is damaged, cut off or not Parquet at all",
            remedy="Fetch or write it again.",
        ) from error


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
        other = first.field(field.name)
        if clean_type(field.type) != clean_type(other.type):
            raise DataFileError(
                path,
                f"column {field.name!r} holds {field.type} here, {other.type} in {first_path.name}",
                remedy="Write the files with the same types.",
            )


def _scanned(dataset: pds.Dataset, names: Sequence[str], rows: int) -> Iterator[pa.Table]:
    batches = dataset.scanner(
        columns=list(names), batch_size=rows, batch_readahead=_READ_AHEAD, fragment_readahead=1
    ).to_batches()
    return (pa.Table.from_batches([batch]) for batch in batches if batch.num_rows)
