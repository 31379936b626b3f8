"""How a model's log-odds become probabilities that mean what they say (Platt scaling)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import TooFewLabelsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["fit_platt", "sigmoid"]

_MOST_STEPS = 100
_FLAT = 1e-10  # Newton stops when the gradient per row is this small
_SMALLEST_STEP = 1e-8


def sigmoid(log_odds: Floats) -> Floats:
    """Return the probabilities of log-odds; neither end overflows.

    >>> sigmoid(np.array([-1e9, 0.0, 1e9])).tolist()
    [0.0, 0.5, 1.0]
    """
    return 0.5 * (1.0 + np.tanh(0.5 * log_odds))


def fit_platt(labels: Labels, log_odds: Floats) -> tuple[float, float]:
    """Return slope and intercept of the best ``sigmoid(slope * log_odds + intercept)``.

    The targets are drawn in from 0 and 1 by one pseudo-row, so that a part which the
    model separates perfectly does not ask for an infinite slope. A model that ranks the
    rows backwards, or not at all, gets slope 0 and the base rate: turning its ranking
    round would promise a skill that it showed only by failing.

    Args:
        labels: Rows that the model has not been fitted on, shape ``(n,)``.
        log_odds: The model's, finite, shape ``(n,)``.

    Raises:
        TooFewLabelsError: If a class has no row.

    Source:
        Platt (1999), *Probabilistic outputs for support vector machines*; Lin, Lin and
        Weng (2007), *A note on Platt's probabilistic outputs*.

    >>> slope, intercept = fit_platt(np.array([True, False] * 50), np.tile([-1.0, 1.0], 50))
    >>> slope, intercept
    (0.0, 0.0)
    """
    n_positive = int(labels.sum())
    n_negative = labels.size - n_positive
    if not min(n_positive, n_negative):
        raise TooFewLabelsError(found=0, required=1, what="rows of each class")
    base = math.log(n_positive / n_negative)
    centre, spread = float(log_odds.mean()), float(log_odds.std())
    if spread <= 1e-12 * max(1.0, abs(centre)):
        return 0.0, base
    targets = np.where(labels, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    slope, intercept = _newton((log_odds - centre) / spread, targets, start=base)
    if slope <= 0:
        return 0.0, base
    return slope / spread, intercept - slope * centre / spread


def _newton(x: Floats, targets: Floats, *, start: float) -> tuple[float, float]:
    """Minimise the cross-entropy of a line through standardised log-odds; it is convex."""
    at = np.array([0.0, start])
    loss = _loss(x, targets, at)
    for _ in range(_MOST_STEPS):
        p = sigmoid(at[0] * x + at[1])
        gradient = np.array([(p - targets) @ x, (p - targets).sum()]) / x.size
        if np.abs(gradient).max() < _FLAT:
            break
        w = p * (1 - p) / x.size + 1e-15  # keeps the matrix invertible where all is certain
        hessian = np.array([[w @ x**2, w @ x], [w @ x, w.sum()]])
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while (after := _loss(x, targets, at - size * step)) > loss and size > _SMALLEST_STEP:
            size /= 2
        if size <= _SMALLEST_STEP:
            break
        at, loss = at - size * step, after
    return float(at[0]), float(at[1])


def _loss(x: Floats, targets: Floats, at: Floats) -> float:
    logit = at[0] * x + at[1]
    return float(np.mean(np.logaddexp(0.0, logit) - targets * logit))
