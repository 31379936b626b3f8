"""Small, valid domain objects for tests: a contract, rows that fit it, drafts of events."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.events import ChallengerStaged, ChampionPromoted, ReleaseRegistered
from holdfast.domain.ids import ModelVersion, PredictionId, ReleaseId, uuid7
from holdfast.domain.predictions import Prediction, PredictionRequest, Role
from holdfast.domain.stages import Stage
from holdfast.ports.event_log import Draft

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "START",
    "Rows",
    "example_contract",
    "example_rows",
    "promoted",
    "registered",
    "shadow_of",
    "staged",
]

START = datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC)
"""When examples begin; its microseconds show a store that rounds."""

Rows = tuple[list[PredictionRequest], list[Prediction]]
"""A batch as `PredictionLog.append` takes it."""


def example_contract(*, feature: str = "Total Charges") -> Contract:
    """Return a contract of four features, the first of which has the given name."""
    return Contract(
        features=(
            Feature(name=feature, kind=FeatureKind.NUMERIC, nullable=True),
            Feature(name="total_charges", kind=FeatureKind.NUMERIC, nullable=True),
            Feature(name="Contract", kind=FeatureKind.CATEGORICAL, nullable=True),
            Feature(name="senior", kind=FeatureKind.BOOLEAN, nullable=True),
        ),
        target=Target(name="Churn", positive="Yes", negative="No"),
        threshold=0.5,
        data_digest="0" * 64,
    )


def example_rows(
    n: int = 1,
    *,
    at: datetime = START,
    every: timedelta = timedelta(seconds=1),
    request_ids: Sequence[str] = (),
    entities: Sequence[str] = (),
    version: str = "v1",
    role: Role = Role.CHAMPION,
) -> Rows:
    """Return `n` rows of `example_contract` with their answers.

    Args:
        n: How many.
        at: When the first is answered.
        every: From one answer to the next.
        request_ids: The clients' ids of the first rows; the rest have none.
        entities: Whom the first rows are about; the rest say nothing.
        version: The model version that answers.
        role: In which capacity.
    """
    requests = [
        PredictionRequest(
            values=(20.5 + i, float(i), ("Monthly", "Yearly")[i % 2], i % 3 == 0),
            request_id=request_ids[i] if i < len(request_ids) else None,
            entity=entities[i] if i < len(entities) else None,
        )
        for i in range(n)
    ]
    predictions = [
        Prediction(
            prediction_id=PredictionId(uuid7(at + i * every)),
            model_version=ModelVersion(version),
            score=(i % 10) / 10,
            positive=i % 10 >= 5,
            threshold=0.5,
            predicted_at=at + i * every,
            role=role,
        )
        for i in range(n)
    ]
    return requests, predictions


def shadow_of(rows: Rows, *, version: str = "v2") -> Rows:
    """Return what a shadow logs of rows that were answered: the same, with its own scores."""
    requests, answers = rows
    return [replace(request, request_id=None) for request in requests], [
        replace(
            answer,
            prediction_id=PredictionId(uuid7(answer.predicted_at)),
            model_version=ModelVersion(version),
            score=1 - answer.score,
            role=Role.SHADOW,
            answered_id=answer.prediction_id,
        )
        for answer in answers
    ]


def registered(version: str, *, key: str | None = None) -> Draft:
    """Return the draft of a release's registration."""
    return Draft(
        body=ReleaseRegistered(
            version=ModelVersion(version),
            release_id=_release_id(version),
            schema_digest="5" * 64,
            origin="train",
            trainer="logistic_regression",
            metrics={"roc_auc": 0.84},
        ),
        actor="cli",
        key=key,
    )


def promoted(version: str, *, previous: str | None = None, key: str | None = None) -> Draft:
    """Return the draft of a promotion."""
    return Draft(
        body=ChampionPromoted(
            version=ModelVersion(version),
            release_id=_release_id(version),
            previous=None if previous is None else ModelVersion(previous),
            reason="the guard accepted it",
        ),
        actor="control",
        key=key,
    )


def staged(
    version: str,
    *,
    stage: Stage = Stage.SHADOW,
    share: float | None = None,
    until: datetime | None = None,
) -> Draft:
    """Return the draft of a release's stage beside v1."""
    return Draft(
        body=ChallengerStaged(
            version=ModelVersion(version),
            release_id=_release_id(version),
            stage=stage,
            share=share,
            champion=ModelVersion("v1"),
            reason="the guard accepted it",
            until=until,
        ),
        actor="control",
    )


def _release_id(version: str) -> ReleaseId:
    return ReleaseId(version.encode().hex().rjust(64, "0"))
