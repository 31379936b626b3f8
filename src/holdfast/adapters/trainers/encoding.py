"""How numbers and words become the one matrix that trees, and users' own models, take.

The exported graph encodes in the same way (`encoding_graph`), so that there is one
definition of what a missing or an unseen value is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.matrix import FeatureMatrix

__all__ = ["CategoryCodes", "Encoding"]

_MOST_INDICATORS = 16  # categories up to which each gets a column of its own
_LEAST_ROWS = 5  # rows below which a category is taken as if it had not been seen


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryCodes:
    """The columns that one categorical feature becomes.

    Attributes:
        known: Categories with a code of their own, most frequent first; a missing value is
            a category like others.
        spread: Whether each has a column, 1 in its rows and 0 elsewhere; if not, there is
            one column of places in `known`.
    """

    known: tuple[str, ...]
    spread: bool

    @property
    def width(self) -> int:
        """How many columns it becomes."""
        return len(self.known) if self.spread else 1

    def places(self, column: NDArray[np.object_]) -> NDArray[np.intp]:
        """Return each value's place in `known`; of another one, the place after the last."""
        # A dict that answers for missing keys itself is asked without a step of Python a row.
        table = _Places({word: place for place, word in enumerate(self.known)})
        return np.fromiter(
            map(table.__getitem__, column.tolist()), dtype=np.intp, count=len(column)
        )

    def encode(self, column: NDArray[np.object_]) -> NDArray[np.float32]:
        """Return the feature's columns, shape ``(n, width)``."""
        places = self.places(column)
        if not self.spread:
            return places.astype(np.float32).reshape(-1, 1)
        spread: NDArray[np.float32] = (places[:, None] == np.arange(self.width)).astype(np.float32)
        return spread

    @classmethod
    def of(cls, column: NDArray[np.object_]) -> Self:
        """Learn the codes of a column.

        Categories of fewer than five rows get none: they stand in training for those that
        will come later, so that a model knows what to make of these.
        """
        counts = Counter(column.tolist())
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        known = [word for word in ordered if counts[word] >= _LEAST_ROWS] or ordered[:1]
        return cls(known=tuple(known), spread=len(known) <= _MOST_INDICATORS)


class _Places(dict[str, int]):
    def __missing__(self, word: str) -> int:
        return len(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """Numbers as they are, NaN for missing; then the columns of each categorical feature.

    Attributes:
        n_numeric: Columns of numbers.
        categorical: The codes of each categorical feature, in contract order.
    """

    n_numeric: int
    categorical: tuple[CategoryCodes, ...]

    @property
    def width(self) -> int:
        """How many columns the matrix has."""
        return self.n_numeric + sum(codes.width for codes in self.categorical)

    @classmethod
    def of(cls, rows: FeatureMatrix) -> Self:
        """Learn the encoding of rows."""
        return cls(
            n_numeric=rows.numeric.shape[1],
            categorical=tuple(CategoryCodes.of(column) for column in rows.categorical.T),
        )

    def encode(self, rows: FeatureMatrix) -> NDArray[np.float32]:
        """Return the rows as one matrix, shape ``(n, width)``."""
        parts = [
            codes.encode(column)
            for codes, column in zip(self.categorical, rows.categorical.T, strict=True)
        ]
        return np.hstack([rows.numeric, *parts])
