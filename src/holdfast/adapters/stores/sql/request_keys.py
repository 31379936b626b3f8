"""Idempotency: the same client's id with the same row gets the answer that was logged."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import insert, select

from holdfast.adapters.stores.sql.database import chunks
from holdfast.adapters.stores.sql.prediction_rows import logged
from holdfast.adapters.stores.sql.schema import request_keys
from holdfast.domain.canonical import sha256_hex
from holdfast.domain.errors import RequestConflictError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from holdfast.adapters.stores.sql.prediction_tables import PredictionTable, PredictionTables
    from holdfast.domain.contract import Contract
    from holdfast.domain.predictions import Prediction, PredictionRequest

__all__ = ["Resolved", "remember", "resolve"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What to answer, and which rows of the batch are new."""

    answers: tuple[Prediction, ...]
    fresh: tuple[int, ...]  # positions in the batch


def resolve(
    connection: Connection,
    tables: PredictionTables,
    contract: Contract,
    requests: Sequence[PredictionRequest],
    predictions: Sequence[Prediction],
) -> Resolved:
    """Answer repeated requests from the log.

    Raises:
        RequestConflictError: If an id was used before, here or earlier, for another row.
    """
    names = contract.names
    used = _used(connection, tables, requests)
    answers: list[Prediction] = []
    fresh: list[int] = []
    for i, (request, prediction) in enumerate(zip(requests, predictions, strict=True)):
        if request.request_id is None:
            answers.append(prediction)
            fresh.append(i)
            continue
        row = _row_digest(names, request)
        if request.request_id not in used:
            used[request.request_id] = (row, prediction)
            fresh.append(i)
        before, answer = used[request.request_id]
        if before != row:
            raise RequestConflictError(request.request_id, row=i)
        answers.append(answer)
    return Resolved(tuple(answers), tuple(fresh))


def remember(
    connection: Connection,
    table: PredictionTable,
    contract: Contract,
    written: Sequence[tuple[PredictionRequest, Prediction]],
) -> None:
    """Write the keys of the new rows, in the transaction that writes the rows."""
    names = contract.names
    rows = [
        {
            "request_id": request.request_id,
            "row_digest": _row_digest(names, request),
            "prediction_id": prediction.prediction_id,
            "schema_digest": table.schema_digest,
        }
        for request, prediction in written
        if request.request_id is not None
    ]
    if rows:
        connection.execute(insert(request_keys), rows)


def _row_digest(names: Sequence[str], request: PredictionRequest) -> str:
    # What tells two rows apart: their values by name, and whom they are about. Validated
    # values are finite, so that the slower search for NaN is not needed here.
    named = dict(zip(names, request.values, strict=True))
    return sha256_hex(msgspec.json.encode([named, request.entity], order="sorted"))


def _used(
    connection: Connection, tables: PredictionTables, requests: Sequence[PredictionRequest]
) -> dict[str, tuple[str, Prediction]]:
    """Map each id that was used before to its row's digest and its answer."""
    ids = [request.request_id for request in requests if request.request_id is not None]
    keys = [
        key
        for some in chunks(ids)
        for key in connection.execute(
            select(request_keys).where(request_keys.c.request_id.in_(some))
        )
    ]
    by_schema: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        by_schema[key.schema_digest].append(key.prediction_id)
    answers: dict[str, Prediction] = {}
    for schema_digest, wanted in by_schema.items():
        answers |= logged(connection, tables.of_digest(connection, schema_digest), wanted)
    return {key.request_id: (key.row_digest, answers[key.prediction_id]) for key in keys}
