"""Score a table in bulk with the model in production, and log the answers if that is wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.arrow import index_array, mask_array, word_array
from holdfast.domain.columns import as_words
from holdfast.domain.dated import repeated
from holdfast.domain.predictions import PredictionRequest
from holdfast.domain.tables import as_moments, column_of, conform, encode_table
from holdfast.loop.predict import predict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract, Value
    from holdfast.domain.predictions import Prediction
    from holdfast.loop.swap import ServedModel
    from holdfast.ports.clock import Clock
    from holdfast.ports.prediction_log import PredictionLog

__all__ = ["logged", "scored"]

_AT_ONCE = 2_000  # rows a transaction; a server beside waits for no longer


def scored(
    table: pa.Table, served: ServedModel, *, at: datetime, time: str | None = None
) -> pa.Table:
    """Return the table with the columns `score`, `decision`, `model_version` after its own.

    Args:
        table: Rows with at least the contract's features.
        served: The model to score with.
        at: The moment of the rows: what the ages of their dates are counted to.
        time: The column that says of each row when it was, if the table has it.

    Raises:
        ColumnError: If a feature is missing, or of another type.
    """
    contract = served.contract
    rows = conform(table, contract, moments=_moments(table, time, at))
    scores = served.model.score(encode_table(rows, contract))
    added = {
        "score": pa.array(scores),
        "decision": _decisions(scores >= contract.threshold, served),
        "model_version": _repeated(served.record.version, table.num_rows),
    }
    return _with(table, added)


def logged(
    table: pa.Table,
    served: ServedModel,
    log: PredictionLog,
    clock: Clock,
    *,
    entity: str | None,
    request_ids: Sequence[str],
    time: str | None = None,
) -> pa.Table:
    """Score a table as `scored` does, log each row, and add `prediction_id` as well.

    Rows that were logged before, under the same request ids, get the logged answers: what a
    crash cut short can be run again.

    Args:
        table: Rows with at least the contract's features.
        served: The model to score with.
        log: Where the answers are written.
        clock: Gives the moment of the predictions.
        entity: The column that says whom a row is about; None, or absent: nobody.
        request_ids: One a row.
        time: The column that says of each row when it was, for the ages of its dates; None,
            or absent: it is asked about now.

    Raises:
        ColumnError: If a feature is missing, or of another type.
        RequestConflictError: If a request id was used for another row.
        StoreUnavailableError: If rows could not be made durable; those before stay logged.
    """
    # A file is scored by the model that was named, not in part by a canary.
    served = replace(served, challenger=None)
    moments = _moments(table, time, clock.now())
    requests = _requests(table, served, entity, request_ids, moments)
    answers: list[Prediction] = []
    for start in range(0, len(requests), _AT_ONCE):
        answers += predict(served, log, clock, requests[start : start + _AT_ONCE])
    flags = np.array([answer.positive for answer in answers], dtype=np.bool_)
    added = {
        "score": pa.array(np.array([answer.score for answer in answers], dtype=np.float64)),
        "decision": _decisions(flags, served),
        "model_version": word_array([answer.model_version for answer in answers]),
        "prediction_id": word_array([answer.prediction_id for answer in answers]),
    }
    return _with(table, added)


def _requests(
    table: pa.Table,
    served: ServedModel,
    entity: str | None,
    request_ids: Sequence[str],
    moments: pa.ChunkedArray,
) -> list[PredictionRequest]:
    rows = conform(table, served.contract, moments=moments)
    columns = [column.to_pylist() for column in rows.columns]
    entities: Sequence[str | None] = [None] * table.num_rows
    if entity is not None and entity in table.column_names:
        words = as_words(column_of(table, entity), table.schema.field(entity))
        entities = words.to_pylist()
    sent = _sent(table, served.contract, rows)
    return [
        PredictionRequest(values=values, request_id=request_id, entity=whom, sent=told)
        for values, request_id, whom, told in zip(
            zip(*columns, strict=True), request_ids, entities, sent, strict=True
        )
    ]


def _sent(
    table: pa.Table, contract: Contract, rows: pa.Table
) -> Sequence[tuple[Value, ...] | None]:
    """Return what each row says of its dates, which does not change from day to day."""
    if not contract.dates:
        return [None] * table.num_rows
    columns = [
        _texts(table, name) if name in contract.dates else rows.column(name).to_pylist()
        for name in contract.inputs
    ]
    return list(zip(*columns, strict=True))


def _texts(table: pa.Table, name: str) -> list[str | None]:
    if name not in table.column_names:  # of an exported log, in which the dates are counted
        return [None] * table.num_rows
    dates = as_moments(table.column(name), name)
    text = pc.strftime(dates, format="%Y-%m-%dT%H:%M:%S+00:00")
    found: list[str | None] = text.to_pylist()
    return found


def _moments(table: pa.Table, time: str | None, at: datetime) -> pa.ChunkedArray:
    if time is not None and time in table.column_names:
        return as_moments(table.column(time), time)
    return repeated(at, table.num_rows)


def _decisions(positive: NDArray[np.bool_], served: ServedModel) -> pa.Array:
    target = served.contract.target
    return pc.if_else(mask_array(positive), pa.scalar(target.positive), pa.scalar(target.negative))


def _repeated(word: str, n_rows: int) -> pa.Array:
    return word_array([word]).take(index_array(np.zeros(n_rows, dtype=np.int64)))


def _with(table: pa.Table, added: dict[str, pa.Array]) -> pa.Table:
    for name, column in added.items():
        # A column of the same name would make the file ambiguous: it is replaced.
        if name in table.column_names:
            table = table.drop_columns([name])
        table = table.append_column(name, column)
    return table
