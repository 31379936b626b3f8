"""Stretches of the prediction log as Arrow tables (the control plane's reads)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Integer, Text, func, select, type_coerce

from holdfast.adapters.stores.sql.schema import standing_labels
from holdfast.domain.predictions import Role
from holdfast.domain.tables import ARROW_TYPES
from holdfast.ports.prediction_log import LogPage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

    from holdfast.adapters.stores.sql.prediction_tables import PredictionTable
    from holdfast.domain.windows import Window

__all__ = ["cursor_since", "page", "to_arrow", "window"]

_TIME = pa.timestamp("us", tz="UTC")
_BATCH = 20_000  # rows that exist as Python objects at one time
_OWN: tuple[tuple[str, pa.DataType], ...] = (
    ("prediction_id", pa.string()),
    ("model_version", pa.string()),
    ("role", pa.string()),
    ("entity", pa.string()),
    ("score", pa.float64()),
    ("positive", pa.bool_()),
    ("predicted_at", _TIME),
)


def page(
    connection: Connection, table: PredictionTable, *, after: str | None, limit: int
) -> LogPage:
    """Return the rows after a cursor, in the order of commits.

    Writers hold one lock until their commit, so that positions become visible in order.
    """
    start = _position(table, after)
    fields = [("position", pa.int64()), *_fields(table)]
    query = (
        select(table.table.c.position, *_columns(table))
        .where(table.table.c.position > start)
        .order_by(table.table.c.position)
        .limit(limit)
    )
    rows = to_arrow(connection, query, fields)
    end = rows.column("position")[-1].as_py() if rows.num_rows else start
    return LogPage(rows=rows.drop_columns("position"), cursor=_cursor(table, end))


def cursor_since(connection: Connection, table: PredictionTable, moment: datetime) -> str:
    """Return the cursor before the first commit of a row predicted since a moment."""
    of = table.table.c
    first = connection.execute(
        select(func.min(of.position)).where(of.predicted_at >= moment)
    ).scalar()
    if first is not None:
        return _cursor(table, first - 1)
    return _cursor(table, connection.execute(select(func.max(of.position))).scalar() or 0)


def window(
    connection: Connection,
    table: PredictionTable,
    window: Window,
    *,
    known_at: datetime | None,
) -> pa.Table:
    """Return the champion's rows of a window, with their labels where `known_at` is given."""
    of = table.table.c
    fields = _fields(table)
    query = (
        select(*_columns(table))
        .where(of.role == Role.CHAMPION.value)
        .where(of.predicted_at >= window.start_at, of.predicted_at < window.end_at)
        .order_by(of.predicted_at, of.position)
    )
    if known_at is not None:
        fields.append(("label", pa.bool_()))
        query = (
            query.add_columns(type_coerce(standing_labels.c.positive, Integer))
            .join(standing_labels, standing_labels.c.prediction_id == of.prediction_id)
            .where(standing_labels.c.received_at <= known_at)
        )
    return to_arrow(connection, query, fields)


def _cursor(table: PredictionTable, position: int) -> str:
    return f"{table.schema_digest[:12]}.{position}"


def _position(table: PredictionTable, cursor: str | None) -> int:
    if cursor is None:
        return 0
    owner, _, position = cursor.rpartition(".")
    if owner != table.schema_digest[:12]:
        raise ValueError(f"the cursor {cursor!r} belongs to another contract's log")
    return int(position)


def _fields(table: PredictionTable) -> list[tuple[str, pa.DataType]]:
    return [*_OWN, *((name, ARROW_TYPES[kind]) for name, kind, _ in table.features)]


def _columns(table: PredictionTable) -> list[ColumnElement[Any]]:
    # Coerced to what the driver itself returns: Arrow converts whole columns, and the
    # rows need not pass through SQLAlchemy's processors one value at a time.
    names = [name for name, _ in _OWN] + list(table.columns)
    raw = {"positive": Integer, "predicted_at": Text}
    columns = table.table.c
    return [type_coerce(columns[n], raw[n]) if n in raw else columns[n] for n in names]


def to_arrow(
    connection: Connection, query: Select[Any], fields: Sequence[tuple[str, pa.DataType]]
) -> pa.Table:
    """Return the rows of a query as a table.

    Args:
        connection: An open transaction.
        query: Its columns are coerced to what the driver itself returns.
        fields: What they become, in order.
    """
    cursor = connection.execute(query).cursor
    assert cursor is not None, "a SELECT has a cursor"
    schema = pa.schema(fields)
    batches = []
    while rows := cursor.fetchmany(_BATCH):
        arrays = [
            _array(values, kind)
            for values, (_, kind) in zip(zip(*rows, strict=True), fields, strict=True)
        ]
        batches.append(pa.record_batch(arrays, schema=schema))
    return pa.Table.from_batches(batches, schema=schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == pa.bool_():
        return pa.array(values).cast(kind)  # SQLite's 0 and 1
    if kind == _TIME:
        return pc.cast(pa.array(values, pa.string()), kind)
    return pa.array(values, kind)
