"""A numeric feature of both windows as bars: the body on its axis, the tails at the ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from holdfast.adapters.reports.axis import Axis, choose_axis
from holdfast.adapters.reports.counted import Level
from holdfast.adapters.reports.spelling import amount

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.adapters.reports.counted import NumericPair

    Floats = NDArray[np.float64]

__all__ = ["Histogram", "histogram", "single_values"]

MOST_SINGLE_VALUES = 12
_WORTH_A_BAR = 0.0005  # share of values below which an end has no bar of its own
_DWARFS = 2.5  # times as high as the body: such a bar at an end gets a scale of its own
_ZEROS = 0.02  # share of zeros from which they stand apart on a logarithmic axis


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Histogram:
    """Shares of the values of each window, from left to right.

    Attributes:
        axis: Of the body.
        before: Share of the reference's values in each bin of the axis.
        after: The same of the current window's.
        lower: Values below the axis, or None if there are next to none.
        zeros: Values that are exactly 0, where the axis has no place for them.
        upper: Values above the axis.
    """

    axis: Axis
    before: Floats
    after: Floats
    lower: Level | None
    zeros: Level | None
    upper: Level | None

    @property
    def ends(self) -> tuple[Level, ...]:
        """The bars that stand apart, from left to right."""
        return tuple(end for end in (self.lower, self.zeros, self.upper) if end is not None)

    @property
    def highest(self) -> float:
        """The share that is as high as the picture; ends that dwarf the body have no say."""
        body = max(float(self.before.max()), float(self.after.max()))
        ends = [max(end.before, end.after) for end in self.ends]
        fitting = [end for end in ends if body == 0 or end <= _DWARFS * body]
        return max(body, *fitting, 0.0)

    def scale_of(self, end: Level) -> float:
        """Return the share that is as high as the picture for a bar that stands apart."""
        return max(self.highest, end.before, end.after)


def histogram(pair: NumericPair) -> Histogram:
    """Read a histogram of both windows off their counts.

    Args:
        pair: A feature of which at least one window holds values.
    """
    axis = choose_axis(pair)
    below = np.stack(pair.below(axis.bounds))
    bins = np.diff(below, axis=1)
    held = np.array([[pair.reference.n_values > 0], [pair.current.n_values > 0]])
    lower, upper = below[:, 0], (held[:, 0] - below[:, -1]).clip(0.0)
    zeros = np.array(pair.atom(0.0)) if axis.logarithmic else np.zeros(2)
    apart = zeros.max() >= _ZEROS
    if apart:
        lower = (lower - zeros).clip(0.0)
    low, high = amount(float(axis.bounds[0])), amount(float(axis.bounds[-1]))
    return Histogram(
        axis=axis,
        before=bins[0],
        after=bins[1],
        lower=_end(f"below {low}", lower),
        zeros=_end("exactly 0", zeros) if apart else None,
        upper=_end(f"above {high}", upper),
    )


def single_values(pair: NumericPair) -> list[Level] | None:
    """Return each value with its shares if there are only a few, else None.

    Values that the reference never had are one entry at the end.
    """
    counts = pair.reference.cells[1::2]
    if not 0 < pair.edges.size <= MOST_SINGLE_VALUES or pair.reference.cells[::2].any():
        return None
    before = counts / max(1, pair.reference.n_values)
    after = pair.current.cells[1::2] / max(1, pair.current.n_values)
    levels = [
        Level(name=amount(float(value)), before=float(before[i]), after=float(after[i]))
        for i, value in enumerate(pair.edges)
    ]
    n_others = int(pair.current.cells[::2].sum())
    if n_others:
        others = n_others / pair.current.n_values
        levels.append(Level(name=_others(pair), before=0.0, after=others))
    return levels


def _others(pair: NumericPair) -> str:
    """Name the values that the reference never had by where they lie."""
    low, high = pair.current_between
    ends = amount(low), amount(high)
    return f"others: {ends[0]}" if ends[0] == ends[1] else f"others, {ends[0]} to {ends[1]}"


def _end(name: str, both: Floats) -> Level | None:
    if both.max() < _WORTH_A_BAR:
        return None
    return Level(name=name, before=float(both[0]), after=float(both[1]))
