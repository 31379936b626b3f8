"""What is kept of the prediction log: its days, what was dropped of them, what was erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from holdfast.domain.contract import FeatureKind
from holdfast.domain.windows import Window

__all__ = [
    "ARCHIVE_COLUMNS",
    "ONSET_WINDOWS",
    "DroppedDay",
    "ErasedFiles",
    "Erasure",
    "LogSchema",
    "LoggedDay",
    "Removed",
    "archive_columns",
    "least_retention",
]

ONSET_WINDOWS = 4
"""How many windows back the start of a loss of performance is looked for."""

ARCHIVE_COLUMNS = (
    "position",
    "prediction_id",
    "model_version",
    "role",
    "entity",
    "score",
    "positive",
    "threshold",
    "predicted_at",
    "label",
    "label_observed_at",
    "label_received_at",
)
"""What stands before the features in an archived row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSchema:
    """What the rows of one prediction table hold."""

    digest: str
    features: tuple[tuple[str, FeatureKind], ...]  # in contract order


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedDay:
    """One UTC day of one prediction table, as it stood when it was looked at.

    Attributes:
        schema: Of the table.
        day: In UTC.
        n_rows: Rows of the day in the log, up to the cursor.
        n_labels: How many of them have a label.
        last_row: Position of the newest of them in the log.
        last_label: Number, in the ledger, of the newest of their labels; 0 if there is none.
        up_to: Cursor; rows committed after it were not looked at.
        n_dropped: Rows of the day that were dropped from the log before.
    """

    schema: LogSchema
    day: date
    n_rows: int
    n_labels: int
    last_row: int
    last_label: int
    up_to: str
    n_dropped: int = 0

    @property
    def window(self) -> Window:
        """The day as a stretch of time."""
        start_at = datetime.combine(self.day, time(), tzinfo=UTC)
        return Window(start_at=start_at, end_at=start_at + timedelta(days=1))

    @property
    def state(self) -> tuple[int, int, int, int]:
        """What changes whenever a row or a label of the day comes or goes."""
        return self.n_rows, self.n_labels, self.last_row, self.last_label


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """How much was taken out of the store."""

    n_predictions: int = 0
    n_labels: int = 0
    n_request_keys: int = 0

    def __add__(self, other: Removed) -> Removed:
        return Removed(
            n_predictions=self.n_predictions + other.n_predictions,
            n_labels=self.n_labels + other.n_labels,
            n_request_keys=self.n_request_keys + other.n_request_keys,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedDay:
    """What was dropped of one day altogether, and how much of it an event told of."""

    schema_digest: str
    day: date
    removed: Removed
    n_reported: int  # predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A tombstone: that somebody was erased, when, and how much; not who."""

    erasure_id: str
    erased_at: datetime
    removed: Removed  # by this and earlier erasures of the same entity


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedFiles:
    """What was erased from archived files."""

    n_rows: int = 0
    n_files: int = 0  # rewritten, or removed because nothing was left in them

    def __add__(self, other: ErasedFiles) -> ErasedFiles:
        return ErasedFiles(n_rows=self.n_rows + other.n_rows, n_files=self.n_files + other.n_files)


def least_retention(
    *, bucket: timedelta, window: timedelta, label_maturity: timedelta
) -> timedelta:
    """Return the shortest age at which no monitor needs a row any more.

    Labels are judged over the newest window that is mature, and the onset of a loss is
    looked for in the windows before it.

    >>> least_retention(
    ...     bucket=timedelta(days=1), window=timedelta(days=7), label_maturity=timedelta(days=30)
    ... ).days
    59
    """
    return label_maturity + bucket + ONSET_WINDOWS * window


def archive_columns(features: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of an archived row's columns, unique: a feature keeps its own name.

    >>> archive_columns(("tenure", "score"))[5], archive_columns(("tenure", "score"))[-1]
    ('logged_score', 'score')
    """
    taken = set(features)
    own = []
    for name in ARCHIVE_COLUMNS:
        unique = name
        while unique in taken:
            unique = f"logged_{unique}"
        taken.add(unique)
        own.append(unique)
    return (*own, *features)
