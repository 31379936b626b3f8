"""Rows of both windows as one matrix that knows nothing of which window a row is from.

Bins, levels and scales come from the pooled rows: they are the same under every
permutation of the windows' labels, and so may stay as they are while these are permuted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from scipy import linalg, special, stats

from holdfast.domain.arrow import float_values, index_array, whole_values
from holdfast.domain.contract import Contract, Feature, FeatureKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = NDArray[np.float32]

__all__ = ["PooledRows", "pool_rows"]

_BINS = 8
_MOST_LEVELS = 30
_RAREST_LEVEL = 5  # pooled rows; what fewer hold is one level, "other"
_ROUNDING = 1e-6
_MOST_PARTS = 35  # whose products are about 600


@dataclass(frozen=True, kw_only=True, eq=False)
class PooledRows:
    """Rows of both windows, encoded.

    Attributes:
        names: The features, in contract order.
        alone: What single features say, shape ``(n, a)``: numbers as normal scores and as
            bins, categories as levels, missing as a level; standardised, and uncorrelated
            within a feature.
        alone_of: Index of the feature of each of these columns, shape ``(a,)``.
        parts: Of what products of two features are made, standardised, shape ``(n, p)``.
        parts_of: Index of the feature of each part, shape ``(p,)``.
    """

    names: tuple[str, ...]
    alone: Columns
    alone_of: NDArray[np.int64]
    parts: Columns
    parts_of: NDArray[np.int64]


def pool_rows(
    reference: pa.Table, current: pa.Table, contract: Contract, order: NDArray[np.int64]
) -> PooledRows:
    """Pool and encode the rows of two windows.

    Args:
        reference: As `holdfast.domain.tables.conform` returns it.
        current: The same.
        contract: What the columns are.
        order: In which the rows shall stand, shape ``(n,)``; the current window's rows are
            numbered on from the reference's. Shuffled, it tells nothing and breaks no tie.
    """
    rows = index_array(order)
    coded = []
    for feature in contract.features:
        columns = [_typed(table.column(feature.name), feature) for table in (reference, current)]
        chunks = [chunk for column in columns for chunk in column.chunks]
        coded.append(_encode(pa.chunked_array(chunks).combine_chunks().take(rows), feature))
    singles = [_uncorrelated(columns) for columns, _ in coded]
    parts = [_standardised(parts) for _, parts in coded]
    if sum(map(len, parts)) > _MOST_PARTS:  # the second part of a feature is the first to go
        parts = [of_feature[:1] for of_feature in parts]
    alone, alone_of = _stack(singles, order.size)
    stacked, parts_of = _stack(parts, order.size)
    return PooledRows(
        names=contract.names, alone=alone, alone_of=alone_of, parts=stacked, parts_of=parts_of
    )


Coded = tuple[list["Columns"], list["Columns"]]
"""A feature's columns alone, and its parts of products, the more telling first."""


def _typed(column: pa.ChunkedArray, feature: Feature) -> pa.ChunkedArray:
    numeric = feature.kind is FeatureKind.NUMERIC
    return column.cast(pa.float64() if numeric else pa.string())


def _encode(column: pa.Array, feature: Feature) -> Coded:
    if feature.kind is FeatureKind.NUMERIC:
        return _encode_numbers(float_values(pa.chunked_array([column])))
    return _encode_words(column)


def _encode_numbers(values: NDArray[np.float64]) -> Coded:
    present = ~np.isnan(values)
    missing = (~present).astype(np.float32)
    if not present.any():
        return [missing], []
    levels = (stats.rankdata(values[present]) - 0.5) / present.sum()
    normal = np.zeros(values.size, dtype=np.float32)
    normal[present] = special.ndtri(levels)
    bins = np.full(values.size, -1)
    bins[present] = np.floor(levels * _BINS)
    return [normal, missing, *_indicators(bins, range(_BINS))], [normal, missing]


def _encode_words(column: pa.Array) -> Coded:
    coded = column.dictionary_encode(null_encoding="encode")
    # By their words, not by who came first: the shuffle must not decide between ties.
    words = np.array([word or "" for word in coded.dictionary.to_pylist()], dtype=object)
    codes = np.argsort(np.argsort(words, kind="stable"))[whole_values(coded.indices, missing=0)]
    counts = np.bincount(codes)
    commonest = np.argsort(-counts, kind="stable")[:_MOST_LEVELS]
    kept = [level for level in commonest if counts[level] >= _RAREST_LEVEL]
    columns = _indicators(codes, kept)
    if len(kept) < counts.size:
        # Levels that only one window knows are rarer, pooled, than those that both do.
        rarity = stats.rankdata(counts[codes]) - 0.5
        columns.append(special.ndtri(rarity / codes.size).astype(np.float32))
        columns.append(1.0 - np.isin(codes, kept).astype(np.float32))
        columns.extend(_indicators(np.minimum(counts[codes], 3), [1, 2]))
    return columns, _indicators(codes, commonest[: 1 if counts.size == 2 else 2])


def _indicators(
    codes: NDArray[np.int64], levels: NDArray[np.int64] | range | list[int]
) -> list[Columns]:
    return [(codes == level).astype(np.float32) for level in levels]


def _standardised(columns: list[Columns]) -> list[Columns]:
    """Standardise the columns that vary; those that do not say nothing."""
    spreads = [float(column.std(dtype=np.float64)) for column in columns]
    return [
        ((column - column.mean(dtype=np.float64)) / spread).astype(np.float32)
        for column, spread in zip(columns, spreads, strict=True)
        if spread > _ROUNDING
    ]


def _uncorrelated(columns: list[Columns]) -> list[Columns]:
    """Return standardised, uncorrelated columns that span the same."""
    standardised = _standardised(columns)
    if len(standardised) < 2:
        return standardised
    block = np.column_stack(standardised).astype(np.float64)
    variances, axes = linalg.eigh(block.T @ block / block.shape[0])
    spans = variances > _ROUNDING
    turned = block @ (axes[:, spans] / np.sqrt(variances[spans]))
    return list(turned.T.astype(np.float32))


def _stack(columns: list[list[Columns]], n: int) -> tuple[Columns, NDArray[np.int64]]:
    """Set the columns side by side; say to which feature each belongs."""
    owners = [owner for owner, of_feature in enumerate(columns) for _ in of_feature]
    flat = [column for of_feature in columns for column in of_feature]
    stacked = np.column_stack(flat) if flat else np.empty((n, 0), dtype=np.float32)
    return stacked, np.array(owners, dtype=np.int64)
