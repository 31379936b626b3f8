"""The prediction log: appended durably before an answer is given, read back as Arrow."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, update

from holdfast.adapters.stores.sql import request_keys
from holdfast.adapters.stores.sql.group_commit import GroupCommit
from holdfast.adapters.stores.sql.label_matching import join_orphans
from holdfast.adapters.stores.sql.prediction_rows import features_of, prediction_of, row_of
from holdfast.adapters.stores.sql.schema import prediction_counts, standing_labels
from holdfast.domain.errors import UnknownPredictionError
from holdfast.domain.predictions import LoggedPrediction, Role
from holdfast.ports.prediction_log import LogBatch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa
    from sqlalchemy import Connection

    from holdfast.adapters.stores.sql.database import Database
    from holdfast.adapters.stores.sql.prediction_tables import PredictionTables
    from holdfast.domain.contract import Contract
    from holdfast.domain.ids import PredictionId
    from holdfast.domain.predictions import Prediction, PredictionRequest
    from holdfast.domain.windows import Window
    from holdfast.ports.prediction_log import LogPage

__all__ = ["SqlPredictionLog"]

# Built once: they run before every answer.
_WHICH = (
    prediction_counts.c.model_version == bindparam("of_version"),
    prediction_counts.c.role == bindparam("of_role"),
)
_COUNT = select(prediction_counts.c.n, prediction_counts.c.last_at).where(*_WHICH)
_RECOUNT = (
    update(prediction_counts).where(*_WHICH).values(n=bindparam("n"), last_at=bindparam("last_at"))
)


class SqlPredictionLog:
    """`PredictionLog` in tables of typed columns, one a contract schema."""

    def __init__(self, database: Database, tables: PredictionTables) -> None:
        self._database, self._tables = database, tables
        self._commits: GroupCommit[LogBatch, tuple[Prediction, ...]] = GroupCommit(
            database, self._write, rows_of=lambda batch: len(batch.requests)
        )

    def prepare(self, contract: Contract) -> None:
        """See `PredictionLog.prepare`."""
        with self._database.write() as connection:
            self._tables.prepare(connection, contract)

    def append(
        self,
        contract: Contract,
        requests: Sequence[PredictionRequest],
        predictions: Sequence[Prediction],
    ) -> tuple[Prediction, ...]:
        """See `PredictionLog.append`."""
        batch = LogBatch(contract=contract, requests=requests, predictions=predictions)
        (answers,) = self.append_each([batch])
        if isinstance(answers, Exception):
            raise answers
        return answers

    def append_each(self, batches: Sequence[LogBatch]) -> list[tuple[Prediction, ...] | Exception]:
        """See `PredictionLog.append_each`."""
        if not any(batch.requests for batch in batches):
            return [() for _ in batches]
        return self._commits.run(batches)

    def _write(
        self, connection: Connection, batches: Sequence[LogBatch]
    ) -> list[tuple[Prediction, ...] | Exception]:
        """Write batches as if each had its own transaction, with few statements for all."""
        resolved = request_keys.resolve(connection, self._tables, batches)
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        written: list[tuple[PredictionRequest, Prediction]] = []
        for batch, found in zip(batches, resolved, strict=True):
            table = self._tables.of(connection, batch.contract)
            fresh = [(batch.requests[i], batch.predictions[i]) for i in found.fresh]
            rows[table.schema_digest] += [row_of(table, *one) for one in fresh]
            written += fresh
        for digest, new in rows.items():
            if new:
                table = self._tables.of_digest(connection, digest)
                connection.execute(insert(table.table), new)
        if written:
            request_keys.remember(connection, resolved)
            _count(connection, [prediction for _, prediction in written])
            join_orphans(connection, self._tables, written)
        return [found.conflict or found.answers for found in resolved]

    def get(self, prediction_id: PredictionId) -> LoggedPrediction:
        """See `PredictionLog.get`."""
        with self._database.read() as connection:
            for table in self._tables.all(connection):
                where = table.table.c.prediction_id == prediction_id
                row = connection.execute(select(table.table).where(where)).first()
                if row is None:
                    continue
                label = connection.execute(
                    select(standing_labels).where(standing_labels.c.prediction_id == prediction_id)
                ).first()
                return LoggedPrediction(
                    prediction=prediction_of(row),
                    features=features_of(table, row),
                    entity=row.entity,
                    label=None if label is None else label.positive,
                    label_observed_at=None if label is None else label.observed_at,
                )
        raise UnknownPredictionError(prediction_id)

    def read(self, contract: Contract, *, after: str | None, limit: int) -> LogPage:
        """See `PredictionLog.read`."""
        # pyarrow belongs to the control plane; a server that only appends never loads it.
        from holdfast.adapters.stores.sql import prediction_reads  # noqa: PLC0415  # see above

        with self._database.read() as connection:
            table = self._tables.of(connection, contract)
            return prediction_reads.page(connection, table, after=after, limit=limit)

    def cursor_since(self, contract: Contract, moment: datetime) -> str:
        """See `PredictionLog.cursor_since`."""
        from holdfast.adapters.stores.sql import prediction_reads  # noqa: PLC0415  # see `read`

        with self._database.read() as connection:
            table = self._tables.of(connection, contract)
            return prediction_reads.cursor_since(connection, table, moment)

    def window(
        self, contract: Contract, window: Window, *, labels_known_at: datetime | None = None
    ) -> pa.Table:
        """See `PredictionLog.window`."""
        from holdfast.adapters.stores.sql import prediction_reads  # noqa: PLC0415  # see `read`

        with self._database.read() as connection:
            table = self._tables.of(connection, contract)
            return prediction_reads.window(connection, table, window, known_at=labels_known_at)


def _count(connection: Connection, predictions: Sequence[Prediction]) -> None:
    """Keep the counts that people ask for most, so that asking never scans the log."""
    groups: dict[tuple[str, Role], list[datetime]] = defaultdict(list)
    for prediction in predictions:
        groups[prediction.model_version, prediction.role].append(prediction.predicted_at)
    for (version, role), moments in groups.items():
        which: dict[str, Any] = {"of_version": version, "of_role": role.value}
        row = connection.execute(_COUNT, which).first()
        if row is None:
            n, last_at = len(moments), max(moments)
            new = insert(prediction_counts).values(model_version=version, role=role.value)
            connection.execute(new.values(n=n, last_at=last_at))
        else:
            change = {"n": row.n + len(moments), "last_at": max(row.last_at, *moments)}
            connection.execute(_RECOUNT, which | change)
