"""Choose how a model's log-odds become probabilities: by one line, or by several pieces.

The pieces follow the validation rows more closely, by chance too. So both are measured on
rows that they were not fitted on, and the line stays unless the pieces are clearly better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from holdfast.performance.calibration import fit_platt
from holdfast.performance.isotonic import fit_isotonic
from holdfast.ports.trainer import Calibration

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["Calibrated", "calibrate"]

_FOLDS = 5
_LEAST_ROWS = 1_000  # below which isotonic regression follows chance (Niculescu-Mizil and Caruana)
_LEAST_CLASS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """The calibration that was chosen, and what its kind reaches.

    Attributes:
        calibration: Fitted on all rows.
        brier: Of all rows, each scored by a calibration of this kind that was not fitted on
            it: what may be compared between models with unlike calibrations.
    """

    calibration: Calibration
    brier: float


def calibrate(labels: Labels, log_odds: Floats, *, isotonic: bool = True) -> Calibrated:
    """Fit a calibration on validation rows, of the kind that does better on others.

    Isotonic regression is asked from 1,000 rows and 100 of each class on, and taken if it
    beats the line by more than one standard error of the difference, over five folds.

    Args:
        labels: Rows that the model has not been fitted on, shape ``(n,)``.
        log_odds: The model's, finite, shape ``(n,)``.
        isotonic: Whether it may be chosen.

    Raises:
        TooFewLabelsError: If a class has no row.

    Source:
        Niculescu-Mizil and Caruana (2005), *Predicting good probabilities with supervised
        learning*; the rule of one standard error: Breiman et al. (1984), *Classification and
        Regression Trees*.

    >>> rng = np.random.default_rng(0)
    >>> log_odds = rng.normal(size=2000)
    >>> labels = rng.random(2000) < np.where(log_odds > 0, 0.9, 0.1)  # a step, and no line
    >>> calibrate(labels, log_odds).calibration.kind
    'isotonic'
    """
    n_positive = int(labels.sum())
    rarer = min(n_positive, labels.size - n_positive)
    line, errors = _line(labels, log_odds), _errors(_line, labels, log_odds)
    if isotonic and not line.is_flat and labels.size >= _LEAST_ROWS and rarer >= _LEAST_CLASS:
        gains = errors - (others := _errors(_pieces, labels, log_odds))
        pieces = _pieces(labels, log_odds)
        if pieces.bends and gains.mean() > gains.std() / np.sqrt(gains.size):
            return Calibrated(calibration=pieces, brier=float(others.mean()))
    return Calibrated(calibration=line, brier=float(errors.mean()))


def _line(labels: Labels, log_odds: Floats) -> Calibration:
    slope, intercept = fit_platt(labels, log_odds)
    return Calibration(slope=slope, intercept=intercept)


def _pieces(labels: Labels, log_odds: Floats) -> Calibration:
    line = _line(labels, log_odds)
    knots = None if line.is_flat else fit_isotonic(labels, log_odds, slope=line.slope)
    return line if knots is None else Calibration.through(*knots, slope=line.slope)


def _errors(
    fit: Callable[[Labels, Floats], Calibration], labels: Labels, log_odds: Floats
) -> Floats:
    """Return each row's squared error by a calibration that was not fitted on it."""
    fold, n_folds = _folds(labels)
    scores = np.empty(labels.size)
    for number in range(n_folds):
        out = fold == number
        rest = ~out if n_folds > 1 else out  # a single row of a class cannot be left out
        scores[out] = fit(labels[rest], log_odds[rest]).probabilities(log_odds[out])
    squared: Floats = (scores - labels) ** 2
    return squared


def _folds(labels: Labels) -> tuple[NDArray[np.intp], int]:
    """Deal the rows of each class in turn, so that each fold leaves some of both."""
    n_positive = int(labels.sum())
    n_folds = max(1, min(_FOLDS, n_positive, labels.size - n_positive))
    fold = np.empty(labels.size, dtype=np.intp)
    for positive in (False, True):
        members = labels == positive
        fold[members] = np.arange(members.sum()) % n_folds
    return fold, n_folds
