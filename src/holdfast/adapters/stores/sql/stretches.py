"""Where a long read of the prediction log is cut, so that several parts are read at a time.

The cuts leave no gap and do not overlap. Whatever is written or erased meanwhile, each row is in
one stretch, and all of them in a row are in the order of the whole.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select, Table

    from holdfast.domain.windows import Window

__all__ = ["by_moments", "by_positions"]

_ROWS = 65_536  # of a stretch, if none was erased, and if moments rise with positions
_MOST_LOOKS = 10_000


def by_positions(
    query: Select[Any], position: ColumnElement[int], first: int, last: int
) -> list[Select[Any]]:
    """Return the query of each stretch of positions.

    Args:
        query: Of all rows, in the order of their positions.
        position: Its column.
        first: The lowest position that is wanted.
        last: The highest.
    """
    edges = [*range(first, last + 1, _ROWS), last + 1]
    return [query.where(position >= low, position < high) for low, high in pairwise(edges)]


def by_moments(
    connection: Connection, table: Table, query: Select[Any], window: Window
) -> list[Select[Any]]:
    """Return the query of each stretch of a window.

    Args:
        connection: An open transaction.
        table: Of predictions.
        query: Of all rows, whenever, in the order of their moments.
        window: What is wanted of them.
    """
    of = table.c.predicted_at
    edges = [window.start_at, *_looked_at(connection, table, window), window.end_at]
    return [query.where(of >= low, of < high) for low, high in pairwise(edges)]


def _looked_at(connection: Connection, table: Table, window: Window) -> Sequence[datetime]:
    """Return moments of the window that lie about so many rows apart.

    To count the rows would take as long as to read some of them; positions are near enough.
    """
    of = table.c
    lowest = connection.execute(select(func.min(of.position))).scalar() or 0
    highest = connection.execute(select(func.max(of.position))).scalar() or 0
    step = max(_ROWS, (highest - lowest) // _MOST_LOOKS)
    some = of.position.in_(list(range(lowest + step, highest, step)))
    moments = set(connection.execute(select(of.predicted_at).where(some)).scalars())
    return sorted(moment for moment in moments if window.start_at < moment < window.end_at)
