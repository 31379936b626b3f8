"""What the server answers, as types: the answers are encoded from them, /docs describes them."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads these annotations at run time
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType

from holdfast.domain.contract import Feature, Target, Value  # noqa: TC001 - the same
from holdfast.domain.predictions import LabelFate  # noqa: TC001 - the same
from holdfast.domain.releases import ModelMetrics  # noqa: TC001 - the same
from holdfast.domain.treatments import TreatmentCounts

if TYPE_CHECKING:
    from holdfast.domain.predictions import LabelCounts, LoggedPrediction, Prediction

__all__ = [
    "LabelsAnswer",
    "LoggedAnswer",
    "ModelAnswer",
    "PredictionAnswer",
    "PredictionsAnswer",
    "answer_of",
    "labels_answer",
    "logged_answer",
]

_NOBODY = TreatmentCounts()


class PredictionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One prediction, durable before it was answered.

    `score` is P(positive) in [0, 1]; `decision` is the target's own word.
    `explanation` has, for each feature, the change of the score if the feature had its
    typical value; null where the answer is an earlier model version's, given again.
    `holdout` is there where a share is held out: true of whom nobody is to act upon.
    """

    prediction_id: str
    score: float
    decision: str
    positive: bool
    threshold: float
    model_version: str
    predicted_at: datetime
    explanation: dict[str, float] | UnsetType | None = UNSET
    holdout: bool | UnsetType = UNSET


class PredictionsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One prediction for each row, in the order of the rows."""

    predictions: list[PredictionAnswer]


class LabelsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the labels: how many of each kind, and each in the order sent.

    The first label of a prediction stands. `duplicate` says the same again, `conflicting`
    says otherwise and is recorded without effect, `late` came after the maturity and
    counts, `orphan` names a prediction that is not known (yet), `forgotten` is about an
    entity that was erased, and is not kept. `treatments` counts, in the same words, what
    was said of who was treated, if anything was; a row without a label has no fate.
    """

    accepted: int
    late: int
    duplicate: int
    conflicting: int
    orphan: int
    forgotten: int
    fates: list[LabelFate]
    treatments: TreatmentCounts | UnsetType = UNSET


class LoggedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A prediction as it stands in the log, with its row and what came true.

    `role` is `champion`, `canary` or `shadow`; a shadow's score was given to nobody, and
    `answered_id` is the answer to the same row, to which a label belongs.
    """

    prediction_id: str
    score: float
    decision: str
    positive: bool
    threshold: float
    model_version: str
    predicted_at: datetime
    role: str
    answered_id: str | None
    features: dict[str, Value]
    entity: str | None
    label: str | None
    label_observed_at: datetime | None
    treated: bool | None


class ModelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is in production.

    `example` is a whole valid row of typical values; `metrics` are what the tested model
    reached on rows that it had not seen.
    """

    model_version: str
    release_id: str
    since: datetime
    threshold: float
    target: Target
    features: tuple[Feature, ...]
    example: dict[str, Value]
    data_digest: str
    metrics: ModelMetrics | None
    metrics_problem: str | None


def answer_of(
    prediction: Prediction,
    target: Target,
    explanation: dict[str, float] | UnsetType | None = UNSET,
) -> PredictionAnswer:
    """Return a prediction in the words of its target."""
    return PredictionAnswer(
        prediction_id=prediction.prediction_id,
        score=prediction.score,
        decision=target.word(positive=prediction.positive),
        positive=prediction.positive,
        threshold=prediction.threshold,
        model_version=prediction.model_version,
        predicted_at=prediction.predicted_at,
        explanation=explanation,
    )


def labels_answer(counts: LabelCounts, treatments: TreatmentCounts = _NOBODY) -> LabelsAnswer:
    """Return the counts of a batch of labels, and of who was treated if anybody said so."""
    return LabelsAnswer(
        accepted=counts.accepted,
        late=counts.late,
        duplicate=counts.duplicate,
        conflicting=counts.conflicting,
        orphan=counts.orphan,
        forgotten=counts.forgotten,
        fates=list(counts.fates),
        treatments=UNSET if treatments == _NOBODY else treatments,
    )


def logged_answer(logged: LoggedPrediction, target: Target) -> LoggedAnswer:
    """Return a logged prediction in the words of its target."""
    prediction, label = logged.prediction, logged.label
    return LoggedAnswer(
        prediction_id=prediction.prediction_id,
        score=prediction.score,
        decision=target.word(positive=prediction.positive),
        positive=prediction.positive,
        threshold=prediction.threshold,
        model_version=prediction.model_version,
        predicted_at=prediction.predicted_at,
        role=prediction.role.value,
        answered_id=prediction.answered_id,
        features=logged.features,
        entity=logged.entity,
        label=None if label is None else target.word(positive=label),
        label_observed_at=logged.label_observed_at,
        treated=logged.treated,
    )
