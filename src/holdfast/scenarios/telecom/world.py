"""What can be different from one month to the next: the customers, the feed, the mechanism."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

__all__ = ["CONTESTED", "LOYAL", "Mechanism", "World", "blended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """Why customers leave: weights in log-odds, for the values a customer really has.

    A customer's log-odds are the weighted sum plus a mood that no column shows.
    """

    intercept: float
    month_to_month: float
    flex: float
    one_year: float
    two_year: float
    loyalty: float  # a factor of ln(1 + tenure)
    fiber: float
    no_internet: float
    long_fiber: float  # on fibre for more than three years
    charge: float  # for each 30 of monthly charge above 65, at the old prices
    support_call: float  # for each of the first five
    outage: float
    fiber_outage: float  # on top, where the line is fibre
    late_payment: float
    electronic_check: float
    paperless: float
    senior: float
    partner: float
    mood: float = 0.7  # standard deviation of what no column shows


LOYAL = Mechanism(
    intercept=-1.65,
    month_to_month=0.8,
    flex=0.6,
    one_year=-0.7,
    two_year=-1.7,
    loyalty=-0.5,
    fiber=0.75,
    no_internet=-0.7,
    long_fiber=0.0,
    charge=0.15,
    support_call=0.65,
    outage=0.2,
    fiber_outage=0.15,
    late_payment=0.4,
    electronic_check=0.45,
    paperless=0.15,
    senior=0.2,
    partner=-0.2,
)
"""The world of the training set: tenure and long contracts hold customers."""

CONTESTED = replace(
    LOYAL,
    intercept=-2.75,
    month_to_month=0.3,
    flex=0.3,
    one_year=0.2,
    two_year=-0.65,
    loyalty=0.0,
    fiber=1.0,
    no_internet=-1.0,
    long_fiber=0.9,
    charge=0.7,
)
"""A competitor pays the exit fee and courts fibre: contracts and tenure no longer hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """How customers are made up in one month, how they decide, and what the feed delivers.

    The default is the world of the training set.
    """

    price_factor: float = 1.0  # this month's prices over the old ones
    flex_share: float = 0.0  # of all customers, taken from those month to month
    usage_factor: float = 1.0  # on the data used
    call_factor: float = 1.0  # on the rate of support calls
    newcomer_share: float = 0.30  # joined lately
    senior_share: float = 0.17
    region_shares: tuple[float, ...] = (0.26, 0.20, 0.17, 0.16, 0.14, 0.07)
    broken_share: float = 0.0  # of rows in which the usage feed delivers nothing
    stuck: tuple[str, ...] = ()  # columns of which the feed repeats its first value for ever
    units: tuple[tuple[str, float], ...] = ()  # columns that the feed sends times a factor
    mechanism: Mechanism = LOYAL


def blended(first: Mechanism, second: Mechanism, share: float) -> Mechanism:
    """Return a mechanism between two: `share` of the way from the first to the second.

    >>> blended(LOYAL, CONTESTED, 0.0) == LOYAL
    True
    """
    between = {
        weight.name: (1.0 - share) * getattr(first, weight.name)
        + share * getattr(second, weight.name)
        for weight in fields(Mechanism)
    }
    return Mechanism(**between)
