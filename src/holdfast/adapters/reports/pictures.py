"""The picture of one feature: both windows overlaid, readable at any width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from holdfast.adapters.reports.axis import Tick
from holdfast.adapters.reports.counted import CategoryPair, Level, NumericPair, Spot
from holdfast.adapters.reports.histogram import histogram, single_values
from holdfast.adapters.reports.ranking import ranked
from holdfast.adapters.reports.spelling import LONGEST_TIP, amount, share, shares, visible
from holdfast.adapters.reports.svg import Column, columns, paired_bar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.adapters.reports.counted import Pair
    from holdfast.adapters.reports.histogram import Histogram

__all__ = ["Bar", "Bars", "Curve", "EndLabel", "QuantileRow", "picture"]

_END = 0.055  # width of a bar at an end, as a share of the picture's
_NEAR, _CROWDED = 9.0, 24.0  # percent of the width between labels: on a large, a small screen
_SPACE = 0.02  # between such a bar and the body
_QUANTILES = {
    "smallest": 0.0,
    "5% are below": 0.05,
    "25% are below": 0.25,
    "median": 0.5,
    "75% are below": 0.75,
    "95% are below": 0.95,
    "largest": 1.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One value or category with its pair of bars."""

    name: str
    full_name: str
    before: str
    after: str
    change: str
    drawing: Markup
    quiet: bool = False  # no category of its own: the sum of others
    fresh: bool = False  # the reference never had it


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A table whose rows are drawn: for categories, and for numbers with few values."""

    what: str
    rows: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLabel:
    """What a bar at an end of the axis stands for."""

    name: str
    before: str
    after: str
    own_scale: bool  # too high for the picture's


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileRow:
    """One quantile in both windows."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A histogram with the words that belong to it."""

    drawing: Markup
    ticks: tuple[Tick, ...]
    end_ticks: tuple[Tick, ...]  # beneath the bars that stand apart
    crowded: frozenset[float]  # places of ticks that are too near to these on a small screen
    highest: str
    logarithmic: bool
    ends: tuple[EndLabel, ...]
    quantiles: tuple[QuantileRow, ...]


def picture(pair: Pair, *, identity: str, name: str) -> Bars | Curve | None:
    """Draw one feature; None if neither window holds a value.

    Args:
        pair: Its counts.
        identity: Unique on the page.
        name: The feature's, for readers who hear the picture.
    """
    if pair.reference.n_values + pair.current.n_values == 0:
        return None
    if isinstance(pair, CategoryPair):
        return _of_categories(pair)
    values = single_values(pair)
    if values is not None:
        return _of_values(values)
    return _of_numbers(pair, identity=identity, name=name)


def _of_categories(pair: CategoryPair) -> Bars:
    found = ranked(pair)
    # The sum of 688 small categories would dwarf each of them: it has no say in the scale.
    drawn = [*found.levels, *([] if found.unseen is None else [found.unseen])]
    longest = _longest(drawn)
    sums = [level for level in (found.unseen, found.others) if level is not None]
    rows = [_bar(level, longest, fresh=level.name in found.fresh) for level in found.levels]
    return Bars(
        what="category", rows=(*rows, *(_bar(level, longest, quiet=True) for level in sums))
    )


def _of_values(levels: list[Level]) -> Bars:
    longest = _longest(levels)
    return Bars(what="value", rows=tuple(_bar(level, longest) for level in levels))


def _longest(levels: list[Level]) -> float:
    return max((max(level.before, level.after) for level in levels), default=1.0) or 1.0


def _bar(level: Level, longest: float, *, quiet: bool = False, fresh: bool = False) -> Bar:
    before, after = shares(level.before, level.after)
    shown = visible(level.name)
    fits = max(level.before, level.after) <= longest
    return Bar(
        name=shown,
        full_name="" if shown == level.name else visible(level.name, longest=LONGEST_TIP),
        before=before,
        after=after,
        change=_points(level.change),
        drawing=paired_bar(level.before / longest, level.after / longest) if fits else Markup(),
        quiet=quiet,
        fresh=fresh,
    )


def _points(change: float) -> str:
    """Return a change of a share in percentage points, with its sign."""
    rounded = round(100 * change, 1)
    if rounded == 0:
        return "±0"
    return f"{rounded:+.1f}".replace("-", "−")


def _of_numbers(pair: NumericPair, *, identity: str, name: str) -> Curve:
    drawn = histogram(pair)
    left, right = _room(drawn)
    ends = _end_ticks(drawn)
    return Curve(
        drawing=columns(
            _groups(drawn, after=False),
            _groups(drawn, after=True),
            broken=_broken(drawn),
            identity=identity,
            title=f"Distribution of {visible(name)}",
            description=_described(pair, drawn),
        ),
        ticks=tuple(
            moved
            for tick in drawn.axis.ticks
            if _apart((moved := _moved(tick, left, right)).position, ends, _NEAR)
        ),
        end_ticks=tuple(ends),
        crowded=frozenset(
            moved.position
            for tick in drawn.axis.ticks
            if not _apart((moved := _moved(tick, left, right)).position, ends, _CROWDED)
        ),
        highest=share(drawn.highest),
        logarithmic=drawn.axis.logarithmic,
        ends=tuple(_end_label(end, drawn) for end in drawn.ends),
        quantiles=_quantile_rows(pair),
    )


def _room(drawn: Histogram) -> tuple[float, float]:
    """Return where the body of the picture begins and ends, beside the bars at the ends."""
    n_left = (drawn.lower is not None) + (drawn.zeros is not None)
    n_right = drawn.upper is not None
    return n_left * (_END + _SPACE), 1 - n_right * (_END + _SPACE)


def _places(drawn: Histogram) -> list[tuple[float, Level]]:
    """Return where each bar that stands apart begins."""
    left = [end for end in (drawn.lower, drawn.zeros) if end is not None]
    places = [(i * (_END + _SPACE), end) for i, end in enumerate(left)]
    return places if drawn.upper is None else [*places, (1 - _END, drawn.upper)]


def _end_ticks(drawn: Histogram) -> list[Tick]:
    """Label the bars that stand apart, in short; beneath the picture they are told in words."""
    short = {
        id(drawn.lower): f"<{amount(float(drawn.axis.bounds[0]))}",
        id(drawn.zeros): "0",
        id(drawn.upper): f">{amount(float(drawn.axis.bounds[-1]))}",
    }
    return [Tick(position=_under(begin), label=short[id(end)]) for begin, end in _places(drawn)]


def _under(begin: float) -> float:
    """Return where a label is put beneath a bar, in percent; at the rims it keeps inside."""
    if begin == 0:
        return 0.0
    return 100.0 if begin == 1 - _END else round(100 * (begin + _END / 2), 1)


def _apart(position: float, ticks: list[Tick], least: float) -> bool:
    return all(abs(position - tick.position) >= least for tick in ticks)


def _groups(drawn: Histogram, *, after: bool) -> list[list[Column]]:
    """Return the columns of one window: ends apart, bins side by side."""
    left, right = _room(drawn)
    bounds = left + drawn.axis.positions * (right - left)
    heights = (drawn.after if after else drawn.before) / (drawn.highest or 1.0)
    apart = [
        [(begin, begin + _END, (end.after if after else end.before) / drawn.scale_of(end))]
        for begin, end in _places(drawn)
    ]
    return [list(zip(bounds[:-1], bounds[1:], heights, strict=True)), *apart]


def _broken(drawn: Histogram) -> list[tuple[float, float]]:
    return [
        (begin, begin + _END)
        for begin, end in _places(drawn)
        if drawn.scale_of(end) > drawn.highest
    ]


def _moved(tick: Tick, left: float, right: float) -> Tick:
    position = 100 * (left + tick.position * (right - left))
    return type(tick)(position=round(position, 1), label=tick.label)


def _end_label(end: Level, drawn: Histogram) -> EndLabel:
    before, after = shares(end.before, end.after)
    own = drawn.scale_of(end) > drawn.highest
    return EndLabel(name=end.name, before=before, after=after, own_scale=own)


def _quantile_rows(pair: NumericPair) -> tuple[QuantileRow, ...]:
    levels: NDArray[np.float64] = np.array(list(_QUANTILES.values()))
    before, after = ([_placed(spot) for spot in side] for side in pair.spots(levels))
    left, right = pair.reference, pair.current
    outer = [
        (_known(left.minimum), _known(right.minimum)),
        *zip(before[1:-1], after[1:-1], strict=True),
        (_known(left.maximum), _known(right.maximum)),
    ]
    return tuple(
        QuantileRow(name=name, before=one, after=other)
        for name, (one, other) in zip(_QUANTILES, outer, strict=True)
    )


def _placed(spot: Spot) -> str:
    ends = _known(spot.low), _known(spot.high)
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _known(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else amount(value)


def _described(pair: NumericPair, drawn: Histogram) -> str:
    (low, middle, high), after = (
        [_placed(spot) for spot in side] for side in pair.spots(np.array([0.05, 0.5, 0.95]))
    )
    scale = ", on a logarithmic axis" if drawn.axis.logarithmic else ""
    return (
        f"Reference: median {middle}, nine in ten between {low} and {high}. "
        f"Current: median {after[1]}, nine in ten between {after[0]} and {after[2]}{scale}."
    )
