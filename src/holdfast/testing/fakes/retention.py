"""How rows leave a store in memory."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from holdfast.domain.ids import uuid7
from holdfast.domain.keeping import (
    ARCHIVE_COLUMNS,
    DroppedDay,
    Erasure,
    LoggedDay,
    LogSchema,
    Removed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime

    import pyarrow as pa

    from holdfast.ports.lease import Fence
    from holdfast.testing.fakes.labels import Ledger, Line, LoggedRow
    from holdfast.testing.fakes.leases import InMemoryLease
    from holdfast.testing.fakes.predictions import InMemoryPredictionLog

__all__ = ["InMemoryRetention"]


class InMemoryRetention:
    """`Retention` in memory."""

    def __init__(self, log: InMemoryPredictionLog, ledger: Ledger, leases: InMemoryLease) -> None:
        self._log, self._ledger, self._leases = log, ledger, leases

    def schemas(self) -> tuple[LogSchema, ...]:
        """See `Retention.schemas`; memory knows those that were logged to."""
        found = {row.schema_digest: row.contract for row in self._ledger.rows.values()}
        return tuple(
            LogSchema(
                digest=digest, features=tuple((f.name, f.kind) for f in found[digest].features)
            )
            for digest in sorted(found)
        )

    def head(self, schema: LogSchema) -> str:
        """See `Retention.head`."""
        newest = max((self._position(row) for row in self._of(schema)), default=0)
        return f"{schema.digest}.{newest}"

    def days(
        self, schema: LogSchema, *, since: date | None, until: date | None, up_to: str
    ) -> tuple[LoggedDay, ...]:
        """See `Retention.days`."""
        by_day: dict[date, list[LoggedRow]] = defaultdict(list)
        for row in self._of(schema):
            day = row.prediction.predicted_at.date()
            late = self._position(row) > _position(up_to)
            if not late and (since is None or day >= since) and (until is None or day < until):
                by_day[day].append(row)
        return tuple(self._day(schema, day, by_day[day], up_to) for day in sorted(by_day))

    def rows(self, day: LoggedDay) -> Iterator[pa.Table]:
        """See `Retention.rows`."""
        import pyarrow as pa  # noqa: PLC0415  # tests of the slim server do without it

        from holdfast.domain.tables import ARROW_TYPES  # noqa: PLC0415  # as above

        rows = self._rows(day)
        if not rows:
            return
        own = [_own(row, self._position(row), self._label(row)) for row in rows]
        moment = pa.timestamp("us", tz="UTC")
        types = {"position": pa.int64(), "predicted_at": moment}
        types |= {"label_observed_at": moment, "label_received_at": moment, "label": pa.bool_()}
        arrays = [
            pa.array([values[i] for values in own], types.get(name))
            if name != "entity"
            else pa.array([values[i] for values in own], pa.string())
            for i, name in enumerate(ARCHIVE_COLUMNS)
        ]
        arrays += [
            pa.array([row.request.values[i] for row in rows], ARROW_TYPES[kind])
            for i, (_, kind) in enumerate(day.schema.features)
        ]
        names = [*ARCHIVE_COLUMNS, *(name for name, _ in day.schema.features)]
        yield pa.Table.from_arrays(arrays, names=names)

    def drop(self, day: LoggedDay, *, fence: Fence | None = None) -> Removed:
        """See `Retention.drop`."""
        with self._ledger.lock:
            self._leases.check(fence)
            old = [row for row in self._rows(day) if self._ledger_id(row) <= day.last_label]
            removed = self._remove(old)
            key = (day.schema.digest, day.day)
            before = self._ledger.dropped.get(
                key,
                DroppedDay(
                    schema_digest=day.schema.digest, day=day.day, removed=Removed(), n_reported=0
                ),
            )
            self._ledger.dropped[key] = replace(before, removed=before.removed + removed)
            return removed

    def unreported(self) -> tuple[DroppedDay, ...]:
        """See `Retention.unreported`."""
        found = sorted(self._ledger.dropped.values(), key=lambda d: (d.day, d.schema_digest))
        return tuple(day for day in found if day.n_reported < day.removed.n_predictions)

    def mark_reported(self, days: Sequence[DroppedDay]) -> None:
        """See `Retention.mark_reported`."""
        with self._ledger.lock:
            for told in days:
                key = (told.schema_digest, told.day)
                found = self._ledger.dropped[key]
                self._ledger.dropped[key] = replace(found, n_reported=told.removed.n_predictions)

    def erase(self, entity: str, *, at: datetime, fence: Fence | None = None) -> Erasure:
        """See `Retention.erase`."""
        with self._ledger.lock:
            self._leases.check(fence)
            rows = [row for row in self._ledger.rows.values() if row.request.entity == entity]
            removed = self._remove(rows)
            removed += self._remove_lines(lambda line: line.label.entity == entity)
            before = self._ledger.forgotten.get(entity)
            if before is not None:
                removed = before.removed + removed
            name = uuid7(at) if before is None else before.erasure_id
            erasure = Erasure(erasure_id=name, erased_at=at.astimezone(UTC), removed=removed)
            self._ledger.forgotten[entity] = erasure
            return erasure

    def scrub(self) -> bool:
        """See `Retention.scrub`; memory has no files."""
        return True

    def _remove(self, rows: Sequence[LoggedRow]) -> Removed:
        ids = {row.prediction.prediction_id for row in rows}
        of_rows = {id(line) for line in self._ledger.lines if self._names(line) in ids}
        removed = Removed(
            n_predictions=len(ids), n_request_keys=self._log.forget_requests(ids)
        ) + self._remove_lines(lambda line: id(line) in of_rows)
        for one in ids:
            del self._ledger.rows[one]
            self._ledger.standing.pop(one, None)
            self._ledger.treated.pop(one, None)
        return removed

    def _remove_lines(self, gone: Callable[[Line], bool]) -> Removed:
        kept = [line for line in self._ledger.lines if not gone(line)]
        n_labels = len(self._ledger.lines) - len(kept)
        self._ledger.lines = kept
        return Removed(n_labels=n_labels)

    def _names(self, line: Line) -> object:
        row = self._ledger.row_of(line.label)
        return None if row is None else row.prediction.prediction_id

    def _day(
        self, schema: LogSchema, day: date, rows: Sequence[LoggedRow], up_to: str
    ) -> LoggedDay:
        dropped = self._ledger.dropped.get((schema.digest, day))
        numbers = [self._ledger_id(row) for row in rows]
        return LoggedDay(
            schema=schema,
            day=day,
            n_rows=len(rows),
            n_labels=sum(1 for number in numbers if number),
            last_row=max(map(self._position, rows)),
            last_label=max(numbers),
            up_to=up_to,
            n_dropped=0 if dropped is None else dropped.removed.n_predictions,
        )

    def _rows(self, day: LoggedDay) -> list[LoggedRow]:
        rows = [
            row
            for row in self._of(day.schema)
            if row.prediction.predicted_at in day.window
            and self._position(row) <= _position(day.up_to)
        ]
        return sorted(rows, key=lambda row: row.prediction.predicted_at)

    def _of(self, schema: LogSchema) -> list[LoggedRow]:
        with self._ledger.lock:
            rows = list(self._ledger.rows.values())
        return [row for row in rows if row.schema_digest == schema.digest]

    def _position(self, row: LoggedRow) -> int:
        return self._ledger.positions[row.prediction.prediction_id]

    def _label(self, row: LoggedRow) -> Line | None:
        return self._ledger.standing.get(row.prediction.prediction_id)

    def _ledger_id(self, row: LoggedRow) -> int:
        line = self._label(row)
        return 0 if line is None else line.ledger_id


def _position(cursor: str) -> int:
    return int(cursor.rpartition(".")[2])


def _own(row: LoggedRow, position: int, line: Line | None) -> tuple[object, ...]:
    answer = row.prediction
    return (
        position,
        str(answer.prediction_id),
        str(answer.model_version),
        answer.role.value,
        row.request.entity,
        answer.score,
        answer.positive,
        answer.threshold,
        answer.predicted_at,
        None if line is None else line.label.positive,
        None if line is None else line.label.observed_at,
        None if line is None else line.received_at,
    )
