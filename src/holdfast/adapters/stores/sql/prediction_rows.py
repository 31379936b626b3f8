"""Predictions as database rows, and rows as predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from holdfast.adapters.stores.sql.database import chunks
from holdfast.domain.contract import FeatureKind
from holdfast.domain.ids import ModelVersion, PredictionId
from holdfast.domain.predictions import Prediction, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row

    from holdfast.adapters.stores.sql.prediction_tables import PredictionTable
    from holdfast.domain.contract import Value
    from holdfast.domain.predictions import PredictionRequest

__all__ = ["features_of", "logged", "prediction_of", "row_of"]


def row_of(
    table: PredictionTable, request: PredictionRequest, prediction: Prediction
) -> dict[str, Any]:
    """Return the row to insert."""
    row: dict[str, Any] = dict(zip(table.columns, request.values, strict=True))
    row["prediction_id"] = prediction.prediction_id
    row["model_version"] = prediction.model_version
    row["role"] = prediction.role.value
    row["entity"] = request.entity
    row["score"] = prediction.score
    row["positive"] = prediction.positive
    row["threshold"] = prediction.threshold
    row["predicted_at"] = prediction.predicted_at
    return row


def prediction_of(row: Row[Any]) -> Prediction:
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


def features_of(table: PredictionTable, row: Row[Any]) -> dict[str, Value]:
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
