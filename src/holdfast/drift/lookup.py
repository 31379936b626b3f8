"""Which cell each value falls into, found for millions of values without sorting them.

A table over equal steps between the first and the last edge says, for nearly every value,
between which two edges it lies; one comparison with the next edge settles the cell. Steps
that hold several edges are looked at again, more closely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indexes = NDArray[np.intp]

__all__ = ["CellLookup"]

_STEPS = 1 << 14  # the table then fits the fastest caches
_BLOCK = 1 << 16  # values whose intermediate results stay in the cache, too
_DEEPEST = 4  # how often crowded steps are looked at more closely before searching


class CellLookup:
    """The cells that edges e1 < ... < eK cut: (-inf, e1), {e1}, (e1, e2) ... (eK, inf).

    Exact for every finite value: rounding never changes the order of steps, and values
    are compared with the edges themselves.

    Args:
        edges: Strictly increasing finite numbers, shape ``(k,)``; may be empty.

    >>> CellLookup(np.array([1.0, 2.0])).cells_of(np.array([0.0, 1.0, 1.5, 2.0, 9.0]))
    array([0, 1, 2, 3, 4])
    """

    def __init__(self, edges: Floats, *, _depth: int = 0) -> None:
        self._edges = edges
        self._next = np.append(edges, np.inf)
        self._unsettled = 2 * edges.size + 1
        self._closer: tuple[int, CellLookup] | None = None
        self._low, self._scale = _steps(edges)
        if self._scale > 0.0:
            self._lay_out(_depth)

    @property
    def n_cells(self) -> int:
        """How many cells there are: 2 k + 1."""
        return 2 * self._edges.size + 1

    def cells_of(self, values: Floats) -> Indexes:
        """Return each value's cell.

        Args:
            values: Finite, shape ``(n,)``.

        Returns:
            Indexes in ``[0, 2k]``, shape ``(n,)``; even ones are open cells.
        """
        if self._scale == 0.0:
            return self._searched(values)
        cells = np.empty(values.size, dtype=np.intp)
        for start in range(0, values.size, _BLOCK):
            block = slice(start, start + _BLOCK)
            cells[block] = self._looked_up(values[block])
        return cells

    def _looked_up(self, values: Floats) -> NDArray[np.signedinteger]:
        cells: NDArray[np.signedinteger] = self._base.take(self._step_of(values))
        following = self._next.take(cells >> 1)
        cells += values >= following
        cells += values > following
        if self._crowded:
            unsettled = np.flatnonzero(cells == self._unsettled)
            if unsettled.size:
                cells[unsettled] = self._settled(values[unsettled])
        return cells

    def _lay_out(self, depth: int) -> None:
        """Fill the table: for each step the cell below its edge, if it holds at most one."""
        step_of_edge = self._step_of(self._edges)
        n_edges = np.bincount(step_of_edge, minlength=_STEPS + 1)
        # Narrow numbers halve the time: they leave room in the fastest caches.
        self._base = (2 * (np.cumsum(n_edges) - n_edges)).astype(_narrowest(self._unsettled))
        crowded = n_edges > 1
        self._base[crowded] = self._unsettled
        self._crowded = bool(crowded.any())
        if self._crowded and depth < _DEEPEST:
            inside = np.flatnonzero(crowded[step_of_edge])
            start, stop = int(inside[0]), int(inside[-1]) + 1
            if stop - start < self._edges.size:
                closer = CellLookup(self._edges[start:stop], _depth=depth + 1)
                self._closer = (2 * start, closer)

    def _settled(self, values: Floats) -> Indexes:
        if self._closer is None:
            return self._searched(values)
        offset, closer = self._closer
        return offset + closer.cells_of(values)

    def _searched(self, values: Floats) -> Indexes:
        below = np.searchsorted(self._edges, values, side="left")
        return below + np.searchsorted(self._edges, values, side="right")

    def _step_of(self, values: Floats) -> Indexes:
        with np.errstate(over="ignore"):  # what overflows lies beyond the last step anyway
            steps = values - self._low
            steps *= self._scale
        np.clip(steps, 0, _STEPS, out=steps)
        return steps.astype(np.intp)


def _narrowest(most: int) -> type[np.signedinteger]:
    return np.int16 if most <= np.iinfo(np.int16).max else np.int64


def _steps(edges: Floats) -> tuple[float, float]:
    """Return where the steps begin and how many there are in a unit; 0.0 if none fit.

    The first step lies below the first edge, the last one above the last.
    """
    if edges.size == 0:
        return 0.0, 0.0
    low, high = float(edges[0]), float(edges[-1])
    span = high - low
    if span == 0.0:
        return low - 1.0, 1.0  # a single edge: what is below, on and above it
    scale = (_STEPS - 2) / span if np.isfinite(span) else np.inf
    return (low - 1.0 / scale, scale) if np.isfinite(scale) else (low, 0.0)
