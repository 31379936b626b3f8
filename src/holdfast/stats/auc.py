"""How well scores rank the positives first: ROC AUC with DeLong's covariance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from holdfast.domain.errors import TooFewLabelsError
from holdfast.domain.intervals import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["AucDifference", "DeLong", "auc_influence", "delong", "roc_auc"]

_LEAST_PER_CLASS = 2  # a variance needs two


@dataclass(frozen=True, slots=True, kw_only=True)
class AucDifference:
    """The difference of two ROC AUCs on the same rows."""

    estimate: float
    standard_error: float

    def interval(self, *, level: float = 0.95, one_sided: bool = False) -> Interval:
        """Return the difference with its normal interval.

        Args:
            level: Confidence level.
            one_sided: Each end is then a one-sided bound of its own at that level.
        """
        half = _quantile(level, one_sided=one_sided) * self.standard_error
        low, high = self.estimate - half, self.estimate + half
        return Interval(estimate=self.estimate, low=low, high=high, level=level)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeLong:
    """ROC AUCs of one or more models on the same rows, with their covariance.

    Attributes:
        aucs: One for each score vector, in the order given.
        covariance: Of the AUCs, shape ``(k, k)``.
        n_positive: Rows of the positive class.
        n_negative: Rows of the other class.
    """

    aucs: tuple[float, ...]
    covariance: Floats
    n_positive: int
    n_negative: int

    def standard_error(self, i: int = 0) -> float:
        """Return the standard error of one AUC."""
        return math.sqrt(max(0.0, float(self.covariance[i, i])))

    def difference(self, i: int, j: int) -> AucDifference:
        """Return ``aucs[i] - aucs[j]`` with its standard error, the pairing respected."""
        c = self.covariance
        variance = float(c[i, i] + c[j, j] - 2 * c[i, j])
        return AucDifference(
            estimate=self.aucs[i] - self.aucs[j], standard_error=math.sqrt(max(0.0, variance))
        )

    def interval(self, i: int = 0, *, level: float = 0.95) -> Interval:
        """Return one AUC with its two-sided interval, inside [0, 1].

        At a perfect 0 or 1 the variance is zero, which would claim certainty; the
        smaller class, paired off, then gives an exact binomial bound.
        """
        auc = self.aucs[i]
        half = _quantile(level) * self.standard_error(i)
        low, high = max(0.0, auc - half), min(1.0, auc + half)
        sure = ((1 - level) / 2) ** (1 / min(self.n_positive, self.n_negative))
        if auc == 1.0:
            low = sure
        if auc == 0.0:
            high = 1.0 - sure
        return Interval(estimate=auc, low=low, high=high, level=level)


def delong(labels: Labels, *scores: Floats) -> DeLong:
    """Return the ROC AUC of each score vector, with DeLong's covariance between them.

    Takes O(n log n) by sorting, which gives the same as midranks; ties count one half.

    Args:
        labels: True for the positive class, shape ``(n,)``.
        *scores: One vector for each model on these rows, shape ``(n,)`` each; the
            higher, the more likely positive.

    Raises:
        TooFewLabelsError: If a class has fewer than two rows.

    Source:
        DeLong, DeLong and Clarke-Pearson (1988); Sun and Xu (2014), *Fast implementation
        of DeLong's algorithm*.

    >>> labels = np.array([True, False, True, False, False])
    >>> old, new = np.array([[0.9, 0.2, 0.4, 0.5, 0.1], [0.8, 0.3, 0.6, 0.4, 0.2]])
    >>> [round(auc, 3) for auc in delong(labels, old, new).aucs]
    [0.833, 1.0]
    """
    n_positive = _check_classes(labels, least=_LEAST_PER_CLASS)
    n_negative = int(labels.size) - n_positive
    placements = [_placements(labels, vector) for vector in scores]
    of_positives = np.stack([positives for positives, _ in placements])
    of_negatives = np.stack([negatives for _, negatives in placements])
    covariance = (
        np.atleast_2d(np.cov(of_positives)) / n_positive
        + np.atleast_2d(np.cov(of_negatives)) / n_negative
    )
    return DeLong(
        aucs=tuple(of_positives.mean(axis=1).tolist()),
        covariance=covariance,
        n_positive=n_positive,
        n_negative=n_negative,
    )


def roc_auc(labels: Labels, scores: Floats) -> float:
    """Return the ROC AUC alone: the chance that a positive row outranks a negative one.

    Args:
        labels: True for the positive class, shape ``(n,)``.
        scores: Shape ``(n,)``.

    Raises:
        TooFewLabelsError: If a class has no row.

    >>> roc_auc(np.array([True, False]), np.array([0.7, 0.2]))
    1.0
    """
    _check_classes(labels, least=1)
    return float(_placements(labels, scores)[0].mean())


def auc_influence(labels: Labels, scores: Floats) -> Floats:
    """Return how much each row moves the ROC AUC: what its sampling error is a mean of.

    Two figures that are means, or have influences like these, go together as much as their
    influences correlate.

    Args:
        labels: True for the positive class, shape ``(n,)``.
        scores: Shape ``(n,)``.

    Returns:
        One value a row, with mean 0, shape ``(n,)``.

    Raises:
        TooFewLabelsError: If a class has no row.

    >>> labels = np.array([True, True, False, False])
    >>> auc_influence(labels, np.array([0.9, 0.4, 0.5, 0.1])).tolist()
    [0.5, -0.5, -0.5, 0.5]
    """
    _check_classes(labels, least=1)
    of_positives, of_negatives = _placements(labels, scores)
    found = np.empty(labels.size)
    found[labels] = (of_positives - of_positives.mean()) * (labels.size / of_positives.size)
    found[~labels] = (of_negatives - of_negatives.mean()) * (labels.size / of_negatives.size)
    return found


def _placements(labels: Labels, scores: Floats) -> tuple[Floats, Floats]:
    """Return the share of negatives below each positive, of positives above each negative."""
    positives, negatives = scores[labels], scores[~labels]
    return _share_below(positives, negatives), 1.0 - _share_below(negatives, positives)


def _share_below(scores: Floats, others: Floats) -> Floats:
    ordered = np.sort(others)
    below = np.searchsorted(ordered, scores, side="left")
    at_most = np.searchsorted(ordered, scores, side="right")
    return (below + at_most) / (2.0 * others.size)


def _check_classes(labels: Labels, *, least: int) -> int:
    n_positive = int(labels.sum())
    rarer = min(n_positive, int(labels.size) - n_positive)
    if rarer < least:
        raise TooFewLabelsError(found=rarer, required=least, what="rows of each class")
    return n_positive


def _quantile(level: float, *, one_sided: bool = False) -> float:
    return float(special.ndtri(level if one_sided else (1 + level) / 2))
