"""What is known of a window: one object of counts that adds up over buckets and partitions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from holdfast.domain.arrow import float_values
from holdfast.domain.errors import EmptyWindowError, GridMismatchError
from holdfast.drift.cells import cell_counts, finite_part, open_sums
from holdfast.drift.columns import rows_beyond, unknown_words, word_codes, word_counts
from holdfast.drift.counts import (
    CategoryCounts,
    CategoryWire,
    FeatureCounts,
    NumericCounts,
    NumericWire,
    feature_from_wire,
    most_frequent,
)
from holdfast.drift.dates import date_values
from holdfast.drift.grid import CategoryCells, Grid, NumericCells, cut_grid
from holdfast.drift.scores import (
    ScoreGrid,
    ScoreGridWire,
    ScoreProfile,
    ScoreWire,
    cut_score_grid,
    score_profile,
)
from holdfast.drift.wire import read_wire, write_wire

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract

__all__ = ["Profile", "ReferenceProfile", "profile", "reference_profile", "total"]


class _ProfileWire(msgspec.Struct, frozen=True):
    grid_digest: str
    n_rows: int
    rows_outside: int
    features: tuple[NumericWire | CategoryWire, ...]
    scores: ScoreWire | None


class _ReferenceWire(msgspec.Struct, frozen=True):
    grid: bytes
    profile: bytes
    score_grid: ScoreGridWire | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """The counts of a window over a grid's cells.

    Attributes:
        grid_digest: The grid they are counted on; only like adds to like.
        n_rows: Rows counted.
        rows_outside: Rows with any number outside the reference's 0.1 to 99.9% range,
            or with a category the grid does not know.
        features: Counts of each feature, in contract order.
        scores: Counts of one release's scores on these rows, if it scored them.
    """

    grid_digest: str
    n_rows: int
    rows_outside: int
    features: tuple[FeatureCounts, ...]
    scores: ScoreProfile | None = None

    def __add__(self, other: Profile) -> Profile:
        if self.grid_digest != other.grid_digest:
            raise GridMismatchError(self.grid_digest, other.grid_digest)
        return Profile(
            grid_digest=self.grid_digest,
            n_rows=self.n_rows + other.n_rows,
            rows_outside=self.rows_outside + other.rows_outside,
            features=tuple(map(add, self.features, other.features)),
            scores=_added_scores(self, other),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Profile) and self._wire() == other._wire()

    __hash__ = None  # type: ignore[assignment]  # holds arrays: equal by content, never a key

    def without_scores(self) -> Profile:
        """Return the features' counts alone, which add across releases."""
        return replace(self, scores=None)

    def to_bytes(self) -> bytes:
        """Return the counts in compact form."""
        return write_wire(self._wire())

    @classmethod
    def from_bytes(cls, data: bytes) -> Profile:
        """Read counts back.

        Raises:
            CorruptProfileError: If the bytes are damaged or of another version.
        """
        wire = read_wire(data, _ProfileWire)
        return cls(
            grid_digest=wire.grid_digest,
            n_rows=wire.n_rows,
            rows_outside=wire.rows_outside,
            features=tuple(map(feature_from_wire, wire.features)),
            scores=None if wire.scores is None else ScoreProfile.from_wire(wire.scores),
        )

    def _wire(self) -> _ProfileWire:
        return _ProfileWire(
            grid_digest=self.grid_digest,
            n_rows=self.n_rows,
            rows_outside=self.rows_outside,
            features=tuple(feature.to_wire() for feature in self.features),
            scores=None if self.scores is None else self.scores.to_wire(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceProfile:
    """What a release's windows are compared with: its cells, and its reference on them."""

    grid: Grid
    profile: Profile
    score_grid: ScoreGrid | None = None

    def __post_init__(self) -> None:
        if self.profile.grid_digest != self.grid.digest:
            raise GridMismatchError(self.profile.grid_digest, self.grid.digest)
        scores = self.profile.scores
        counted = "no scores" if scores is None else scores.grid_digest
        expected = "no scores" if self.score_grid is None else self.score_grid.digest
        if counted != expected:
            raise GridMismatchError(counted, expected)

    def to_bytes(self) -> bytes:
        """Return grid and counts in compact form: a release's `profile` file."""
        score_grid = None if self.score_grid is None else self.score_grid.to_wire()
        return write_wire(
            _ReferenceWire(
                grid=self.grid.to_bytes(), profile=self.profile.to_bytes(), score_grid=score_grid
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> ReferenceProfile:
        """Read a release's `profile` file.

        Raises:
            CorruptProfileError: If the bytes are damaged or of another version.
            GridMismatchError: If the counts were made on another grid than the one beside.
        """
        wire = read_wire(data, _ReferenceWire)
        return cls(
            grid=Grid.from_bytes(wire.grid),
            profile=Profile.from_bytes(wire.profile),
            score_grid=None if wire.score_grid is None else ScoreGrid.from_wire(wire.score_grid),
        )


def profile(
    table: pa.Table,
    grid: Grid,
    *,
    scores: ScoreProfile | None = None,
    moments: pa.ChunkedArray | None = None,
) -> Profile:
    """Count a batch of rows on a grid.

    Args:
        table: The features, as `holdfast.domain.tables.conform` returns them; more
            columns are allowed, and no row at all too.
        grid: Whose cells to count in.
        scores: Counts of one release's scores on the same rows, to be kept beside.
        moments: When each row was, if that is known; only dates need it.
    """
    outside = np.zeros(table.num_rows, dtype=np.bool_)
    features = tuple(
        _count(_column(table, cells.name, grid, moments), cells, outside) for cells in grid.features
    )
    return Profile(
        grid_digest=grid.digest,
        n_rows=table.num_rows,
        rows_outside=int(outside.sum()),
        features=features,
        scores=scores,
    )


def reference_profile(
    table: pa.Table,
    contract: Contract,
    scores: NDArray[np.float64],
    *,
    labels: NDArray[np.bool_] | None = None,
    grid: Grid | None = None,
) -> ReferenceProfile:
    """Make a release's reference.

    Args:
        table: The rows to compare later windows with, as `conform` returns them.
        contract: The release's; its threshold tells positive decisions.
        scores: Held-out scores, never those of rows the model was fitted on; they may
            belong to fewer rows than the table.
        labels: Ground truth of the scored rows.
        grid: The project's grid; None cuts a new one from the table.

    Raises:
        EmptyWindowError: If there are no scores.
    """
    cells = cut_grid(table, contract) if grid is None else grid
    score_grid = cut_score_grid(scores, threshold=contract.threshold)
    counted = profile(table, cells, scores=score_profile(scores, score_grid, labels))
    return ReferenceProfile(grid=cells, profile=counted, score_grid=score_grid)


def total(profiles: Iterable[Profile]) -> Profile:
    """Add up buckets to a window.

    Raises:
        EmptyWindowError: If there are none.
        GridMismatchError: If they lie on different grids.
    """
    buckets = list(profiles)
    if not buckets:
        raise EmptyWindowError("current window")
    return reduce(add, buckets)


def _column(
    table: pa.Table, name: str, grid: Grid, moments: pa.ChunkedArray | None
) -> pa.ChunkedArray:
    source = grid.dates.get(name)
    return table.column(name) if source is None else date_values(table, source, moments)


def _count(
    column: pa.ChunkedArray, cells: NumericCells | CategoryCells, outside: NDArray[np.bool_]
) -> FeatureCounts:
    """Count one column and mark, in `outside`, the rows that lie outside the reference."""
    if isinstance(cells, CategoryCells):
        return _count_categories(column, cells, outside)
    return _count_numbers(float_values(column), cells, outside)


def _count_numbers(
    values: NDArray[np.float64], cells: NumericCells, outside: NDArray[np.bool_]
) -> NumericCounts:
    if cells.low is not None and cells.high is not None:
        outside |= rows_beyond(values, cells.low, cells.high)
    finite, n_non_finite = finite_part(values)
    lookup = cells.lookup
    cell_of = lookup.cells_of(finite)
    counts = cell_counts(cell_of, lookup.n_cells)
    return NumericCounts(
        name=cells.name,
        cells=counts,
        sums=open_sums(cell_of, finite, counts, centre=cells.median),
        n_missing=values.size - finite.size - n_non_finite,
        n_non_finite=n_non_finite,
        minimum=float(finite.min()) + 0.0 if finite.size else None,  # -0.0 is 0.0
        maximum=float(finite.max()) + 0.0 if finite.size else None,
    )


def _count_categories(
    column: pa.ChunkedArray, cells: CategoryCells, outside: NDArray[np.bool_]
) -> CategoryCounts:
    n_known = len(cells.categories)
    counts = word_counts(column, cells.words)
    unseen: list[tuple[str, int]] = []
    if counts[n_known]:
        unknown = word_codes(column, cells.words) == n_known
        unseen = unknown_words(column, unknown)
        outside |= unknown
    return CategoryCounts(
        name=cells.name,
        kind=cells.kind,
        known=counts[:n_known],
        n_unseen=int(counts[n_known]),
        unseen=most_frequent(unseen),
        n_missing=int(counts[n_known + 1]),
    )


def _added_scores(left: Profile, right: Profile) -> ScoreProfile | None:
    if left.scores is not None and right.scores is not None:
        return left.scores + right.scores
    if left.scores is None and right.scores is None:
        return None
    # Half a window's scores must not pass for the whole one's.
    raise GridMismatchError(
        "no scores" if left.scores is None else left.scores.grid_digest,
        "no scores" if right.scores is None else right.scores.grid_digest,
    )
