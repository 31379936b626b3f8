"""The telecom itself: ask it for a training set, a month, or one day after the other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from holdfast.scenarios.telecom.cohort import TRAINING, Cohort, draw_cohort, stream
from holdfast.scenarios.telecom.labels import LabelArrival, LabelHabits, label_arrivals
from holdfast.scenarios.telecom.moments import moments_of_month, month_start
from holdfast.scenarios.telecom.story import YEAR, Chapter, worlds
from holdfast.scenarios.telecom.traffic import Day, MonthTraffic, Row, rows_of
from holdfast.scenarios.telecom.training import TrainingSet
from holdfast.scenarios.telecom.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Telecom"]

_MOMENTS, _LABELS = 100, 101  # purposes of randomness, apart from those of a cohort


@dataclass(frozen=True, slots=True, kw_only=True)
class Telecom:
    """A simulated telecom; the same arguments give the same bytes, month by month.

    Months are independent draws of the active customers, so that any of them can be had
    without the ones before it.

    Args:
        seed: What all randomness comes from.
        customers_per_month: Rows a month, each about another customer.
        start: The first day of the first month.
        story: What happens, one chapter a month.
        labels: How outcomes become known.

    >>> telecom = Telecom(seed=7, customers_per_month=100)
    >>> telecom.month(3).month, len(telecom.month(3).rows)
    (datetime.date(2025, 3, 1), 100)
    """

    seed: int
    customers_per_month: int = 3_000
    start: date = date(2025, 1, 1)
    story: tuple[Chapter, ...] = YEAR
    labels: LabelHabits = field(default_factory=LabelHabits)

    def __post_init__(self) -> None:
        if self.start.day != 1:
            raise ValueError(f"start must be the first of a month; found {self.start}")
        if self.customers_per_month < 1 or not self.story:
            raise ValueError("a telecom needs at least one customer a month and one chapter")

    @property
    def n_months(self) -> int:
        """How many months the story has."""
        return len(self.story)

    def first_day(self, number: int) -> date:
        """Return the first day of a month, counted from 1."""
        self._check(number)
        return month_start(self.start, number)

    def training_set(self, n: int = 12_000) -> TrainingSet:
        """Return n customers from before the first month, with their outcomes."""
        return TrainingSet.of(draw_cohort(self.seed, TRAINING, World(), n))

    def cohort(self, number: int) -> Cohort:
        """Return what a month really is; for the truth's side, never for the loop's."""
        self._check(number)
        world = worlds(self.story)[number - 1]
        return draw_cohort(self.seed, number, world, self.customers_per_month)

    def month(self, number: int) -> MonthTraffic:
        """Return a month's rows and their labels.

        Args:
            number: Counted from 1 to `n_months`.

        Raises:
            ValueError: If the story has no such month.
        """
        cohort, first_day = self.cohort(number), self.first_day(number)
        n = self.customers_per_month
        predicted_at = moments_of_month(stream(self.seed, number, _MOMENTS), first_day, n)
        labels = label_arrivals(
            stream(self.seed, number, _LABELS),
            self.labels,
            customer_ids=cohort.customer_ids,
            predicted_at=predicted_at,
            churned=cohort.churned,
        )
        return MonthTraffic(month=first_day, rows=rows_of(cohort, predicted_at), labels=labels)

    def days(self) -> Iterator[Day]:
        """Go through the story day by day, until the last label is known.

        A month is drawn when its first day is reached. After the last month follow days
        without rows, on which its last labels arrive.
        """
        pending: defaultdict[date, list[LabelArrival]] = defaultdict(list)
        on = self.start
        for number in range(1, self.n_months + 1):
            traffic = self.month(number)
            rows = _by_day(traffic.rows)
            for label in traffic.labels:
                pending[label.known_at.date()].append(label)
            while on < month_start(self.start, number + 1):
                yield Day(on=on, rows=tuple(rows[on]), labels=_arrived(pending, on))
                on += timedelta(days=1)
        while pending:
            yield Day(on=on, rows=(), labels=_arrived(pending, on))
            on += timedelta(days=1)

    def _check(self, number: int) -> None:
        if not 1 <= number <= self.n_months:
            raise ValueError(f"the story has months 1 to {self.n_months}; asked for {number}")


def _by_day(rows: tuple[Row, ...]) -> defaultdict[date, list[Row]]:
    by_day: defaultdict[date, list[Row]] = defaultdict(list)
    for row in rows:
        by_day[row.at.date()].append(row)
    return by_day


def _arrived(pending: dict[date, list[LabelArrival]], on: date) -> tuple[LabelArrival, ...]:
    """Take a day's labels out of those pending, in order of arrival over all months."""
    return tuple(sorted(pending.pop(on, []), key=lambda label: label.known_at))
