"""The ROC AUC that rows will have, as long as only the chances of their labels are known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import TooFewLabelsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["ExpectedAuc", "expected_auc"]

_LEAST_PER_CLASS = 2.0  # expected rows; a variance needs two, as DeLong's does


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAuc:
    """An expected ROC AUC with its two uncertainties.

    Attributes:
        auc: Expected share of pairs of a positive and a negative row in the right order.
        standard_error: DeLong's, of the AUC that other rows drawn like these would have.
        label_error: Of the AUC that these very rows will have once their labels are known.
    """

    auc: float
    standard_error: float
    label_error: float


def expected_auc(scores: Floats, chances: Floats, *, rows: Floats | None = None) -> ExpectedAuc:
    """Return the ROC AUC to expect where each label is a draw by its own chance.

    Each row counts as positive with the weight p and as negative with the weight 1 - p, in
    the AUC and in *both* terms of DeLong's variance. No row is paired with itself, as it
    cannot be positive and negative at once. With chances of 0 and 1 it is DeLong's method.

    The labels' own part of the variance is that of a sum of independent draws: a label's
    change moves the AUC by (V10 - A)/n1 - (V01 - A)/n0, with V10 and V01 the placements
    among expected negatives and positives, and has the variance p(1 - p).

    Args:
        scores: What rows are ranked by, shape ``(n,)``.
        chances: P(y = 1) of each row, shape ``(n,)``.
        rows: How many rows stand at each place, shape ``(n,)``; None is one each. Rows at
            one place are tied, and count one half.

    Raises:
        TooFewLabelsError: If fewer than two rows of a class are to be expected.

    Source:
        DeLong, DeLong and Clarke-Pearson (1988); Sun and Xu (2014), *Fast implementation of
        DeLong's algorithm*; weights after NannyML's documentation of confidence-based
        performance estimation.

    >>> scores = np.array([0.1, 0.4, 0.6, 0.9])
    >>> round(expected_auc(scores, scores).auc, 3)
    0.889
    """
    times = np.ones(scores.size) if rows is None else rows.astype(np.float64)
    against = 1.0 - chances
    n_positive, n_negative = float(times @ chances), float(times @ against)
    _check(n_positive, n_negative)
    below, above = _outranked(scores, chances, times)
    pairs = n_positive * n_negative - float(times @ (chances * against))
    auc = float(times @ (chances * below)) / pairs
    of_positive = below / (n_negative - against) - auc
    of_negative = above / (n_positive - chances) - auc
    full = float(times @ (chances * of_positive**2)) / (n_positive * (n_positive - 1.0)) + float(
        times @ (against * of_negative**2)
    ) / (n_negative * (n_negative - 1.0))
    moved = of_positive / n_positive - of_negative / n_negative
    return ExpectedAuc(
        auc=auc,
        standard_error=math.sqrt(full),
        label_error=math.sqrt(float(times @ (chances * against * moved**2))),
    )


def _outranked(scores: Floats, chances: Floats, times: Floats) -> tuple[Floats, Floats]:
    """Return, for a row at each place, the expected negatives below and positives above it."""
    _, place = np.unique(scores, return_inverse=True)
    positives = np.bincount(place, weights=times * chances)
    negatives = np.bincount(place, weights=times * (1.0 - chances))
    lower = np.cumsum(negatives) - negatives
    upper = positives.sum() - np.cumsum(positives)
    tied_below = (negatives[place] - (1.0 - chances)) / 2.0
    tied_above = (positives[place] - chances) / 2.0
    return lower[place] + tied_below, upper[place] + tied_above


def _check(n_positive: float, n_negative: float) -> None:
    rarer = min(n_positive, n_negative)
    if rarer < _LEAST_PER_CLASS:
        raise TooFewLabelsError(
            found=math.floor(rarer), required=int(_LEAST_PER_CLASS), what="expected rows of a class"
        )
