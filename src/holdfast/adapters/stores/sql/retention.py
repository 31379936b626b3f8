"""The prediction log by days: read for the archive, dropped, erased."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, insert, literal, select, tuple_, update

from holdfast.adapters.stores.sql.erasing import erase
from holdfast.adapters.stores.sql.leases import check_fence
from holdfast.adapters.stores.sql.removal import remove_predictions
from holdfast.adapters.stores.sql.schema import dropped_days, standing_labels
from holdfast.adapters.stores.sql.timestamps import UtcDay, UtcTimestamp
from holdfast.domain.keeping import DroppedDay, LoggedDay, LogSchema, Removed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from sqlalchemy import ColumnElement, Connection, Row, Select

    from holdfast.adapters.stores.sql.database import Database
    from holdfast.adapters.stores.sql.prediction_tables import PredictionTable, PredictionTables
    from holdfast.domain.keeping import Erasure
    from holdfast.ports.lease import Fence

__all__ = ["SqlRetention"]

_PAGE = 200_000  # rows read at a time: bounds the memory
_NO_INDEX = 0  # added: nearly all rows are up to the cursor, the moment is what finds them
_DROPPED_AT_ONCE = 2_000  # rows a transaction; writers of predictions wait for no longer


class SqlRetention:
    """`Retention` in SQL."""

    def __init__(self, database: Database, tables: PredictionTables) -> None:
        self._database, self._tables = database, tables

    def schemas(self) -> tuple[LogSchema, ...]:
        """See `Retention.schemas`."""
        with self._database.read() as connection:
            tables = self._tables.all(connection)
        found = sorted(tables, key=lambda table: table.schema_digest)
        return tuple(
            LogSchema(
                digest=table.schema_digest,
                features=tuple((name, kind) for name, kind, _ in table.features),
            )
            for table in found
        )

    def head(self, schema: LogSchema) -> str:
        """See `Retention.head`."""
        with self._database.read() as connection:
            table = self._tables.of_digest(connection, schema.digest)
            newest = connection.execute(select(func.max(table.table.c.position))).scalar()
        return f"{schema.digest[:12]}.{newest or 0}"

    def days(
        self, schema: LogSchema, *, since: date | None, until: date | None, up_to: str
    ) -> tuple[LoggedDay, ...]:
        """See `Retention.days`."""
        with self._database.read(long=True) as connection:
            table = self._tables.of_digest(connection, schema.digest)
            dropped = _dropped(connection, schema)
            return tuple(
                LoggedDay(
                    schema=schema,
                    day=date.fromisoformat(row.day),
                    n_rows=row.n_rows,
                    n_labels=row.n_labels,
                    last_row=row.last_row,
                    last_label=row.last_label or 0,
                    up_to=up_to,
                    n_dropped=dropped.get(row.day, 0),
                )
                for row in connection.execute(_days(table, since, until, _position(up_to)))
            )

    def rows(self, day: LoggedDay) -> Iterator[pa.Table]:
        """See `Retention.rows`."""
        # pyarrow belongs to the control plane; a server never loads it.
        from holdfast.adapters.stores.sql import archive_rows  # noqa: PLC0415  # see above

        after: tuple[datetime, int] | None = None
        while True:
            with self._database.read(long=True) as connection:
                table = self._tables.of_digest(connection, day.schema.digest)
                where = _of_day(table, day, after)
                found, after = archive_rows.page(connection, table, where, limit=_PAGE)
            if after is None:
                return
            yield found

    def drop(self, day: LoggedDay, *, fence: Fence | None = None) -> Removed:
        """See `Retention.drop`."""
        removed = Removed()
        after: tuple[datetime, int] | None = None
        while True:
            with self._database.write() as connection:
                check_fence(connection, fence)
                table = self._tables.of_digest(connection, day.schema.digest)
                rows = connection.execute(_droppable(table, _of_day(table, day, after))).all()
                if not rows:
                    self._tables.drop_empty(connection, table)
                    return removed
                after = rows[-1].predicted_at, rows[-1].position
                # What came to be known after the day was archived must not be lost.
                old = [row for row in rows if (row.ledger_id or 0) <= day.last_label]
                dropped = remove_predictions(connection, table, old)
                _tally(connection, day, dropped)
                removed += dropped

    def unreported(self) -> tuple[DroppedDay, ...]:
        """See `Retention.unreported`."""
        of = dropped_days.c
        query = select(dropped_days).where(of.n_reported < of.n_predictions)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(of.day, of.schema_digest)).all()
        return tuple(_dropped_day(row) for row in rows)

    def mark_reported(self, days: Sequence[DroppedDay]) -> None:
        """See `Retention.mark_reported`."""
        with self._database.write() as connection:
            for told in days:
                change = update(dropped_days).where(_is(told.schema_digest, told.day))
                connection.execute(change.values(n_reported=told.removed.n_predictions))

    def erase(self, entity: str, *, at: datetime, fence: Fence | None = None) -> Erasure:
        """See `Retention.erase`."""
        with self._database.write() as connection:
            check_fence(connection, fence)
            return erase(connection, self._tables, entity, at=at.astimezone(UTC))

    def scrub(self) -> bool:
        """See `Retention.scrub`."""
        return self._database.rewrite()


def _days(
    table: PredictionTable, since: date | None, until: date | None, up_to: int
) -> Select[Any]:
    of, label = table.table.c, standing_labels.c
    day: Any = UtcDay(of.predicted_at)
    query = (
        select(
            day.label("day"),  # grouped by the whole: a feature may bear that name, too
            func.count().label("n_rows"),
            func.count(label.ledger_id).label("n_labels"),
            func.max(of.position).label("last_row"),
            func.max(label.ledger_id).label("last_label"),
        )
        .select_from(table.table.outerjoin(standing_labels, _labelled(table)))
        .where(of.position + _NO_INDEX <= up_to)
    )
    if since is not None:
        query = query.where(of.predicted_at >= _midnight(since))
    if until is not None:
        query = query.where(of.predicted_at < _midnight(until))
    return query.group_by(day).order_by(day)


def _of_day(
    table: PredictionTable, day: LoggedDay, after: tuple[datetime, int] | None
) -> ColumnElement[bool]:
    of = table.table.c
    where = and_(
        of.predicted_at < day.window.end_at, of.position + _NO_INDEX <= _position(day.up_to)
    )
    if after is None:
        return and_(where, of.predicted_at >= day.window.start_at)
    moment = literal(after[0], UtcTimestamp)
    # Only the first of the two finds its place in the index; the second is exact.
    behind = tuple_(of.predicted_at, of.position) > tuple_(moment, after[1])
    return and_(where, of.predicted_at >= moment, behind)


def _droppable(table: PredictionTable, where: ColumnElement[bool]) -> Select[Any]:
    of = table.table.c
    columns = (of.position, of.prediction_id, of.model_version, of.role, of.predicted_at)
    return (
        select(*columns, standing_labels.c.ledger_id)
        .select_from(table.table.outerjoin(standing_labels, _labelled(table)))
        .where(where)
        .order_by(of.predicted_at, of.position)
        .limit(_DROPPED_AT_ONCE)
    )


def _tally(connection: Connection, day: LoggedDay, removed: Removed) -> None:
    of, which = dropped_days.c, _is(day.schema.digest, day.day)
    more = {
        of.n_predictions: of.n_predictions + removed.n_predictions,
        of.n_labels: of.n_labels + removed.n_labels,
        of.n_request_keys: of.n_request_keys + removed.n_request_keys,
    }
    if connection.execute(update(dropped_days).where(which).values(more)).rowcount:
        return
    connection.execute(
        insert(dropped_days).values(
            schema_digest=day.schema.digest,
            day=day.day.isoformat(),
            n_predictions=removed.n_predictions,
            n_labels=removed.n_labels,
            n_request_keys=removed.n_request_keys,
            n_reported=0,
        )
    )


def _dropped(connection: Connection, schema: LogSchema) -> dict[str, int]:
    of = dropped_days.c
    query = select(of.day, of.n_predictions).where(of.schema_digest == schema.digest)
    return {row.day: row.n_predictions for row in connection.execute(query)}


def _dropped_day(row: Row[Any]) -> DroppedDay:
    return DroppedDay(
        schema_digest=row.schema_digest,
        day=date.fromisoformat(row.day),
        removed=Removed(
            n_predictions=row.n_predictions,
            n_labels=row.n_labels,
            n_request_keys=row.n_request_keys,
        ),
        n_reported=row.n_reported,
    )


def _is(schema_digest: str, day: date) -> ColumnElement[bool]:
    of = dropped_days.c
    return and_(of.schema_digest == schema_digest, of.day == day.isoformat())


def _labelled(table: PredictionTable) -> ColumnElement[bool]:
    return standing_labels.c.prediction_id == table.table.c.prediction_id


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _position(cursor: str) -> int:
    return int(cursor.rpartition(".")[2])
