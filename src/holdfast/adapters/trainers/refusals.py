"""What every trainer refuses before it begins, and how it tells what its library said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import TrainingFailedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix

__all__ = ["balanced", "first_line", "refuse_unlearnable"]


def refuse_unlearnable(
    trainer: str, rows: FeatureMatrix, labels: NDArray[np.bool_], contract: Contract
) -> None:
    """Refuse rows from which no classifier can be fitted.

    Raises:
        TrainingFailedError: If there is no feature, a number is infinite, or the labels
            hold one class.
    """
    if not contract.features:
        raise TrainingFailedError(trainer, "the contract has no feature to learn from")
    if np.isinf(rows.numeric).any():
        at = int(np.flatnonzero(np.isinf(rows.numeric).any(axis=0))[0])
        name = contract.numeric[at].name
        raise TrainingFailedError(trainer, f"the column {name!r} holds infinity")
    if int(labels.sum()) in {0, len(rows)}:
        found = f"all {len(rows)} training rows have the same label"
        raise TrainingFailedError(trainer, found)


def balanced(labels: NDArray[np.bool_], weights: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return row weights under which both classes weigh the same, and all rows their number.

    Args:
        labels: Shape ``(n,)``.
        weights: What each row weighs besides, shape ``(n,)``; None weighs all alike.

    Source:
        King and Zeng (2001), *Logistic regression in rare events data*.

    >>> balanced(np.array([True, False, False, False]), None).round(2).tolist()
    [2.0, 0.67, 0.67, 0.67]
    """
    given = np.ones(len(labels)) if weights is None else weights
    positive = given[labels].sum()
    negative = given[~labels].sum()
    half = (positive + negative) / 2
    share = np.where(labels, half / max(positive, 1e-12), half / max(negative, 1e-12))
    balanced_weights: NDArray[np.float64] = given * share
    return balanced_weights


def first_line(error: Exception) -> str:
    """Return what a library said in one line, by its kind if it said nothing."""
    return str(error).strip().split("\n")[0] or type(error).__name__
