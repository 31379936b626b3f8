"""Rows from a sheet of an Excel workbook (.xlsx): values, never formulas or formats."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

import pyarrow as pa

from holdfast.adapters.sources.arrow_columns import refuse_namesakes
from holdfast.adapters.sources.dialect import check_readable, file_digest
from holdfast.adapters.sources.excel_cells import ERRORS, cell_array, cell_text
from holdfast.adapters.sources.memory import TableSource
from holdfast.domain.columns import notes_of, with_notes
from holdfast.domain.errors import DataFileError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from holdfast.adapters.sources.excel_cells import Cell

__all__ = ["ExcelSource", "is_workbook"]

_OLD = b"\xd0\xcf\x11\xe0"  # .xls, and .xlsx behind a password
_DIGITS_KEPT = 10**15
_ONE_ROW = (
    "Leave one row of names at the top of the sheet, one a column: no merged cells there, and no "
    "title above them."
)


def is_workbook(path: Path) -> bool:
    """Return whether a file is an Excel workbook, by its content; also one of the old kind."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        magic = file.read(4)
    if magic != b"PK\x03\x04":
        return magic == _OLD
    try:
        with ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except BadZipFile:
        return path.suffix.lower() == ".xlsx"  # cut off: the table of contents is at the end


class ExcelSource:
    """The first sheet of a workbook: names in its first row, a row of values in each below.

    A formula counts as the value that Excel last calculated. Dates are moments in UTC. A
    column of mixed cells is read as the text that it shows. Errors such as #DIV/0! are
    missing, blank rows are left out; the table's notes say so.

    Args:
        path: The workbook.
        header: Whether the first row holds the names; if not, they are c1, c2 and so on.
    """

    def __init__(self, path: Path, *, header: bool = True) -> None:
        self._path = path
        self._header = header

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the workbook's bytes."""
        return file_digest(self._path)

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns, as `read` gives them."""
        found = self._rows.schema
        return with_notes(found.remove_metadata(), [*self._sheet.notes, *notes_of(found)])

    def read(self) -> pa.Table:
        """Return all rows.

        Raises:
            DataFileError: If the workbook is missing, empty, old, locked or damaged, or its
                first row does not name each column.
            ColumnError: If two columns bear one name.
            MissingExtraError: If openpyxl is not installed.
        """
        return self._rows.read().replace_schema_metadata(self.schema.metadata)

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the rows in order, at most `rows` at a time; same types in each batch."""
        whole = self.read()
        for start in range(0, whole.num_rows, rows):
            yield whole.slice(start, rows)

    def scan(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield the columns named; the sheet is read whole all the same."""
        yield from self._rows.scan(columns, rows)

    @cached_property
    def _sheet(self) -> _Sheet:
        return _read(_opened(self._path, values=True), self._path, header=self._header)

    @cached_property
    def _rows(self) -> TableSource:
        columns = self._sheet.columns
        self._refuse_uncalculated()
        return TableSource(
            pa.table([cell_array(n, c) for n, c in columns.items()], names=list(columns))
        )

    def _refuse_uncalculated(self) -> None:
        """Refuse a column that is empty only because nothing has calculated its formulas."""
        columns = self._sheet.columns
        empty = [name for name, cells in columns.items() if all(c is None for c in cells)]
        if not empty:
            return
        formulas = _read(_opened(self._path, values=False), self._path, header=self._header)
        for name in empty:
            if any(str(cell).startswith("=") for cell in formulas.columns.get(name, ())):
                raise DataFileError(
                    self._path,
                    f"column {name!r} holds formulas whose values were never calculated",
                    remedy="Open the workbook in Excel or LibreOffice and save it.",
                )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sheet:
    columns: dict[str, list[Cell]]
    notes: tuple[str, ...]


def _opened(path: Path, *, values: bool) -> Sequence[Worksheet]:
    """Return a workbook's sheets, with their formulas' values or with the formulas."""
    check_readable(path)
    with path.open("rb") as file:
        if file.read(4) == _OLD:
            raise DataFileError(
                path,
                "the workbook is of the old kind (.xls), or locked by a password",
                remedy="Save it as .xlsx without a password, or as CSV.",
            )
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - an extra, and a quarter of a second
    except ImportError as error:
        raise MissingExtraError(needs="openpyxl", extra="train") from error
    try:
        sheets: Sequence[Worksheet] = load_workbook(path, data_only=values).worksheets
    except (BadZipFile, KeyError, ValueError, OSError, SyntaxError, TypeError) as error:
        raise DataFileError(
            path,
            f"the workbook is damaged ({type(error).__name__})",
            remedy="Open it in Excel and save it again, or save it as CSV.",
        ) from error
    if not sheets:
        raise DataFileError(path, "the workbook has no sheet of cells", remedy="Save it as CSV.")
    return sheets


def _read(sheets: Sequence[Worksheet], path: Path, *, header: bool) -> _Sheet:
    sheet = sheets[0]
    cells = [list(row) for row in sheet.iter_rows(values_only=True)]
    body = cells[1:] if header else cells
    rows = [row for row in body if any(cell is not None for cell in row)]
    if not rows:
        raise DataFileError(
            path,
            f"the sheet {sheet.title!r} has no row below its names",
            remedy="Put the sheet with the rows first.",
        )
    merged = sorted((area.min_row, area.coord) for area in sheet.merged_cells.ranges)
    above = [where for row, where in merged if header and row == 1]
    heads = cells[0] if header else [f"c{i + 1}" for i in range(len(rows[0]))]
    names = _names(heads, rows, above, path)
    columns = {name: [row[i] for row in rows] for i, name in names.items()}
    n_blank = _n_before_the_last(body) - len(rows)
    notes = [f"read from the sheet {sheet.title!r}, the first of {len(sheets)}"] * (len(sheets) > 1)
    return _Sheet(columns=columns, notes=(*notes, *_remarks(columns, merged, n_blank)))


def _names(
    heads: Sequence[Cell], rows: Sequence[Sequence[Cell]], merged: Sequence[str], path: Path
) -> dict[int, str]:
    """Return the columns' names by their places; what has neither name nor cell is left out.

    The very first column may lack a name: a data frame's index, written along.

    Raises:
        DataFileError: If another one lacks it, as below a title or a merged header.
    """
    if merged:
        raise DataFileError(
            path, f"its first row has merged cells ({', '.join(merged[:3])})", remedy=_ONE_ROW
        )
    named = {i: cell_text(head).strip() for i, head in enumerate(heads) if head is not None}
    filled = [i for i in range(len(heads)) if any(row[i] is not None for row in rows)]
    nameless = [_letters(i) for i in filled if i > 0 and not named.get(i)]
    if nameless:
        raise DataFileError(
            path,
            f"its first row has no name for column {', '.join(nameless[:5])}",
            remedy=_ONE_ROW,
        )
    names = {i: named.get(i, "") for i in range(len(heads)) if i in filled or named.get(i)}
    refuse_namesakes(list(names.values()))
    return names


def _remarks(
    columns: dict[str, list[Cell]], merged: Sequence[tuple[int, str]], n_blank: int
) -> list[str]:
    said = []
    if merged:
        said.append(
            f"{len(merged)} merged areas ({merged[0][1]}, …): only the first cell of each has a "
            "value, the others are missing"
        )
    if n_blank:
        said.append(f"{n_blank} blank rows among the others are left out")
    for name, cells in columns.items():
        n_errors = sum(isinstance(cell, str) and cell in ERRORS for cell in cells)
        if n_errors:
            said.append(f"{n_errors} cells of {name!r} hold a formula's error and are missing")
        if any(isinstance(cell, float | int) and abs(cell) >= _DIGITS_KEPT for cell in cells):
            said.append(
                f"{name!r} holds numbers of 16 digits and more, of which Excel keeps 15: an "
                "identifier has to be entered as text"
            )
    return said


def _n_before_the_last(body: Sequence[Sequence[Cell]]) -> int:
    """Return how many rows there are up to the last one that holds anything."""
    return max((i + 1 for i, row in enumerate(body) if any(c is not None for c in row)), default=0)


def _letters(place: int) -> str:
    """Return a column's letters, as Excel shows them.

    >>> _letters(0), _letters(27)
    ('A', 'AB')
    """
    before, last = divmod(place, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)
