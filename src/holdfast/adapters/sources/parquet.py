"""Rows from Parquet files, in the same few types as rows from text."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from holdfast.adapters.sources.cells import TIMESTAMP, blanked, finite
from holdfast.adapters.sources.dialect import check_readable, file_digest
from holdfast.domain.columns import with_notes
from holdfast.domain.errors import ColumnError, DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["ParquetSource"]

_EXACT = 2**53  # whole numbers beyond it have no float64 of their own


class ParquetSource:
    """A Parquet file; numbers become float64, dictionaries text, dates timestamps in UTC.

    Whole numbers beyond 2⁵³ become text: they are identifiers, and float64 would merge
    some of them. Lists, structs and binary columns are left out, and the table says so.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file as published."""
        return file_digest(self._path)

    def read(self) -> pa.Table:
        """Return all rows.

        Raises:
            DataFileError: If the file is missing, empty, cut off or not Parquet.
            ColumnError: If two columns bear one name.
        """
        return pa.concat_tables(self.batches(1 << 20)).combine_chunks()

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the rows in order, at most `rows` at a time; same types in each batch."""
        check_readable(self._path)
        try:
            with pq.ParquetFile(self._path) as file:
                self._check(file)
                schema = self._schema(file)
                names = schema.names
                for batch in file.iter_batches(batch_size=rows, columns=names):
                    columns = [_typed(batch.column(f.name), f.type) for f in schema]
                    yield pa.table(columns, schema=schema)
        except (pa.ArrowInvalid, OSError) as error:
            raise DataFileError(
                self._path,
                "the Parquet data is damaged, cut off or not Parquet at all",
                remedy="Fetch or write the file again.",
            ) from error

    def _check(self, file: pq.ParquetFile) -> None:
        names = file.schema_arrow.names
        for name in names:
            if names.count(name) > 1:
                raise ColumnError(
                    name,
                    f"is the name of {names.count(name)} columns",
                    remedy="Give each column a name of its own.",
                )
        if file.metadata.num_rows == 0:
            raise DataFileError(
                self._path, "the file has columns but no rows", remedy="Write the data again."
            )

    def _schema(self, file: pq.ParquetFile) -> pa.Schema:
        found = {field.name: _target_type(field.type) for field in file.schema_arrow}
        left_out = [name for name, kind in found.items() if kind is None]
        wide = self._wide(file)
        fields = [
            pa.field(name, pa.string() if name in wide else kind)
            for name, kind in found.items()
            if kind is not None
        ]
        notes = [
            f"column {name!r} ({file.schema_arrow.field(name).type}) is left out: "
            "it is not a number, a boolean, text or a time"
            for name in left_out
        ]
        return with_notes(pa.schema(fields), notes)

    @staticmethod
    def _wide(file: pq.ParquetFile) -> set[str]:
        """Return the whole-number columns that float64 cannot tell apart."""
        names = [
            field.name for field in file.schema_arrow if field.type in {pa.int64(), pa.uint64()}
        ]
        wide: set[str] = set()
        if names:
            for batch in file.iter_batches(columns=names):
                ranges = {name: pc.min_max(batch.column(name)).as_py() for name in names}
                wide |= {name for name, r in ranges.items() if _beyond(r["min"], r["max"])}
        return wide


def _beyond(low: int | None, high: int | None) -> bool:
    return low is not None and high is not None and (low < -_EXACT or high > _EXACT)


def _target_type(kind: pa.DataType) -> pa.DataType | None:
    """Return the type that values of a Parquet type become, or None if there is none."""
    if pa.types.is_dictionary(kind):
        return _target_type(kind.value_type)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pa.float64()
    if pa.types.is_boolean(kind):
        return pa.bool_()
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return TIMESTAMP
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if text or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return pa.string()
    return None


def _typed(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if wanted == pa.float64():
        return finite(column.cast(pa.float64(), safe=False))
    if wanted == pa.string():
        return blanked(column.cast(pa.string()))
    if wanted == TIMESTAMP:
        # Nanoseconds are cut off; a time without a zone is taken as UTC.
        return column.cast(
            pa.timestamp("us", tz=getattr(column.type, "tz", None)), safe=False
        ).cast(TIMESTAMP)
    return column
