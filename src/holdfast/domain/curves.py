"""What a model does at every threshold, and what its probabilities are worth: curves as data."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Curves", "OperatingPoint", "ReliabilityBin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """What is decided positive at a threshold, in rows, so that every figure of it is exact."""

    threshold: float  # score at and above which the decision is positive
    n_true_positive: int
    n_false_positive: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Rows of about the same score, and how many of them turned out positive."""

    n: int
    n_positive: int
    mean_score: float
    lowest_score: float
    highest_score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """A model on labelled rows that it had not seen.

    ROC, precision-recall and threshold curves, and the confusion matrix, are all read off
    the same operating points.

    Attributes:
        n: Rows.
        n_positive: Positive ones among them.
        chosen: At the threshold of the contract.
        points: From nothing flagged to everything flagged; neither count ever falls. Every
            distinct score has one where they are few.
        bins: By score, about as many rows in each; ties stay together.
    """

    n: int
    n_positive: int
    chosen: OperatingPoint
    points: tuple[OperatingPoint, ...]
    bins: tuple[ReliabilityBin, ...]

    @property
    def n_negative(self) -> int:
        """Negative rows."""
        return self.n - self.n_positive

    def recall(self, point: OperatingPoint) -> float | None:
        """Return the share of positive rows that are flagged; None without any."""
        return point.n_true_positive / self.n_positive if self.n_positive else None

    def false_alarms(self, point: OperatingPoint) -> float | None:
        """Return the share of negative rows that are flagged; None without any."""
        return point.n_false_positive / self.n_negative if self.n_negative else None

    def flagged(self, point: OperatingPoint) -> float:
        """Return the share of all rows that are flagged."""
        return (point.n_true_positive + point.n_false_positive) / self.n

    @staticmethod
    def precision(point: OperatingPoint) -> float | None:
        """Return the share of flagged rows that are positive; None if none is flagged.

        >>> Curves.precision(OperatingPoint(threshold=0.5, n_true_positive=3, n_false_positive=1))
        0.75
        """
        n = point.n_true_positive + point.n_false_positive
        return point.n_true_positive / n if n else None
