"""What estimates without labels were worth, by the windows whose labels have come since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.estimates import MaturedEstimate

__all__ = ["MOST_MATURED", "TrackRecord", "track_record", "with_matured"]

MOST_MATURED = 10  # windows; older ones say little about the model of today


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord:
    """How one metric's estimates compare with what was realised on the same rows.

    Attributes:
        metric: Its name.
        n: Matured windows in which it was both estimated and realised.
        mean_error: Mean of realised minus estimated; negative if estimates were too high.
        coverage: Share of the windows whose realised figure lay in the estimate's interval.
        excess: Variance of the errors beyond what the draws of labels bring.
    """

    metric: str
    n: int
    mean_error: float
    coverage: float
    excess: float


def track_record(metric: str, matured: Sequence[MaturedEstimate]) -> TrackRecord | None:
    """Sum up what a metric's estimates were worth.

    If scores are calibrated, an error has the expectation 0 and the variance SE² that the
    labels of those rows bring (`EstimatedFigure.label_error`). The mean squared error has
    then the expectation of the mean SE²; what it is above that is the scores' own fault, a
    lasting shift and swings alike: ``excess = max(0, mean((realised - estimated)²) -
    mean(SE²))``.

    Args:
        metric: Its name.
        matured: Windows that do not overlap, of one model.

    Returns:
        None if no window has both figures.

    Source:
        DerSimonian and Laird (1986), *Meta-analysis in clinical trials* (moment estimate of
        the variance between studies, here around 0).
    """
    pairs = [
        (one.estimated[metric], one.realised[metric])
        for one in matured
        if metric in one.estimated and metric in one.realised
    ]
    if not pairs:
        return None
    errors = np.array([realised - figure.estimate for figure, realised in pairs])
    noise = np.array([figure.label_error for figure, _ in pairs])
    inside = [figure.low <= realised <= figure.high for figure, realised in pairs]
    return TrackRecord(
        metric=metric,
        n=len(pairs),
        mean_error=float(errors.mean()),
        coverage=sum(inside) / len(pairs),
        excess=max(0.0, float((errors**2).mean() - (noise**2).mean())),
    )


def with_matured(
    matured: tuple[MaturedEstimate, ...], new: MaturedEstimate | None
) -> tuple[MaturedEstimate, ...]:
    """Return the windows with a new one, if it overlaps none of them; the newest are kept.

    Windows that slide are judged at each tick: of those that share rows, the first counts.

    Args:
        matured: Oldest first.
        new: What the latest tick found; None if no labels were there.
    """
    if new is None or (matured and new.window.start_at < matured[-1].window.end_at):
        return matured
    return (*matured, new)[-MOST_MATURED:]
