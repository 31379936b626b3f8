"""What a model takes and what its answers mean: features, target, threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from msgspec import UNSET, UnsetType

from holdfast.domain.canonical import digest
from holdfast.domain.derivation import Derivation

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
    scored, counted and shows as drift. `typical` is the median or the mode. What is UNSET
    does not stand in the contract's file.

    Attributes:
        derived: How the value comes from a date that clients send; UNSET: it is sent itself.
        missing: Numbers that stand for a missing value, and are read as one.
    """

    name: str
    kind: FeatureKind
    nullable: bool
    typical: Value = None
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False  # every training value was a whole number
    categories: tuple[str, ...] = ()  # known ones, most frequent first
    derived: Derivation | UnsetType = UNSET
    missing: tuple[float, ...] | UnsetType = UNSET


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
        if not set(self.dates).isdisjoint(names):
            raise ValueError(f"a date is no feature itself; found {self.dates} among {names}")
        if not 0.0 <= self.threshold <= 1.0:
            raise ValueError(f"threshold must lie in [0, 1]; found {self.threshold}")

    @property
    def names(self) -> tuple[str, ...]:
        """Every feature's name, in contract order."""
        return tuple(feature.name for feature in self.features)

    @property
    def derivations(self) -> tuple[Derivation, ...]:
        """Where those features come from that nobody sends, in contract order."""
        return tuple(f.derived for f in self.features if f.derived is not UNSET)

    @property
    def dates(self) -> tuple[str, ...]:
        """The dates that clients send, each once."""
        return tuple(dict.fromkeys(derivation.source for derivation in self.derivations))

    @property
    def inputs(self) -> tuple[str, ...]:
        """What clients send, in contract order: features, and dates in place of theirs."""
        return tuple(
            dict.fromkeys(f.name if f.derived is UNSET else f.derived.source for f in self.features)
        )

    @property
    def counted(self) -> Contract:
        """The contract for rows whose dates have been counted: all features stand in them."""
        return replace(
            self, features=tuple(replace(feature, derived=UNSET) for feature in self.features)
        )

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
