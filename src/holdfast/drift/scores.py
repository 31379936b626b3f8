"""What is known of a model's scores in a window: counts per cell, confidence, decisions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from holdfast.domain.canonical import sha256_hex
from holdfast.domain.errors import EmptyWindowError, GridMismatchError
from holdfast.drift.cells import cell_counts, cut_edges
from holdfast.drift.counts import NumericCounts
from holdfast.drift.lookup import CellLookup
from holdfast.drift.wire import (
    pack_counts,
    pack_floats,
    read_wire,
    unpack_counts,
    unpack_floats,
    write_wire,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "N_FINE",
    "MeanConfidence",
    "ScoreGrid",
    "ScoreGridWire",
    "ScoreProfile",
    "ScoreWire",
    "cut_score_grid",
    "score_profile",
]

MOST_SCORE_EDGES = 100
N_FINE = 1_024  # a power of two, so that the products are exact
_NO_SPREAD = 1e-6  # of |p - 0.5|: the sums of squares carry no more digits


class ScoreGridWire(msgspec.Struct, frozen=True):
    """How a `ScoreGrid` is written down."""

    edges: bytes
    threshold: float


class ScoreWire(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a `ScoreProfile` is written down; older ones do not say which decisions were wrong."""

    grid_digest: str
    cells: bytes
    confidence_sum: float
    confidence_squares: float
    n_positive: int
    labelled_negative: bytes
    labelled_positive: bytes
    n_false_positive: int | None = None
    n_false_negative: int | None = None
    fine: bytes = b""  # older ones have none


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanConfidence:
    """The mean of |p - 0.5| over a window, with its spread."""

    mean: float
    sd: float  # of single rows; 0.0 for one row
    n: int


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreGrid:
    """The cells of one release's scores; two are equal by digest.

    Attributes:
        edges: Quantiles of the reference scores, strictly increasing, shape ``(k,)``.
        threshold: Score at and above which that release decides positive.
    """

    edges: NDArray[np.float64]
    threshold: float

    @cached_property
    def digest(self) -> str:
        """SHA-256 of edges and threshold."""
        return sha256_hex(msgspec.msgpack.encode(self.to_wire()))

    @cached_property
    def lookup(self) -> CellLookup:
        """Finds the cells of scores; made once."""
        return CellLookup(self.edges)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScoreGrid) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def to_wire(self) -> ScoreGridWire:
        """Return the form that is written down."""
        return ScoreGridWire(edges=pack_floats(self.edges), threshold=self.threshold)

    @classmethod
    def from_wire(cls, wire: ScoreGridWire) -> ScoreGrid:
        """Read the form that was written down."""
        return cls(edges=unpack_floats(wire.edges), threshold=wire.threshold)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreProfile:
    """Counts of a model's scores; adds over windows of the same release.

    Attributes:
        grid_digest: The score grid they are counted on.
        cells: Rows in each cell, shape ``(2k + 1,)``; even indices are open cells.
        confidence_sum: Sum of |p - 0.5|.
        confidence_squares: Sum of its squares.
        n_positive: Rows decided positive.
        labelled_negative: Rows by cell whose label is known to be negative.
        labelled_positive: Rows by cell whose label is known to be positive.
        n_false_positive: Labelled rows that were wrongly decided positive: the threshold
            lies within a cell, whose counts cannot tell. None if nobody counted.
        n_false_negative: Labelled rows that were wrongly decided negative.
        fine: Rows in each of `N_FINE` equal parts of [0, 1], the same for all releases: the
            grid's outer cells are too wide to say where drifted scores lie. None if nobody
            counted.
    """

    grid_digest: str
    cells: NDArray[np.int64]
    confidence_sum: float
    confidence_squares: float
    n_positive: int
    labelled_negative: NDArray[np.int64]
    labelled_positive: NDArray[np.int64]
    n_false_positive: int | None = None
    n_false_negative: int | None = None
    fine: NDArray[np.int64] | None = None

    @property
    def n(self) -> int:
        """Rows that were scored."""
        return int(self.cells.sum())

    @property
    def n_labelled(self) -> int:
        """Rows among them that were counted with their label."""
        return int(self.labelled_negative.sum() + self.labelled_positive.sum())

    @property
    def confidence(self) -> MeanConfidence:
        """Mean and spread of |p - 0.5|.

        Raises:
            EmptyWindowError: If there is no row.
        """
        n = self._least_one()
        mean = self.confidence_sum / n
        spread = max(0.0, self.confidence_squares - n * mean * mean)
        return MeanConfidence(mean=mean, sd=math.sqrt(spread / (n - 1)) if n > 1 else 0.0, n=n)

    @property
    def positive_rate(self) -> float:
        """Share of rows decided positive.

        Raises:
            EmptyWindowError: If there is no row.
        """
        return self.n_positive / self._least_one()

    def __add__(self, other: ScoreProfile) -> ScoreProfile:
        if self.grid_digest != other.grid_digest:
            raise GridMismatchError(self.grid_digest, other.grid_digest)
        return ScoreProfile(
            grid_digest=self.grid_digest,
            cells=self.cells + other.cells,
            confidence_sum=self.confidence_sum + other.confidence_sum,
            confidence_squares=self.confidence_squares + other.confidence_squares,
            n_positive=self.n_positive + other.n_positive,
            labelled_negative=self.labelled_negative + other.labelled_negative,
            labelled_positive=self.labelled_positive + other.labelled_positive,
            n_false_positive=_both(self.n_false_positive, other.n_false_positive),
            n_false_negative=_both(self.n_false_negative, other.n_false_negative),
            fine=None if self.fine is None or other.fine is None else self.fine + other.fine,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScoreProfile) and self.to_wire() == other.to_wire()

    __hash__ = None  # type: ignore[assignment]  # holds arrays: equal by content, never a key

    def as_feature(self) -> NumericCounts:
        """Return the score as if it were a feature, for the tests of drift."""
        occupied = np.flatnonzero(self.cells)
        # A stuck model seldom hits an edge; within an open cell its spread gives it away.
        stuck = occupied.size == 1 and (bool(occupied[0] % 2) or self.confidence.sd < _NO_SPREAD)
        return NumericCounts(
            name="score",
            cells=self.cells,
            sums=np.zeros(self.cells.size // 2 + 1),
            n_missing=0,
            n_non_finite=0,
            minimum=0.0 if occupied.size else None,
            maximum=(0.0 if stuck else 1.0) if occupied.size else None,
        )

    def to_bytes(self) -> bytes:
        """Return the counts in compact form."""
        return write_wire(self.to_wire())

    @classmethod
    def from_bytes(cls, data: bytes) -> ScoreProfile:
        """Read counts back.

        Raises:
            CorruptProfileError: If the bytes are damaged or of another version.
        """
        return cls.from_wire(read_wire(data, ScoreWire))

    def to_wire(self) -> ScoreWire:
        """Return the form that is written down."""
        return ScoreWire(
            grid_digest=self.grid_digest,
            cells=pack_counts(self.cells),
            confidence_sum=self.confidence_sum,
            confidence_squares=self.confidence_squares,
            n_positive=self.n_positive,
            labelled_negative=pack_counts(self.labelled_negative),
            labelled_positive=pack_counts(self.labelled_positive),
            # Without labels there is nothing to say: bytes stay as they always were.
            n_false_positive=self.n_false_positive if self.n_labelled else None,
            n_false_negative=self.n_false_negative if self.n_labelled else None,
            fine=b"" if self.fine is None else pack_counts(self.fine),
        )

    @classmethod
    def from_wire(cls, wire: ScoreWire) -> ScoreProfile:
        """Read the form that was written down."""
        negative = unpack_counts(wire.labelled_negative)
        positive = unpack_counts(wire.labelled_positive)
        unsaid = None if negative.any() or positive.any() else 0
        wrong = (wire.n_false_positive, wire.n_false_negative)
        false_positive, false_negative = (unsaid if n is None else n for n in wrong)
        return cls(
            grid_digest=wire.grid_digest,
            cells=unpack_counts(wire.cells),
            confidence_sum=wire.confidence_sum,
            confidence_squares=wire.confidence_squares,
            n_positive=wire.n_positive,
            labelled_negative=negative,
            labelled_positive=positive,
            n_false_positive=false_positive,
            n_false_negative=false_negative,
            fine=unpack_counts(wire.fine) if wire.fine else None,
        )

    def _least_one(self) -> int:
        if self.n == 0:
            raise EmptyWindowError("window of scores")
        return self.n


def cut_score_grid(scores: NDArray[np.float64], *, threshold: float) -> ScoreGrid:
    """Cut the cells at the quantiles of a release's reference scores.

    Args:
        scores: Held-out scores of the reference, shape ``(n,)``, never those of training
            rows: a model is surer of rows it was fitted on.
        threshold: Of the release's contract.

    Raises:
        EmptyWindowError: If there is no score.
    """
    if scores.size == 0:
        raise EmptyWindowError("reference window of scores")
    edges = cut_edges(np.sort(_checked(scores)), most=MOST_SCORE_EDGES)
    return ScoreGrid(edges=edges, threshold=threshold)


def score_profile(
    scores: NDArray[np.float64], grid: ScoreGrid, labels: NDArray[np.bool_] | None = None
) -> ScoreProfile:
    """Count scores on a release's grid.

    Args:
        scores: P(y = 1) of each row, shape ``(n,)``; may be empty.
        grid: Of the release that scored.
        labels: Ground truth of the same rows, if all are known; shape ``(n,)``.

    Raises:
        ValueError: If a score is no probability.
    """
    confidence = np.abs(_checked(scores) - 0.5)
    none = np.zeros(2 * grid.edges.size + 1, dtype=np.int64)
    decided = scores >= grid.threshold
    return ScoreProfile(
        grid_digest=grid.digest,
        cells=_counted(scores, grid),
        confidence_sum=float(confidence.sum()),
        confidence_squares=float((confidence**2).sum()),
        n_positive=int(decided.sum()),
        labelled_negative=none if labels is None else _counted(scores[~labels], grid),
        labelled_positive=none if labels is None else _counted(scores[labels], grid),
        n_false_positive=0 if labels is None else int((decided & ~labels).sum()),
        n_false_negative=0 if labels is None else int((~decided & labels).sum()),
        fine=np.bincount(
            np.minimum((scores * N_FINE).astype(np.int64), N_FINE - 1), minlength=N_FINE
        ),
    )


def _both(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right


def _counted(scores: NDArray[np.float64], grid: ScoreGrid) -> NDArray[np.int64]:
    return cell_counts(grid.lookup.cells_of(scores), grid.lookup.n_cells)


def _checked(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    # `not all inside` also catches NaN, which compares false with everything.
    if not bool(((scores >= 0.0) & (scores <= 1.0)).all()):
        raise ValueError("scores must be probabilities in [0, 1]")
    return scores
