"""How much of a model's ranking rests on each feature, for any model that scores rows."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.contract import FeatureKind
from holdfast.domain.matrix import FeatureMatrix
from holdfast.domain.releases import Importances
from holdfast.stats.auc import roc_auc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract

    Floats = NDArray[np.float64]

__all__ = ["permutation_importance"]

_MOST_ROWS = 5_000
_LEAST_ROWS = 200
_MOST_CELLS = 40_000_000  # scored in all, some seconds' work: a wide table takes fewer rows
_SHUFFLES = 3


def permutation_importance(
    predict: Callable[[FeatureMatrix], Floats],
    rows: FeatureMatrix,
    labels: NDArray[np.bool_],
    *,
    contract: Contract,
    seed: int,
) -> Importances:
    """Shuffle each feature among the rows and see how much worse the model ranks them.

    What two features both tell is credited to neither of them in full: the model still
    has the other one.

    Args:
        predict: The model's scores of rows.
        rows: Rows that the model was not fitted on, shape ``(n, …)``; at most 5,000 are
            used, drawn by the seed, fewer of a wide table.
        labels: Theirs, shape ``(n,)``.
        contract: What the columns are.
        seed: Fixes the draw and the shuffles.

    Raises:
        TooFewLabelsError: If the rows are of one class.

    Source:
        Breiman (2001), *Random forests*; Fisher, Rudin, Dominici (2019), *All models are
        wrong, but many are useful*.
    """
    rng = np.random.default_rng(seed)
    drawn = _draw(labels, _bound(len(contract.features)), rng)
    rows, labels = rows.take(drawn), labels[drawn]
    whole = roc_auc(labels, predict(rows))
    orders = [rng.permutation(len(labels)) for _ in range(_SHUFFLES)]

    def drop(at: tuple[FeatureKind, int]) -> float:
        return fmean(whole - roc_auc(labels, predict(_shuffled(rows, at, one))) for one in orders)

    drops = {name: drop(at) for name, at in _columns(contract)}
    return Importances(drops=drops, n=len(labels), n_shuffles=_SHUFFLES)


def _bound(n_features: int) -> int:
    affordable = _MOST_CELLS // (_SHUFFLES * max(n_features, 1) ** 2)
    return min(max(affordable, _LEAST_ROWS), _MOST_ROWS)


def _draw(labels: NDArray[np.bool_], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return at most so many rows, in order, each class in its share: neither gets lost."""
    if len(labels) <= most:
        return np.arange(len(labels))
    classes = (np.flatnonzero(labels == positive) for positive in (False, True))
    return np.sort(
        np.concatenate(
            [rng.choice(one, -(-one.size * most // labels.size), replace=False) for one in classes]
        )
    )


def _columns(contract: Contract) -> Iterator[tuple[str, tuple[FeatureKind, int]]]:
    """Yield each feature's name and where its column stands: in which matrix, and where."""
    n_seen = {FeatureKind.NUMERIC: 0, FeatureKind.CATEGORICAL: 0}
    for feature in contract.features:
        text = feature.kind is FeatureKind.CATEGORICAL
        matrix = FeatureKind.CATEGORICAL if text else FeatureKind.NUMERIC
        yield feature.name, (matrix, n_seen[matrix])
        n_seen[matrix] += 1


def _shuffled(
    rows: FeatureMatrix, at: tuple[FeatureKind, int], order: NDArray[np.intp]
) -> FeatureMatrix:
    matrix, column = at
    numeric, categorical = rows.numeric, rows.categorical
    if matrix is FeatureKind.CATEGORICAL:
        categorical = categorical.copy()
        categorical[:, column] = categorical[order, column]
    else:
        numeric = numeric.copy()
        numeric[:, column] = numeric[order, column]
    return FeatureMatrix(numeric=numeric, categorical=categorical)
