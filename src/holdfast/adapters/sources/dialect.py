"""How a delimited text file is written: encoding, separator, column names."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import zlib
from collections import Counter
from dataclasses import dataclass
from io import BufferedIOBase, StringIO
from itertools import islice
from typing import TYPE_CHECKING

from holdfast.domain.errors import ColumnError, DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Dialect", "check_readable", "file_digest", "no_rows", "sniff"]

_SEPARATORS = ",;\t|"
_HEAD = 1 << 18  # bytes looked at for the separator
_BLOCK = 1 << 20
_TAIL = 1 << 16  # bytes looked at for the end of the last line
_MAGIC = {
    b"PK\x03\x04": ("is a ZIP archive or an Excel workbook", "Unpack it, or save it as CSV."),
    b"PAR1": ("is a Parquet file", "Give it the ending .parquet."),
    b"\xff\xfe": ("is UTF-16 text", "Save it as UTF-8 (in Excel: CSV UTF-8)."),
    b"\xfe\xff": ("is UTF-16 text", "Save it as UTF-8 (in Excel: CSV UTF-8)."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one text file is written."""

    encoding: str  # "utf8" or "latin-1"
    gzipped: bool
    delimiter: str
    names: tuple[str, ...]
    skip_lines: int  # blank lines above the first row
    has_header: bool
    odd_quotes: bool  # one of the quotes has no partner
    ends_quoted: bool  # the last line ends within a quoted cell
    notes: tuple[str, ...]


def check_readable(path: Path) -> None:
    """Raise a DataFileError unless the path is a file that holds something."""
    if path.is_dir():
        raise DataFileError(path, "is a folder", remedy="Name a file in it.")
    if not path.exists():
        raise DataFileError(path, "there is no such file", remedy="Check the path.")
    if path.stat().st_size == 0:
        raise DataFileError(path, "the file is empty", remedy="Export the data again.")


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as they are on disk."""
    check_readable(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sniff(path: Path, *, delimiter: str | None, header: bool) -> Dialect:
    """Find out how a text file is written.

    Args:
        path: A text file, gzipped or not.
        delimiter: The separator; found among comma, semicolon, tab and bar if None.
        header: Whether the first row holds the names; if not, they are c1, c2 and so on.

    Raises:
        DataFileError: If it is missing, empty, binary or damaged.
        ColumnError: If two columns bear one name.
    """
    check_readable(path)
    gzipped = _head(path, 2) == b"\x1f\x8b"
    try:
        encoding, head, n_quotes, tail = _decoded(path, gzipped=gzipped)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFileError(
            path, f"the gzip data is damaged or cut off ({error})", remedy="Fetch it again."
        ) from error
    text = head.lstrip("\r\n")
    if not text.strip():
        raise DataFileError(path, "the file is empty", remedy="Export the data again.")
    if header and len(head) < _HEAD and not {"\n", "\r"} & set(text):
        raise no_rows(path)  # the parser stumbles over a line without an end
    separator = delimiter or _separator(text)
    first = next(csv.reader(StringIO(text), delimiter=separator))
    notes = ["read as Latin-1: the file is not UTF-8"] if encoding != "utf8" else []
    if header and all(_is_number(name) for name in first):
        notes.append("every column name is a number: if the file has no header, add --no-header")
    return Dialect(
        encoding=encoding,
        gzipped=gzipped,
        delimiter=separator,
        names=_names(first) if header else tuple(f"c{i + 1}" for i in range(len(first))),
        skip_lines=head[: len(head) - len(text)].count("\n"),
        has_header=header,
        odd_quotes=n_quotes % 2 == 1,
        ends_quoted=_ends_quoted(tail.decode(encoding, errors="replace"), separator),
        notes=tuple(notes),
    )


def _head(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def no_rows(path: Path) -> DataFileError:
    """Return the error that a file of nothing but a header is."""
    return DataFileError(
        path,
        "the file has a header but no rows",
        remedy="Export the data again, or pass --no-header if the row is data.",
    )


def _decoded(path: Path, *, gzipped: bool) -> tuple[str, str, int, bytes]:
    """Return the whole file's encoding, its first rows, how many quotes it has, and its end."""
    with gzip.open(path) if gzipped else path.open("rb") as file:
        head = file.read(_HEAD)
        _refuse_binary(path, head)
        encoding, n_quotes, tail = _scanned(head, file)
    complete = head if len(head) < _HEAD else head[: head.rfind(b"\n") + 1] or head
    text = complete.decode("utf-8-sig" if encoding == "utf8" else encoding, errors="replace")
    return encoding, text, n_quotes, tail


def _refuse_binary(path: Path, head: bytes) -> None:
    for magic, (found, remedy) in _MAGIC.items():
        if head.startswith(magic):
            raise DataFileError(path, f"the file {found}", remedy=remedy)
    if b"\0" in head:
        raise DataFileError(
            path, "the file is binary, not text", remedy="Give a CSV or Parquet file."
        )


def _scanned(head: bytes, rest: BufferedIOBase) -> tuple[str, int, bytes]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding, n_quotes, tail = "utf8", 0, b""
    for block in _blocks(head, rest):  # to the end, so that a damaged gzip is noticed
        n_quotes += block.count(b'"')
        tail = (tail + block[-_TAIL:])[-_TAIL:]
        if encoding == "utf8" and not _decodes(decoder, block):
            encoding = "latin-1"
    return encoding, n_quotes, tail


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes) -> bool:
    try:
        decoder.decode(block, final=not block)
    except UnicodeDecodeError:
        return False
    return True


def _blocks(head: bytes, rest: BufferedIOBase) -> Iterator[bytes]:
    """Yield the file's bytes, and an empty block for its end."""
    yield head
    while block := rest.read(_BLOCK):
        yield block
    yield b""


def _ends_quoted(tail: str, separator: str) -> bool:
    """Return whether the last line stops within a quoted cell, as one that is cut off may."""
    line = tail.rpartition("\n")[2]
    try:
        list(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _separator(text: str) -> str:
    """Return the separator that cuts the first rows into equally many fields, at best most."""
    scores = {separator: _regularity(text, separator) for separator in _SEPARATORS}
    return max(scores, key=lambda separator: scores[separator])


def _regularity(text: str, separator: str) -> tuple[float, int]:
    try:
        rows = [row for row in islice(csv.reader(StringIO(text), delimiter=separator), 100) if row]
    except csv.Error:
        return 0.0, 0
    width, n = Counter(map(len, rows)).most_common(1)[0]
    return (n / len(rows), width) if width > 1 else (0.0, 0)


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def _names(row: list[str]) -> tuple[str, ...]:
    """Return the header's names; of several blank ones, all but the first get a number."""
    names = [name.strip() for name in row]
    first_blank = names.index("") if "" in names else -1
    named = [
        name or ("" if i == first_blank else f"column_{i + 1}") for i, name in enumerate(names)
    ]
    for name, n in Counter(named).items():
        if n > 1:
            raise ColumnError(
                name, f"is the name of {n} columns", remedy="Give each column a name of its own."
            )
    return tuple(named)
