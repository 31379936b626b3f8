"""Whether positives became more, or less, frequent among rows whose labels are mature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.estimates import LabelDrift, LabelDriftVerdict
from holdfast.stats.proportion import difference_p_value, wilson

if TYPE_CHECKING:
    from holdfast.domain.releases import ModelMetrics

__all__ = ["label_drift"]

_ALPHA = 0.05  # of a figure that informs: the alarm comes from the label monitor, over time
_LEAST_ROWS = 100


def label_drift(reference: ModelMetrics, current: ModelMetrics) -> LabelDrift:
    """Compare the realised positive rate of a window with the reference's.

    Only rows that are old enough for their labels may be counted: where positives are known
    sooner than negatives, the rate among labels that happen to be there is too high.

    Args:
        reference: On the rows the model was tested on before its release.
        current: On mature rows of the window.

    Source:
        Agresti (2013), *Categorical Data Analysis*, section 3.2 (pooled z test, two-sided).
    """
    sides = (reference.n_positive, reference.n), (current.n_positive, current.n)
    enough = min(reference.n, current.n) >= _LEAST_ROWS
    p_value = difference_p_value(*sides) if enough else None
    verdict = LabelDriftVerdict.TOO_FEW
    if p_value is not None:
        verdict = LabelDriftVerdict.SHIFTED if p_value <= _ALPHA else LabelDriftVerdict.HELD
    rate = wilson(current.n_positive, current.n)
    return LabelDrift(
        reference=reference.n_positive / reference.n,
        current=rate.estimate,
        low=rate.low,
        high=rate.high,
        n=current.n,
        p_value=p_value,
        verdict=verdict,
    )
