"""What a model takes and what its answers mean: features, target, threshold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from holdfast.domain.canonical import digest

__all__ = ["MISSING_CATEGORY", "Contract", "Feature", "FeatureKind", "Target", "Value"]

Value = float | str | bool | None

MISSING_CATEGORY = ""
"""How a missing category reaches a model; sources turn blank text into missing, so no
real category is ever blank."""


class FeatureKind(StrEnum):
    """What a feature's values are."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"  # reaches the model as 0.0 or 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One input of the model, as the training data showed it.

    `minimum`, `maximum` and `categories` describe, they do not forbid: a value outside is
    scored, counted and shows as drift. `typical` is the median or the mode.
    """

    name: str
    kind: FeatureKind
    nullable: bool
    typical: Value = None
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False  # every training value was a whole number
    categories: tuple[str, ...] = ()  # known ones, most frequent first


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The column to predict, in its own two words."""

    name: str
    positive: str
    negative: str

    def word(self, *, positive: bool) -> str:
        """Return the target's own word for an outcome."""
        return self.positive if positive else self.negative


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The promise between a model and whoever calls it; immutable part of a release.

    Models take two matrices: numeric and boolean features as float32 with NaN for
    missing, categorical ones as text with `MISSING_CATEGORY`, each in contract order.
    """

    features: tuple[Feature, ...]
    target: Target
    threshold: float  # score at and above which the decision is positive
    data_digest: str  # sha256 of the training data
    schema_version: int = 1

    def __post_init__(self) -> None:
        names = [feature.name for feature in self.features]
        if len(set(names)) != len(names):
            raise ValueError(f"feature names must be unique; found {names}")
        if not 0.0 <= self.threshold <= 1.0:
            raise ValueError(f"threshold must lie in [0, 1]; found {self.threshold}")

    @property
    def names(self) -> tuple[str, ...]:
        """Every feature's name, in contract order."""
        return tuple(feature.name for feature in self.features)

    @property
    def numeric(self) -> tuple[Feature, ...]:
        """The features of the numeric matrix, in column order."""
        return tuple(f for f in self.features if f.kind is not FeatureKind.CATEGORICAL)

    @property
    def categorical(self) -> tuple[Feature, ...]:
        """The features of the categorical matrix, in column order."""
        return tuple(f for f in self.features if f.kind is FeatureKind.CATEGORICAL)

    @property
    def schema_digest(self) -> str:
        """What decides whether two releases share a prediction table: names and kinds."""
        return digest([[feature.name, feature.kind.value] for feature in self.features])
