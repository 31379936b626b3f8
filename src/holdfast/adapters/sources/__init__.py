"""Where rows come from: delimited text, JSON lines, Parquet, Excel, folders, memory, the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.adapters.sources.beside import BesideSource
from holdfast.adapters.sources.csv import CsvSource
from holdfast.adapters.sources.csv_folder import CsvFolderSource, text_files
from holdfast.adapters.sources.excel import ExcelSource, is_workbook
from holdfast.adapters.sources.json_lines import JsonLinesSource
from holdfast.adapters.sources.logged import LoggedSource
from holdfast.adapters.sources.memory import TableSource
from holdfast.adapters.sources.parquet import ParquetSource, parquet_files
from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.ports.data_source import DataSource

__all__ = [
    "BesideSource",
    "CsvFolderSource",
    "CsvSource",
    "ExcelSource",
    "JsonLinesSource",
    "LoggedSource",
    "ParquetSource",
    "TableSource",
    "open_labelled",
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
        path: A Parquet, JSON lines, Excel or delimited text file, JSON and text gzipped or
            not; or a folder of Parquet files, or of text files.
        delimiter: The separator of a text file; found if None.
        header: Whether a text file's first row holds the column names.
        keep_ragged: Leave out rows of a text file with too few or too many fields, and keep
            them in `CsvSource.ragged`, rather than refuse the file.

    Raises:
        DataFileError: If the delimiter is not one character, or a folder holds both kinds.
    """
    if delimiter is not None and len(delimiter) != 1:
        raise DataFileError(
            path, f"the separator {delimiter!r} is not one character", remedy="Give one, as in ';'."
        )
    if path.is_dir():
        return _open_folder(path, delimiter=delimiter, header=header)
    if path.suffix.lower() in {".parquet", ".pq"} or _starts(path, b"PAR1"):
        return ParquetSource(path)
    if _JSON_LINES & {suffix.lower() for suffix in path.suffixes[-2:]} or _starts(path, b"{"):
        return JsonLinesSource(path)
    if is_workbook(path):
        return ExcelSource(path, header=header)
    return CsvSource(path, delimiter=delimiter, header=header, keep_ragged=keep_ragged)


def open_labelled(
    path: Path,
    *,
    labels: Path | None,
    target: str,
    delimiter: str | None = None,
    header: bool = True,
) -> DataSource:
    """Return the source of labelled rows, whose labels may stand in a file of their own.

    Args:
        path: The rows; as for `open_source`.
        labels: A file with the target, line by line beside them; None if they hold it.
        target: The column to predict.
        delimiter: The separator of text files; found if None.
        header: Whether text files' first rows hold the column names.

    Raises:
        DataFileError: If the delimiter is not one character.
    """
    rows = open_source(path, delimiter=delimiter, header=header)
    if labels is None:
        return rows
    beside = open_source(labels, delimiter=delimiter, header=header)
    return BesideSource(rows, beside, target=target)


def _open_folder(path: Path, *, delimiter: str | None, header: bool) -> DataSource:
    of_parquet, of_text = parquet_files(path), text_files(path)
    if of_parquet and of_text:
        raise DataFileError(
            path,
            f"the folder holds Parquet ({of_parquet[0].name}) and text ({of_text[0].name})",
            remedy="Keep files of one kind in a folder, or name one file.",
        )
    if of_text:
        return CsvFolderSource(path, delimiter=delimiter, header=header)
    return ParquetSource(path)


def _starts(path: Path, magic: bytes) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(magic)) == magic
