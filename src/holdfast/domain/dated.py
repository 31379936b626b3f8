"""Columns of dates: which features come of one, and their values for a table's rows.

The control plane's counterpart of `inputs`; serving never imports it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.arrow import index_array, moment_of, null_rows, whole_values
from holdfast.domain.counting import counted
from holdfast.domain.derivation import DAY, DatePart, Derivation, microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = ["derivations_of", "derived_values", "newest_of", "repeated", "says_when"]

_FEWEST_ROWS = 20  # below, that the rows lie in a column's order proves nothing
_YEAR, _WEEK = 365 * DAY, 7 * DAY
_CLOCK_NAME = re.compile(
    r"^((event|row|snapshot|record|transaction)[ _-]?)?(date|time|date[ _-]?time|timestamp|ts)$",
    re.IGNORECASE,
)
_CYCLES = (
    (_YEAR, (DatePart.MONTH_SINE, DatePart.MONTH_COSINE)),
    (_WEEK, (DatePart.WEEKDAY_SINE, DatePart.WEEKDAY_COSINE)),
)


def newest_of(columns: Iterable[pa.ChunkedArray]) -> datetime | None:
    """Return the newest moment of some columns of timestamps; None if they bear none."""
    found = [moment_of(pc.max(column)) for column in columns]
    return max((moment for moment in found if moment is not None), default=None)


def says_when(name: str, dates: pa.ChunkedArray) -> bool:
    """Return whether a column seems to say when its row was, rather than something of it.

    The rows lie in its order, or it is called plainly "date" or "time". As a feature it would
    tell old rows from new ones, and be worth nothing for the next.

    Args:
        name: Of the column.
        dates: Timestamps.
    """
    if _CLOCK_NAME.match(name):
        return True
    present = whole_values(dates.drop_null().cast(pa.int64()), missing=0)
    if len(present) < _FEWEST_ROWS:
        return False
    steps = np.diff(present)
    return bool((steps >= 0).all() or (steps <= 0).all())


def derivations_of(
    name: str, dates: pa.ChunkedArray, *, origin_at: datetime
) -> tuple[Derivation, ...]:
    """Return the features that come of a column of dates, its age first.

    A cycle is counted only if the dates go round it at least once, hours only if there are any.

    Args:
        name: Of the column.
        dates: Timestamps, at least one.
        origin_at: The newest moment of the training data.
    """
    present = whole_values(dates.drop_null().cast(pa.int64()), missing=0)
    span = int(present.max() - present.min())
    timed = bool((present % DAY).any())
    parts = [DatePart.AGE, *(part for least, parts in _CYCLES if span >= least for part in parts)]
    if timed:
        parts += [DatePart.HOUR_SINE, DatePart.HOUR_COSINE]
    return tuple(
        Derivation(source=name, part=part, timed=timed, origin_at=origin_at) for part in parts
    )


def derived_values(
    dates: pa.ChunkedArray, derivation: Derivation, moments: pa.ChunkedArray | None
) -> pa.ChunkedArray:
    """Return a derived feature's values; missing where the date is.

    Args:
        dates: Timestamps, shape ``(n,)``.
        derivation: What is counted.
        moments: When each row is asked about; None counts all ages to the training data's
            newest moment.
    """
    missing = np.zeros(len(dates), dtype=np.bool_)
    missing[null_rows(dates)] = True
    until = np.full(len(dates), microseconds(derivation.origin_at), dtype=np.int64)
    if moments is not None and derivation.part is DatePart.AGE:
        missing[null_rows(moments)] = True
        until = whole_values(moments.cast(pa.int64()), missing=0)
    values = counted(derivation, whole_values(dates.cast(pa.int64()), missing=0), until)
    return pa.chunked_array([pa.array(values, pa.float64(), mask=missing)])


def repeated(moment: datetime, n_rows: int) -> pa.ChunkedArray:
    """Return one moment for each row."""
    moments = np.full(n_rows, microseconds(moment), dtype=np.int64)
    return pa.chunked_array([index_array(moments).cast(pa.timestamp("us", tz="UTC"))])
