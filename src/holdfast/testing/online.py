"""A tiny release and what serves it, in memory: for tests of the online plane."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.canonical import canonical_json
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import CorruptReleaseError
from holdfast.domain.events import ChallengerStaged, ChampionPromoted, ReleaseRegistered
from holdfast.domain.ids import ModelVersion
from holdfast.domain.releases import (
    CONTRACT,
    METRICS,
    MODEL,
    Manifest,
    ModelMetrics,
    Recipe,
    ReleaseRecord,
    manifest_files,
)
from holdfast.ports.event_log import Draft

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.domain.stages import Stage
    from holdfast.ports.event_log import EventLog
    from holdfast.ports.object_store import ObjectStore

__all__ = ["TINY_CONTRACT", "TinyModel", "TinyRuntime", "deploy", "put_tiny_release", "stage"]

TINY_CONTRACT = Contract(
    features=(
        Feature(
            name="tenure",
            kind=FeatureKind.NUMERIC,
            nullable=False,
            typical=29.0,
            minimum=0.0,
            maximum=72.0,
            whole=True,
        ),
        Feature(
            name="charges",
            kind=FeatureKind.NUMERIC,
            nullable=True,
            typical=70.35,
            minimum=18.25,
            maximum=118.75,
        ),
        Feature(name="senior", kind=FeatureKind.BOOLEAN, nullable=False, typical=False),
        Feature(
            name="plan",
            kind=FeatureKind.CATEGORICAL,
            nullable=True,
            typical="monthly",
            categories=("monthly", "one year", "two years"),
        ),
    ),
    target=Target(name="churn", positive="Yes", negative="No"),
    threshold=0.5,
    data_digest="d" * 64,
)


class TinyModel:
    """Scores ``sigmoid(bias - tenure / 20)``, higher by 1 in the logit for monthly plans."""

    def __init__(self, bias: float) -> None:
        self.bias = bias

    def score(self, rows: FeatureMatrix) -> NDArray[np.float64]:
        """Return P(y = 1) for each row, shape ``(n,)``."""
        logit = self.bias - rows.numeric[:, 0].astype(np.float64) / 20
        logit += (rows.categorical[:, 0] == "monthly").astype(np.float64)
        return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float64)


class TinyRuntime:
    """Loads a `TinyModel` from JSON bytes and counts how often it did."""

    def __init__(self) -> None:
        self.n_loads = 0

    def load(self, model: bytes, contract: Contract) -> TinyModel:
        """Load a model; bytes that are no JSON object with a bias are refused."""
        self.n_loads += 1
        try:
            return TinyModel(float(json.loads(model)["bias"]))
        except (ValueError, KeyError) as error:
            raise CorruptReleaseError(contract.data_digest, "no such model") from error


def put_tiny_release(
    objects: ObjectStore,
    version: str,
    *,
    bias: float = 1.0,
    contract: Contract = TINY_CONTRACT,
    damaged: str | None = None,
) -> ReleaseRecord:
    """Write a release of a `TinyModel` and return its record.

    Args:
        objects: Where its files go.
        version: Such as ``v1``.
        bias: Of the model's logit; releases of different bias have different ids.
        contract: What the model takes.
        damaged: A file that does not get the bytes that its manifest names.
    """
    metrics = ModelMetrics(
        n=1000, n_positive=265, figures={"roc_auc": 0.84}, confidence=0.3, confidence_sd=0.1
    )
    files = {
        MODEL: canonical_json({"bias": bias}),
        CONTRACT: canonical_json(contract),
        METRICS: canonical_json(metrics),
    }
    recipe = Recipe(
        trainer="tiny",
        parameters={},
        seed=0,
        training_window="all",
        n_train=100,
        n_validation=50,
        n_test=50,
        split="time-ordered",
    )
    manifest = Manifest(
        model_name="churn", files=manifest_files(files), recipe=recipe, software="0"
    )
    if damaged is not None:
        files[damaged] += b" "
    objects.put(manifest.release_id, {"manifest.json": manifest.to_bytes(), **files})
    return ReleaseRecord(
        version=ModelVersion(version),
        release_id=manifest.release_id,
        schema_digest=contract.schema_digest,
    )


def deploy(events: EventLog, record: ReleaseRecord, *, at: datetime) -> None:
    """Register a release, unless it is registered already, and put it into production."""
    promoted = ChampionPromoted(
        version=record.version, release_id=record.release_id, previous=None, reason="a test"
    )
    events.append([_registered(record), Draft(body=promoted, actor="test")], at=at)


def stage(
    events: EventLog,
    record: ReleaseRecord,
    into: Stage,
    *,
    share: float | None = None,
    at: datetime,
    until: datetime | None = None,
) -> None:
    """Register a release, unless it is registered already, and let it stand beside v1."""
    staged = ChallengerStaged(
        version=record.version,
        release_id=record.release_id,
        stage=into,
        share=share,
        champion=ModelVersion("v1"),
        reason="a test",
        until=until,
    )
    events.append([_registered(record), Draft(body=staged, actor="test")], at=at)


def _registered(record: ReleaseRecord) -> Draft:
    body = ReleaseRegistered(
        version=record.version,
        release_id=record.release_id,
        schema_digest=record.schema_digest,
        origin="train",
        trainer="tiny",
        metrics={},
    )
    return Draft(body=body, actor="test", key=f"registered:{record.version}")
