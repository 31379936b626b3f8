"""Whether one column knows the answer: it alone tells the classes apart, or is filled in after."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.association import association

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "KNOWS",
    "N_OTHERS",
    "SUSPICIOUS",
    "UNRELATED",
    "Filling",
    "filling",
    "rank_auc",
    "separation",
    "stands_alone",
    "suspicion",
]

KNOWS = 0.98
"""ROC AUC of one column alone above which it repeats the answer; no honest one comes near."""

SUSPICIOUS = 0.80
"""ROC AUC of one column's order alone from which it is suspected if it is `UNRELATED`. Of 185
honest columns in eleven public sets the best has 0.78 (a price that foretells a price); the
length of a sales call, known only after it, has 0.82."""

UNRELATED = 0.30
"""Association with every other column below which a column goes with nothing. What is known
beforehand nearly always goes with something else that is: an old customer has paid much."""

N_OTHERS = 5
"""Columns there must be beside it: to go with none of two or three proves nothing."""

_ODDS = 10.0  # how many times likelier a value must be in one class to look filled in after
_Z = 1.96  # and the odds must be that at 97.5% confidence: eleven odd rows prove nothing
_MOST_ROWS = 100_000  # enough to tell 0.98 from 0.97; more would only take longer
_FEWEST = 20  # of each class; below, a perfect column is easily chance
_BINS = 20
_FEWEST_BINNED = 1_000  # rows; below, the rates of so many bins are mostly chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """In which share of each class a column has a value.

    Attributes:
        positives: Share of the positive rows with a value.
        negatives: The same of the negative rows.
        log_odds_low: How much likelier a value is in the one class than in the other, as
            the lower bound of the log odds ratio's size.
    """

    positives: float
    negatives: float
    log_odds_low: float


def suspicion(
    name: str, column: pa.ChunkedArray, labels: NDArray[np.bool_], auc: float | None
) -> str:
    """Return why a feature may not be known when a prediction is asked for; "" if nothing says so.

    Args:
        name: Of the column.
        column: Its values.
        labels: True where positive, shape ``(n,)``.
        auc: What `separation` says of it.
    """
    filled = filling(column, labels)
    if filled is not None and filled.log_odds_low >= math.log(_ODDS):
        return (
            f"{name!r} has a value in {filled.positives:.1%} of the positives and in "
            f"{filled.negatives:.1%} of the negatives, as if it were filled in after the outcome: "
            "if it is, drop it"
        )
    if auc is not None and auc > KNOWS:
        return (
            f"{name!r} alone tells the classes apart (AUC {auc:.3f}): "
            "if it is not known when a prediction is asked for, drop it"
        )
    return ""


def stands_alone(
    name: str,
    column: pa.ChunkedArray,
    labels: NDArray[np.bool_],
    others: Mapping[str, pa.ChunkedArray],
) -> str:
    """Return why a number that predicts well and goes with nothing else is suspected, or "".

    The length of a call foretells its outcome, and nothing known before the call foretells
    its length.

    Args:
        name: Of the column.
        column: Its values, float64.
        labels: True where positive, shape ``(n,)``.
        others: The other features, by their names.
    """
    auc = rank_auc(column, labels)
    if auc is None or auc < SUSPICIOUS or len(others) < N_OTHERS:
        return ""
    if any(association(column, other) >= UNRELATED for other in others.values()):
        return ""
    return (
        f"{name!r} alone predicts with AUC {auc:.3f}, and goes with none of the other columns, as "
        "if it came about only with the outcome: if it is not known when a prediction is asked "
        "for, drop it"
    )


def rank_auc(column: pa.ChunkedArray, labels: NDArray[np.bool_]) -> float | None:
    """Return the ROC AUC of numbers in their own order, at least 0.5; None with too few rows."""
    present = pc.is_valid(column).to_numpy(zero_copy_only=False)
    auc = _auc(column.drop_null().to_numpy(), labels[present])
    return None if auc is None else max(auc, 1.0 - auc)


def filling(column: pa.ChunkedArray, labels: NDArray[np.bool_]) -> Filling | None:
    """Return whether having a value goes with a class; None with fewer than 20 rows of either.

    Args:
        column: Of any type.
        labels: True where positive, shape ``(n,)``.

    Source:
        Gart (1966): half a row is added to each cell of the table.

    >>> left = np.arange(400) % 4 == 0
    >>> f = filling(pa.chunked_array([np.where(left, "price", None)]), left)
    >>> f.positives, f.negatives, f.log_odds_low > math.log(10)
    (1.0, 0.0, True)
    """
    n_positive = int(labels.sum())
    n_negative = len(labels) - n_positive
    if min(n_positive, n_negative) < _FEWEST:
        return None
    present = pc.is_valid(column).to_numpy(zero_copy_only=False)
    yes, no = int(present[labels].sum()), int(present[~labels].sum())
    cells = np.array([yes, n_positive - yes, no, n_negative - no]) + 0.5
    log_odds = abs(math.log(cells[0] * cells[3] / (cells[1] * cells[2])))
    return Filling(
        positives=yes / n_positive,
        negatives=no / n_negative,
        log_odds_low=log_odds - _Z * math.sqrt(float((1.0 / cells).sum())),
    )


def separation(column: pa.ChunkedArray, labels: NDArray[np.bool_]) -> float | None:
    """Return how well a column alone ranks the classes, as a ROC AUC of at least 0.5.

    Numbers rank by value, in whichever direction fits. Words, and twenty ranges of numbers,
    rank by their positive rate in the odd rows, and are judged on the even ones, so that rare
    ones prove nothing.
    Whether the value is missing is tried, too: a cancellation date is filled in only for
    those who left.

    Args:
        column: Float64, boolean or text values.
        labels: True where positive, shape ``(n,)``.

    Returns:
        The AUC; None with fewer than 20 rows of either class.

    >>> churned = np.arange(100) % 2 == 0
    >>> separation(pa.chunked_array([np.where(churned, 9.0, 1.0)]), churned)
    1.0
    """
    step = -(-len(labels) // _MOST_ROWS)
    if step > 1:
        rows = np.arange(0, len(labels), step)
        column, labels = column.take(pa.array(rows)), labels[rows]
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    tries = [_auc(missing.astype(np.float64), labels), _of_values(column, ~missing, labels)]
    if pa.types.is_floating(column.type):
        tries.append(_of_ranges(column.drop_null().to_numpy(), labels[~missing]))
    known = [max(auc, 1.0 - auc) for auc in tries if auc is not None]
    return max(known) if known else None


def _of_values(
    column: pa.ChunkedArray, present: NDArray[np.bool_], labels: NDArray[np.bool_]
) -> float | None:
    values, labels = column.drop_null(), labels[present]
    if pa.types.is_floating(column.type) or pa.types.is_boolean(column.type):
        return _auc(values.cast(pa.float64()).to_numpy(), labels)
    if len(labels) == 0:
        return None
    return _of_codes(values.combine_chunks().dictionary_encode().indices.to_numpy(), labels)


def _of_ranges(numbers: NDArray[np.float64], labels: NDArray[np.bool_]) -> float | None:
    """Return the AUC of a number's ranges: a code such as 999 need not rank."""
    if len(numbers) < _FEWEST_BINNED:
        return None
    edges = np.unique(np.quantile(numbers, np.arange(1, _BINS) / _BINS))
    return _of_codes(np.searchsorted(edges, numbers), labels)


def _of_codes(codes: NDArray[np.intp], labels: NDArray[np.bool_]) -> float | None:
    odd = np.arange(len(codes)) % 2 == 1
    seen = np.bincount(codes[odd], minlength=int(codes.max()) + 1)
    positive = np.bincount(codes[odd & labels], minlength=len(seen))
    rate = (positive + labels.mean()) / (seen + 1.0)  # a word not seen has the overall rate
    return _auc(rate[codes[~odd]], labels[~odd])


def _auc(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> float | None:
    """Return the Mann–Whitney AUC with ties counted half."""
    n_positive = int(labels.sum())
    n_negative = len(labels) - n_positive
    if min(n_positive, n_negative) < _FEWEST:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    midrank = np.cumsum(counts) - (counts - 1) / 2.0
    rank_sum = float(midrank[place][labels].sum())
    return (rank_sum - n_positive * (n_positive + 1) / 2.0) / (n_positive * n_negative)
