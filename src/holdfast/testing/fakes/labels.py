"""A label ledger in memory, and what it shares with the prediction log."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from holdfast.domain.predictions import LabelCounts, LabelFate
from holdfast.domain.treatments import TreatmentCounts, TreatmentFate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, timedelta

    from holdfast.domain.contract import Contract
    from holdfast.domain.ids import ModelVersion, PredictionId
    from holdfast.domain.keeping import DroppedDay, Erasure
    from holdfast.domain.predictions import Label, Prediction, PredictionRequest
    from holdfast.domain.treatments import Treatment

__all__ = ["InMemoryLabelLedger", "Ledger", "Line", "LoggedRow"]


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """One row of the log."""

    contract: Contract
    schema_digest: str  # the contract's; hashed once, not at each read
    request: PredictionRequest
    prediction: Prediction


@dataclass(slots=True)
class Line:
    """One line of the ledger."""

    label: Label
    received_at: datetime
    maturity: timedelta
    fate: LabelFate = LabelFate.ORPHAN
    ledger_id: int = 0


@dataclass(slots=True)
class Ledger:
    """Rows in the order of commits, and the labels about them."""

    rows: dict[PredictionId, LoggedRow] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    standing: dict[PredictionId, Line] = field(default_factory=dict)
    positions: dict[PredictionId, int] = field(default_factory=dict)
    n_logged: int = 0  # a position is never given twice
    n_labelled: int = 0  # nor is the number of a label
    forgotten: dict[str, Erasure] = field(default_factory=dict)
    dropped: dict[tuple[str, date], DroppedDay] = field(default_factory=dict)
    n_shadow_dropped: Counter[ModelVersion] = field(default_factory=Counter)
    treated: dict[PredictionId, tuple[bool, datetime]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, rows: Sequence[LoggedRow]) -> None:
        """Append rows."""
        for row in rows:
            self.n_logged += 1
            self.positions[row.prediction.prediction_id] = self.n_logged
            self.rows[row.prediction.prediction_id] = row

    def forgets(self, line: Line) -> bool:
        """Return whether a line names an entity that was erased, and no prediction since."""
        return line.label.entity in self.forgotten and self.row_of(line.label) is None

    def settle(self, line: Line) -> None:
        """Give a line its fate; it stays an orphan while its prediction is unknown."""
        row = self.row_of(line.label)
        if row is None:
            return
        prediction = row.prediction
        before = self.standing.get(prediction.prediction_id)
        if before is not None:
            same = before.label.positive == line.label.positive
            line.fate = LabelFate.DUPLICATE if same else LabelFate.CONFLICTING
            return
        self.standing[prediction.prediction_id] = line
        late = line.label.observed_at - prediction.predicted_at > line.maturity
        line.fate = LabelFate.LATE if late else LabelFate.ACCEPTED

    def join_orphans(self) -> None:
        """Try every orphan again, in the order in which they came."""
        for line in self.lines:
            if line.fate is LabelFate.ORPHAN:
                self.settle(line)

    def treat(self, fact: Treatment, received_at: datetime) -> TreatmentFate:
        """Note whether somebody was acted upon; once treated, always treated."""
        row = self.row_of(fact)
        prediction_id = fact.prediction_id if row is None else row.prediction.prediction_id
        if prediction_id is None:
            return TreatmentFate.ORPHAN
        before = self.treated.get(prediction_id)
        if before is not None and before[0] == fact.treated:
            return TreatmentFate.DUPLICATE
        if before is not None and before[0]:
            return TreatmentFate.CONFLICTING
        self.treated[prediction_id] = (fact.treated, received_at)
        return TreatmentFate.ORPHAN if row is None else TreatmentFate.ACCEPTED

    def row_of(self, label: Label | Treatment) -> LoggedRow | None:
        """Return the row that a label or treatment is about, if there is one yet."""
        if label.prediction_id is not None:
            return self.rows.get(label.prediction_id)
        until = label.at or label.observed_at
        earlier = [
            row
            for row in self.rows.values()
            if row.request.entity == label.entity
            and row.prediction.predicted_at <= until
            and row.prediction.role.answers
        ]
        # Of several at one moment, the last to be logged.
        return max(reversed(earlier), key=lambda row: row.prediction.predicted_at, default=None)


class InMemoryLabelLedger:
    """`LabelLedger` in memory."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def record(
        self, labels: Sequence[Label], *, received_at: datetime, maturity: timedelta
    ) -> LabelCounts:
        """See `LabelLedger.record`."""
        with self._ledger.lock:
            lines = [Line(label, received_at, maturity) for label in labels]
            for line in lines:
                if self._ledger.forgets(line):
                    line.fate = LabelFate.FORGOTTEN
                    continue
                self._ledger.n_labelled += 1
                line.ledger_id = self._ledger.n_labelled
                self._ledger.lines.append(line)
                self._ledger.settle(line)
            return LabelCounts.of(tuple(line.fate for line in lines))

    def treat(self, treatments: Sequence[Treatment], *, received_at: datetime) -> TreatmentCounts:
        """See `LabelLedger.treat`."""
        with self._ledger.lock:
            return TreatmentCounts.of(
                tuple(self._ledger.treat(fact, received_at) for fact in treatments)
            )

    def totals(self) -> LabelCounts:
        """See `LabelLedger.totals`."""
        with self._ledger.lock:
            counts = LabelCounts.of(tuple(line.fate for line in self._ledger.lines))
        return replace(counts, fates=())
