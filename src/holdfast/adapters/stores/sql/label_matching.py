"""Which prediction a label is about, and what becomes of the label."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, literal_column, select, text, update

from holdfast.adapters.stores.sql import label_counts
from holdfast.adapters.stores.sql.database import chunks
from holdfast.adapters.stores.sql.prepared import Prepared
from holdfast.adapters.stores.sql.schema import labels, orphans, standing_labels
from holdfast.adapters.stores.sql.timestamps import UtcTimestamp
from holdfast.domain.predictions import LabelFate, Role

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Dialect, Row, Table

    from holdfast.adapters.stores.sql.prediction_tables import PredictionTables
    from holdfast.domain.predictions import Label, Prediction, PredictionRequest
    from holdfast.domain.treatments import Treatment

__all__ = ["Standing", "Target", "join_orphans", "match"]

_ANY_ORPHAN = text(f"SELECT 1 FROM {orphans.name} LIMIT 1")  # noqa: S608 - a constant of ours


_MOMENT = UtcTimestamp()
# Written out: a prepared statement takes no values but those of its rows.
_ONE: Any = literal_column("1")
_NONE: Any = literal_column("0")
_SHADOW: Any = literal_column(f"'{Role.SHADOW.value}'")


@dataclass(frozen=True, slots=True)
class Target:
    """The prediction that a label is about."""

    prediction_id: str
    predicted_at: datetime


class Standing:
    """The labels that count, one a prediction; the first to come stands.

    Args:
        connection: An open write transaction.
        prediction_ids: The predictions that are about to be labelled.
    """

    def __init__(self, connection: Connection, prediction_ids: Sequence[str]) -> None:
        self._positive: dict[str, bool] = {}
        self.new: list[dict[str, Any]] = []
        columns = standing_labels.c
        for some in chunks(list(prediction_ids)):
            query = select(columns.prediction_id, columns.positive)
            for row in connection.execute(query.where(columns.prediction_id.in_(some))):
                self._positive[row.prediction_id] = row.positive

    def settle(
        self,
        target: Target,
        *,
        ledger_id: int,
        positive: bool,
        observed_at: datetime,
        received_at: datetime,
        maturity: timedelta,
    ) -> LabelFate:
        """Return a label's fate, and let it stand if it is the first of its prediction."""
        before = self._positive.get(target.prediction_id)
        if before is not None:
            return LabelFate.DUPLICATE if before == positive else LabelFate.CONFLICTING
        self._positive[target.prediction_id] = positive
        self.new.append(
            {
                "prediction_id": target.prediction_id,
                "positive": positive,
                "observed_at": observed_at,
                "received_at": received_at,
                "ledger_id": ledger_id,
            }
        )
        late = observed_at - target.predicted_at > maturity
        return LabelFate.LATE if late else LabelFate.ACCEPTED

    def write(self, connection: Connection) -> None:
        """Write the labels that came to stand."""
        if self.new:
            connection.execute(insert(standing_labels), self.new)


def match(
    connection: Connection, tables: PredictionTables, wanted: Sequence[Label] | Sequence[Treatment]
) -> list[Target | None]:
    """Return the prediction of each label or treatment, or None where there is none yet."""
    named = _by_id(connection, tables, [str(w.prediction_id) for w in wanted if w.prediction_id])
    latest = _LatestOf(connection, tables)
    return [
        named.get(label.prediction_id)
        if label.prediction_id is not None
        else latest.before(str(label.entity), label.at or label.observed_at)
        for label in wanted
    ]


def join_orphans(
    connection: Connection,
    tables: PredictionTables,
    written: Sequence[tuple[PredictionRequest, Prediction]],
) -> None:
    """Join the waiting labels that these predictions make sense of."""
    if _any_orphan(connection.dialect).first(connection) is None:
        return  # the common case costs one look
    waiting = _waiting(connection, written)
    named = {str(p.prediction_id): Target(p.prediction_id, p.predicted_at) for _, p in written}
    latest = _LatestOf(connection, tables)
    pairs = [(row, _target(row, named, latest)) for row in waiting]
    found = [(row, target) for row, target in pairs if target is not None]
    standing = Standing(connection, [target.prediction_id for _, target in found])
    fates = Counter[str]()
    for row, target in found:
        fate = standing.settle(
            target,
            ledger_id=row.ledger_id,
            positive=row.positive,
            observed_at=row.observed_at,
            received_at=row.received_at,
            maturity=timedelta(seconds=row.maturity),
        )
        fates.update({fate: 1, LabelFate.ORPHAN: -1})
        connection.execute(delete(orphans).where(orphans.c.ledger_id == row.ledger_id))
        connection.execute(
            update(labels)
            .where(labels.c.ledger_id == row.ledger_id)
            .values(fate=fate.value, prediction_id=target.prediction_id)
        )
    standing.write(connection)
    label_counts.add(connection, fates)


@cache
def _any_orphan(dialect: Dialect) -> Prepared:
    return Prepared(_ANY_ORPHAN, dialect)


def _waiting(
    connection: Connection, written: Sequence[tuple[PredictionRequest, Prediction]]
) -> list[Row[Any]]:
    query = select(labels, orphans.c.maturity).join(orphans)
    found: dict[int, Row[Any]] = {}
    for some in chunks([prediction.prediction_id for _, prediction in written]):
        by_id = query.where(orphans.c.prediction_id.in_(some))
        found |= {row.ledger_id: row for row in connection.execute(by_id)}
    for some in chunks(sorted({r.entity for r, _ in written if r.entity is not None})):
        by_entity = query.where(orphans.c.entity.in_(some))
        found |= {row.ledger_id: row for row in connection.execute(by_entity)}
    return [found[ledger_id] for ledger_id in sorted(found)]


def _target(row: Row[Any], named: dict[str, Target], latest: _LatestOf) -> Target | None:
    if row.entity is None:
        return named[row.prediction_id]
    return latest.before(row.entity, row.at or row.observed_at)


def _by_id(
    connection: Connection, tables: PredictionTables, ids: Sequence[str]
) -> dict[str, Target]:
    found = {}
    for table in tables.all(connection) if ids else ():
        of = table.table.c
        for some in chunks(list(ids)):
            query = select(of.prediction_id, of.predicted_at).where(of.prediction_id.in_(some))
            for row in connection.execute(query):
                found[row.prediction_id] = Target(row.prediction_id, row.predicted_at)
    return found


class _LatestOf:
    """Finds what was last answered about somebody; a file of labels asks it for each.

    Args:
        connection: An open transaction.
        tables: Where predictions stand.
    """

    def __init__(self, connection: Connection, tables: PredictionTables) -> None:
        self._connection, self._tables = connection, tables
        self._queries: list[Prepared] | None = None  # of one label in thousands nobody asks

    def before(self, entity: str, moment: datetime) -> Target | None:
        """Return the newest prediction about an entity up to a moment, if there is one."""
        if self._queries is None:
            every = self._tables.all(self._connection)
            self._queries = [_newest_of(table.table, self._connection.dialect) for table in every]
        row = (entity, _MOMENT.process_bind_param(moment, self._connection.dialect))
        found = [query.first(self._connection, row) for query in self._queries]
        newest = max((one for one in found if one is not None), key=itemgetter(1), default=None)
        if newest is None:
            return None
        predicted_at = _MOMENT.process_result_value(newest[1], self._connection.dialect)
        assert predicted_at is not None, "each prediction has its moment"
        return Target(newest[0], predicted_at)


@lru_cache(maxsize=64)
def _newest_of(table: Table, dialect: Dialect) -> Prepared:
    of = table.c
    query = (
        select(of.prediction_id, of.predicted_at)
        .where(of.entity == bindparam("entity"), of.predicted_at <= bindparam("moment"))
        .where(of.role != _SHADOW)  # whose answer nobody was given
        .order_by(of.predicted_at.desc(), of.position.desc())
        .limit(_ONE)
        .offset(_NONE)
    )
    return Prepared(query, dialect, ("entity", "moment"))
