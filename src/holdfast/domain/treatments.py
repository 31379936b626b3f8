"""Who was acted upon because of a prediction, who is left alone, and which rows tell the truth."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from holdfast.domain.stages import in_share

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.ids import PredictionId

__all__ = ["HoldOut", "JudgeOn", "RowsUsed", "Treatment", "TreatmentCounts", "TreatmentFate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """Whether somebody was acted upon: "this customer got the offer".

    Named as a label is: by a prediction's id, or by entity and time.
    """

    treated: bool
    observed_at: datetime  # when it became known, aware UTC
    prediction_id: PredictionId | None = None
    entity: str | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        if (self.prediction_id is None) == (self.entity is None):
            raise ValueError("a treatment names either a prediction_id or an entity")


class TreatmentFate(StrEnum):
    """What became of such a fact when it was recorded."""

    ACCEPTED = "accepted"  # news; that somebody was treated after all is news, too
    DUPLICATE = "duplicate"  # says again what is known
    CONFLICTING = "conflicting"  # says "not treated" of somebody who was; an offer stays made
    ORPHAN = "orphan"  # no such prediction; kept where it names one by its id


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentCounts:
    """How many facts of a batch met which fate."""

    accepted: int = 0
    duplicate: int = 0
    conflicting: int = 0
    orphan: int = 0

    @classmethod
    def of(cls, fates: tuple[TreatmentFate, ...]) -> TreatmentCounts:
        """Count the fates.

        >>> TreatmentCounts.of((TreatmentFate.ACCEPTED, TreatmentFate.ORPHAN)).orphan
        1
        """
        return cls(**{fate.value: fates.count(fate) for fate in TreatmentFate})

    def __add__(self, other: TreatmentCounts) -> TreatmentCounts:
        return TreatmentCounts(
            **{
                fate.value: getattr(self, fate.value) + getattr(other, fate.value)
                for fate in TreatmentFate
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOut:
    """A share of the entities that nobody acts upon, always the same ones.

    Attributes:
        share: Of all entities, in [0, 1); 0 for none.
        salt: Sets one project's drawing apart from another's, and from a canary's.
    """

    share: float = 0.0
    salt: str = "holdout"

    def holds(self, whom: str) -> bool:
        """Return whether somebody is to be left alone.

        Args:
            whom: An entity, or the id of a prediction that names none.

        >>> HoldOut(share=0.0).holds("customer-4711")
        False
        """
        return self.share > 0.0 and in_share(whom, salt=self.salt, share=self.share)


class JudgeOn(StrEnum):
    """Which labelled rows a model is judged on."""

    AUTO = "auto"  # all, until somebody is treated; then the hold-out, or else the untreated
    ALL = "all"
    UNTREATED = "untreated"
    HOLDOUT = "holdout"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsUsed:
    """Which labelled rows figures rest on.

    Attributes:
        which: All, the untreated, or those of the hold-out.
        n: How many they are.
        n_left_out: Labelled rows of the same time that were left out.
        n_treated: How many of all these are known to be treated.
        n_assumed: How many of the used ones count as negative because nobody said otherwise.
    """

    which: JudgeOn
    n: int
    n_left_out: int = 0
    n_treated: int = 0
    n_assumed: int = 0

    @property
    def words(self) -> str:
        """The same for people.

        >>> RowsUsed(which=JudgeOn.UNTREATED, n=900, n_left_out=100, n_treated=100).words
        '900 untreated rows; 100 left out, 100 treated in all'
        """
        kinds = {JudgeOn.UNTREATED: "untreated rows", JudgeOn.HOLDOUT: "rows of the hold-out"}
        used = f"{self.n:,} {kinds.get(self.which, 'rows, all that are labelled')}"
        if self.n_assumed:
            used += f", {self.n_assumed:,} of them assumed negative"
        if not (self.n_left_out or self.n_treated):
            return used
        return f"{used}; {self.n_left_out:,} left out, {self.n_treated:,} treated in all"
