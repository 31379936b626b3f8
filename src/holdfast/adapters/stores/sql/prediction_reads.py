"""Stretches of the prediction log as Arrow tables (the control plane's reads)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Integer, Text, and_, false, func, or_, select, type_coerce

from holdfast.adapters.stores.sql import bulk_reads
from holdfast.adapters.stores.sql.schema import shadows, standing_labels, treatments
from holdfast.adapters.stores.sql.stretches import by_moments, by_positions
from holdfast.domain.predictions import Role
from holdfast.domain.tables import ARROW_TYPES
from holdfast.ports.prediction_log import LogPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
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
    position = table.table.c.position
    ordered = select(position, *_columns(table)).order_by(position)

    def stretches() -> list[Select[Any]]:
        # To count on past what was erased would take as long as to read: a page may be short.
        first = connection.execute(select(func.min(position)).where(position > start)).scalar_one()
        last = connection.execute(select(func.max(position))).scalar_one()
        return by_positions(ordered, position, first, min(first + limit - 1, last))

    query = ordered.where(position > start)
    rows = to_arrow(connection, query, fields, stretches, limit=limit)
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
    shadow: str | None = None,
    negative_before: datetime | None = None,
    columns: Sequence[str] | None = None,
) -> pa.Table:
    """Return the rows of a window that were answered, with their labels where `known_at` is given.

    With `negative_before`, those before it that have no label then come as negatives. With
    `shadow`, the rows that this version scored in shadow; a label belongs to the answer
    beside which such a row stands. With `columns`, no other of its own.
    """
    of = table.table.c
    fields, wanted = _fields(table), _columns(table)
    if columns is not None:
        kept = [i for i, (name, _) in enumerate(_OWN) if name in columns]
        fields, wanted = [fields[i] for i in kept], [wanted[i] for i in kept]
    labelled = of.prediction_id
    query = select(*wanted).where(of.role != Role.SHADOW.value)
    if shadow is not None:
        labelled = shadows.c.answered_id
        query = (
            select(*wanted)
            .join(shadows, shadows.c.prediction_id == of.prediction_id)
            .where(of.role == Role.SHADOW.value, of.model_version == shadow)
        )
    if known_at is not None:
        fields += [("label", pa.bool_()), ("was_treated", pa.bool_())]
        fields += [] if negative_before is None else [("label_assumed", pa.bool_())]
        query = _with_labels(query, table, labelled, known_at, negative_before)
    ordered = query.order_by(of.predicted_at, of.position)
    within = (of.predicted_at >= window.start_at, of.predicted_at < window.end_at)
    return to_arrow(
        connection,
        ordered.where(*within),
        fields,
        lambda: by_moments(connection, table.table, ordered, window),
    )


def _with_labels(
    query: Select[Any],
    table: PredictionTable,
    labelled: ColumnElement[Any],
    known_at: datetime,
    negative_before: datetime | None,
) -> Select[Any]:
    """Add the labels, and who was treated, as far as that was known at a moment."""
    said, of = standing_labels.c, treatments.c
    known = and_(
        said.prediction_id == labelled, said.received_at <= known_at, said.observed_at <= known_at
    )
    treated = and_(of.prediction_id == labelled, of.received_at <= known_at)
    columns = [type_coerce(said.positive, Integer), type_coerce(of.treated, Integer)]
    if negative_before is not None:
        assumed = said.prediction_id.is_(None)
        columns[0] = type_coerce(func.coalesce(said.positive, false()), Integer)
        columns.append(type_coerce(assumed, Integer))
        query = query.where(or_(~assumed, table.table.c.predicted_at < negative_before))
    joined = query.join(standing_labels, known, isouter=negative_before is not None)
    return joined.outerjoin(treatments, treated).add_columns(*columns)


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
    connection: Connection,
    query: Select[Any],
    fields: Sequence[tuple[str, pa.DataType]],
    stretches: Callable[[], Sequence[Select[Any]]] | None = None,
    *,
    limit: int | None = None,
) -> pa.Table:
    """Return the rows of a query as a table.

    Args:
        connection: An open transaction.
        query: Its columns are coerced to what the driver itself returns.
        fields: What they become, in order.
        stretches: Gives queries whose rows, one after the other, are the same; asked if
            there are many. Without it they are read in one piece.
        limit: How many rows, at most; None takes all.
    """
    schema = pa.schema(fields)
    return pa.Table.from_batches(
        (
            pa.record_batch(list(map(_array, columns, schema.types)), schema=schema)
            for columns in _batches(connection, query, schema, stretches, limit)
        ),
        schema=schema,
    )


def _batches(
    connection: Connection,
    query: Select[Any],
    schema: pa.Schema,
    stretches: Callable[[], Sequence[Select[Any]]] | None,
    limit: int | None,
) -> Iterator[Sequence[Any]]:
    """Yield the columns of one batch of rows after the other."""
    if bulk_reads.is_worth_it(connection, query, limit=limit, n_columns=len(schema)):
        asked = stretches or (lambda: [query.limit(limit)])
        for batch in bulk_reads.batches(connection, asked, schema.types):
            yield batch.columns
        return
    fetch = _fetching(connection, query.limit(limit))
    while rows := fetch(_BATCH):
        yield tuple(zip(*rows, strict=True))


def _fetching(connection: Connection, query: Select[Any]) -> Callable[[int], Sequence[Any]]:
    """Return what gives the next rows of a query, in the quickest way of a database."""
    if connection.dialect.name == "sqlite":
        cursor = connection.execute(query).cursor
        assert cursor is not None, "a SELECT has a cursor"
        return cursor.fetchmany
    # Piece by piece: PostgreSQL's driver would else hold all of it at once.
    return connection.execute(query.execution_options(yield_per=_BATCH)).fetchmany


def _array(values: Sequence[Any] | pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values.cast(kind)
    if kind == pa.bool_():
        return pa.array(values).cast(kind)  # SQLite's 0 and 1
    if kind == _TIME and any(isinstance(value, str) for value in values):  # SQLite's, again
        return pc.cast(pa.array(values, pa.string()), kind)
    return pa.array(values, kind)
