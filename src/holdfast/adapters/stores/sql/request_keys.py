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

    from holdfast.adapters.stores.sql.prediction_tables import PredictionTables
    from holdfast.domain.contract import Contract
    from holdfast.domain.predictions import Prediction, PredictionRequest
    from holdfast.ports.prediction_log import LogBatch

__all__ = ["Resolved", "remember", "resolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What to answer to a batch, which rows of it are new, and the keys to write with them."""

    answers: tuple[Prediction, ...] = ()
    fresh: Sequence[int] = ()  # positions in the batch
    keys: tuple[dict[str, str], ...] = ()
    conflict: RequestConflictError | None = None  # then all else is empty


def resolve(
    connection: Connection, tables: PredictionTables, batches: Sequence[LogBatch]
) -> list[Resolved]:
    """Answer repeated requests from the log, and from the batches before in the group.

    A batch with an id that was used before, here or earlier, for another row is refused as
    a whole, and leaves its other ids free.
    """
    ids = [r.request_id for batch in batches for r in batch.requests if r.request_id is not None]
    if not ids:  # as most are: nothing was asked before
        return [
            Resolved(answers=tuple(batch.predictions), fresh=range(len(batch.requests)))
            for batch in batches
        ]
    used = _used(connection, tables, ids)
    return [
        _resolved(batch, tables.of(connection, batch.contract).schema_digest, used)
        for batch in batches
    ]


def remember(connection: Connection, resolved: Sequence[Resolved]) -> None:
    """Write the keys of the new rows, in the transaction that writes the rows."""
    rows = [key for one in resolved for key in one.keys]
    if rows:
        connection.execute(insert(request_keys), rows)


def _resolved(batch: LogBatch, digest: str, used: dict[str, tuple[str, Prediction]]) -> Resolved:
    """Resolve one batch; what it uses is used for those that follow."""
    answers: list[Prediction] = []
    fresh: list[int] = []
    new: dict[str, tuple[str, Prediction]] = {}
    for i, (request, prediction) in enumerate(zip(batch.requests, batch.predictions, strict=True)):
        row, first = "", None
        if request.request_id is not None:
            row = _row_digest(batch.contract, request)
            first = used.get(request.request_id) or new.get(request.request_id)
        if first is not None and first[0] != row:
            return Resolved(conflict=RequestConflictError(str(request.request_id), row=i))
        if first is None:
            fresh.append(i)
            if request.request_id is not None:
                new[request.request_id] = (row, prediction)
        answers.append(prediction if first is None else first[1])
    used |= new
    keys = tuple(
        {
            "request_id": request_id,
            "row_digest": row,
            "prediction_id": prediction.prediction_id,
            "schema_digest": digest,
        }
        for request_id, (row, prediction) in new.items()
    )
    return Resolved(answers=tuple(answers), fresh=fresh, keys=keys)


def _row_digest(contract: Contract, request: PredictionRequest) -> str:
    # What tells two rows apart: their values by name, and whom they are about. Validated
    # values are finite, so that the slower search for NaN is not needed here.
    told = request.told(contract)
    return sha256_hex(msgspec.json.encode([told, request.entity], order="sorted"))


def _used(
    connection: Connection, tables: PredictionTables, ids: Sequence[str]
) -> dict[str, tuple[str, Prediction]]:
    """Map each id that was used before to its row's digest and its answer."""
    keys = [
        key
        for some in chunks(list(ids))
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
