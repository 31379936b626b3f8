"""How the cells under one name of a sheet become numbers, booleans, times or text."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from holdfast.adapters.sources.cells import FormFinder
from holdfast.domain.cleaning import TIMESTAMP
from holdfast.domain.missing import DASHES, stands_for_missing

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ERRORS", "Cell", "cell_array", "cell_text"]

Cell = str | float | int | bool | datetime | date | time | timedelta | None

ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"})
"""What a formula that failed shows; such a cell is missing."""

_LARGEST = 2**63


def cell_array(name: str, cells: Sequence[Cell]) -> pa.Array:
    """Return a column's cells as one type; where they are mixed, as the text that they show.

    Numbers that were entered as text count as numbers if each cell of the column can be
    one. A length of time becomes days, Excel's own unit.

    Args:
        name: Of the column.
        cells: As openpyxl gives them.

    >>> cell_array("x", [1, 2.5, None, "n/a", "#DIV/0!"]).to_pylist()
    [1.0, 2.5, None, None, None]
    >>> cell_array("x", [1, "two", True]).to_pylist()
    ['1', 'two', 'true']
    """
    known = [None if _is_missing(cell) else cell for cell in cells]
    dashed = any(cell in DASHES for cell in known)
    known = [None if cell in DASHES else cell for cell in known]
    kinds = {type(cell) for cell in known if cell is not None}
    if kinds and kinds <= {bool} and not dashed:
        return pa.array(known, pa.bool_())
    if kinds == {int} and all(abs(n) < _LARGEST for n in known if isinstance(n, int)):
        return pa.array(known, pa.int64())  # identifiers stay exact
    if float in kinds and kinds <= {int, float}:
        return pa.array([None if n is None else float(n) for n in known], pa.float64())  # type: ignore[arg-type]  # no other kind is left
    if kinds == {timedelta}:
        day = timedelta(days=1)
        return pa.array([c / day if isinstance(c, timedelta) else None for c in known])
    if kinds and kinds <= {datetime, date}:
        return pa.array([_moment(cell) for cell in known], TIMESTAMP)
    return _from_text(name, cells)


def cell_text(cell: Cell) -> str:
    """Return a cell as text: whole numbers without a fraction, times in ISO form."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _from_text(name: str, cells: Sequence[Cell]) -> pa.Array:
    texts = pa.array(
        [None if cell is None or cell in ERRORS else cell_text(cell) for cell in cells], pa.string()
    )
    finder = FormFinder(name, decimal_comma=True)
    finder.see(texts)
    return finder.form().read(texts)


def _is_missing(cell: Cell) -> bool:
    return isinstance(cell, str) and (cell in ERRORS or stands_for_missing(cell))


def _moment(cell: Cell) -> datetime | None:
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=UTC)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day, tzinfo=UTC)
    return None
