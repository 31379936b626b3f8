"""How log-odds become probabilities where no one line through them fits (isotonic)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["fit_isotonic"]

_LEAST_ROWS = 50  # of a bin: fewer would put a step wherever a few rows happen to agree
_MOST_BINS = 50
_STEEPEST = 5.0  # float32 scores of trees are off by some 1e-6; this is what a step makes of it
_STEEPER = 1e4  # than the line: so far the sum of all bends is exact enough
_FLATTEST = 0.02  # of the line's slope: flatter, scores would be equal in float32
_TINY = 1e-300


def fit_isotonic(labels: Labels, log_odds: Floats, *, slope: float) -> tuple[Floats, Floats] | None:
    """Return the knots of a strictly rising line of several pieces through the log-odds.

    Isotonic regression of the labels on binned log-odds, its steps drawn together to their
    centres, between which a line runs: a plain step would make ties of the rows on it, and
    ties cost ROC AUC. Labels are drawn in from 0 and 1 by a pseudo-row, as by `fit_platt`.

    Args:
        labels: Rows that the model has not been fitted on, of both classes, shape ``(n,)``.
        log_odds: The model's, finite, shape ``(n,)``.
        slope: Of the single line, above 0; pieces much flatter are drawn together too.

    Returns:
        The model's log-odds at the knots and the calibrated ones, both strictly rising,
        shape ``(k,)``; None if fewer than two steps are left.

    Source:
        Zadrozny and Elkan (2002), *Transforming classifier scores into accurate multiclass
        probability estimates*; Oron and Flournoy (2017), *Centered isotonic regression*.

    >>> x = np.linspace(-4, 4, 400)
    >>> at, calibrated = fit_isotonic(np.random.default_rng(0).random(400) < (x > 0), x, slope=1.0)
    >>> bool((np.diff(at) > 0).all() and (np.diff(calibrated) > 0).all())
    True
    """
    weight, centre, share = _binned(labels, log_odds)
    n_positive = int(labels.sum())
    low, high = 1 / (labels.size - n_positive + 2), (n_positive + 1) / (n_positive + 2)
    blocks = _Blocks(weight, centre, low + (high - low) * share)
    blocks.pool_while(lambda rises, _: np.where(rises <= 0, -rises, -np.inf))
    least, most = np.log(_FLATTEST * slope), np.log(min(_STEEPEST, _STEEPER * slope))

    def out_of_bounds(rises: Floats, runs: Floats) -> Floats:
        """Return by what power of e a piece is too steep or too flat."""
        steepness = np.log(np.maximum(rises, _TINY)) - np.log(np.maximum(runs, _TINY))
        beyond: Floats = np.maximum(steepness - most, least - steepness)
        return np.where(beyond > 0, beyond, -np.inf)

    blocks.pool_while(out_of_bounds)
    return None if blocks.centre.size < 2 else (blocks.centre, blocks.log_odds)


def _binned(labels: Labels, log_odds: Floats) -> tuple[Floats, Floats, Floats]:
    """Return rows, mean log-odds and share of positives of each bin; equal ones share a bin."""
    order = np.argsort(log_odds, kind="stable")
    ranked = log_odds[order]
    rank = np.searchsorted(ranked, ranked, side="left")
    n_bins = max(1, min(_MOST_BINS, labels.size // _LEAST_ROWS))
    _, of_row = np.unique(rank * n_bins // labels.size, return_inverse=True)
    weight = np.bincount(of_row).astype(np.float64)
    centre = np.bincount(of_row, weights=ranked) / weight
    share = np.bincount(of_row, weights=labels[order]) / weight
    return weight, centre, share


class _Blocks:
    """Neighbouring bins that were pooled, in rising order of their centres."""

    def __init__(self, weight: Floats, centre: Floats, share: Floats) -> None:
        self.weight, self.centre, self.share = weight, centre, share

    @property
    def log_odds(self) -> Floats:
        """Calibrated, at the centres."""
        logit: Floats = np.log(self.share) - np.log1p(-self.share)
        return logit

    def pool_while(self, badness: Callable[[Floats, Floats], Floats]) -> None:
        """Pool the worst two neighbours until none is bad, by the rise and run between them."""
        while self.weight.size > 1:
            bad = badness(np.diff(self.log_odds), np.diff(self.centre))
            worst = int(np.argmax(bad))
            if not np.isfinite(bad[worst]):
                return
            self._pool(worst)

    def _pool(self, at: int) -> None:
        pair = slice(at, at + 2)
        weight = self.weight[pair]
        self.centre[at + 1] = np.average(self.centre[pair], weights=weight)
        self.share[at + 1] = np.average(self.share[pair], weights=weight)
        self.weight[at + 1] = weight.sum()
        self.weight, self.centre, self.share = (
            np.delete(values, at) for values in (self.weight, self.centre, self.share)
        )
