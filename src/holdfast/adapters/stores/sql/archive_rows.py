"""Rows of the prediction log with their labels, as the archive takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import Integer, Text, select, type_coerce

from holdfast.adapters.stores.sql.prediction_reads import to_arrow
from holdfast.adapters.stores.sql.schema import standing_labels
from holdfast.domain.keeping import ARCHIVE_COLUMNS
from holdfast.domain.tables import ARROW_TYPES

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from holdfast.adapters.stores.sql.prediction_tables import PredictionTable

__all__ = ["page"]

_TIME = pa.timestamp("us", tz="UTC")
_TYPES = {
    "position": pa.int64(),
    "score": pa.float64(),
    "positive": pa.bool_(),
    "threshold": pa.float64(),
    "predicted_at": _TIME,
    "label": pa.bool_(),
    "label_observed_at": _TIME,
    "label_received_at": _TIME,
}


def page(
    connection: Connection, table: PredictionTable, where: ColumnElement[bool], *, limit: int
) -> tuple[pa.Table, tuple[datetime, int] | None]:
    """Return the first rows that fit, and after which row the next page begins.

    Args:
        connection: An open transaction.
        table: Where they stand.
        where: Which rows.
        limit: How many, at most.
    """
    of = table.table.c
    query = (
        select(*_columns(table))
        .select_from(
            table.table.outerjoin(
                standing_labels, standing_labels.c.prediction_id == of.prediction_id
            )
        )
        .where(where)
        .order_by(of.predicted_at, of.position)
    )
    rows = to_arrow(connection, query, _fields(table), limit=limit)
    if rows.num_rows == 0:
        return rows, None
    moment = rows.column(ARCHIVE_COLUMNS.index("predicted_at"))  # a feature may bear the name
    return rows, (moment[-1].as_py(), rows.column(0)[-1].as_py())


def _fields(table: PredictionTable) -> list[tuple[str, pa.DataType]]:
    own = [(name, _TYPES.get(name, pa.string())) for name in ARCHIVE_COLUMNS]
    return [*own, *((name, ARROW_TYPES[kind]) for name, kind, _ in table.features)]


def _columns(table: PredictionTable) -> list[ColumnElement[Any]]:
    # Coerced to what the driver returns, as in `prediction_reads`.
    of, label = table.table.c, standing_labels.c
    own: dict[str, ColumnElement[Any]] = {
        "positive": type_coerce(of.positive, Integer),
        "predicted_at": type_coerce(of.predicted_at, Text),
        "label": type_coerce(label.positive, Integer),
        "label_observed_at": type_coerce(label.observed_at, Text),
        "label_received_at": type_coerce(label.received_at, Text),
    }
    columns = [own.get(name, of.get(name)) for name in ARCHIVE_COLUMNS]
    named = [column.label(f"own_{i}") for i, column in enumerate(columns) if column is not None]
    return [*named, *(of[name] for name in table.columns)]
