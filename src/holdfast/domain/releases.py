"""What a release is: an immutable set of files whose id is the digest of its manifest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from holdfast.domain.canonical import canonical_json, from_json, sha256_hex
from holdfast.domain.errors import CorruptReleaseError
from holdfast.domain.ids import ModelVersion, ReleaseId

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BASELINE",
    "CONTRACT",
    "CURVES",
    "DISPERSION",
    "IMPORTANCES",
    "MANIFEST",
    "METRICS",
    "MODEL",
    "MODEL_CARD",
    "PROFILE",
    "REFERENCE",
    "Dispersed",
    "Importances",
    "Manifest",
    "ModelMetrics",
    "Recipe",
    "ReleaseRecord",
    "Tuned",
    "manifest_files",
    "read_manifest",
    "verified",
]

MANIFEST = "manifest.json"
MODEL = "model.onnx"
CONTRACT = "contract.json"
PROFILE = "profile"
REFERENCE = "reference.parquet"
METRICS = "metrics.json"  # of the tested model
CURVES = "curves.json"  # of the tested model, at every threshold; not in old releases
IMPORTANCES = "importances.json"  # of the features to the tested model; not in old releases
BASELINE = "baseline.json"  # out of fold, on all rows: what monitors compare with
DISPERSION = "dispersion.json"  # only where the reference's buckets tell; not in old releases
MODEL_CARD = "model_card.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What a search for better hyperparameters found for one trainer.

    Attributes:
        setting: The best values, by name.
        n_trials: How many settings were tried, also those that gave no model.
        brier: The best's Brier score, by cross-validation on training rows.
    """

    setting: dict[str, float | int]
    n_trials: int
    brier: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a model was made: enough to make it again from the same rows.

    `competition` has the Brier score on the validation rows of each that competed;
    `failures`, why a trainer gave no model; `search`, what was found for each trainer whose
    hyperparameters were searched, by this training or an earlier one.
    """

    trainer: str
    parameters: dict[str, float | int | str | bool]
    seed: int
    training_window: str  # "all", "recent" …
    half_life: int | None = None  # rows after which one weighed half; None: all weighed alike
    calibration: str = "sigmoid"  # "isotonic"; releases that do not say have the former
    n_train: int
    n_validation: int
    n_test: int
    split: str  # "time-ordered", "stratified"
    competition: dict[str, float] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    search: dict[str, Tuned] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMetrics:
    """What a model reached on rows it had not seen.

    `figures` maps a metric's name (`roc_auc`, `pr_auc`, `recall`, `precision`, `f1`,
    `accuracy`, `brier`, `log_loss`, `calibration_error`, `cost` where the aim gives prices) to
    its value; `intervals` adds 95% bounds where they are known.
    """

    n: int
    n_positive: int
    figures: dict[str, float]
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    standard_errors: dict[str, float] = field(default_factory=dict)
    confidence: float  # mean |p - 0.5| on the same rows
    confidence_sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Importances:
    """How much a model's ranking rests on each feature.

    Attributes:
        drops: By feature, how much lower the ROC AUC is on rows the model had not seen if
            its values are shuffled among them; below 0 by chance, where it hardly matters.
        n: Rows that were used.
        n_shuffles: Shuffles whose mean it is.
    """

    drops: dict[str, float]
    n: int
    n_shuffles: int

    @property
    def weights(self) -> dict[str, float]:
        """How much each feature weighs in a share: its drop, and nothing for less than 0.

        >>> Importances(drops={"tenure": 0.2, "noise": -0.001}, n=500, n_shuffles=3).weights
        {'tenure': 0.2, 'noise': 0.0}
        """
        return {name: max(drop, 0.0) for name, drop in self.drops.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispersed:
    """By how much rows of a bucket go together, as one monitor sees them.

    Attributes:
        value: The design effect d: how much more a bucket's rates vary than those of as many
            independent rows; at least 1.
        n_buckets: Buckets that it was measured over.
        rows: Mean rows of such a bucket: if whole buckets are unlike, d − 1 grows with it.
    """

    value: float
    n_buckets: int
    rows: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The digests of a release's files and where it came from; no clock inside."""

    model_name: str
    files: dict[str, str]  # file name -> sha256
    recipe: Recipe
    software: str  # holdfast's version
    schema_version: int = 1

    def to_bytes(self) -> bytes:
        """Return the canonical bytes whose digest is the release's id."""
        return canonical_json(self)

    @property
    def release_id(self) -> ReleaseId:
        """The release's identity: the SHA-256 of the canonical manifest."""
        return ReleaseId(sha256_hex(self.to_bytes()))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRecord:
    """One registered release, as the store's projection of the events knows it."""

    version: ModelVersion
    release_id: ReleaseId
    schema_digest: str


def read_manifest(release_id: str, data: bytes) -> Manifest:
    """Parse a manifest after checking that it is the one the id names.

    Raises:
        CorruptReleaseError: If its digest is another, or it does not parse.
    """
    if sha256_hex(data) != release_id:
        raise CorruptReleaseError(release_id, f"{MANIFEST} has another digest than its id")
    try:
        return from_json(data, Manifest)
    except msgspec.DecodeError as error:
        raise CorruptReleaseError(release_id, f"{MANIFEST} does not parse ({error})") from error


def verified(release_id: str, manifest: Manifest, name: str, data: bytes) -> bytes:
    """Return a release's file unchanged once its digest is the manifest's.

    Raises:
        CorruptReleaseError: If the manifest does not list the file, or the digest differs.
    """
    if name not in manifest.files:
        raise CorruptReleaseError(release_id, f"its manifest does not list {name}")
    if sha256_hex(data) != manifest.files[name]:
        raise CorruptReleaseError(release_id, f"{name} has another digest than its manifest")
    return data


def manifest_files(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return each file's digest, for a manifest."""
    return {name: sha256_hex(data) for name, data in sorted(files.items())}
