"""Which rows a retraining may learn from, and what each weighs: the windows that compete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]

__all__ = ["WINDOWS", "Past", "TrainingWindow", "training_windows"]

WINDOWS = ("recent", "all", "reference_and_recent", "decayed")

_LEAST_TRAIN = 100  # rows below which a training window is not worth a fit
_LEAST_CLASS = 10  # the same for the rarer class
_HALF_LIVES = 5  # what is older weighs under 1/32, and less than 1/32 of all in sum


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingWindow:
    """Rows to learn from.

    Attributes:
        name: ``recent``, ``all``, ``reference_and_recent`` or ``decayed``.
        rows: Their indices, rising.
        weights: What each weighs, in the order of `rows`; None weighs all alike.
    """

    name: str
    rows: NDArray[np.intp]
    weights: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """What is known of the rows of a retraining, which are in time order.

    Attributes:
        onset: First row of the changed world.
        half_life: Rows after which one counts half in the window ``decayed``; None if age
            is not to count.
        reference: Which rows the champion has learnt from, shape ``(n,)``; None if that is
            not known.
    """

    onset: int
    half_life: int | None = None
    reference: NDArray[np.bool_] | None = None

    def window(self, name: str, until: int) -> TrainingWindow:
        """Return the rows of a window before `until`: of fewer rows to be judged, of all for use.

        Args:
            name: Of the window.
            until: Index of the first row that must not be learnt from.
        """
        match name:
            case "recent":
                return TrainingWindow(name=name, rows=np.arange(self.onset, until))
            case "all":
                return TrainingWindow(name=name, rows=np.arange(until))
            case "reference_and_recent" if self.reference is not None:
                chosen = self.reference[:until] | (np.arange(until) >= self.onset)
                return TrainingWindow(name=name, rows=np.flatnonzero(chosen))
            case "decayed" if self.half_life:
                rows = np.arange(max(0, until - _HALF_LIVES * self.half_life), until)
                age = until - 1 - rows
                return TrainingWindow(name=name, rows=rows, weights=0.5 ** (age / self.half_life))
            case _:
                raise ValueError(f"these rows have no training window {name!r}")


def training_windows(
    labels: Labels, past: Past, *, until: int, names: Collection[str] = WINDOWS
) -> list[TrainingWindow]:
    """Return the windows that are worth a fit; ``all`` is taken if no other is.

    - ``recent``: rows since the change, if there was one.
    - ``all``: every row.
    - ``reference_and_recent``: the champion's own training rows and those since the change,
      without the rows between, if there are any: a change may take long to be noticed.
    - ``decayed``: the newest rows, each weighing half of one that is a half-life younger, if
      there are more of them than a half-life: for change that has no date.

    Args:
        labels: Of all rows, shape ``(n,)``; only those before `until` are looked at.
        past: What is known of the rows.
        until: Index of the first row that must not be learnt from.
        names: Of the windows that may compete.

    >>> rows = np.random.default_rng(0).random(3000) < 0.3
    >>> known = Past(onset=2500, half_life=1000, reference=np.arange(3000) < 2000)
    >>> [window.name for window in training_windows(rows, known, until=2800)]
    ['recent', 'all', 'reference_and_recent', 'decayed']
    """
    offered = (past.window(name, until) for name in _names(past, until) if name in names)
    windows = [
        window for window in offered if window.name == "all" or _is_worth_a_fit(labels, window)
    ]
    return windows or [past.window("all", until)]


def _names(past: Past, until: int) -> Iterator[str]:
    """Yield the windows that differ from each other."""
    if past.onset > 0:
        yield "recent"
    yield "all"
    if past.reference is not None:
        missed = ~past.reference[: min(past.onset, until)]
        if missed.any() and not missed.all() and past.onset < until:
            yield "reference_and_recent"
    if past.half_life and past.half_life < until:
        yield "decayed"


def _is_worth_a_fit(labels: Labels, window: TrainingWindow) -> bool:
    """Return whether enough rows of each class are left, old ones counted by their weight."""
    weights = np.ones(window.rows.size) if window.weights is None else window.weights
    positive = float(weights[labels[window.rows]].sum())
    in_all = float(weights.sum())
    return in_all >= _LEAST_TRAIN and min(positive, in_all - positive) >= _LEAST_CLASS
