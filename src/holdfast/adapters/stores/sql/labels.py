"""The label ledger: every label as it came, and the one that stands for each prediction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from holdfast.adapters.stores.sql import label_counts
from holdfast.adapters.stores.sql.erasing import Tombstones
from holdfast.adapters.stores.sql.group_commit import GroupCommit
from holdfast.adapters.stores.sql.label_matching import Standing, match
from holdfast.adapters.stores.sql.removal import newest_entry
from holdfast.adapters.stores.sql.schema import labels, orphans
from holdfast.adapters.stores.sql.treatments import record_treatments
from holdfast.domain.predictions import LabelCounts, LabelFate
from holdfast.domain.treatments import TreatmentCounts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Connection

    from holdfast.adapters.stores.sql.database import Database
    from holdfast.adapters.stores.sql.label_matching import Target
    from holdfast.adapters.stores.sql.prediction_tables import PredictionTables
    from holdfast.domain.predictions import Label
    from holdfast.domain.treatments import Treatment

__all__ = ["SqlLabelLedger"]


@dataclass(frozen=True, slots=True)
class _Arrival:
    """Labels that came in one call."""

    labels: Sequence[Label]
    received_at: datetime
    maturity: timedelta


class SqlLabelLedger:
    """`LabelLedger` in SQL: an append-only ledger, and the labels that stand."""

    def __init__(self, database: Database, tables: PredictionTables) -> None:
        self._database, self._tables = database, tables
        self._commits: GroupCommit[_Arrival, LabelCounts] = GroupCommit(
            database, self._write, rows_of=lambda arrival: len(arrival.labels)
        )

    def record(
        self, labels: Sequence[Label], *, received_at: datetime, maturity: timedelta
    ) -> LabelCounts:
        """See `LabelLedger.record`."""
        if not labels:
            return LabelCounts()
        (counts,) = self._commits.run([_Arrival(labels, received_at, maturity)])
        if isinstance(counts, Exception):
            raise counts
        return counts

    def _write(
        self, connection: Connection, arrivals: Sequence[_Arrival]
    ) -> list[LabelCounts | Exception]:
        return [
            _write(
                connection,
                arrival.labels,
                match(connection, self._tables, arrival.labels),
                arrival.received_at,
                arrival.maturity,
            )
            for arrival in arrivals
        ]

    def treat(self, treatments: Sequence[Treatment], *, received_at: datetime) -> TreatmentCounts:
        """See `LabelLedger.treat`."""
        if not treatments:
            return TreatmentCounts()
        with self._database.write() as connection:
            return record_treatments(connection, self._tables, treatments, received_at=received_at)

    def totals(self) -> LabelCounts:
        """See `LabelLedger.totals`."""
        with self._database.read() as connection:
            return label_counts.totals(connection)


def _write(
    connection: Connection,
    arrived: Sequence[Label],
    targets: Sequence[Target | None],
    received_at: datetime,
    maturity: timedelta,
) -> LabelCounts:
    standing = Standing(connection, [t.prediction_id for t in targets if t is not None])
    # Only one writer is inside at a time, so that the next number is ours.
    last = newest_entry(connection)
    tombstones = Tombstones(connection)
    fates: list[LabelFate] = []
    entries: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    for label, target in zip(arrived, targets, strict=True):
        if target is None and tombstones.cover(label.entity):
            fates.append(LabelFate.FORGOTTEN)
            continue
        ledger_id = last + len(entries) + 1
        entry = _entry(ledger_id, label, target, received_at)
        entries.append(entry)
        if target is None:
            entry["fate"] = LabelFate.ORPHAN
            waiting.append(_orphan(entry, maturity))
        else:
            entry["fate"] = standing.settle(
                target,
                ledger_id=ledger_id,
                positive=label.positive,
                observed_at=label.observed_at,
                received_at=received_at,
                maturity=maturity,
            )
        fates.append(entry["fate"])
    if entries:
        connection.execute(insert(labels), entries)
        label_counts.add(connection, Counter(entry["fate"] for entry in entries))
    standing.write(connection)
    if waiting:
        connection.execute(insert(orphans), waiting)
    return LabelCounts.of(tuple(fates))


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
