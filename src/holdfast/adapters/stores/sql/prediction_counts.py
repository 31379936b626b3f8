"""How many rows each version has answered: kept with each write, so that asking scans nothing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, insert, update

from holdfast.adapters.stores.sql.prepared import Prepared
from holdfast.adapters.stores.sql.schema import prediction_counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Dialect

    from holdfast.domain.predictions import Prediction, Role

__all__ = ["PredictionCounts"]

_OF = prediction_counts.c
_NAMES = ("model_version", "role", "n", "last_at")
_ADD = (
    update(prediction_counts)
    .where(_OF.model_version == bindparam("version"), _OF.role == bindparam("in_role"))
    .values(
        n=_OF.n + bindparam("more"),
        last_at=case((_OF.last_at < bindparam("at"), bindparam("at")), else_=_OF.last_at),
    )
)
_BEGIN = insert(prediction_counts)


class PredictionCounts:
    """Adds to the counts, within the transaction that writes the rows."""

    def __init__(self) -> None:
        self._statements: tuple[Prepared, Prepared] | None = None

    def add(
        self,
        connection: Connection,
        predictions: Sequence[Prediction],
        moments: Mapping[datetime, Any],
    ) -> None:
        """Count predictions that were written.

        Args:
            connection: An open write transaction.
            predictions: At least one.
            moments: Each moment of theirs as the driver takes it.
        """
        add, begin = self._prepared(connection.dialect)
        predicted_at: dict[tuple[str, Role], list[datetime]] = defaultdict(list)
        for prediction in predictions:
            predicted_at[prediction.model_version, prediction.role].append(prediction.predicted_at)
        for (version, role), at in predicted_at.items():
            row = (version, role.value, len(at), moments[max(at)])
            if add.run(connection, [row]) == 0:
                begin.run(connection, [row])

    def _prepared(self, dialect: Dialect) -> tuple[Prepared, Prepared]:
        if self._statements is None:
            names = ("version", "in_role", "more", "at")
            self._statements = Prepared(_ADD, dialect, names), Prepared(_BEGIN, dialect, _NAMES)
        return self._statements
