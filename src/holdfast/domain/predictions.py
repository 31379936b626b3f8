"""What was answered, and what later turned out to be true."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from holdfast.domain.contract import Contract, Value
from holdfast.domain.ids import ModelVersion, PredictionId

__all__ = [
    "Label",
    "LabelCounts",
    "LabelFate",
    "LoggedPrediction",
    "Prediction",
    "PredictionRequest",
    "Role",
]


class Role(StrEnum):
    """In which capacity a model version scored a row."""

    CHAMPION = "champion"
    CANARY = "canary"  # a challenger that answers a share of the requests
    SHADOW = "shadow"  # a challenger whose answers are given to nobody

    @property
    def answers(self) -> bool:
        """Whether somebody was given what it said."""
        return self is not Role.SHADOW


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionRequest:
    """One validated row to score and log.

    Attributes:
        values: What the model is given, in contract order.
        request_id: The client's own id: an idempotency key.
        entity: Whom the prediction is about.
        sent: What was sent, in the order of `Contract.inputs`, where that is something else:
            a date has another age tomorrow, and is the same row.
    """

    values: tuple[Value, ...]
    request_id: str | None = None
    entity: str | None = None
    sent: tuple[Value, ...] | None = None

    def told(self, contract: Contract) -> dict[str, Value]:
        """Return what tells the row from another one, by name."""
        if self.sent is None:
            return dict(zip(contract.names, self.values, strict=True))
        return dict(zip(contract.inputs, self.sent, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One answer by one model version; never changed once logged.

    Ground truth is a separate, later fact (`Label`), joined on `prediction_id`.
    """

    prediction_id: PredictionId
    model_version: ModelVersion
    score: float  # P(y = 1), in [0, 1]
    positive: bool  # score >= threshold
    threshold: float
    predicted_at: datetime  # aware, UTC
    role: Role = Role.CHAMPION
    answered_id: PredictionId | None = None  # a shadow's: the answer given to the same row


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedPrediction:
    """A prediction as it stands in the log, with its row and, if known, its label."""

    prediction: Prediction
    features: dict[str, Value]
    entity: str | None = None
    label: bool | None = None
    label_observed_at: datetime | None = None
    treated: bool | None = None  # whether somebody acted upon it; None: nobody said so


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Ground truth for one prediction, named by its id or by entity and time.

    A label by entity belongs to the entity's latest prediction at or before `at`
    (`observed_at` where `at` is not given).
    """

    positive: bool
    observed_at: datetime  # when the outcome became known, aware UTC
    prediction_id: PredictionId | None = None
    entity: str | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        if (self.prediction_id is None) == (self.entity is None):
            raise ValueError("a label names either a prediction_id or an entity")


class LabelFate(StrEnum):
    """What became of a label when it was recorded."""

    ACCEPTED = "accepted"  # the first for its prediction, in time
    LATE = "late"  # the first, but after the prediction's maturity; it counts
    DUPLICATE = "duplicate"  # says again what is known
    CONFLICTING = "conflicting"  # contradicts the first, which stands
    ORPHAN = "orphan"  # no such prediction yet; joined when it appears
    FORGOTTEN = "forgotten"  # about somebody who was erased; not kept


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCounts:
    """How many labels of a batch met which fate."""

    accepted: int = 0
    late: int = 0
    duplicate: int = 0
    conflicting: int = 0
    orphan: int = 0
    forgotten: int = 0
    fates: tuple[LabelFate, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, fates: tuple[LabelFate, ...]) -> LabelCounts:
        """Count the fates.

        >>> LabelCounts.of((LabelFate.ACCEPTED, LabelFate.ORPHAN)).orphan
        1
        """
        return cls(**{fate.value: fates.count(fate) for fate in LabelFate}, fates=fates)

    def __add__(self, other: LabelCounts) -> LabelCounts:
        return LabelCounts(
            **{
                fate.value: getattr(self, fate.value) + getattr(other, fate.value)
                for fate in LabelFate
            },
            fates=self.fates + other.fates,
        )
