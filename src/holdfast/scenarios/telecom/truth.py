"""What really happened, with dates: for scoring a demo, never for the loop to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.scenarios.telecom.schema import FEATURES

if TYPE_CHECKING:
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.evidence import Action
    from holdfast.scenarios.telecom.simulator import Telecom
    from holdfast.scenarios.telecom.story import ShiftKind

__all__ = ["Outcomes", "Truth", "moved_features", "outcomes", "truths"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The truth about one month."""

    month: date  # its first day, on which the change happens
    title: str
    kind: ShiftKind
    harmful: bool
    what: str
    expected: Action
    lasts: bool  # until the story's end, else for this month alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What became of every customer of a month, whether or not a label ever told."""

    customer_ids: tuple[str, ...]
    churned: NDArray[np.bool_]  # shape (n,)
    probability: NDArray[np.float64]  # the true one, shape (n,); the best possible score

    def by_customer(self) -> dict[str, bool]:
        """Return the outcomes keyed by customer."""
        return dict(zip(self.customer_ids, self.churned.tolist(), strict=True))


def truths(telecom: Telecom) -> tuple[Truth, ...]:
    """Return the truth about every month, in order."""
    return tuple(
        Truth(
            month=telecom.first_day(number),
            title=chapter.title,
            kind=chapter.kind,
            harmful=chapter.harmful,
            what=chapter.what,
            expected=chapter.expected,
            lasts=chapter.lasts,
        )
        for number, chapter in enumerate(telecom.story, start=1)
    )


def outcomes(telecom: Telecom, number: int) -> Outcomes:
    """Return the true outcome of every row of a month.

    Args:
        telecom: The telecom.
        number: The month, counted from 1.
    """
    cohort = telecom.cohort(number)
    return Outcomes(
        customer_ids=cohort.customer_ids, churned=cohort.churned, probability=cohort.probability
    )


def moved_features(telecom: Telecom, *, reference: int, current: int) -> tuple[str, ...]:
    """Return the features whose distribution truly differs between two parts of the story.

    A drift alarm on any other feature is a false one. A change that is in force in both
    parts moves nothing between them.

    Args:
        telecom: The telecom.
        reference: A month counted from 1, or 0 for the training set.
        current: Likewise.

    >>> from holdfast.scenarios.telecom import Telecom
    >>> moved_features(Telecom(seed=7), reference=0, current=5)
    ('contract', 'monthly_charge')
    """
    apart = _in_force(telecom, reference) ^ _in_force(telecom, current)
    moved = {name for number in apart for name in telecom.story[number - 1].moves}
    return tuple(name for name in FEATURES if name in moved)


def _in_force(telecom: Telecom, part: int) -> frozenset[int]:
    """Return the chapters, counted from 1, that shape a part of the story."""
    return frozenset(
        number
        for number, chapter in enumerate(telecom.story[:part], start=1)
        if chapter.lasts or number == part
    )
