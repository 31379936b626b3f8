"""How far rows moved, on the axis itself: Wasserstein's distance, in standard deviations.

Outliers would rule both the distance and the unit, so values are clipped to the bulk of the
reference, its 1% to 99% range. Within a cell only count and sum are known, so the result
is an interval that holds the distance of the raw values; it closes for discrete references.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["Bulk", "GroupedValues", "bulk_of", "clipped_wasserstein"]

_PERCENT = 100  # the bulk reaches from the 1st to the 99th of so many


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupedValues:
    """A sample of which each cell's count is known, and each open cell's sum.

    Attributes:
        cells: Shape ``(2k + 1,)`` for k edges: open cells alternate with single values.
        sums: Sum of ``value - centre`` in each open cell, shape ``(k + 1,)``.
        centre: What the sums are centred on.
    """

    cells: Counts
    sums: Floats
    centre: float

    def sums_from(self, origin: float, unit: float) -> Floats:
        """Return the sums of ``(value - origin) / unit``; infinite where they are too large."""
        with np.errstate(over="ignore"):  # so far outside the bulk, a value counts as its end
            sums: Floats = self.sums / unit + self.cells[::2] * ((self.centre - origin) / unit)
        return sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """Where the 1% and the 99% quantile of a reference lie.

    Attributes:
        first: Index of the first edge that is surely at or above the 1% quantile.
        last: Index of the last edge that is surely at or below the 99% quantile.
        low: Surely at or below the 1% quantile.
        high: Surely at or above the 99% quantile.
    """

    first: int
    last: int
    low: float
    high: float


def bulk_of(edges: Floats, cells: Counts, *, minimum: float, maximum: float) -> Bulk | None:
    """Find the bulk of a reference, or None if no cell tells its two ends apart.

    Args:
        edges: Strictly increasing, shape ``(k,)``.
        cells: Counts of the reference, shape ``(2k + 1,)``; at least one row.
        minimum: Its smallest value.
        maximum: Its largest.
    """
    total = int(cells.sum())
    ranks = -(-total // _PERCENT), -(-total * (_PERCENT - 1) // _PERCENT)
    low_cell, high_cell = (int(i) for i in np.searchsorted(np.cumsum(cells), ranks))
    first, last = low_cell // 2, (high_cell - 1) // 2
    if first >= last:
        return None
    # An odd cell is one value, which then is the quantile; an open one ends at its edges.
    low = float(edges[first]) if low_cell % 2 else _edge(edges, first - 1, below=minimum)
    high = float(edges[last]) if high_cell % 2 else _edge(edges, last + 1, above=maximum)
    if not math.isfinite(high - low):
        return None
    return Bulk(first=first, last=last, low=low, high=high)


def clipped_wasserstein(
    reference: GroupedValues, current: GroupedValues, edges: Floats, bulk: Bulk
) -> tuple[float, float]:
    """Return bounds of the distance, in standard deviations of the reference.

    Args:
        reference: The reference's values; both windows hold rows.
        current: The current window's.
        edges: Strictly increasing, shape ``(k,)``.
        bulk: Of the reference (`bulk_of`).

    Returns:
        Lower and upper bound of the distance between the two windows' values, both
        clipped to the reference's 1% and 99% quantile (`inverted_cdf`), over the standard
        deviation of the reference's clipped values.

    Source:
        Vallender (1974), *Calculation of the Wasserstein distance between probability
        distributions on the line*.

    >>> edges = np.array([0.0, 1.0])
    >>> none = np.zeros(3)
    >>> zeros_and_ones = GroupedValues(cells=np.array([0, 50, 0, 50, 0]), sums=none, centre=0.0)
    >>> ones = GroupedValues(cells=np.array([0, 0, 0, 100, 0]), sums=none, centre=0.0)
    >>> bulk = bulk_of(edges, zeros_and_ones.cells, minimum=0.0, maximum=1.0)
    >>> clipped_wasserstein(zeros_and_ones, ones, edges, bulk)
    (1.0, 1.0)
    """
    origin, unit = bulk.low, bulk.high - bulk.low  # all that counts then lies in [0, 1]
    points = np.clip((edges - origin) / unit, 0.0, 1.0)
    f = _Cumulative.of(reference, points, origin, unit)
    g = _Cumulative.of(current, points, origin, unit)
    inside = slice(bulk.first + 1, bulk.last + 1)
    low = np.abs(f.area - g.area)
    high = np.maximum(low, _most_between(f, g))
    lowest, highest = float(low[inside].sum()), float(high[inside].sum())
    # The quantiles lie somewhere in the cells beside: these may count, or may not.
    if origin < edges[bulk.first]:
        highest += _widest(f, g, bulk.first)
    if bulk.high > edges[bulk.last]:
        highest += _widest(f, g, bulk.last + 1)
    ends = float(points[bulk.first]), float(points[bulk.last])
    narrow = _variance(reference, points, origin, unit, ends=ends, within=False)
    wide = _variance(reference, points, origin, unit, ends=(0.0, 1.0), within=True)
    return lowest / math.sqrt(wide), highest / math.sqrt(narrow)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cumulative:
    """A cumulative distribution over each open cell: its ends, and the area below it."""

    start: Floats
    end: Floats
    area: Floats
    width: Floats

    @classmethod
    def of(cls, values: GroupedValues, points: Floats, origin: float, unit: float) -> _Cumulative:
        total = int(values.cells.sum())
        cumulative = np.cumsum(values.cells) / total
        start = np.append(0.0, cumulative[1::2])
        end = cumulative[::2]
        left, right = np.append(0.0, points), np.append(points, 1.0)
        width = right - left
        # Integration by parts: the area below is known exactly from the cell's sum.
        mass = values.cells[::2] / total
        rise = mass * right - values.sums_from(origin, unit) / total
        return cls(
            start=start,
            end=end,
            area=width * start + np.clip(rise, 0.0, mass * width),
            width=width,
        )


def _most_between(f: _Cumulative, g: _Cumulative) -> Floats:
    """Return the largest area that two monotone functions can enclose in each cell."""
    signed = np.abs(f.area - g.area)
    from_below = f.width * (np.abs(f.start - g.start) - f.start - g.start) + f.area + g.area
    from_above = f.width * (np.abs(f.end - g.end) + f.end + g.end) - f.area - g.area
    most: Floats = np.minimum(np.minimum(from_below, from_above), _box(f, g))
    return np.where((f.start >= g.end) | (g.start >= f.end), signed, most)


def _box(f: _Cumulative, g: _Cumulative) -> Floats:
    box: Floats = f.width * np.maximum(np.abs(f.end - g.start), np.abs(g.end - f.start))
    return box


def _widest(f: _Cumulative, g: _Cumulative, cell: int) -> float:
    return float(_box(f, g)[cell])


def _variance(
    values: GroupedValues,
    points: Floats,
    origin: float,
    unit: float,
    *,
    ends: tuple[float, float],
    within: bool,
) -> float:
    """Return the least variance of the values clipped to `ends`, or the largest."""
    counts = values.cells.astype(np.float64)
    total = counts.sum()
    left, right = np.append(0.0, points), np.append(points, 1.0)
    means = values.sums_from(origin, unit) / np.maximum(counts[::2], 1.0)
    means = np.clip(means, left, right)
    where = np.empty(counts.size)
    where[::2], where[1::2] = means, points
    where = np.clip(where, *ends)
    squares = float((counts * (where - (counts * where).sum() / total) ** 2).sum())
    if within:
        squares += float((counts[::2] * (means - left) * (right - means)).sum())
    return squares / float(total)


def _edge(edges: Floats, i: int, *, below: float = -math.inf, above: float = math.inf) -> float:
    if i < 0:
        return below
    return float(edges[i]) if i < edges.size else above
