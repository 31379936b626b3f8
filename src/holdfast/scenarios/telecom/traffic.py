"""What the telecom sends: rows to score, and labels as they become known; never the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.scenarios.telecom.moments import aware

if TYPE_CHECKING:
    from datetime import date, datetime

    from holdfast.domain.contract import Value
    from holdfast.scenarios.telecom.cohort import Cohort
    from holdfast.scenarios.telecom.labels import LabelArrival
    from holdfast.scenarios.telecom.moments import Moments

__all__ = ["Day", "MonthTraffic", "Row", "rows_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One customer to score at one moment."""

    customer_id: str
    at: datetime  # aware UTC
    features: dict[str, Value]  # ready for JSON; None where the feed left it empty


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthTraffic:
    """A month's rows in order of time, and their labels in order of arrival.

    Labels of the last rows become known in the month that follows.
    """

    month: date  # its first day
    rows: tuple[Row, ...]
    labels: tuple[LabelArrival, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day: the rows to score, and the labels (of earlier rows) that become known."""

    on: date
    rows: tuple[Row, ...]
    labels: tuple[LabelArrival, ...]


def rows_of(cohort: Cohort, predicted_at: Moments) -> tuple[Row, ...]:
    """Return what the feed delivers of a cohort, row by row."""
    delivered = cohort.delivered()
    names = tuple(delivered)
    return tuple(
        Row(customer_id=customer_id, at=at, features=dict(zip(names, values, strict=True)))
        for customer_id, at, values in zip(
            cohort.customer_ids,
            aware(predicted_at),
            zip(*delivered.values(), strict=True),
            strict=True,
        )
    )
