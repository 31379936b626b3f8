"""The label ledger: every label as it came, and the one that stands for each prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from holdfast.adapters.stores.sql.label_matching import Standing, match
from holdfast.adapters.stores.sql.schema import labels, orphans
from holdfast.domain.predictions import LabelCounts, LabelFate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Connection

    from holdfast.adapters.stores.sql.database import Database
    from holdfast.adapters.stores.sql.label_matching import Target
    from holdfast.adapters.stores.sql.prediction_tables import PredictionTables
    from holdfast.domain.predictions import Label

__all__ = ["SqlLabelLedger", "count_labels"]


class SqlLabelLedger:
    """`LabelLedger` in SQL: an append-only ledger, and the labels that stand."""

    def __init__(self, database: Database, tables: PredictionTables) -> None:
        self._database, self._tables = database, tables

    def record(
        self, labels: Sequence[Label], *, received_at: datetime, maturity: timedelta
    ) -> LabelCounts:
        """See `LabelLedger.record`."""
        if not labels:
            return LabelCounts()
        with self._database.write() as connection:
            targets = match(connection, self._tables, labels)
            return _write(connection, labels, targets, received_at, maturity)

    def totals(self) -> LabelCounts:
        """See `LabelLedger.totals`."""
        with self._database.read() as connection:
            return count_labels(connection)


def count_labels(connection: Connection) -> LabelCounts:
    """Return how many labels of each fate the ledger holds."""
    query = select(labels.c.fate, func.count().label("n")).group_by(labels.c.fate)
    return LabelCounts(**{row.fate: row.n for row in connection.execute(query)})


def _write(
    connection: Connection,
    arrived: Sequence[Label],
    targets: Sequence[Target | None],
    received_at: datetime,
    maturity: timedelta,
) -> LabelCounts:
    standing = Standing(connection, [t.prediction_id for t in targets if t is not None])
    # Only one writer is inside at a time, so that the next number is ours.
    last = connection.execute(select(func.max(labels.c.ledger_id))).scalar() or 0
    entries, waiting = [], []
    for ledger_id, (label, target) in enumerate(zip(arrived, targets, strict=True), last + 1):
        entry = _entry(ledger_id, label, target, received_at)
        entries.append(entry)
        if target is None:
            entry["fate"] = LabelFate.ORPHAN
            waiting.append(_orphan(entry, maturity))
            continue
        entry["fate"] = standing.settle(
            target,
            ledger_id=ledger_id,
            positive=label.positive,
            observed_at=label.observed_at,
            received_at=received_at,
            maturity=maturity,
        )
    connection.execute(insert(labels), entries)
    standing.write(connection)
    if waiting:
        connection.execute(insert(orphans), waiting)
    return LabelCounts.of(tuple(entry["fate"] for entry in entries))


def _entry(
    ledger_id: int, label: Label, target: Target | None, received_at: datetime
) -> dict[str, Any]:
    return {
        "ledger_id": ledger_id,
        "prediction_id": label.prediction_id if target is None else target.prediction_id,
        "entity": label.entity,
        "at": label.at,
        "positive": label.positive,
        "observed_at": label.observed_at,
        "received_at": received_at,
        "was_orphan": target is None,
    }


def _orphan(entry: dict[str, Any], maturity: timedelta) -> dict[str, Any]:
    named = {name: entry[name] for name in ("ledger_id", "prediction_id", "entity")}
    return named | {"maturity": maturity.total_seconds()}
