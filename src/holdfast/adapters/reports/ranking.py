"""Which of a feature's categories a reader sees: those that are large, and those that changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.adapters.reports.counted import Level
from holdfast.adapters.reports.spelling import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.adapters.reports.counted import CategoryPair

__all__ = ["Ranked", "ranked"]

MOST_LEVELS = 12
_MOST_FRESH = 4
_WORTH_A_BAR = 0.01  # share of the current values; smaller new categories are one bar together


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The categories worth a bar.

    Attributes:
        levels: By change, the largest first; those of the reference and new ones.
        fresh: Names of the new ones.
        others: What all categories left out add up to, or None if none is.
        unseen: All further new ones, or None if there is none.
    """

    levels: tuple[Level, ...]
    fresh: frozenset[str]
    others: Level | None
    unseen: Level | None


def ranked(pair: CategoryPair, *, most: int = MOST_LEVELS) -> Ranked:
    """Choose the categories to show, half by change and the rest by size.

    Args:
        pair: The feature.
        most: How many are shown by name.
    """
    levels = pair.levels
    by_change = sorted(levels, key=lambda level: -abs(level.change))
    shown = set(_names(by_change[: most // 2]))
    by_size = sorted(levels, key=lambda level: -max(level.before, level.after))
    for level in by_size:
        if len(shown) >= most:
            break
        shown.add(level.name)
    rest = [level for level in levels if level.name not in shown]
    fresh, unseen = _fresh(pair)
    kept = [level for level in by_change if level.name in shown]
    return Ranked(
        levels=tuple(sorted([*kept, *fresh], key=lambda level: -abs(level.change))),
        fresh=frozenset(_names(fresh)),
        others=_sum(rest) if rest else None,
        unseen=unseen,
    )


def _fresh(pair: CategoryPair) -> tuple[list[Level], Level | None]:
    """Return the large new categories by name, and what the others add up to."""
    everything, n = pair.unseen, max(1, pair.current.n_values)
    named = [
        Level(name=name, before=0.0, after=times / n)
        for name, times in pair.current.unseen[:_MOST_FRESH]
        if times >= _WORTH_A_BAR * n
    ]
    left = everything.after - sum(level.after for level in named)
    if everything.before == 0 and left * n < 0.5:
        return named, None
    name = "other new ones" if named else "new ones"
    return named, Level(name=name, before=everything.before, after=max(0.0, left))


def _names(levels: Sequence[Level]) -> list[str]:
    return [level.name for level in levels]


def _sum(levels: Sequence[Level]) -> Level:
    return Level(
        name=f"{count(len(levels), 'other')}",
        before=sum(level.before for level in levels),
        after=sum(level.after for level in levels),
    )
