"""Since when a model has been doing worse: the change point in its loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import EmptyWindowError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["change_point"]


def change_point(losses: NDArray[np.float64], *, reference_mean: float) -> int:
    """Return the first row of the stretch in which the loss is raised.

    The cumulative sum of the loss above the midpoint between the reference's mean and
    the worst stretch's mean is lowest where the change happened.

    Args:
        losses: Loss of each row in the order of prediction, shape ``(n,)``.
        reference_mean: Mean loss of the same model on its reference.

    Returns:
        A row index in ``[0, n)``; 0 if the loss is raised from the start.

    Raises:
        EmptyWindowError: If there is no row.

    Source:
        Page (1954), *Continuous inspection schemes*.

    >>> change_point(np.array([0.1] * 50 + [0.6] * 50), reference_mean=0.1)
    50
    """
    if len(losses) == 0:
        raise EmptyWindowError("stretch of labelled rows")
    # The recent half is the best guess of the changed world before its start is known.
    changed_mean = max(float(losses[len(losses) // 2 :].mean()), reference_mean)
    midpoint = (reference_mean + changed_mean) / 2
    path = np.concatenate([[0.0], np.cumsum(losses - midpoint)])
    return min(int(np.argmin(path)), len(losses) - 1)
