"""Out-of-fold scores of a linear classifier, for many labellings of the same rows at once.

A ridge regression of the labels is linear in them: what depends on the rows alone is worked
out once, and a permutation of the labels then costs two thin matrix products, not a fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg, special

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from holdfast.drift.multivariate.folds import Folds

    Columns = NDArray[np.float32]
    Floats = NDArray[np.float64]
    Labels = NDArray[np.bool_]
    Indices = NDArray[np.int64]

__all__ = ["SparseRidge"]

_SILENT = 0.1
"""What is left of the coefficients of a group that says nothing by itself: if none does, a
difference that is spread over many is still found."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fold:
    """What a fit without one fold needs of the rows, whatever their labels.

    Attributes:
        block: The fold's own rows, shape ``(n, d)``.
        factor: Cholesky factor of the other folds' penalised Gram matrix.
        n_train: Rows of the other folds.
    """

    block: Columns
    factor: tuple[Floats, bool]
    n_train: int


class SparseRidge:
    """Ridge regression of labels on groups of columns, of which few are believed to matter.

    A group whose columns' own correlation with the labels is no more than one group in all
    would show by chance is shrunk to a tenth; above that by the positive-part rule. Drift of
    one feature among many, or of one pair among hundreds, is then not drowned by the rest.

    Source:
        James and Stein (1961), *Estimation with quadratic loss*; Tibshirani et al. (2002),
        *Diagnosis of multiple cancer types by shrunken centroids of gene expression*.
    """

    def __init__(self, columns: Columns, groups: Indices, folds: Folds, *, penalty: float) -> None:
        """Work out what depends on the rows alone.

        Args:
            columns: Standardised, and uncorrelated within a group, shape ``(n, d)``.
            groups: The group of each column, ascending, shape ``(d,)``.
            folds: Of these rows.
            penalty: In units of the training rows: with 0.1, a standardised column that
                stands alone is shrunk by a tenth.
        """
        blocks = [columns[fold] for fold in folds.slices]
        grams = [(block.T @ block).astype(np.float64) for block in blocks]
        total = np.sum(grams, axis=0)
        self._slices = folds.slices
        self._folds = []
        for block, own in zip(blocks, grams, strict=True):
            n_train = columns.shape[0] - block.shape[0]
            gram = total - own
            gram[np.diag_indices_from(gram)] += penalty * n_train
            factor = linalg.cho_factor(gram, overwrite_a=True)
            self._folds.append(_Fold(block=block, factor=factor, n_train=n_train))
        _, self._groups = np.unique(groups, return_inverse=True)
        sizes = np.bincount(self._groups)
        self._chance = special.chdtri(sizes, min(0.5, 1 / max(1, sizes.size)))

    def coefficients(self, labels: Labels) -> list[Columns]:
        """Return each fold's coefficients, fitted on all the other folds.

        Args:
            labels: Labellings of the rows, equally many true in each, shape ``(r, n)``.

        Returns:
            One array of shape ``(d, r)`` for each fold.
        """
        rate = labels[0].mean()
        centred = labels.T.astype(np.float32) - np.float32(rate)
        moments = [
            fold.block.T @ centred[rows]
            for fold, rows in zip(self._folds, self._slices, strict=True)
        ]
        total = np.sum(moments, axis=0)
        found = []
        for fold, own in zip(self._folds, moments, strict=True):
            moment = total - own
            scale = fold.n_train * rate * (1 - rate)
            fitted = linalg.cho_solve(fold.factor, moment) * self._weights(moment**2 / scale)
            found.append(fitted.astype(np.float32))
        return found

    def scores(self, coefficients: Sequence[Columns]) -> Columns:
        """Return every row's score by the coefficients that did not see its fold.

        Returns:
            Shape ``(r, n)``; the higher, the more like the rows labelled true.
        """
        return np.hstack(
            [
                (fold.block @ of_fold).T
                for fold, of_fold in zip(self._folds, coefficients, strict=True)
            ]
        )

    def _weights(self, squares: Columns) -> Floats:
        """Return how much of each coefficient is kept, shape ``(d, r)``.

        Args:
            squares: Each column's score statistic; within a group they add up to a
                chi-square.
        """
        starts = np.flatnonzero(np.diff(self._groups, prepend=-1))
        chi_squares = np.add.reduceat(squares, starts, axis=0) if starts.size else squares
        excess = 1 - self._chance[:, None] / np.maximum(chi_squares, 1e-9)
        kept = _SILENT + (1 - _SILENT) * np.maximum(excess, 0.0)
        return kept[self._groups]
