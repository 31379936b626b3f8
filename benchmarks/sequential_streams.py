"""A stream: a finite reference, then day after day of rows, counted as production counts them.

A day of 10,000 rows must cost about a millisecond. So each customer's cells are looked up once
for each reference, and a day is counted by how often it drew each customer; that this gives what
`holdfast.drift.profile.profile` gives is a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from benchmarks.sequential_rows import Shift
from scipy import sparse

from holdfast.domain.arrow import float_values
from holdfast.domain.windows import Window
from holdfast.drift.columns import word_codes
from holdfast.drift.counts import CategoryCounts, NumericCounts
from holdfast.drift.grid import CategoryCells
from holdfast.drift.profile import Profile, ReferenceProfile, reference_profile
from holdfast.drift.scores import ScoreProfile, score_profile
from holdfast.performance.realised import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.sequential_rows import Population
    from numpy.typing import NDArray

    from holdfast.domain.releases import ModelMetrics
    from holdfast.drift.counts import FeatureCounts
    from holdfast.drift.grid import FeatureCells, NumericCells

    Rows = NDArray[np.intp]
    Labels = NDArray[np.bool_]
    Codes = NDArray[np.int64]

__all__ = ["TRAFFIC", "Counter", "Day", "Drawn", "Reference", "Traffic", "days", "draw_reference"]

N_REFERENCE = 5_000
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
_AT_ONCE = 30  # days that are counted together


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """How many rows there are a day, and how unlike each other days are.

    Attributes:
        rows: Of each day.
        unlike: Standard deviation, over days, of the log-odds by which a day is richer in
            rows one standard deviation away, for each of three features; 0.0: days are
            alike but for chance.
    """

    rows: int
    unlike: float = 0.0

    @property
    def name(self) -> str:
        """As tables show it."""
        return f"{self.rows:,} a day" + (", days unlike" if self.unlike else "")

    @property
    def reference_days(self) -> int:
        """Days of the reference, all of them whole ones where days matter."""
        return -(-N_REFERENCE // self.rows) if self.unlike else 1


TRAFFIC = (
    Traffic(rows=100),
    Traffic(rows=300),
    Traffic(rows=1_000),
    Traffic(rows=10_000),
    Traffic(rows=300, unlike=0.15),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """The rows of a day: which customers, and whether they leave."""

    rows: Rows
    labels: Labels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """What a champion is released with.

    Attributes:
        profile: Its reference's counts.
        baseline: What it reaches there.
        days: The same rows day by day, where days are unlike; else none.
    """

    profile: ReferenceProfile
    baseline: ModelMetrics
    days: tuple[Profile, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Day:
    """One complete bucket.

    Attributes:
        number: Counted from 0.
        window: When it was.
        drawn: Its rows.
        population: Whose rows these are.
        counts: Features, scores and labels, counted.
    """

    number: int
    window: Window
    drawn: Drawn
    population: Population
    counts: Profile

    @property
    def labelled(self) -> ScoreProfile:
        """The counts of scores with labels."""
        assert self.counts.scores is not None  # every day here is scored
        return self.counts.scores


def draw(shift: Shift, traffic: Traffic, rng: np.random.Generator) -> Drawn:
    """Draw a day's rows, with replacement.

    Args:
        shift: From whom.
        traffic: How many, and how unlike other days.
        rng: Draws.
    """
    labels = shift.population.labels
    weights = shift.weights
    if traffic.unlike:
        leanings = shift.population.leanings
        lean = np.exp(leanings @ rng.normal(0.0, traffic.unlike, leanings.shape[1]))
        weights = lean if weights is None else weights * lean
    if weights is None:
        rows = rng.integers(labels.size, size=traffic.rows)
    else:
        reach = np.cumsum(weights)
        rows = np.searchsorted(reach, rng.random(traffic.rows) * reach[-1], side="right")
    known = labels[rows]
    if shift.turning is not None:
        known |= rng.random(rows.size) < shift.turning[rows]
    return Drawn(rows=rows, labels=known)


def draw_reference(population: Population, traffic: Traffic, rng: np.random.Generator) -> Reference:
    """Draw a reference, day by day where days are unlike, and measure the champion on it."""
    size = Traffic(rows=traffic.rows if traffic.unlike else N_REFERENCE, unlike=traffic.unlike)
    unchanged = Shift(population=population)
    drawn = [draw(unchanged, size, rng) for _ in range(traffic.reference_days)]
    rows = np.concatenate([day.rows for day in drawn])
    scores, labels = population.scores[rows], population.labels[rows]
    table = population.table.take(pa.array(rows))
    made = reference_profile(table, population.contract, scores, labels=labels)
    counter = Counter(population, made)
    return Reference(
        profile=made,
        baseline=measure(labels, scores, threshold=population.contract.threshold),
        days=tuple(counter.count(drawn)) if traffic.unlike else (),
    )


def days(
    reference: Reference,
    traffic: Traffic,
    rng: np.random.Generator,
    *,
    before: Shift,
    quiet: int,
    after: Shift | None = None,
    shifted: int = 0,
) -> Iterator[Day]:
    """Yield the days of a stream, drawn and counted a month ahead at most.

    Args:
        reference: On whose cells they are counted.
        traffic: Of each day.
        rng: Draws.
        before: From whom the first days are drawn.
        quiet: How many these are.
        after: From whom the others are.
        shifted: How many those are.
    """
    parts = [(before, quiet), *([(after, shifted)] if after is not None else [])]
    number = 0
    for shift, length in parts:
        counter = Counter(shift.population, reference.profile)
        for done in range(0, length, _AT_ONCE):
            drawn = [draw(shift, traffic, rng) for _ in range(min(_AT_ONCE, length - done))]
            for one, counts in zip(drawn, counter.count(drawn), strict=True):
                start_at = FIRST_DAY + number * DAY
                yield Day(
                    number=number,
                    window=Window(start_at=start_at, end_at=start_at + DAY),
                    drawn=one,
                    population=shift.population,
                    counts=counts,
                )
                number += 1


class Counter:
    """Counts drawn rows on a reference's cells.

    The sums in open cells are left at zero: only the Wasserstein distance reads them, which
    nothing here asks for.

    Args:
        population: Whose rows will be drawn.
        reference: Whose cells.
    """

    def __init__(self, population: Population, reference: ReferenceProfile) -> None:
        assert reference.score_grid is not None  # the champion has scored its reference
        self._population, self._score_grid = population, reference.score_grid
        self._digest = reference.grid.digest
        made = [_coded(population.table.column(c.name), c) for c in reference.grid.features]
        starts = np.cumsum([0, *(width for _, width, _ in made)])
        self._parts = [
            (slice(start, start + width), counted)
            for (_, width, counted), start in zip(made, starts[:-1], strict=True)
        ]
        cells = np.concatenate(
            [codes + start for (codes, _, _), start in zip(made, starts[:-1], strict=True)]
        )
        n = population.labels.size
        # Row c says who is in cell c; each customer is in one cell of each feature.
        self._within = sparse.csr_array(
            (np.ones(cells.size, dtype=np.int64), (cells, np.tile(np.arange(n), len(made)))),
            shape=(int(starts[-1]), n),
        )
        self._outside = _outside(population, reference.grid.features)

    def count(self, drawn: Sequence[Drawn]) -> Iterator[Profile]:
        """Yield the counts of days, labels among them."""
        n = self._outside.size
        times = np.stack([np.bincount(day.rows, minlength=n) for day in drawn], axis=1)
        cells = np.ascontiguousarray((self._within @ times).T)
        for day, counts in zip(drawn, cells, strict=True):
            scores = self._population.scores[day.rows]
            yield Profile(
                grid_digest=self._digest,
                n_rows=day.rows.size,
                rows_outside=int(self._outside[day.rows].sum()),
                features=tuple(counted(counts[part], day.rows) for part, counted in self._parts),
                scores=score_profile(scores, self._score_grid, day.labels),
            )


def _coded(
    column: pa.ChunkedArray, cells: FeatureCells
) -> tuple[Codes, int, Callable[[Codes, Rows], FeatureCounts]]:
    """Return each row's cell, how many cells there are, and what makes counts of counted rows."""
    if isinstance(cells, CategoryCells):
        width = len(cells.categories) + 2
        return word_codes(column, cells.words), width, partial(_categories, cells)
    values = np.asarray(float_values(column))
    missing = np.isnan(values)
    codes = np.full(values.size, cells.lookup.n_cells, dtype=np.int64)
    codes[~missing] = cells.lookup.cells_of(values[~missing])
    return codes, cells.lookup.n_cells + 1, partial(_numbers, cells, values)


def _categories(cells: CategoryCells, counts: Codes, _: Rows) -> CategoryCounts:
    known = len(cells.categories)
    return CategoryCounts(
        name=cells.name,
        kind=cells.kind,
        known=counts[:known],
        n_unseen=int(counts[known]),
        unseen=(),  # the contract knows every category that the population has
        n_missing=int(counts[known + 1]),
    )


def _numbers(
    cells: NumericCells, values: NDArray[np.float64], counts: Codes, rows: Rows
) -> NumericCounts:
    drawn = values[rows]
    found = bool(counts[:-1].any())
    return NumericCounts(
        name=cells.name,
        cells=counts[:-1],
        sums=np.zeros(cells.edges.size + 1),
        n_missing=int(counts[-1]),
        n_non_finite=0,
        minimum=float(np.fmin.reduce(drawn)) if found else None,  # passes NaN over
        maximum=float(np.fmax.reduce(drawn)) if found else None,
    )


def _outside(population: Population, features: tuple[FeatureCells, ...]) -> Labels:
    outside = np.zeros(population.labels.size, dtype=np.bool_)
    for cells in features:
        if isinstance(cells, CategoryCells) or cells.low is None or cells.high is None:
            continue
        values = np.asarray(float_values(population.table.column(cells.name)))
        outside |= (values < cells.low) | (values > cells.high)
    return outside
