"""On which axis a feature's numbers are readable: its range, linear or logarithmic, its bins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from holdfast.adapters.reports.spelling import amount

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.adapters.reports.counted import NumericPair

    Floats = NDArray[np.float64]

__all__ = ["Axis", "Tick", "choose_axis"]

MOST_BINS = 36
_DECADES = 3.0  # a range of positive values beyond this is shown on a logarithmic axis
_BODY = 0.08  # share of a linear axis below which the middle half cannot be read
_WIDTHS_AROUND = 4.0  # of the middle half, shown on either side of it where tails are long
_MOST_STEPS = 1e6
_SAME = 1e-9  # relative distance below which numbers cannot be told apart on an axis
_LARGEST, _SMALLEST = 1e150, 1e-150  # beyond, differences and ratios of numbers overflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One mark on the axis."""

    position: float  # from the left, in [0, 1]
    label: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Axis:
    """A stretch of numbers, cut into bins.

    Attributes:
        bounds: Where bins begin and end, strictly increasing, shape ``(n_bins + 1,)``.
        logarithmic: Whether equal distances are equal ratios.
    """

    bounds: Floats
    logarithmic: bool

    @property
    def positions(self) -> Floats:
        """Where each bound lies, from 0 at the left to 1 at the right."""
        scaled = np.log(self.bounds) if self.logarithmic else self.bounds
        found: Floats = (scaled - scaled[0]) / (scaled[-1] - scaled[0])
        return found

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Round numbers on the axis, four to seven of them where that can be."""
        low, high = float(self.bounds[0]), float(self.bounds[-1])
        if self.logarithmic:
            return _decade_ticks(low, high)
        step = _round_step((high - low) / 4)
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        return tuple(
            Tick(position=(i * step - low) / (high - low), label=amount(round(i * step, 12)))
            for i in range(first, last + 1)
        )


def choose_axis(pair: NumericPair) -> Axis:
    """Choose the axis on which most of the reference can be read.

    The ends are the reference's 0.5% and 99.5% quantiles, so that a long tail does not
    squash the body; what lies beyond is for the bars at the ends. Positive values over more
    than three decades get a logarithmic axis; where other tails are long, the axis keeps to
    the neighbourhood of the middle half.

    Args:
        pair: A feature of which at least one window holds values.
    """
    source = pair if pair.reference.n_values else _swapped(pair)
    levels = np.array([0.005, 0.25, 0.75, 0.995])
    found = np.clip(source.quantiles(levels)[0], -_LARGEST, _LARGEST)
    found[np.abs(found) < _SMALLEST] = 0.0
    low, first, third, high = map(float, found)
    low_positive = _least_positive(source, low)
    squashed = 0 < third - first < _BODY * (high - low)
    if low_positive > 0 and high / low_positive > 10**_DECADES:
        return _logarithmic(low_positive, high)
    if squashed and low > 0 and high / low > 30:
        return _logarithmic(low, high)
    if squashed:
        low = max(low, first - _WIDTHS_AROUND * (third - first))
        high = min(high, third + _WIDTHS_AROUND * (third - first))
    return _linear(low, high, source.edges)


def _swapped(pair: NumericPair) -> NumericPair:
    return type(pair)(reference=pair.current, current=pair.reference, edges=pair.edges)


def _least_positive(pair: NumericPair, low: float) -> float:
    """Return where the positive values begin if there are none below zero, else 0."""
    if low > 0:
        return low
    smallest = pair.reference.minimum
    if smallest is None or smallest < 0:
        return 0.0
    at_zero = pair.atom(0.0)[0]
    level = at_zero + 0.005 * (1 - at_zero)
    found = float(pair.quantiles(np.array([level]))[0][0])
    return found if found >= _SMALLEST else 0.0


def _logarithmic(low: float, high: float) -> Axis:
    beyond = float(np.nextafter(high, np.inf))  # the last bin takes in the value at its end
    logs: Floats = np.linspace(math.log(low), math.log(beyond), MOST_BINS + 1)
    bounds: Floats = np.exp(logs)
    bounds[0], bounds[-1] = low, beyond
    return Axis(bounds=bounds, logarithmic=True)


def _linear(low: float, high: float, edges: Floats) -> Axis:
    """Cut a range into equal bins; whole numbers never share a bin unevenly."""
    step = _grain(edges[(edges >= low) & (edges <= high)])
    size = max(abs(low), abs(high))
    if high - low <= size * _SAME:
        half = size / 2 or 0.5
        return Axis(bounds=np.array([low - half, high + half]), logarithmic=False)
    if step and (high - low) / step <= _MOST_STEPS:
        steps = max(1, math.ceil(((high - low) / step + 1) / MOST_BINS))
        n_bins = math.ceil(((high - low) / step + 1) / steps)
        bounds = low - step / 2 + step * steps * np.arange(n_bins + 1, dtype=np.float64)
        return Axis(bounds=bounds, logarithmic=False)
    beyond = float(np.nextafter(high, np.inf))  # the last bin takes in the value at its end
    even: Floats = np.linspace(low, beyond, MOST_BINS + 1)
    return Axis(bounds=even, logarithmic=False)


def _grain(edges: Floats) -> float:
    """Return the step of which all distances between edges are multiples, or 0."""
    if edges.size < 2:
        return 0.0
    distances = np.diff(edges)
    step = float(distances.min())
    if step * _MOST_STEPS < float(distances.max()):
        return 0.0
    multiples = distances / step
    even = bool(np.allclose(multiples, np.round(multiples), atol=1e-3))
    return step if even else 0.0


def _round_step(rough: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at most the rough one."""
    power = 10.0 ** math.floor(math.log10(rough))
    return power * max(factor for factor in (1, 2, 5) if factor * power <= rough * (1 + 1e-9))


def _decade_ticks(low: float, high: float) -> tuple[Tick, ...]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    every = max(1, math.ceil((last - first) / 6))
    powers = [10.0**i for i in range(first, last + 1, every)]
    if len(powers) < 3:
        powers = sorted(
            {
                factor * 10.0**i
                for i in range(first - 1, last + 1)
                for factor in (1, 2, 5)
                if low <= factor * 10.0**i <= high
            }
        )
    width = math.log(high / low)
    return tuple(Tick(position=math.log(p / low) / width, label=amount(p)) for p in powers)
