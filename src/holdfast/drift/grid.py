"""Into which cells a project's rows are counted; cut once, from the first training set."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - msgspec reads it at run time
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.arrow import float_values, word_array
from holdfast.domain.canonical import sha256_hex
from holdfast.domain.contract import FeatureKind
from holdfast.drift.cells import cut_edges, finite_part, order_statistic
from holdfast.drift.dates import CYCLES, DatePart, DateSource, date_values, sources_of
from holdfast.drift.lookup import CellLookup
from holdfast.drift.wire import pack_floats, read_wire, unpack_floats, write_wire

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract, Feature

__all__ = ["BOOLEAN_WORDS", "CategoryCells", "FeatureCells", "Grid", "NumericCells", "cut_grid"]

MOST_EDGES = 1_024
BOOLEAN_WORDS = ("false", "true")
_PER_MILLE = 1_000  # the range outside of which a row is "outside" spans 0.1 to 99.9%


@dataclass(frozen=True, kw_only=True, eq=False)
class NumericCells:
    """The cells of a numeric feature.

    Attributes:
        name: The feature.
        edges: Strictly increasing, shape ``(k,)``; none if the reference had no value.
        median: Of the reference; sums are centred on it.
        low: 0.1% quantile of the reference, or None if it had no value.
        high: 99.9% quantile.
    """

    name: str
    edges: NDArray[np.float64]
    median: float
    low: float | None
    high: float | None

    @cached_property
    def lookup(self) -> CellLookup:
        """Finds the cells of values; made once."""
        return CellLookup(self.edges)


@dataclass(frozen=True, kw_only=True)
class CategoryCells:
    """The cells of a categorical or boolean feature: one for each known category."""

    name: str
    kind: FeatureKind
    categories: tuple[str, ...]

    @cached_property
    def words(self) -> pa.Array:
        """The categories as Arrow holds them; made once."""
        return word_array(self.categories)


FeatureCells = NumericCells | CategoryCells


class _NumericWire(msgspec.Struct, frozen=True, array_like=True, tag="n"):
    name: str
    edges: bytes
    median: float
    low: float | None
    high: float | None


class _CategoryWire(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    name: str
    kind: FeatureKind
    categories: tuple[str, ...]


class _DateWire(msgspec.Struct, frozen=True, array_like=True):
    column: str
    part: DatePart
    origin_at: datetime


class _GridWire(msgspec.Struct, frozen=True, omit_defaults=True):
    features: tuple[_NumericWire | _CategoryWire, ...]
    dates: tuple[_DateWire, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """The cells of every feature; two grids are equal by digest.

    Attributes:
        features: In contract order, then the parts of dates.
        dates: Of those, the parts of dates by name: which column each is read from.
    """

    features: tuple[FeatureCells, ...]
    dates: Mapping[str, DateSource] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the cells; profiles add only if theirs are the same."""
        return sha256_hex(msgspec.msgpack.encode(self._wire()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def to_bytes(self) -> bytes:
        """Return the grid in compact form."""
        return write_wire(self._wire())

    @classmethod
    def from_bytes(cls, data: bytes) -> Grid:
        """Read a grid back.

        Raises:
            CorruptProfileError: If the bytes are damaged or of another version.
        """
        wire = read_wire(data, _GridWire)
        dates = [
            DateSource(column=date.column, part=date.part, origin_at=date.origin_at)
            for date in wire.dates
        ]
        return cls(
            features=tuple(map(_from_wire, wire.features)),
            dates={date.name: date for date in dates},
        )

    def _wire(self) -> _GridWire:
        return _GridWire(
            features=tuple(map(_to_wire, self.features)),
            dates=tuple(
                _DateWire(column=date.column, part=date.part, origin_at=date.origin_at)
                for date in self.dates.values()
            ),
        )


def cut_grid(
    table: pa.Table,
    contract: Contract,
    *,
    dates: Collection[str] = (),
    moments: pa.ChunkedArray | None = None,
    pool: Executor | None = None,
) -> Grid:
    """Cut the grid from a reference.

    Numeric features get an edge at every distinct value if there are at most 1,024, else
    at 1,024 order statistics. Categorical ones get a cell for each category of the table
    or the contract.

    Args:
        table: The reference, as `holdfast.domain.tables.conform` returns it.
        contract: What the columns are.
        dates: Columns of timestamps beside the features, counted as age and in cycles.
        moments: When each row was, if that is known: ages count back from there.
        pool: Threads to cut the columns in; None takes one after the other.
    """
    each = map if pool is None else pool.map
    columns = [table.column(feature.name) for feature in contract.features]
    features = each(_cut, columns, contract.features)
    sources = [source for column in dates for source in sources_of(table, column)]
    return Grid(
        features=(*features, *(_cut_date(table, source, moments) for source in sources)),
        dates={source.name: source for source in sources},
    )


def _cut_date(table: pa.Table, source: DateSource, moments: pa.ChunkedArray | None) -> FeatureCells:
    if source.part is DatePart.AGE:
        return _cut_numeric(date_values(table, source, moments), source.name)
    return CategoryCells(
        name=source.name, kind=FeatureKind.CATEGORICAL, categories=CYCLES[source.part]
    )


def _cut(column: pa.ChunkedArray, feature: Feature) -> FeatureCells:
    match feature.kind:
        case FeatureKind.NUMERIC:
            return _cut_numeric(column, feature.name)
        case FeatureKind.BOOLEAN:
            return CategoryCells(
                name=feature.name, kind=FeatureKind.BOOLEAN, categories=BOOLEAN_WORDS
            )
        case FeatureKind.CATEGORICAL:
            seen = [value for value in _distinct(column).to_pylist() if value is not None]
            return CategoryCells(
                name=feature.name,
                kind=FeatureKind.CATEGORICAL,
                categories=tuple(sorted({*seen, *feature.categories})),
            )


def _distinct(column: pa.ChunkedArray) -> pa.Array:
    """Return the words that rows hold; a dictionary may know more than they do."""
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return pc.unique(column).cast(pa.string())


def _cut_numeric(column: pa.ChunkedArray, name: str) -> NumericCells:
    finite, _ = finite_part(float_values(column))
    ordered = np.sort(finite + 0.0)  # -0.0 becomes 0.0: one value, one digest
    if ordered.size == 0:
        return NumericCells(name=name, edges=ordered, median=0.0, low=None, high=None)
    return NumericCells(
        name=name,
        edges=cut_edges(ordered, most=MOST_EDGES),
        median=order_statistic(ordered, 1, 2),
        low=order_statistic(ordered, 1, _PER_MILLE),
        high=order_statistic(ordered, _PER_MILLE - 1, _PER_MILLE),
    )


def _to_wire(cells: FeatureCells) -> _NumericWire | _CategoryWire:
    if isinstance(cells, CategoryCells):
        return _CategoryWire(name=cells.name, kind=cells.kind, categories=cells.categories)
    return _NumericWire(
        name=cells.name,
        edges=pack_floats(cells.edges),
        median=cells.median,
        low=cells.low,
        high=cells.high,
    )


def _from_wire(wire: _NumericWire | _CategoryWire) -> FeatureCells:
    if isinstance(wire, _CategoryWire):
        return CategoryCells(name=wire.name, kind=wire.kind, categories=wire.categories)
    return NumericCells(
        name=wire.name,
        edges=unpack_floats(wire.edges),
        median=wire.median,
        low=wire.low,
        high=wire.high,
    )
