"""Who was acted upon: one fact a prediction, beside its label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from holdfast.adapters.stores.sql.database import chunks
from holdfast.adapters.stores.sql.label_matching import match
from holdfast.adapters.stores.sql.schema import treatments
from holdfast.domain.treatments import TreatmentCounts, TreatmentFate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from holdfast.adapters.stores.sql.prediction_tables import PredictionTables
    from holdfast.domain.treatments import Treatment

__all__ = ["record_treatments"]


def record_treatments(
    connection: Connection,
    tables: PredictionTables,
    facts: Sequence[Treatment],
    *,
    received_at: datetime,
) -> TreatmentCounts:
    """Write the facts that are news, and say what became of each.

    Args:
        connection: An open write transaction.
        tables: Where predictions stand.
        facts: In the order in which they came.
        received_at: Now.
    """
    targets = match(connection, tables, facts)
    ids = [
        fact.prediction_id if target is None else target.prediction_id
        for fact, target in zip(facts, targets, strict=True)
    ]
    known = _known(connection, sorted({one for one in ids if one is not None}))
    fates, news = [], dict[str, dict[str, Any]]()
    for fact, target, prediction_id in zip(facts, targets, ids, strict=True):
        fate = _fate(fact, None if prediction_id is None else known.get(prediction_id))
        if prediction_id is None:
            fates.append(TreatmentFate.ORPHAN)  # of an entity that was never asked about
            continue
        if fate is TreatmentFate.ACCEPTED:
            known[prediction_id] = fact.treated
            news[prediction_id] = {
                "prediction_id": prediction_id,
                "treated": fact.treated,
                "observed_at": fact.observed_at,
                "received_at": received_at,
            }
            fate = fate if target is not None else TreatmentFate.ORPHAN
        fates.append(fate)
    _write(connection, list(news.values()))
    return TreatmentCounts.of(tuple(fates))


def _fate(fact: Treatment, before: bool | None) -> TreatmentFate:  # noqa: FBT001 - a fact, no switch
    """Once treated, always treated: an offer that was made stays made."""
    if before is None or (fact.treated and not before):
        return TreatmentFate.ACCEPTED
    return TreatmentFate.DUPLICATE if before == fact.treated else TreatmentFate.CONFLICTING


def _known(connection: Connection, ids: Sequence[str]) -> dict[str, bool]:
    of, found = treatments.c, dict[str, bool]()
    for some in chunks(list(ids)):
        query = select(of.prediction_id, of.treated).where(of.prediction_id.in_(some))
        found |= {row.prediction_id: row.treated for row in connection.execute(query)}
    return found


def _write(connection: Connection, news: Sequence[dict[str, Any]]) -> None:
    for some in chunks([one["prediction_id"] for one in news]):
        connection.execute(delete(treatments).where(treatments.c.prediction_id.in_(some)))
    if news:
        connection.execute(insert(treatments), news)
