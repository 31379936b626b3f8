"""What one month (or the training set) really is: its customers, its feed and its outcomes.

Traffic and truth are two views of the same cohort; only the first may reach the loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.scenarios.telecom.churn import churn_probability
from holdfast.scenarios.telecom.population import draw_customers
from holdfast.scenarios.telecom.schema import FEATURES, NULLABLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.scenarios.telecom.population import Columns
    from holdfast.scenarios.telecom.world import World

__all__ = ["TRAINING", "Cohort", "draw_cohort", "stream"]

TRAINING = 0  # the training set's part number; the months count from 1

_CUSTOMERS, _FEED, _OUTCOMES = range(3)  # each has randomness of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The customers of one part of the story, with what becomes of them."""

    customer_ids: tuple[str, ...]
    columns: Columns  # complete, as the customers really are
    sent: Columns  # as the feed sends them, before what it loses
    missing: dict[str, NDArray[np.bool_]]  # what the feed fails to deliver, by column
    probability: NDArray[np.float64]  # of leaving, shape (n,)
    churned: NDArray[np.bool_]  # whether they did, shape (n,)

    def delivered(self) -> dict[str, list[Any]]:
        """Return every feature as the feed delivers it: plain values, None for missing."""
        return {name: self._delivered(name) for name in FEATURES}

    def _delivered(self, name: str) -> list[Any]:
        values: list[Any] = self.sent[name].tolist()
        if name in self.missing:
            for index in np.flatnonzero(self.missing[name]).tolist():
                values[index] = None
        return values


def draw_cohort(seed: int, part: int, world: World, n: int) -> Cohort:
    """Draw one part of the story; the same arguments give the same cohort, in any order.

    Args:
        seed: The story's seed.
        part: `TRAINING`, or the number of a month.
        world: What holds in that part.
        n: How many customers.
    """
    customers, outcomes = stream(seed, part, _CUSTOMERS), stream(seed, part, _OUTCOMES)
    columns = draw_customers(customers, world, n)
    probability = churn_probability(columns, world, customers.standard_normal(n))
    return Cohort(
        customer_ids=tuple(f"C{part:02d}-{number:06d}" for number in range(1, n + 1)),
        columns=columns,
        sent=_sent(columns, world),
        missing=_missing(stream(seed, part, _FEED), world, n),
        probability=probability,
        churned=outcomes.random(n) < probability,
    )


def stream(seed: int, part: int, purpose: int) -> np.random.Generator:
    """Return the randomness for one purpose in one part, independent of every other."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(part, purpose)))


def _sent(columns: Columns, world: World) -> Columns:
    """Return the columns as the feed words them: what is stuck repeats its first value."""
    stuck = {name: np.full_like(columns[name], columns[name][0]) for name in world.stuck}
    scaled = {name: np.round(columns[name] * factor, 2) for name, factor in world.units}
    return columns | stuck | scaled


def _missing(rng: np.random.Generator, world: World, n: int) -> dict[str, NDArray[np.bool_]]:
    missing = {name: rng.random(n) < share for name, share in NULLABLE.items()}
    # One feed carries usage and calls: where it breaks, both are gone from the same rows.
    broken = rng.random(n) < world.broken_share
    for name in ("data_gb", "support_calls"):
        missing[name] |= broken
    return missing
