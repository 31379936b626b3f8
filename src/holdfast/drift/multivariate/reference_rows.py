"""Rows as numbers on the reference's scale: what principal components are fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.arrow import float_values
from holdfast.domain.contract import Contract, FeatureKind
from holdfast.drift.columns import word_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["ReferenceScale", "scale_of"]

_FARTHEST = 5.0  # standard deviations: one wild number must not outweigh a thousand rows
_LEAST_SPREAD = 1e-12
"""A constant has no spread of its own; any other value is then as far away as can be."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Numbers:
    """A numeric feature: its distance from the reference mean, and whether it is missing."""

    name: str
    unit: float  # largest magnitude: squares of numbers in it do not overflow
    mean: float
    spread: float

    def encode(self, column: pa.ChunkedArray) -> Floats:
        values = float_values(column)
        missing = np.isnan(values)
        scaled = (values / self.unit - self.mean) / self.spread
        near = np.where(missing, 0.0, np.clip(scaled, -_FARTHEST, _FARTHEST))
        return np.column_stack([near, missing])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Words:
    """A categorical feature: how frequent the row's level was, missing a level too.

    One column however many levels there are: with one for each, words would outweigh
    numbers, and the noise of their levels any change in how features go together.
    """

    name: str
    levels: pa.StringArray
    codes: Floats  # of each level, of those never seen, and of missing; standardised

    def encode(self, column: pa.ChunkedArray) -> Floats:
        near: Floats = np.clip(self.codes[word_codes(column, self.levels)], -_FARTHEST, _FARTHEST)
        return near[:, None]


@dataclass(frozen=True, kw_only=True, eq=False)
class ReferenceScale:
    """How rows become numbers, as part of the reference showed it."""

    features: tuple[_Numbers | _Words, ...]

    def encode(self, table: pa.Table) -> Floats:
        """Return the rows as numbers, shape ``(n, d)``; every one is finite.

        Args:
            table: As `holdfast.domain.tables.conform` returns it.
        """
        if not self.features:
            return np.empty((table.num_rows, 0))
        return np.hstack([one.encode(table.column(one.name)) for one in self.features])


def scale_of(table: pa.Table, contract: Contract) -> ReferenceScale:
    """Learn the scale from rows of the reference.

    Args:
        table: As `holdfast.domain.tables.conform` returns it; at least one row.
        contract: What the columns are.
    """
    return ReferenceScale(
        features=tuple(
            (_numbers if feature.kind is FeatureKind.NUMERIC else _words)(
                feature.name, table.column(feature.name)
            )
            for feature in contract.features
        )
    )


def _numbers(name: str, column: pa.ChunkedArray) -> _Numbers:
    values = float_values(column)
    finite = values[np.isfinite(values)]
    unit = float(np.abs(finite).max(initial=0.0)) or 1.0
    scaled = finite / unit
    mean = float(scaled.mean()) if finite.size else 0.0
    spread = float(scaled.std()) if finite.size else 0.0
    return _Numbers(name=name, unit=unit, mean=mean, spread=max(_LEAST_SPREAD, spread))


def _words(name: str, column: pa.ChunkedArray) -> _Words:
    levels = pc.drop_null(pc.unique(column.cast(pa.string())))
    # The levels, one that no row here can have, and missing.
    counts = np.bincount(word_codes(column, levels), minlength=len(levels) + 2)
    shares = counts / counts.sum()
    mean = float((shares * shares).sum())
    spread = float(np.sqrt((shares * (shares - mean) ** 2).sum()))
    codes = (shares - mean) / max(_LEAST_SPREAD, spread)
    return _Words(name=name, levels=levels, codes=codes)
