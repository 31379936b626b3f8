"""Predictions as database rows, and rows as predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from holdfast.adapters.stores.sql.copying import Copied
from holdfast.adapters.stores.sql.database import chunks
from holdfast.adapters.stores.sql.prepared import Prepared
from holdfast.adapters.stores.sql.timestamps import UtcTimestamp
from holdfast.domain.contract import FeatureKind
from holdfast.domain.ids import ModelVersion, PredictionId
from holdfast.domain.predictions import Prediction, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Dialect
    from sqlalchemy import Row as Found

    from holdfast.adapters.stores.sql.prediction_tables import PredictionTable
    from holdfast.domain.contract import Value
    from holdfast.domain.predictions import PredictionRequest
    from holdfast.ports.prediction_log import LogBatch

__all__ = ["bound_moments", "features_of", "insert_into", "logged", "prediction_of", "row_of"]

Row = tuple[Any, ...]
_MOMENT = UtcTimestamp()
_OWN = (
    "prediction_id",
    "model_version",
    "role",
    "entity",
    "score",
    "positive",
    "threshold",
    "predicted_at",
)


def insert_into(table: PredictionTable, dialect: Dialect) -> Prepared | Copied:
    """Return what writes rows as `row_of` gives them."""
    names = (*_OWN, *table.columns)
    if dialect.name == "postgresql":
        return Copied(table.table, dialect, names)
    return Prepared(insert(table.table), dialect, names)


def bound_moments(dialect: Dialect, batches: Sequence[LogBatch]) -> dict[datetime, Any]:
    """Return each moment of the batches as the driver takes it; a group has but one or two."""
    moments = {p.predicted_at for batch in batches for p in batch.predictions}
    return {moment: _MOMENT.process_bind_param(moment, dialect) for moment in moments}


def row_of(request: PredictionRequest, prediction: Prediction, predicted_at: Any) -> Row:
    """Return the row to insert.

    Args:
        request: Its values, in contract order.
        prediction: The answer.
        predicted_at: The answer's moment as the driver takes it.
    """
    return (
        prediction.prediction_id,
        prediction.model_version,
        prediction.role.value,
        request.entity,
        prediction.score,
        prediction.positive,
        prediction.threshold,
        predicted_at,
        *request.values,
    )


def prediction_of(row: Found[Any]) -> Prediction:
    """Return the answer that a row holds."""
    return Prediction(
        prediction_id=PredictionId(row.prediction_id),
        model_version=ModelVersion(row.model_version),
        score=row.score,
        positive=row.positive,
        threshold=row.threshold,
        predicted_at=row.predicted_at,
        role=Role(row.role),
    )


def features_of(table: PredictionTable, row: Found[Any]) -> dict[str, Value]:
    """Return a row's features under their own names, in contract order."""
    stored = row._mapping  # noqa: SLF001  # public in spite of its underscore
    return {
        name: float(value) if kind is FeatureKind.NUMERIC and value is not None else value
        for name, kind, column in table.features
        for value in (stored[column],)
    }


def logged(
    connection: Connection, table: PredictionTable, ids: Iterable[str]
) -> dict[str, Prediction]:
    """Return those predictions of a table that bear one of the ids."""
    column = table.table.c.prediction_id
    found = {}
    for some in chunks(list(ids)):
        for row in connection.execute(select(table.table).where(column.in_(some))):
            found[row.prediction_id] = prediction_of(row)
    return found
