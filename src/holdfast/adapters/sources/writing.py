"""Where scored rows go: a CSV or Parquet file, written as a stream and whole or not at all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Sink", "open_sink"]


class Sink:
    """Takes tables of one schema, one after the other."""

    def __init__(self, path: Path, *, parquet: bool) -> None:
        self._path, self._parquet = path, parquet
        self._writer: pa_csv.CSVWriter | pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        """Append a table; the first one fixes the schema."""
        if self._writer is None:
            kind = pq.ParquetWriter if self._parquet else pa_csv.CSVWriter
            self._writer = kind(self._path, table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()


@contextmanager
def open_sink(path: Path) -> Iterator[Sink]:
    """Give the body a sink; the file appears under its name only once the body is done.

    Raises:
        DataFileError: If the name says neither .csv nor .parquet, or cannot be written.
    """
    if path.suffix not in {".csv", ".parquet"}:
        raise DataFileError(
            path, "its name says no known format", remedy="End it in .csv or .parquet"
        )
    unfinished = path.with_name(f"{path.stem}{path.suffix}.part")
    sink = Sink(unfinished, parquet=path.suffix == ".parquet")
    try:
        yield sink
        sink.close()
        unfinished.replace(path)
    except OSError as error:
        raise DataFileError(
            path, f"cannot be written ({error.strerror})", remedy="Choose another place."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
