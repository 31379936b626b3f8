"""From which score on a row counts as positive: the aims that a threshold can serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from holdfast.domain.errors import TooFewLabelsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["Aim", "Capacity", "Costs", "FBeta", "Fixed", "RecallAtLeast", "prices_of"]


class Aim(Protocol):
    """What the threshold is for."""

    def choose(self, labels: Labels, scores: Floats) -> float:
        """Return the threshold in [0, 1] that serves the aim best on these rows.

        It lies halfway between two neighbouring scores, so that the last digit of an
        exported model's arithmetic cannot change a decision.

        Args:
            labels: True for the positive class, shape ``(n,)``.
            scores: Calibrated P(y = 1) of rows not trained on, shape ``(n,)``.

        Raises:
            TooFewLabelsError: If no row is positive.
        """
        ...

    def describe(self) -> str:
        """Return the aim in words, for the model card."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallAtLeast:
    """Find at least this share of the positives, flagging as few others as possible."""

    recall: float

    def __post_init__(self) -> None:
        if not 0.0 < self.recall <= 1.0:
            raise ValueError(f"recall must lie in (0, 1]; found {self.recall}")

    def choose(self, labels: Labels, scores: Floats) -> float:
        """Return the highest threshold that reaches the recall.

        >>> labels = np.array([True, False, True, False])
        >>> RecallAtLeast(recall=0.8).choose(labels, np.array([0.9, 0.5, 0.4, 0.2]))
        0.30000000000000004
        """
        cuts = _cuts(labels, scores)
        reached = cuts.found >= self.recall * labels.sum() - 1e-9  # 0.7 * 10 is not quite 7
        return float(cuts.thresholds[np.argmax(reached)])

    def describe(self) -> str:
        """Return the aim in words."""
        return f"a recall of at least {self.recall:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FBeta:
    """Balance precision and recall; recall counts `beta` times as much."""

    beta: float = 1.0

    def __post_init__(self) -> None:
        if not self.beta > 0.0:
            raise ValueError(f"beta must be positive; found {self.beta}")

    def choose(self, labels: Labels, scores: Floats) -> float:
        """Return the threshold with the highest F-beta; the higher one of equals.

        >>> labels = np.array([True, False, True, False])
        >>> FBeta(beta=1.0).choose(labels, np.array([0.9, 0.5, 0.75, 0.25]))
        0.625
        """
        cuts = _cuts(labels, scores)
        weight = self.beta**2
        f = (1 + weight) * cuts.found / (weight * labels.sum() + cuts.flagged)
        return float(cuts.thresholds[np.argmax(f)])

    def describe(self) -> str:
        """Return the aim in words."""
        return f"the best F-score with beta {self.beta:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Lose as little as possible, given what each kind of error costs (in one unit)."""

    false_positive: float
    false_negative: float

    def __post_init__(self) -> None:
        if not (self.false_positive > 0.0 and self.false_negative > 0.0):
            raise ValueError(
                "both costs must be positive; found "
                f"{self.false_positive} and {self.false_negative}"
            )

    def choose(self, labels: Labels, scores: Floats) -> float:
        """Return the threshold with the lowest cost; the higher one of equals.

        >>> labels = np.array([True, False, True, False])
        >>> scores = np.array([0.9, 0.5, 0.25, 0.2])
        >>> Costs(false_positive=1, false_negative=5).choose(labels, scores)
        0.225
        """
        cuts = _cuts(labels, scores)
        missed = labels.sum() - cuts.found
        disturbed = cuts.flagged - cuts.found
        cost = self.false_positive * disturbed + self.false_negative * missed
        return float(cuts.thresholds[np.argmin(cost)])

    def describe(self) -> str:
        """Return the aim in words."""
        return (
            f"the lowest cost, a false alarm at {self.false_positive:g} "
            f"and a miss at {self.false_negative:g}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Flag no more than a share of the rows: as many as somebody can act on."""

    share: float

    def __post_init__(self) -> None:
        if not 0.0 < self.share <= 1.0:
            raise ValueError(f"the share must lie in (0, 1]; found {self.share}")

    def choose(self, labels: Labels, scores: Floats) -> float:
        """Return the lowest threshold that flags at most the share; ties stay unflagged.

        Where even the highest score is shared by more rows, it is the highest threshold.

        >>> labels = np.array([True, False, True, False])
        >>> Capacity(share=0.5).choose(labels, np.array([0.9, 0.5, 0.25, 0.2]))
        0.375
        """
        cuts = _cuts(labels, scores)
        fits = cuts.flagged <= self.share * scores.size + 1e-9  # 0.7 * 10 is not quite 7
        return float(cuts.thresholds[max(int(fits.sum()) - 1, 0)])

    def describe(self) -> str:
        """Return the aim in words."""
        return f"a capacity of {self.share:.3g} of the rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A threshold that somebody has set."""

    threshold: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.threshold <= 1.0:
            raise ValueError(f"threshold must lie in [0, 1]; found {self.threshold}")

    def choose(self, labels: Labels, scores: Floats) -> float:  # noqa: ARG002 - every aim is asked so
        """Return the threshold as it was set.

        >>> Fixed(threshold=0.5).choose(np.array([True]), np.array([0.1]))
        0.5
        """
        return self.threshold

    def describe(self) -> str:
        """Return the aim in words."""
        return f"a fixed threshold of {self.threshold:g}"


def prices_of(aim: Aim) -> tuple[float, float] | None:
    """Return what a false positive and a false negative cost, if the aim says so.

    >>> prices_of(Costs(false_positive=1, false_negative=5))
    (1, 5)
    >>> prices_of(FBeta())
    """
    return (aim.false_positive, aim.false_negative) if isinstance(aim, Costs) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cuts:
    """Every way to divide rows by score, from flagging the fewest to flagging all.

    Attributes:
        thresholds: Falling, shape ``(c,)``.
        flagged: Rows at or above each.
        found: Positives among them.
    """

    thresholds: Floats
    flagged: NDArray[np.int64]
    found: NDArray[np.int64]


def _cuts(labels: Labels, scores: Floats) -> _Cuts:
    if not labels.any():
        raise TooFewLabelsError(found=0, required=1, what="positive rows")
    order = np.argsort(-scores, kind="stable")
    falling, found = scores[order], np.cumsum(labels[order])
    last = np.append(np.flatnonzero(falling[:-1] != falling[1:]), falling.size - 1)
    below = np.append(falling[last[:-1] + 1], 0.0)  # under the lowest score there is only 0
    none = [0] if falling[0] < 1.0 else []  # a threshold above 1 would be no probability
    return _Cuts(
        thresholds=np.concatenate(
            [[(falling[0] + 1.0) / 2] * len(none), (falling[last] + below) / 2]
        ),
        flagged=np.concatenate([none, last + 1]).astype(np.int64),
        found=np.concatenate([none, found[last]]).astype(np.int64),
    )
