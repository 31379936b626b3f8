"""What a retraining still lacks, how much of it, and when it can be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Maturing", "Shortage", "Wait", "maturing", "wait_for"]

_LONGEST = timedelta(days=3_650)  # beyond it a forecast from a week's traffic says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Maturing:
    """Predicted rows whose labels become mature at the same moment."""

    mature_at: datetime
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """Labelled rows that are there, and that are needed.

    Attributes:
        n_labels: Mature labelled rows.
        n_rarer: How many of them are of the rarer class.
        labels_needed: How many there must be.
        rarer_needed: The same of the rarer class.
    """

    n_labels: int
    n_rarer: int
    labels_needed: int
    rarer_needed: int

    @property
    def labels(self) -> int:
        """Labelled rows that are missing."""
        return max(0, self.labels_needed - self.n_labels)

    @property
    def rarer(self) -> int:
        """Rows of the rarer class that are missing."""
        return max(0, self.rarer_needed - self.n_rarer)

    def __bool__(self) -> bool:
        return bool(self.labels or self.rarer)

    def rows(self, *, label_share: float) -> float:
        """Return how many predicted rows would bring what is missing, on average.

        Args:
            label_share: Share of predicted rows that get a label, above 0.

        >>> Shortage(n_labels=400, n_rarer=80, labels_needed=750, rarer_needed=75).rows(
        ...     label_share=0.5
        ... )
        700.0
        """
        # Laplace's rule: a class that was not seen yet is rare, not impossible.
        of_rarer = (self.n_rarer + 1) / (self.n_labels + 2)
        return max(self.labels, self.rarer / of_rarer) / label_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Until when to wait; or why that cannot be told."""

    until: datetime | None
    why: str = ""  # of None


def maturing(
    rows: Mapping[datetime, int], *, bucket: timedelta, label_maturity: timedelta, now: datetime
) -> tuple[Maturing, ...]:
    """Return which of the rows are still too young for their labels, oldest first.

    Args:
        rows: How many were predicted in each bucket, by its start.
        bucket: Its length.
        label_maturity: The age at which a prediction's outcome is known.
        now: The tick's moment.

    >>> from datetime import UTC
    >>> day = timedelta(days=1)
    >>> start = datetime(2026, 3, 1, tzinfo=UTC)
    >>> rows, now = {start: 5, start + day: 7}, start + 2 * day
    >>> [one.n_rows for one in maturing(rows, bucket=day, label_maturity=day, now=now)]
    [7]
    """
    dated = ((start_at + bucket + label_maturity, n) for start_at, n in sorted(rows.items()))
    return tuple(Maturing(mature_at=at, n_rows=n) for at, n in dated if at > now and n > 0)


def wait_for(
    shortage: Shortage, awaited: Sequence[Maturing], *, label_share: float, now: datetime
) -> Wait:
    """Return when what is missing should be mature.

    First the rows that were predicted already are counted; if they will not do, more are
    taken to come as fast as these came.

    Args:
        shortage: What is missing; something is.
        awaited: Rows since the onset whose labels are not mature, in any order.
        label_share: Share of predicted rows that get a label, in [0, 1].
        now: The tick's moment.

    Returns:
        A moment after `now`, or none with the reason in words.
    """
    coming = sorted((one for one in awaited if one.mature_at > now), key=lambda one: one.mature_at)
    total = sum(one.n_rows for one in coming)
    if total == 0:
        return Wait(until=None, why="no rows that wait for their labels were predicted since")
    if label_share <= 0.0:
        return Wait(until=None, why="none of the rows that are old enough got a label")
    missing = shortage.rows(label_share=label_share)
    for one in coming:
        missing -= one.n_rows
        if missing <= 0:
            return Wait(until=one.mature_at)
    last_at = coming[-1].mature_at
    further = (missing / total) * (last_at - now).total_seconds()
    if further > _LONGEST.total_seconds():
        return Wait(until=None, why="at the present traffic it would take more than ten years")
    return Wait(until=last_at + timedelta(seconds=ceil(further)))
