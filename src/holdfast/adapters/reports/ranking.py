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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The categories worth a bar.

    Attributes:
        levels: By change, the largest first.
        others: What all categories left out add up to, or None if none is.
        unseen: What the reference's categories do not cover, or None if there is nothing.
    """

    levels: tuple[Level, ...]
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
    unseen = pair.unseen
    return Ranked(
        levels=tuple(level for level in by_change if level.name in shown),
        others=_sum(rest) if rest else None,
        unseen=unseen if unseen.before or unseen.after else None,
    )


def _names(levels: Sequence[Level]) -> list[str]:
    return [level.name for level in levels]


def _sum(levels: Sequence[Level]) -> Level:
    return Level(
        name=f"{count(len(levels), 'other')}",
        before=sum(level.before for level in levels),
        after=sum(level.after for level in levels),
    )
