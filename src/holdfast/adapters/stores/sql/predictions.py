"""The prediction log: appended durably before an answer is given, read back as Arrow."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from holdfast.adapters.stores.sql import request_keys, shadows
from holdfast.adapters.stores.sql.group_commit import GroupCommit
from holdfast.adapters.stores.sql.label_matching import join_orphans
from holdfast.adapters.stores.sql.prediction_counts import PredictionCounts
from holdfast.adapters.stores.sql.prediction_rows import (
    bound_moments,
    features_of,
    insert_into,
    prediction_of,
    row_of,
)
from holdfast.adapters.stores.sql.schema import standing_labels, treatments
from holdfast.domain.errors import UnknownPredictionError
from holdfast.domain.predictions import LoggedPrediction, Role
from holdfast.ports.prediction_log import append_alone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa
    from sqlalchemy import Connection

    from holdfast.adapters.stores.sql.copying import Copied
    from holdfast.adapters.stores.sql.database import Database
    from holdfast.adapters.stores.sql.prediction_tables import PredictionTables
    from holdfast.adapters.stores.sql.prepared import Prepared
    from holdfast.domain.contract import Contract
    from holdfast.domain.ids import ModelVersion, PredictionId
    from holdfast.domain.predictions import Prediction, PredictionRequest
    from holdfast.domain.windows import Window
    from holdfast.ports.prediction_log import LogBatch, LogPage

__all__ = ["SqlPredictionLog"]


class SqlPredictionLog:
    """`PredictionLog` in tables of typed columns, one a contract schema."""

    def __init__(self, database: Database, tables: PredictionTables) -> None:
        self._database, self._tables = database, tables
        self._commits: GroupCommit[LogBatch, tuple[Prediction, ...]] = GroupCommit(
            database, self._write, rows_of=lambda batch: len(batch.requests)
        )
        self._inserts: dict[str, Prepared | Copied] = {}  # by schema digest
        self._counts = PredictionCounts()

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
        return append_alone(self, contract, requests, predictions)

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
        rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        written: list[tuple[PredictionRequest, Prediction]] = []
        moments = bound_moments(connection.dialect, batches)
        for batch, found in zip(batches, resolved, strict=True):
            fresh = [(batch.requests[i], batch.predictions[i]) for i in found.fresh]
            table = self._tables.of(connection, batch.contract)
            if fresh and fresh[0][1].answered_id is not None:
                fresh = shadows.with_answer(connection, table, fresh)
            rows[table.schema_digest] += [
                row_of(request, prediction, moments[prediction.predicted_at])
                for request, prediction in fresh
            ]
            written += fresh
        for digest, new in rows.items():
            if new:
                self._tables.make_room(connection, digest, (row[0] for row in new))
                self._insert(connection, digest).run(connection, new)
        if written:
            request_keys.remember(connection, resolved)
            predictions = [prediction for _, prediction in written]
            self._counts.add(connection, predictions, moments)
            shadows.link(connection, predictions)
            join_orphans(connection, self._tables, written)
        return [found.conflict or found.answers for found in resolved]

    def _insert(self, connection: Connection, schema_digest: str) -> Prepared | Copied:
        if schema_digest not in self._inserts:
            table = self._tables.of_digest(connection, schema_digest)
            self._inserts[schema_digest] = insert_into(table, connection.dialect)
        return self._inserts[schema_digest]

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
                treated = connection.execute(
                    select(treatments.c.treated).where(treatments.c.prediction_id == prediction_id)
                ).scalar()
                return LoggedPrediction(
                    prediction=_linked(connection, prediction_of(row)),
                    features=features_of(table, row),
                    entity=row.entity,
                    label=None if label is None else label.positive,
                    label_observed_at=None if label is None else label.observed_at,
                    treated=treated,
                )
        raise UnknownPredictionError(prediction_id)

    def read(self, contract: Contract, *, after: str | None, limit: int) -> LogPage:
        """See `PredictionLog.read`."""
        # pyarrow belongs to the control plane; a server that only appends never loads it.
        from holdfast.adapters.stores.sql import prediction_reads  # noqa: PLC0415  # see above

        with self._database.read(long=True) as connection:
            table = self._tables.of(connection, contract)
            return prediction_reads.page(connection, table, after=after, limit=limit)

    def cursor_since(self, contract: Contract, moment: datetime) -> str:
        """See `PredictionLog.cursor_since`."""
        from holdfast.adapters.stores.sql import prediction_reads  # noqa: PLC0415  # see `read`

        with self._database.read(long=True) as connection:
            table = self._tables.of(connection, contract)
            return prediction_reads.cursor_since(connection, table, moment)

    def window(
        self,
        contract: Contract,
        window: Window,
        *,
        labels_known_at: datetime | None = None,
        shadow: ModelVersion | None = None,
        negative_before: datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """See `PredictionLog.window`."""
        from holdfast.adapters.stores.sql import prediction_reads  # noqa: PLC0415  # see `read`

        with self._database.read(long=True) as connection:
            table = self._tables.of(connection, contract)
            return prediction_reads.window(
                connection,
                table,
                window,
                known_at=labels_known_at,
                shadow=shadow,
                negative_before=negative_before,
                columns=columns,
            )

    def count_dropped(self, version: ModelVersion, n: int) -> None:
        """See `PredictionLog.count_dropped`."""
        with self._database.write() as connection:
            shadows.count_dropped(connection, version, n)


def _linked(connection: Connection, prediction: Prediction) -> Prediction:
    if prediction.role is not Role.SHADOW:
        return prediction
    answered_id = shadows.answered_by(connection, prediction.prediction_id)
    return replace(prediction, answered_id=answered_id)
