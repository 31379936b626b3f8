"""Arrow arrays from Python and NumPy, and back, by their buffers.

`pyarrow.array` and `to_numpy` import pandas, where it is installed, to find out that they
were not given one of its objects: a second that each command would wait for.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
N = TypeVar("N", np.float64, np.int64)

__all__ = [
    "float_values",
    "index_array",
    "mask_array",
    "moment_of",
    "null_rows",
    "whole_scalar",
    "whole_values",
    "word_array",
]


def word_array(words: Sequence[str]) -> pa.StringArray:
    """Return words as an Arrow array.

    >>> word_array(["a", "größer"]).to_pylist()
    ['a', 'größer']
    """
    encoded = [word.encode() for word in words]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int32)
    np.cumsum([len(word) for word in encoded], out=offsets[1:])
    return pa.StringArray.from_buffers(
        len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))
    )


def index_array(indexes: NDArray[np.integer]) -> pa.Int64Array:
    """Return row numbers as an Arrow array.

    >>> index_array(np.array([2, 0])).to_pylist()
    [2, 0]
    """
    data = np.ascontiguousarray(indexes, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), data.size, [None, pa.py_buffer(data)])


def mask_array(mask: NDArray[np.bool_]) -> pa.BooleanArray:
    """Return a mask of rows as an Arrow array.

    >>> mask_array(np.array([True, False])).to_pylist()
    [True, False]
    """
    bits = np.packbits(mask, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), mask.size, [None, pa.py_buffer(bits)])


def whole_scalar(number: int) -> pa.Int64Scalar:
    """Return a whole number as Arrow's functions take it.

    >>> whole_scalar(7).as_py()
    7
    """
    return index_array(np.array([number]))[0]


def moment_of(time: pa.TimestampScalar) -> datetime | None:
    """Return one of Arrow's moments, in microseconds of UTC, as Python's; None for missing.

    Its own ``as_py`` imports pandas, too.

    >>> moment_of(pa.scalar(0, pa.timestamp("us", tz="UTC")))
    datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    return None if time.value is None else _EPOCH + time.value * timedelta(microseconds=1)


def float_values(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return a numeric column as doubles, NaN for missing; shape ``(n,)``, read-only.

    >>> float_values(pa.chunked_array([[1, None], [3]]))
    array([ 1., nan,  3.])
    """
    floats = column if column.type == pa.float64() else column.cast(pa.float64())
    return _joined(pc.fill_null(floats, _NAN) if floats.null_count else floats, np.float64)


def whole_values(column: pa.ChunkedArray | pa.Array, *, missing: int) -> NDArray[np.int64]:
    """Return whole numbers, a number of their own for missing; shape ``(n,)``.

    >>> whole_values(pa.chunked_array([[1, None], [3]]), missing=-1)
    array([ 1, -1,  3])
    """
    wide = column if column.type == pa.int64() else column.cast(pa.int64())
    return _joined(pc.fill_null(wide, whole_scalar(missing)) if wide.null_count else wide, np.int64)


def null_rows(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return the numbers of the rows without a value.

    >>> null_rows(pa.chunked_array([["a", None]]))
    array([1])
    """
    return whole_values(pc.indices_nonzero(pc.is_null(column)), missing=0)


def _joined(column: pa.ChunkedArray | pa.Array, kind: type[N]) -> NDArray[N]:
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype=kind, count=len(chunk), offset=8 * chunk.offset)
        for chunk in chunks
        if len(chunk)
    ]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype=kind)


_NAN = pa.Array.from_buffers(pa.float64(), 1, [None, pa.py_buffer(np.array([np.nan]))])[0]
