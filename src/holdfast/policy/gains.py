"""What a challenger gains or loses against the champion on the same rows, with its error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from holdfast.performance.calibration_error import score_bins
from holdfast.policy.segments import segment_gains
from holdfast.stats.auc import auc_influence, delong
from holdfast.stats.normal import excess_p_value
from holdfast.stats.paired import paired_difference
from holdfast.stats.resampling import draws_for, resampled_counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from holdfast.policy.segments import SegmentGain, Segments

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["Gain", "Gains", "auc_gain", "brier_gain", "calibration_gain", "weigh"]

_NOTHING = 1e-7  # what float32 cannot tell from 0 in a mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """A challenger's advantage with its standard error; positive is better."""

    name: str
    estimate: float
    standard_error: float

    def lower(self, level: float) -> float:
        """Return the one-sided lower bound that is wrong with probability `level`."""
        return self.estimate + float(special.ndtri(level)) * self.standard_error

    def upper(self, level: float) -> float:
        """Return the one-sided upper bound that is wrong with probability `level`."""
        return self.estimate - float(special.ndtri(level)) * self.standard_error

    @property
    def harm(self) -> float:
        """The one-sided p-value of the challenger's being worse."""
        return excess_p_value(-self.estimate, standard_error=self.standard_error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gains:
    """All that the guard's rules look at, measured once.

    Attributes:
        n: Rows.
        n_positive: Positive ones among them.
        auc: Of ROC AUC.
        brier: By how much the Brier score is lower.
        recall: At the champion's flagged share.
        calibration: By how much the expected calibration error is lower.
        correlation: Of the errors of the first two.
        segments: Of the Brier score, on parts of the rows.
    """

    n: int
    n_positive: int
    auc: Gain
    brier: Gain
    recall: Gain
    calibration: Gain
    correlation: float
    segments: tuple[SegmentGain, ...]


def weigh(
    labels: Labels,
    champion_scores: Floats,
    challenger_scores: Floats,
    *,
    champion_threshold: float,
    segments: Sequence[Segments] = (),
    seed: int,
) -> Gains:
    """Measure every gain on the same rows.

    The rows' order has no part in it: they are sorted first, since resamples are drawn by
    place.

    Args:
        labels: Ground truth with at least two rows of each class, shape ``(n,)``.
        champion_scores: P(y = 1) by the champion, shape ``(n,)``.
        challenger_scores: The same by the challenger.
        champion_threshold: Gives the share of rows that both may flag.
        segments: Ways to part the rows.
        seed: Of the resamples.

    Raises:
        TooFewLabelsError: If a class has fewer than two rows.

    Source:
        DeLong, DeLong and Clarke-Pearson (1988) for the AUC difference; Efron and Tibshirani
        (1993), *An introduction to the bootstrap*, chapters 6 and 13, for the others: the
        standard error over resamples of whole rows, in normal bounds.
    """
    order = np.lexsort((labels, challenger_scores, champion_scores))
    labels = labels[order]
    champion, challenger = champion_scores[order], challenger_scores[order]
    flagged = max(int((champion >= champion_threshold).sum()), 1)
    brier, recall, calibration = _bootstrapped(labels, champion, challenger, flagged, seed=seed)
    losses = (champion - labels) ** 2 - (challenger - labels) ** 2
    return Gains(
        n=labels.size,
        n_positive=int(labels.sum()),
        auc=auc_gain(labels, champion, challenger),
        brier=brier,
        recall=recall,
        calibration=calibration,
        correlation=_correlation(
            auc_influence(labels, challenger) - auc_influence(labels, champion), losses
        ),
        segments=tuple(gain for s in segments for gain in segment_gains(losses, s.ordered(order))),
    )


def auc_gain(labels: Labels, champion: Floats, challenger: Floats) -> Gain:
    """Return the gain in ROC AUC, with DeLong's standard error."""
    gain = delong(labels, challenger, champion).difference(0, 1)
    return Gain(name="roc_auc", estimate=gain.estimate, standard_error=gain.standard_error)


def brier_gain(labels: Labels, champion: Floats, challenger: Floats) -> Gain:
    """Return by how much the Brier score is lower, with the standard error of a paired mean."""
    gain = paired_difference((champion - labels) ** 2 - (challenger - labels) ** 2)
    return Gain(name="brier", estimate=gain.mean, standard_error=gain.standard_error)


def calibration_gain(labels: Labels, champion: Floats, challenger: Floats) -> Gain:
    """Return by how much the expected calibration error is lower, without resamples.

    The error is a mean over the rows once each bin's gap has its sign: its standard error is
    that mean's, which is too large rather than too small where a gap's sign is chance.

    Source:
        The delta method; van der Vaart (1998), *Asymptotic statistics*, chapter 3.
    """
    gain = paired_difference(_signed_gaps(labels, champion) - _signed_gaps(labels, challenger))
    return Gain(name="calibration", estimate=gain.mean, standard_error=gain.standard_error)


def _signed_gaps(labels: Labels, scores: Floats) -> Floats:
    """Return values whose mean is the calibration error, one a row."""
    gaps, bins = scores - labels, score_bins(scores)
    signs = np.sign(np.bincount(bins, gaps))
    signed: Floats = gaps * signs[bins]
    return signed


def _bootstrapped(
    labels: Labels, champion: Floats, challenger: Floats, flagged: int, *, seed: int
) -> tuple[Gain, Gain, Gain]:
    resampling = _Resampling(labels, champion, challenger, flagged)
    n = labels.size
    found = resampling.gains(np.ones((1, n), dtype=np.float32))[0]
    drawn = np.concatenate(
        [
            resampling.gains(counts)
            for counts in resampled_counts(
                n, draws=draws_for(n), rng=np.random.default_rng([seed, n])
            )
        ]
    )
    found, errors = (
        np.where(np.abs(figures) < _NOTHING, 0.0, figures)
        for figures in (found, drawn.std(axis=0, ddof=1))
    )
    brier, recall, calibration = (
        Gain(name=name, estimate=float(found[i]), standard_error=float(errors[i]))
        for i, name in enumerate(("brier", "recall", "calibration"))
    )
    return brier, recall, calibration


class _Resampling:
    """The gains of many resamples at once, from how often each row is in each."""

    def __init__(self, labels: Labels, champion: Floats, challenger: Floats, flagged: int) -> None:
        self._tops = [_Top(labels, scores, flagged) for scores in (challenger, champion)]
        losses = (champion - labels) ** 2 - (challenger - labels) ** 2
        gaps = [_binned(scores - labels, score_bins(scores)) for scores in (champion, challenger)]
        self._split = 2 + gaps[0].shape[1]
        # One matrix product gives every sum that the figures are made of.
        self._columns = np.column_stack([losses, labels, *gaps]).astype(np.float32)

    def gains(self, counts: NDArray[np.float32]) -> Floats:
        """Return gains in Brier score, recall and calibration, shape ``(resamples, 3)``."""
        n = counts.shape[1]
        sums = (counts @ self._columns).astype(np.float64)
        hits = self._tops[0].hits(counts) - self._tops[1].hits(counts)
        of_champion, of_challenger = sums[:, 2 : self._split], sums[:, self._split :]
        calibration = np.abs(of_champion).sum(axis=1) - np.abs(of_challenger).sum(axis=1)
        return np.column_stack(
            [sums[:, 0] / n, hits / np.maximum(sums[:, 1], 1.0), calibration / n]
        )


class _Top:
    """The rows of the highest scores: as many as may be flagged, ties flagged in part."""

    def __init__(self, labels: Labels, scores: Floats, flagged: int) -> None:
        self._order = np.argsort(-scores, kind="stable")
        falling = scores[self._order]
        self._labels = labels[self._order].astype(np.float32)
        starts = np.flatnonzero(np.r_[True, falling[1:] != falling[:-1]])
        self._starts = None if starts.size == scores.size else starts
        self._flagged = np.float32(flagged)

    def hits(self, counts: NDArray[np.float32]) -> Floats:
        """Return the positives among the flagged rows of each resample."""
        rows = counts[:, self._order]
        if self._starts is None:
            return (self._of(rows) @ self._labels).astype(np.float64)
        positives = np.add.reduceat(rows * self._labels, self._starts, axis=1)
        rows = np.add.reduceat(rows, self._starts, axis=1)
        share = positives / np.maximum(rows, 1.0)
        found: Floats = np.einsum("ij,ij->i", self._of(rows), share, dtype=np.float64)
        return found

    def _of(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how many of each group of rows are flagged, from the top down."""
        left = self._flagged - (np.cumsum(rows, axis=1) - rows)
        flagged: NDArray[np.float32] = np.clip(left, 0.0, rows)
        return flagged


def _binned(values: Floats, bins: NDArray[np.intp]) -> Floats:
    """Return one column for each bin, which holds the values of its rows."""
    columns = np.zeros((values.size, int(bins.max()) + 1))
    columns[np.arange(values.size), bins] = values
    return columns


def _correlation(first: Floats, second: Floats) -> float:
    """Return Pearson's correlation; 0 if one does not vary, where nothing goes together."""
    if first.std() == 0.0 or second.std() == 0.0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
