"""How many labels met which fate: kept with each write, so that asking scans no ledger."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, select, update

from holdfast.adapters.stores.sql.prepared import Prepared
from holdfast.adapters.stores.sql.schema import label_counts
from holdfast.domain.predictions import LabelCounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Dialect

__all__ = ["add", "totals"]

_OF = label_counts.c
_MORE = (
    update(label_counts).where(_OF.fate == bindparam("of_fate")).values(n=_OF.n + bindparam("more"))
)


def add(connection: Connection, changes: Mapping[str, int]) -> None:
    """Add to the counts, within the transaction that changes the ledger.

    Args:
        connection: An open write transaction.
        changes: How many more entries of each fate there are; fewer, if negative.
    """
    more, begin = _prepared(connection.dialect)
    for fate, n in changes.items():
        row = (str(fate), n)
        if more.run(connection, [row]) == 0:
            begin.run(connection, [row])


def totals(connection: Connection) -> LabelCounts:
    """Return how many labels of each fate the ledger holds."""
    return LabelCounts(**{row.fate: row.n for row in connection.execute(select(label_counts))})


@cache
def _prepared(dialect: Dialect) -> tuple[Prepared, Prepared]:
    return (
        Prepared(_MORE, dialect, ("of_fate", "more")),
        Prepared(insert(label_counts), dialect, ("fate", "n")),
    )
