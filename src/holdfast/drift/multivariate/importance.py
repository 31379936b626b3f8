"""Which features tell two windows apart, alone or together with others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from holdfast.stats.auc import delong

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from holdfast.drift.multivariate.folds import Folds
    from holdfast.drift.multivariate.products import Products
    from holdfast.drift.multivariate.rows import PooledRows

    Columns = NDArray[np.float32]
    Floats = NDArray[np.float64]

__all__ = ["TellingFeature", "View", "telling_alone", "telling_together"]

_SHUFFLES = 3


class View(StrEnum):
    """What a classifier is shown of the rows."""

    ALONE = "alone"  # each feature by itself
    TOGETHER = "together"  # how every two features go together, and nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingFeature:
    """A feature that helps to tell the windows apart.

    Attributes:
        name: The feature.
        view: Whether it does so alone or together with another.
        drop: By how much the out-of-fold AUC falls if its values are shuffled.
        standard_error: Of that drop.
        partner: Together with which feature it tells most; None if it tells alone.
    """

    name: str
    view: View
    drop: float
    standard_error: float
    partner: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the feature as plain JSON values."""
        return {
            "name": self.name,
            "view": self.view.value,
            "drop": self.drop,
            "standard_error": self.standard_error,
            "partner": self.partner,
        }


def telling_alone(
    rows: PooledRows,
    folds: Folds,
    coefficients: Sequence[Columns],
    rng: np.random.Generator,
) -> tuple[TellingFeature, ...]:
    """Name the features that tell alone, the most telling first.

    Args:
        rows: Both windows.
        folds: Of the rows.
        coefficients: Of the columns `rows.alone`, shape ``(d,)``, for each fold.
        rng: Shuffles.
    """
    found = []
    for index in np.unique(rows.alone_of):
        own = np.flatnonzero(rows.alone_of == index)
        pieces = [
            _Piece(
                labels=folds.is_current[fold],
                score=rows.alone[fold] @ of_fold,
                columns=rows.alone[fold, own],
                slopes=of_fold[own],
            )
            for fold, of_fold in zip(folds.slices, coefficients, strict=True)
        ]
        drop, error = _drop(pieces, rng)
        found.append(
            TellingFeature(name=rows.names[index], view=View.ALONE, drop=drop, standard_error=error)
        )
    return _significant(found)


def telling_together(
    rows: PooledRows,
    folds: Folds,
    products: Products,
    coefficients: Sequence[Columns],
    rng: np.random.Generator,
) -> tuple[TellingFeature, ...]:
    """Name the features that tell by how they go together, the most telling first.

    Args:
        rows: Both windows.
        folds: Of the rows.
        products: Of the rows' parts.
        coefficients: Of the products' columns, shape ``(d,)``, for each fold.
        rng: Shuffles.
    """
    weights = [products.pair_weights(of_fold.astype(np.float64)) for of_fold in coefficients]
    slopes = [
        rows.parts[fold].astype(np.float64) @ weight
        for fold, weight in zip(folds.slices, weights, strict=True)
    ]
    partners = _partners(rows, np.mean(weights, axis=0))
    found = []
    for index in np.unique(rows.parts_of):
        own = np.flatnonzero(rows.parts_of == index)
        pieces = [
            _Piece(
                labels=folds.is_current[fold],
                score=(rows.parts[fold] * slope).sum(axis=1) / 2,
                columns=rows.parts[fold, own],
                slopes=slope[:, own],
            )
            for fold, slope in zip(folds.slices, slopes, strict=True)
        ]
        drop, error = _drop(pieces, rng)
        found.append(
            TellingFeature(
                name=rows.names[index],
                view=View.TOGETHER,
                drop=drop,
                standard_error=error,
                partner=partners[index],
            )
        )
    return _significant(found)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Piece:
    """One feature's share in the scores of one fold.

    Attributes:
        labels: Of the fold's rows.
        score: Their scores, shape ``(n,)``.
        columns: The feature's own columns, shape ``(n, a)``.
        slopes: What each adds to the score, for all rows or for each.
    """

    labels: NDArray[np.bool_]
    score: NDArray[np.floating[Any]]
    columns: Columns
    slopes: NDArray[np.floating[Any]]

    def drops(self, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
        """Yield the drop in AUC and its standard error, for one shuffle after another."""
        whole = self.score.astype(np.float64)
        rest = whole - (self.columns * self.slopes).sum(axis=1)
        for _ in range(_SHUFFLES):
            shuffled = self.columns[rng.permutation(whole.size)]
            pair = delong(self.labels, whole, rest + (shuffled * self.slopes).sum(axis=1))
            drop = pair.difference(0, 1)
            yield drop.estimate, drop.standard_error


def _drop(pieces: Sequence[_Piece], rng: np.random.Generator) -> tuple[float, float]:
    """Return the mean drop over folds and shuffles, and a standard error not below its own."""
    figures = np.array([list(piece.drops(rng)) for piece in pieces])  # fold × shuffle × 2
    drop, error = figures[:, :, 0].mean(), figures[:, :, 1].mean(axis=1)
    return float(drop), float(np.sqrt((error**2).sum()) / len(pieces))


def _significant(found: Sequence[TellingFeature]) -> tuple[TellingFeature, ...]:
    """Keep what stands out from noise, 5% over all features together.

    If none does, the strongest is kept that would stand out if it were the only one: that
    the windows differ is known by now.
    """
    ranked = sorted(found, key=lambda one: -one.drop)
    kept = [one for one in ranked if _stands_out(one, 0.05 / len(found))]
    return tuple(kept or [one for one in ranked[:1] if _stands_out(one, 0.05)])


def _stands_out(feature: TellingFeature, level: float) -> bool:
    return feature.drop > max(0.0, float(special.ndtri(1 - level)) * feature.standard_error)


def _partners(rows: PooledRows, weights: Floats) -> dict[int, str]:
    """Return, for the index of each feature, the one that it tells most with."""
    strength = np.zeros((len(rows.names), len(rows.names)))
    np.maximum.at(strength, (rows.parts_of[:, None], rows.parts_of[None, :]), np.abs(weights))
    return {int(i): rows.names[strength[i].argmax()] for i in np.unique(rows.parts_of)}
