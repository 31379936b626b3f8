"""When each outcome becomes known: those who leave are heard of first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from holdfast.scenarios.telecom.moments import DAY, aware
from holdfast.scenarios.telecom.schema import NEGATIVE, POSITIVE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from holdfast.scenarios.telecom.moments import Moments

__all__ = ["LabelArrival", "LabelHabits", "label_arrivals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelArrival:
    """One label, as it comes in: it may repeat or contradict an earlier one."""

    customer_id: str
    predicted_at: datetime  # of the row that it belongs to, aware UTC
    label: str  # the target's word
    known_at: datetime  # aware UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelHabits:
    """How long outcomes take to become known, and how untidily they arrive.

    A customer leaves within three weeks of the prediction, and the notice is known the
    same day; that one stays is known only when the bill after three weeks was paid.
    """

    leaving_days: tuple[float, float] = (3.0, 20.0)
    staying_days: tuple[float, float] = (20.0, 21.0)
    lost_share: float = 0.03  # never arrive, whatever the outcome
    duplicate_share: float = 0.005  # of those that arrive, said once more
    n_conflicting: int = 2  # a month: contradicted some days after the true one
    echo_days: tuple[float, float] = (1.0, 6.0)  # from a label to its echo

    def __post_init__(self) -> None:
        if not self.leaving_days[0] <= self.leaving_days[1] <= self.staying_days[0]:
            raise ValueError("whoever leaves must be heard of before whoever stays")


def label_arrivals(
    rng: np.random.Generator,
    habits: LabelHabits,
    *,
    customer_ids: Sequence[str],
    predicted_at: Moments,
    churned: NDArray[np.bool_],
) -> tuple[LabelArrival, ...]:
    """Return a month's labels in the order in which they become known.

    The first label of a row is always true; a conflicting one comes after it.

    Args:
        rng: The source of randomness.
        habits: How labels arrive.
        customer_ids: Whom the rows are about, length n.
        predicted_at: When they were predicted, shape ``(n,)``.
        churned: The outcomes, shape ``(n,)``.
    """
    days = _days_until_known(rng, habits, churned)
    arriving = np.flatnonzero(rng.random(churned.size) >= habits.lost_share)
    n_echoes = round(habits.duplicate_share * arriving.size) + habits.n_conflicting
    echoed = rng.permutation(arriving)[:n_echoes]
    echo_days = days[echoed] + rng.uniform(*habits.echo_days, echoed.size)

    rows = np.concatenate([arriving, echoed])
    said = churned[rows]
    contradicting = slice(arriving.size, arriving.size + habits.n_conflicting)
    said[contradicting] = ~said[contradicting]
    seconds = np.concatenate([days[arriving], echo_days]) * DAY
    known_at = predicted_at[rows] + seconds.astype("timedelta64[s]")
    order = np.argsort(known_at, kind="stable")
    return tuple(
        LabelArrival(
            customer_id=customer_ids[row],
            predicted_at=at,
            label=POSITIVE if churning else NEGATIVE,
            known_at=known,
        )
        for row, at, churning, known in zip(
            rows[order].tolist(),
            aware(predicted_at[rows[order]]),
            said[order].tolist(),
            aware(known_at[order]),
            strict=True,
        )
    )


def _days_until_known(
    rng: np.random.Generator, habits: LabelHabits, churned: NDArray[np.bool_]
) -> NDArray[np.float64]:
    leaving = rng.uniform(*habits.leaving_days, churned.size)
    staying = rng.uniform(*habits.staying_days, churned.size)
    return np.where(churned, leaving, staying)
