"""What happens to the telecom, month by month, and what a good loop makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from holdfast.domain.evidence import Action
from holdfast.scenarios.telecom.schema import FEATURES
from holdfast.scenarios.telecom.world import CONTESTED, Mechanism, World

__all__ = [
    "YEAR",
    "Change",
    "Chapter",
    "ShiftKind",
    "broken_feed",
    "campaign",
    "competitor",
    "flex_contract",
    "price_rise",
    "stuck_feed",
    "summer",
    "unchanged",
    "unit_change",
    "worlds",
]

Change: TypeAlias = Callable[[World], World]
"""What a chapter does to the world that it finds."""


class ShiftKind(StrEnum):
    """What sort of change a month brings."""

    NONE = "none"
    COVARIATE = "covariate"  # features move, the mechanism does not
    UNSEEN_CATEGORY = "unseen_category"
    SEASONAL = "seasonal"
    CONCEPT = "concept"  # the mechanism moves, the features do not
    MISSINGNESS = "missingness"
    STUCK = "stuck"  # a feed repeats one value
    UNITS = "units"  # a feed sends another unit
    GRADUAL = "gradual"  # a little each month
    BENIGN = "benign"  # other customers, the same mechanism


def unchanged(world: World) -> World:
    """Leave the world as it is."""
    return world


def price_rise(factor: float = 1.12) -> Change:
    """Raise every monthly charge; nobody leaves for it."""
    return lambda world: replace(world, price_factor=world.price_factor * factor)


def flex_contract(share: float = 0.12) -> Change:
    """Move a share of all customers from month-to-month to a contract never seen before."""
    return lambda world: replace(world, flex_share=share)


def summer(*, usage_factor: float = 1.35, call_factor: float = 1.25) -> Change:
    """Make customers use more data and call the support line more often."""
    return lambda world: replace(world, usage_factor=usage_factor, call_factor=call_factor)


def competitor(mechanism: Mechanism = CONTESTED) -> Change:
    """Change why customers leave, and nothing that a feature shows."""
    return lambda world: replace(world, mechanism=mechanism)


def broken_feed(share: float = 0.70) -> Change:
    """Empty `data_gb` and `support_calls` in a share of the rows."""
    return lambda world: replace(world, broken_share=share)


def stuck_feed(name: str = "data_gb") -> Change:
    """Have the feed repeat one value of a column; the customers go on as before."""
    return lambda world: replace(world, stuck=(name,))


def unit_change(name: str = "monthly_charge", factor: float = 100.0) -> Change:
    """Have the feed send a column in another unit, such as cents; the customers do not change."""
    return lambda world: replace(world, units=((name, factor),))


def campaign(
    *,
    newcomer_share: float = 0.42,
    region_shares: tuple[float, ...] = (0.36, 0.20, 0.14, 0.12, 0.12, 0.06),
) -> Change:
    """Win customers who are new and live where the advertisements hang."""
    return lambda world: replace(world, newcomer_share=newcomer_share, region_shares=region_shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One month of the story: what changes on its first day, and the truth about it."""

    title: str
    what: str  # the change in plain words
    kind: ShiftKind = ShiftKind.NONE
    harmful: bool = False  # the scores of a model from before become worse
    expected: Action = Action.KEEP  # what a good loop decides
    change: Change = unchanged
    lasts: bool = False  # until the story's end, else for this month alone
    moves: tuple[str, ...] = ()  # the features whose distribution it moves

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.moves) - set(FEATURES)):
            raise ValueError(f"{self.title!r} moves {unknown}, which are no features")


def worlds(story: tuple[Chapter, ...]) -> tuple[World, ...]:
    """Return the world of each chapter: lasting changes add up, passing ones do not.

    >>> [world.price_factor for world in worlds(YEAR)[:4]]
    [1.0, 1.0, 1.12, 1.12]
    """
    lasting, told = World(), []
    for chapter in story:
        world = chapter.change(lasting)
        told.append(world)
        lasting = world if chapter.lasts else lasting
    return tuple(told)


YEAR = (
    Chapter(title="quiet", what="Nothing changes."),
    Chapter(title="quiet", what="Nothing changes."),
    Chapter(
        title="price rise",
        what="Every monthly charge rises by 12%, as it does everywhere; nobody leaves for it.",
        kind=ShiftKind.COVARIATE,
        expected=Action.ALERT,
        change=price_rise(),
        lasts=True,
        moves=("monthly_charge",),
    ),
    Chapter(title="quiet", what="Nothing new; the higher prices stay."),
    Chapter(
        title="new contract",
        what="A contract 'Flex' is sold; 12% of customers move to it from month-to-month.",
        kind=ShiftKind.UNSEEN_CATEGORY,
        expected=Action.ALERT,
        change=flex_contract(),
        lasts=True,
        moves=("contract",),
    ),
    Chapter(
        title="summer",
        what="Customers use 35% more data and call support 25% more often, for the month.",
        kind=ShiftKind.SEASONAL,
        expected=Action.ALERT,
        change=summer(),
        moves=("support_calls", "data_gb"),
    ),
    Chapter(
        title="competitor",
        what="A competitor pays exit fees and courts fibre: tenure and contracts stop holding.",
        kind=ShiftKind.CONCEPT,
        harmful=True,
        expected=Action.RETRAIN,
        change=competitor(),
        lasts=True,
    ),
    Chapter(title="quiet", what="Nothing new; the competitor's offer stays."),
    Chapter(
        title="feed broken",
        what="The usage feed delivers neither data_gb nor support_calls for 70% of rows.",
        kind=ShiftKind.MISSINGNESS,
        harmful=True,
        expected=Action.FIX_UPSTREAM,
        change=broken_feed(),
        moves=("support_calls", "data_gb"),
    ),
    Chapter(title="feed mended", what="The usage feed is whole again."),
    Chapter(
        title="campaign",
        what="Advertisements bring newer customers from the capital; they decide like all others.",
        kind=ShiftKind.BENIGN,
        expected=Action.ALERT,
        change=campaign(),
        # Everything that hangs on the tenure moves with it, if only by a little.
        moves=(
            "tenure",
            "contract",
            "monthly_charge",
            "total_charge",
            "partner",
            "plan_age",
            "region",
        ),
    ),
    Chapter(title="quiet", what="Nothing new; the campaign is over."),
)
"""The default year, January to December."""
