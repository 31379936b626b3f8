"""Numbers that stand for a missing value: which look like it, and how they become missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.errors import ColumnError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["code_in", "with_codes_missing", "without_numbers"]

_FEWEST = 20  # rows that bear it; a few are outliers
_LEAST_SHARE = 0.005
_FEWEST_OTHERS = 5  # different values; of fewer, none lies far from the rest
_STEPS = 5.0  # how many of the widest usual step it lies away from its neighbour
_USUAL = 0.90  # share of the steps, from the smallest on, that are usual


def code_in(numbers: NDArray[np.float64]) -> float | None:
    """Return a number that may stand for a missing value; None if there is none such.

    It is 0, -1 or made of nines (-9, 99, 999, -9999), the smallest or the largest of the column,
    repeats, and lies far from all others: ages of 0 and then from 18 on, 999 days and else at
    most 27.

    Args:
        numbers: The values that are there, shape ``(n,)``.

    >>> ages = np.repeat([0.0, *range(18, 80)], 30)
    >>> code_in(ages), code_in(ages[ages > 0])
    (0.0, None)
    """
    values, counts = np.unique(numbers, return_counts=True)
    if len(values) <= _FEWEST_OTHERS:
        return None
    least = max(_FEWEST, _LEAST_SHARE * len(numbers))
    for at, beside in ((-1, -2), (0, 1)):
        code = float(values[at])
        others = np.delete(values, at)
        far = abs(code - values[beside]) >= _STEPS * _usual_step(others)
        # Zeros and nines begin and end many honest scales; those stop short of their end.
        if _is_code(code) and counts[at] >= least and far and _lies_out(code, others):
            return code
    return None


def _is_code(number: float) -> bool:
    return number in {0.0, -1.0} or (number.is_integer() and set(f"{abs(number):.0f}") == {"9"})


def _usual_step(values: NDArray[np.float64]) -> float:
    return float(np.quantile(np.diff(values), _USUAL))


def _lies_out(code: float, others: NDArray[np.float64]) -> bool:
    """Return whether a code is no sound value among the others."""
    if code in {0.0, -1.0}:
        return bool(others.min() > code and np.all(others == np.floor(others)))
    if code < 0:
        return bool(others.min() >= 0)
    return code - float(others.max()) >= float(others.max() - others.min())


def with_codes_missing(table: pa.Table, missing: Mapping[str, Sequence[float]]) -> pa.Table:
    """Return the table with null in place of the numbers that stand for missing.

    Args:
        table: As a source gave it.
        missing: The numbers, by column.

    Raises:
        ColumnError: If a column is not there, or holds no numbers.
    """
    for name, codes in missing.items():
        if name not in table.column_names:
            meant = nearest(name, table.column_names)
            hint = f"Did you mean {meant!r}?" if meant else "Check [data] missing."
            raise ColumnError(name, "there is no such column", remedy=hint)
        at = table.column_names.index(name)
        field, column = table.schema.field(at), table.column(at)
        if not pa.types.is_floating(column.type):
            raise ColumnError(
                name,
                "holds no numbers, so none of them stands for missing",
                remedy="Take it out of [data] missing; blanks, ?, NA and - are missing in any case",
            )
        table = table.set_column(at, field, without_numbers(column, codes))
    return table


def without_numbers(column: pa.ChunkedArray, codes: Sequence[float]) -> pa.ChunkedArray:
    """Return doubles with null in place of some numbers."""
    wanted = pa.array(np.array(codes, dtype=np.float64))
    return pc.if_else(pc.is_in(column, value_set=wanted), pa.NA, column)
