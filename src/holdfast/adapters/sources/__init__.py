"""Where rows come from: delimited text, JSON lines, Parquet, memory, the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.adapters.sources.csv import CsvSource
from holdfast.adapters.sources.json_lines import JsonLinesSource
from holdfast.adapters.sources.logged import LoggedSource
from holdfast.adapters.sources.memory import TableSource
from holdfast.adapters.sources.parquet import ParquetSource
from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.ports.data_source import DataSource

__all__ = [
    "CsvSource",
    "JsonLinesSource",
    "LoggedSource",
    "ParquetSource",
    "TableSource",
    "open_source",
]

_JSON_LINES = frozenset({".jsonl", ".ndjson"})


def open_source(
    path: Path,
    *,
    delimiter: str | None = None,
    header: bool = True,
    keep_ragged: bool = False,
) -> DataSource:
    """Return the source that reads a path, told by its first bytes rather than its name.

    Nothing is read yet, except those bytes.

    Args:
        path: A Parquet, JSON lines or delimited text file, the latter two gzipped or not; or
            a folder of Parquet files.
        delimiter: The separator of a text file; found if None.
        header: Whether a text file's first row holds the column names.
        keep_ragged: Leave out rows of a text file with too few or too many fields, and keep
            them in `CsvSource.ragged`, rather than refuse the file.

    Raises:
        DataFileError: If the delimiter is not one character.
    """
    if delimiter is not None and len(delimiter) != 1:
        raise DataFileError(
            path, f"the separator {delimiter!r} is not one character", remedy="Give one, as in ';'."
        )
    if path.is_dir() or path.suffix.lower() in {".parquet", ".pq"} or _starts(path, b"PAR1"):
        return ParquetSource(path)
    if _JSON_LINES & {suffix.lower() for suffix in path.suffixes[-2:]} or _starts(path, b"{"):
        return JsonLinesSource(path)
    return CsvSource(path, delimiter=delimiter, header=header, keep_ragged=keep_ragged)


def _starts(path: Path, magic: bytes) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(magic)) == magic
