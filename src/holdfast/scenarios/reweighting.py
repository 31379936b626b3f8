"""Months of real rows whose drift is made by drawing some of them more often than others.

No cell is changed: each row is one of the data set's, with its own outcome. What drifts is how
often it comes, which is known exactly, and so is its truth.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from holdfast.scenarios.telecom.labels import LabelArrival
from holdfast.scenarios.telecom.moments import aware, moments_of_month, month_start
from holdfast.scenarios.telecom.traffic import Day, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from holdfast.domain.contract import Value

__all__ = ["STORY", "Act", "Reweighted", "weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One month: how far the draw leans, and what that means.

    Attributes:
        title: In two words.
        what: In a sentence.
        lean: How much more often rows of a high score come, whatever their outcome: the
            rows drift, the rule that leads from row to outcome does not.
        turn: How much more often rows come whose outcome contradicts their score: the rule
            drifts, the share of positives does not.
    """

    title: str
    what: str
    lean: float = 0.0
    turn: float = 0.0


_TURNED = Act(title="rule turned", what="Rows come that contradict the model.", turn=3.5)

STORY = (
    Act(title="quiet", what="Each row is as likely as any other."),
    Act(title="quiet", what="Each row is as likely as any other."),
    Act(title="other rows", what="Rows of a high score come more often.", lean=1.0),
    Act(title="quiet", what="Each row is as likely as any other."),
    _TURNED,
    _TURNED,
    _TURNED,
    _TURNED,
)
"""Eight months: rows that drift and do no harm, and then a rule that does."""


def weights(
    act: Act, scores: NDArray[np.float64], labels: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return how likely each row is to be drawn, summing to one.

    Args:
        act: How far the draw leans.
        scores: The first model's, shape ``(n,)``; only their order counts.
        labels: True where positive, shape ``(n,)``.

    >>> even = weights(Act(title="", what=""), np.array([0.1, 0.9]), np.array([False, True]))
    >>> even.tolist()
    [0.5, 0.5]
    """
    place = (np.argsort(np.argsort(scores, kind="stable")) + 0.5) / len(scores) - 0.5
    chance = np.exp(act.lean * place - act.turn * np.where(labels, 1.0, -1.0) * place)
    if act.turn:  # the share of positives stays
        for group in (labels, ~labels):
            chance[group] *= group.mean() / chance[group].sum()
    return np.asarray(chance / chance.sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reweighted:
    """A data set's rows as months of traffic, drawn with replacement.

    Attributes:
        rows: The features of each row, ready for JSON.
        labels: True where positive, shape ``(n,)``.
        words: The target's words for positive and negative.
        scores: The first model's, shape ``(n,)``.
        seed: Fixes the draw.
        rows_per_month: How many are drawn for each month.
        label_days: After so many days an outcome is known.
        start: The first day.
        story: What happens, one act a month.
    """

    rows: Sequence[Mapping[str, Value]]
    labels: NDArray[np.bool_]
    words: tuple[str, str]
    scores: NDArray[np.float64]
    seed: int
    rows_per_month: int
    label_days: int = 14
    start: date = date(2025, 1, 1)
    story: tuple[Act, ...] = STORY

    def drawn(self, number: int) -> NDArray[np.intp]:
        """Return which rows come in a month, in order of time; months count from 1."""
        chance = weights(self.story[number - 1], self.scores, self.labels)
        rng = np.random.default_rng([self.seed, number])
        return rng.choice(len(self.labels), size=self.rows_per_month, p=chance)

    def name(self, number: int, place: int) -> str:
        """Return whom a month's n-th row is about: each draw is somebody of its own."""
        return f"m{number:02}-{place:05}"

    def days(self) -> Iterator[Day]:
        """Go through the story day by day, to its last month's end."""
        pending: defaultdict[date, list[LabelArrival]] = defaultdict(list)
        for number in range(1, len(self.story) + 1):
            first = month_start(self.start, number)
            by_day = self._month(number, first, pending)
            on = first
            while on < month_start(self.start, number + 1):
                yield Day(on=on, rows=tuple(by_day[on]), labels=tuple(pending.pop(on, ())))
                on += timedelta(days=1)

    def _month(
        self, number: int, first: date, pending: defaultdict[date, list[LabelArrival]]
    ) -> defaultdict[date, list[Row]]:
        rng = np.random.default_rng([self.seed, number, 1])
        moments = aware(moments_of_month(rng, first, self.rows_per_month))
        by_day: defaultdict[date, list[Row]] = defaultdict(list)
        for place, (row, at) in enumerate(zip(self.drawn(number).tolist(), moments, strict=True)):
            name, known_at = self.name(number, place), at + timedelta(days=self.label_days)
            by_day[at.date()].append(Row(customer_id=name, at=at, features=dict(self.rows[row])))
            word = self.words[0] if self.labels[row] else self.words[1]
            pending[known_at.date()].append(
                LabelArrival(customer_id=name, predicted_at=at, label=word, known_at=known_at)
            )
        return by_day
