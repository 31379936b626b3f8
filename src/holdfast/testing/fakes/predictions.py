"""A prediction log in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from holdfast.domain.errors import RequestConflictError, UnknownPredictionError
from holdfast.domain.predictions import LoggedPrediction, Role
from holdfast.testing.fakes.labels import LoggedRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa

    from holdfast.domain.contract import Contract
    from holdfast.domain.ids import ModelVersion, PredictionId
    from holdfast.domain.predictions import Prediction, PredictionRequest
    from holdfast.domain.windows import Window
    from holdfast.ports.prediction_log import LogBatch, LogPage
    from holdfast.testing.fakes.labels import Ledger

__all__ = ["InMemoryPredictionLog"]


class InMemoryPredictionLog:
    """`PredictionLog` in memory; it is as durable as the process."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._used: dict[str, tuple[object, Prediction]] = {}

    def prepare(self, contract: Contract) -> None:
        """See `PredictionLog.prepare`; memory needs no tables."""

    def append(
        self,
        contract: Contract,
        requests: Sequence[PredictionRequest],
        predictions: Sequence[Prediction],
    ) -> tuple[Prediction, ...]:
        """See `PredictionLog.append`."""
        if len(requests) != len(predictions):
            raise ValueError(f"{len(requests)} requests, but {len(predictions)} predictions")
        schema_digest = contract.schema_digest
        with self._ledger.lock:
            used = dict(self._used)
            answers, fresh = [], []
            for i, (request, prediction) in enumerate(zip(requests, predictions, strict=True)):
                answer = _answer(contract, request, prediction, used, i)
                answers.append(answer)
                answered = prediction.answered_id
                if answer is prediction and (answered is None or answered in self._ledger.rows):
                    fresh.append(LoggedRow(contract, schema_digest, request, _in_utc(prediction)))
            self._used = used
            self._ledger.add(fresh)
            self._ledger.join_orphans()
            return tuple(answers)

    def append_each(self, batches: Sequence[LogBatch]) -> list[tuple[Prediction, ...] | Exception]:
        """See `PredictionLog.append_each`."""
        outcomes: list[tuple[Prediction, ...] | Exception] = []
        for batch in batches:
            try:
                answers = self.append(batch.contract, batch.requests, batch.predictions)
            except RequestConflictError as conflict:
                outcomes.append(conflict)
            else:
                outcomes.append(answers)
        return outcomes

    def get(self, prediction_id: PredictionId) -> LoggedPrediction:
        """See `PredictionLog.get`."""
        with self._ledger.lock:
            row = self._ledger.rows.get(prediction_id)
            line = self._ledger.standing.get(prediction_id)
            treated = self._ledger.treated.get(prediction_id)
        if row is None:
            raise UnknownPredictionError(prediction_id)
        return LoggedPrediction(
            prediction=row.prediction,
            features=dict(zip(row.contract.names, row.request.values, strict=True)),
            entity=row.request.entity,
            label=None if line is None else line.label.positive,
            label_observed_at=None if line is None else line.label.observed_at,
            treated=None if treated is None else treated[0],
        )

    def read(self, contract: Contract, *, after: str | None, limit: int) -> LogPage:
        """See `PredictionLog.read`."""
        from holdfast.ports.prediction_log import LogPage  # noqa: PLC0415  # beside its user

        owner = contract.schema_digest
        schema_digest, _, position = (after or f"{owner}.0").rpartition(".")
        if schema_digest != owner:
            raise ValueError(f"the cursor {after!r} belongs to another contract's log")
        later = [row for row in self._of(contract) if self._position(row) > int(position)]
        rows = later[:limit]
        end = self._position(rows[-1]) if rows else int(position)
        return LogPage(rows=_table(contract, rows), cursor=f"{owner}.{end}")

    def cursor_since(self, contract: Contract, moment: datetime) -> str:
        """See `PredictionLog.cursor_since`."""
        rows = self._of(contract)
        later = (self._position(row) - 1 for row in rows if row.prediction.predicted_at >= moment)
        newest = max((self._position(row) for row in rows), default=0)
        return f"{contract.schema_digest}.{next(later, newest)}"

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
        found = self._window(contract, window, labels_known_at, shadow, negative_before)
        return found if columns is None else _narrowed(found, contract, columns)

    def _window(
        self,
        contract: Contract,
        window: Window,
        labels_known_at: datetime | None,
        shadow: ModelVersion | None,
        negative_before: datetime | None,
    ) -> pa.Table:
        rows = [
            row
            for row in self._of(contract)
            if row.prediction.predicted_at in window and _is_asked_for(row.prediction, shadow)
        ]
        rows.sort(key=lambda row: row.prediction.predicted_at)
        if labels_known_at is None:
            return _table(contract, rows)
        lines = {
            prediction_id: line
            for prediction_id, line in self._ledger.standing.items()
            if max(line.received_at, line.label.observed_at) <= labels_known_at
        }
        known = [
            row
            for row in rows
            if _labelled(row.prediction) in lines
            or (negative_before is not None and row.prediction.predicted_at < negative_before)
        ]
        found = [lines.get(_labelled(row.prediction)) for row in known]
        table = _table(
            contract,
            known,
            [line is not None and line.label.positive for line in found],
            [self._treated(row, labels_known_at) for row in known],
        )
        if negative_before is None:
            return table
        return _with_flags(table, "label_assumed", [line is None for line in found])

    def count_dropped(self, version: ModelVersion, n: int) -> None:
        """See `PredictionLog.count_dropped`."""
        with self._ledger.lock:
            self._ledger.n_shadow_dropped[version] += n

    def forget_requests(self, ids: set[PredictionId]) -> int:
        """Forget the clients' ids of these predictions and return how many there were."""
        with self._ledger.lock:
            kept = {k: v for k, v in self._used.items() if v[1].prediction_id not in ids}
            n_forgotten = len(self._used) - len(kept)
            self._used = kept
            return n_forgotten

    def _treated(self, row: LoggedRow, known_at: datetime) -> bool | None:
        said = self._ledger.treated.get(_labelled(row.prediction))
        return None if said is None or said[1] > known_at else said[0]

    def _position(self, row: LoggedRow) -> int:
        return self._ledger.positions[row.prediction.prediction_id]

    def _of(self, contract: Contract) -> list[LoggedRow]:
        digest = contract.schema_digest
        with self._ledger.lock:
            rows = list(self._ledger.rows.values())
        return [row for row in rows if row.schema_digest == digest]


def _is_asked_for(prediction: Prediction, shadow: ModelVersion | None) -> bool:
    if shadow is None:
        return prediction.role.answers
    return prediction.role is Role.SHADOW and prediction.model_version == shadow


def _labelled(prediction: Prediction) -> PredictionId:
    """Return the prediction whose label counts for this one."""
    return prediction.answered_id or prediction.prediction_id


def _in_utc(prediction: Prediction) -> Prediction:
    return replace(prediction, predicted_at=prediction.predicted_at.astimezone(UTC))


def _answer(
    contract: Contract,
    request: PredictionRequest,
    prediction: Prediction,
    used: dict[str, tuple[object, Prediction]],
    row: int,
) -> Prediction:
    if request.request_id is None:
        return prediction
    content = (request.told(contract), request.entity)
    before, answer = used.setdefault(request.request_id, (content, prediction))
    if before != content:
        raise RequestConflictError(request.request_id, row=row)
    return answer


def _with_flags(table: pa.Table, name: str, flags: Sequence[bool]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415  # see `_table`

    return table.append_column(name, pa.array(flags, pa.bool_()))


def _narrowed(rows: pa.Table, contract: Contract, columns: Sequence[str]) -> pa.Table:
    begin = rows.column_names.index("predicted_at") + 1
    own = [i for i, name in enumerate(rows.column_names[:begin]) if name in columns]
    return rows.select([*own, *range(begin + len(contract.features), rows.num_columns)])


def _table(
    contract: Contract,
    rows: Sequence[LoggedRow],
    labels: Sequence[bool] | None = None,
    treated: Sequence[bool | None] = (),
) -> pa.Table:
    # Only these reads need pyarrow; tests of the slim server do without it.
    import pyarrow as pa  # noqa: PLC0415  # see above

    from holdfast.domain.tables import ARROW_TYPES  # noqa: PLC0415  # see above

    answers = [row.prediction for row in rows]
    columns: dict[str, Any] = {
        "prediction_id": pa.array([str(p.prediction_id) for p in answers], pa.string()),
        "model_version": pa.array([str(p.model_version) for p in answers], pa.string()),
        "role": pa.array([p.role.value for p in answers], pa.string()),
        "entity": pa.array([row.request.entity for row in rows], pa.string()),
        "score": pa.array([p.score for p in answers], pa.float64()),
        "positive": pa.array([p.positive for p in answers], pa.bool_()),
        "predicted_at": pa.array([p.predicted_at for p in answers], pa.timestamp("us", tz="UTC")),
    }
    arrays = list(columns.values())
    names = list(columns)
    for i, feature in enumerate(contract.features):
        arrays.append(pa.array([row.request.values[i] for row in rows], ARROW_TYPES[feature.kind]))
        names.append(feature.name)
    if labels is not None:
        arrays += [pa.array(labels, pa.bool_()), pa.array(treated, pa.bool_())]
        names += ["label", "was_treated"]
    return pa.Table.from_arrays(arrays, names=names)
