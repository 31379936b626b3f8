"""What is kept of a shadow beside its rows: which answer each stands beside, and what it missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from holdfast.adapters.stores.sql.database import chunks
from holdfast.adapters.stores.sql.schema import shadow_drops, shadows
from holdfast.domain.ids import PredictionId

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from holdfast.adapters.stores.sql.prediction_tables import PredictionTable
    from holdfast.domain.predictions import Prediction, PredictionRequest

__all__ = ["answered_by", "count_dropped", "link", "with_answer"]


def link(connection: Connection, predictions: Iterable[Prediction]) -> None:
    """Remember beside which answer each shadow's score stands; other rows have none."""
    rows = [
        {"prediction_id": prediction.prediction_id, "answered_id": prediction.answered_id}
        for prediction in predictions
        if prediction.answered_id is not None
    ]
    if rows:
        connection.execute(insert(shadows), rows)


def with_answer(
    connection: Connection,
    table: PredictionTable,
    rows: Sequence[tuple[PredictionRequest, Prediction]],
) -> list[tuple[PredictionRequest, Prediction]]:
    """Return the rows whose answer still stands: an erased entity must not come back by them."""
    of = table.table.c.prediction_id
    standing: set[str] = set()
    for some in chunks([str(prediction.answered_id) for _, prediction in rows]):
        standing |= set(connection.execute(select(of).where(of.in_(some))).scalars())
    return [row for row in rows if row[1].answered_id in standing]


def answered_by(connection: Connection, prediction_id: str) -> PredictionId | None:
    """Return the answer beside which a shadow's score stands."""
    query = select(shadows.c.answered_id).where(shadows.c.prediction_id == prediction_id)
    found = connection.execute(query).scalar()
    return None if found is None else PredictionId(found)


def count_dropped(connection: Connection, version: str, n: int) -> None:
    """Add to the rows that a shadow did not get to score."""
    of = shadow_drops.c
    more = update(shadow_drops).where(of.model_version == version).values(n=of.n + n)
    if connection.execute(more).rowcount == 0:
        connection.execute(insert(shadow_drops).values(model_version=version, n=n))
