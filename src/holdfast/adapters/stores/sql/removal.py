"""How predictions leave the store, with all that belongs to them, in one transaction."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from holdfast.adapters.stores.sql import label_counts
from holdfast.adapters.stores.sql.database import chunks
from holdfast.adapters.stores.sql.schema import (
    cursors,
    labels,
    orphans,
    prediction_counts,
    request_keys,
    shadows,
    standing_labels,
    treatments,
)
from holdfast.domain.keeping import Removed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from holdfast.adapters.stores.sql.prediction_tables import PredictionTable

__all__ = ["newest_entry", "remove_labels", "remove_predictions"]

_NEWEST = "newest_label"  # cursor: the highest number that an entry of the ledger ever bore
_IS_NEWEST = cursors.c.name == _NEWEST


def remove_predictions(
    connection: Connection, table: PredictionTable, rows: Sequence[Row[Any]]
) -> Removed:
    """Delete predictions, their labels and request keys, and count them out.

    Args:
        connection: An open write transaction.
        table: Where they stand.
        rows: With at least `prediction_id`, `model_version` and `role`.
    """
    ids = [row.prediction_id for row in rows]
    removed = Removed(n_predictions=len(ids))
    of = table.table.c.prediction_id
    for some in chunks(ids):
        removed += remove_labels(connection, labels.c.prediction_id.in_(some))
        keys = delete(request_keys).where(request_keys.c.prediction_id.in_(some))
        removed += Removed(n_request_keys=connection.execute(keys).rowcount)
        connection.execute(delete(shadows).where(shadows.c.prediction_id.in_(some)))
        connection.execute(delete(treatments).where(treatments.c.prediction_id.in_(some)))
        connection.execute(delete(table.table).where(of.in_(some)))
    _count_out(connection, rows)
    return removed


def remove_labels(connection: Connection, which: ColumnElement[bool]) -> Removed:
    """Delete entries of the ledger, and what stands or waits by them."""
    _remember_newest(connection)
    entries = select(labels.c.ledger_id).where(which)
    for dependent in (standing_labels, orphans):
        connection.execute(delete(dependent).where(dependent.c.ledger_id.in_(entries)))
    fates = select(labels.c.fate, func.count().label("n")).where(which).group_by(labels.c.fate)
    label_counts.add(connection, {row.fate: -row.n for row in connection.execute(fates)})
    return Removed(n_labels=connection.execute(delete(labels).where(which)).rowcount)


def newest_entry(connection: Connection) -> int:
    """Return the highest number that an entry of the ledger bears, or bore: none is reused."""
    standing: int = connection.execute(select(func.max(labels.c.ledger_id))).scalar() or 0
    removed = connection.execute(select(cursors.c.position).where(_IS_NEWEST)).scalar()
    return max(standing, int(removed or 0))


def _remember_newest(connection: Connection) -> None:
    position = str(newest_entry(connection))
    known = update(cursors).where(_IS_NEWEST).values(position=position)
    if connection.execute(known).rowcount == 0:
        connection.execute(insert(cursors).values(name=_NEWEST, position=position))


def _count_out(connection: Connection, rows: Iterable[Row[Any]]) -> None:
    """Keep the counts true that `Views.status` gives."""
    of = prediction_counts.c
    for (version, role), n in Counter((row.model_version, row.role) for row in rows).items():
        counted = update(prediction_counts).where(of.model_version == version, of.role == role)
        connection.execute(counted.values(n=of.n - n))
