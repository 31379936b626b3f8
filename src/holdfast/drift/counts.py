"""What is known of one feature in one window: counts that add up over windows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from holdfast.domain.contract import FeatureKind
from holdfast.domain.errors import CorruptProfileError
from holdfast.drift.wire import pack_counts, pack_floats, unpack_counts, unpack_floats

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = [
    "CategoryCounts",
    "CategoryWire",
    "FeatureCounts",
    "NumericCounts",
    "NumericWire",
    "feature_from_wire",
    "most_frequent",
]

MOST_UNSEEN_NAMES = 20  # enough to recognise a typo or a new product; bounds the profile


class NumericWire(msgspec.Struct, frozen=True, array_like=True, tag="n"):
    """How `NumericCounts` is written down; sums of empty cells are left out."""

    name: str
    cells: bytes
    sums: bytes
    n_missing: int
    n_non_finite: int
    minimum: float | None
    maximum: float | None


class CategoryWire(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    """How `CategoryCounts` is written down."""

    name: str
    kind: FeatureKind
    known: bytes
    n_unseen: int
    unseen: tuple[tuple[str, int], ...]
    n_missing: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumericCounts:
    """Counts of a numeric feature over its 2K + 1 cells.

    Attributes:
        name: The feature.
        cells: Rows in each cell, shape ``(2k + 1,)``; even indices are open cells.
        sums: Sum of ``value - reference median`` in each open cell, shape ``(k + 1,)``.
        n_missing: Rows without a value.
        n_non_finite: Rows with plus or minus infinity.
        minimum: Smallest finite value, or None without one.
        maximum: Largest finite value, or None without one.
    """

    name: str
    cells: NDArray[np.int64]
    sums: NDArray[np.float64]
    n_missing: int
    n_non_finite: int
    minimum: float | None
    maximum: float | None

    @property
    def kind(self) -> FeatureKind:
        """Always numeric."""
        return FeatureKind.NUMERIC

    @property
    def n_values(self) -> int:
        """Rows with a finite value."""
        return int(self.cells.sum())

    @property
    def n_absent(self) -> int:
        """Rows without a usable value: missing or not finite."""
        return self.n_missing + self.n_non_finite

    @property
    def is_constant(self) -> bool:
        """Whether all values are one and the same; False without values."""
        return self.minimum is not None and self.minimum == self.maximum

    def __add__(self, other: NumericCounts) -> NumericCounts:
        return NumericCounts(
            name=self.name,
            cells=self.cells + other.cells,
            sums=self.sums + other.sums,
            n_missing=self.n_missing + other.n_missing,
            n_non_finite=self.n_non_finite + other.n_non_finite,
            minimum=min(_known(self.minimum, other.minimum), default=None),
            maximum=max(_known(self.maximum, other.maximum), default=None),
        )

    def to_wire(self) -> NumericWire:
        """Return the form that is written down."""
        return NumericWire(
            name=self.name,
            cells=pack_counts(self.cells),
            sums=pack_floats(self.sums[self.cells[::2] > 0]),
            n_missing=self.n_missing,
            n_non_finite=self.n_non_finite,
            minimum=self.minimum,
            maximum=self.maximum,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CategoryCounts:
    """Counts of a categorical or boolean feature.

    Attributes:
        name: The feature.
        kind: Categorical or boolean.
        known: Rows of each category of the grid, shape ``(k,)``.
        n_unseen: Rows of any other category; exact.
        unseen: The most frequent of those by name, at most 20; after sums an
            approximation, since names beyond the twentieth are not kept.
        n_missing: Rows without a value.
    """

    name: str
    kind: FeatureKind
    known: NDArray[np.int64]
    n_unseen: int
    unseen: tuple[tuple[str, int], ...]
    n_missing: int

    @property
    def n_values(self) -> int:
        """Rows with a category, known or not."""
        return int(self.known.sum()) + self.n_unseen

    @property
    def n_absent(self) -> int:
        """Rows without a category."""
        return self.n_missing

    @property
    def n_seen_once(self) -> int:
        """How many categories of the grid stand in exactly one row."""
        return int((self.known == 1).sum())

    @property
    def is_constant(self) -> bool:
        """Whether all values are one and the same; False without values."""
        words = int((self.known > 0).sum()) + len(self.unseen)
        return words == 1

    def __add__(self, other: CategoryCounts) -> CategoryCounts:
        return CategoryCounts(
            name=self.name,
            kind=self.kind,
            known=self.known + other.known,
            n_unseen=self.n_unseen + other.n_unseen,
            unseen=most_frequent((*self.unseen, *other.unseen)),
            n_missing=self.n_missing + other.n_missing,
        )

    def to_wire(self) -> CategoryWire:
        """Return the form that is written down."""
        return CategoryWire(
            name=self.name,
            kind=self.kind,
            known=pack_counts(self.known),
            n_unseen=self.n_unseen,
            unseen=self.unseen,
            n_missing=self.n_missing,
        )


FeatureCounts = NumericCounts | CategoryCounts


def feature_from_wire(wire: NumericWire | CategoryWire) -> FeatureCounts:
    """Read one feature's counts back.

    Raises:
        CorruptProfileError: If an array in it is cut short.
    """
    if isinstance(wire, CategoryWire):
        return CategoryCounts(
            name=wire.name,
            kind=wire.kind,
            known=unpack_counts(wire.known),
            n_unseen=wire.n_unseen,
            unseen=wire.unseen,
            n_missing=wire.n_missing,
        )
    cells = unpack_counts(wire.cells)
    occupied = cells[::2] > 0
    return NumericCounts(
        name=wire.name,
        cells=cells,
        sums=_scattered(unpack_floats(wire.sums), occupied),
        n_missing=wire.n_missing,
        n_non_finite=wire.n_non_finite,
        minimum=wire.minimum,
        maximum=wire.maximum,
    )


def most_frequent(unseen: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Add up equal names and return the 20 most frequent; ties in order of the names.

    >>> most_frequent([("x", 1), ("y", 1), ("x", 2)])
    (('x', 3), ('y', 1))
    """
    totals: Counter[str] = Counter()
    for name, count in unseen:
        totals[name] += count
    ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    return tuple(ranked[:MOST_UNSEEN_NAMES])


def _scattered(values: NDArray[np.float64], occupied: NDArray[np.bool_]) -> NDArray[np.float64]:
    if values.size != int(occupied.sum()):
        raise CorruptProfileError("its sums do not fit its counts")
    sums = np.zeros(occupied.size)
    sums[occupied] = values
    return sums


def _known(*values: float | None) -> list[float]:
    return [value for value in values if value is not None]
