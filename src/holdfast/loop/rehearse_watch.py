"""The monitors of a replay: buckets of rows, each shown once, as the live loop shows its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from holdfast.domain.windows import Window
from holdfast.drift.profile import profile
from holdfast.drift.scores import score_profile
from holdfast.policy.assessing import MonitorPolicy
from holdfast.policy.monitoring import Monitors

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.drift.sequential import Alarm
    from holdfast.loop.control import ControlPlan, Incumbent
    from holdfast.loop.rehearse import History

__all__ = ["PARTS", "Watch", "borders", "budgeted"]

PARTS = 10  # buckets of a window
_YEAR = timedelta(days=365.25)


def budgeted(plan: ControlPlan, *, dated: bool) -> ControlPlan:
    """Return a plan whose budget of false alarms is that of a replay.

    Its buckets are tenths of a window, and metrics are tested once a window.

    Args:
        plan: What the project wants of the loop.
        dated: Whether the plan's window is one of time; else alarms are counted by buckets.
    """
    of_rows, of_time = plan.sequential_by_rows, plan.sequential
    buckets = PARTS * (_YEAR / plan.window)
    sequential = replace(of_time, buckets_per_year=buckets) if dated else of_rows
    tests = MonitorPolicy.within(
        alarms_per_year=sequential.alarms_per_year,
        ticks_per_year=sequential.buckets_per_year / PARTS,
        weight=sequential.window_test_weight,
    )
    monitor = replace(plan.monitor, degradation=tests.degradation)
    return replace(plan, sequential=sequential, monitor=monitor)


def borders(start: int, end: int, *, parts: int = PARTS) -> list[int]:
    """Return where the buckets of a stretch begin, and the row after its last.

    A bucket holds at least one row.

    Args:
        start: The first row.
        end: The row after the last.
        parts: Into how many buckets it is divided, if it has as many rows.

    >>> borders(0, 25), borders(7, 9)
    ([0, 2, 5, 7, 10, 12, 15, 17, 20, 22, 25], [7, 8, 9])
    """
    return sorted({start + k * (end - start) // parts for k in range(parts + 1)})


class Watch:
    """A champion's monitors on replayed rows.

    Args:
        history: The stream.
        champion: Who is watched.
        plan: The budget of alarms.
        since: The first row that it scored.
        moment: When a row is.
    """

    def __init__(
        self,
        history: History,
        champion: Incumbent,
        plan: ControlPlan,
        *,
        since: int,
        moment: Callable[[int], datetime],
    ) -> None:
        self._history, self._champion, self._moment = history, champion, moment
        self._monitors = Monitors.of(
            champion.reference,
            champion.baseline,
            policy=plan.sequential,
            dispersion=champion.dispersion,
            prices=plan.prices,
        )
        self._state = self._monitors.start(moment(since))
        self._waiting: list[tuple[int, int]] = []  # buckets that were seen, and not learnt

    def see(self, start: int, end: int) -> tuple[Alarm, ...]:
        """Show the buckets of a window that closes.

        Args:
            start: Its first row.
            end: The row after its last.
        """
        alarms: list[Alarm] = []
        reference, matrix = self._champion.reference, self._history.matrix
        cells = reference.score_grid
        for first, after in pairwise(borders(start, end)):
            rows = self._history.features.slice(first, after - first)
            made = self._champion.model.score(matrix.take(slice(first, after)))
            counts = profile(
                rows,
                reference.grid,
                scores=None if cells is None else score_profile(made, cells),
            )
            self._state, found = self._monitors.see(self._state, self._bucket(first, after), counts)
            alarms.extend(found)
            self._waiting.append((first, after))
        return tuple(alarms)

    def learn(self, known: int, sound: NDArray[np.bool_]) -> tuple[Alarm, ...]:
        """Show the labels of the buckets that are mature now.

        Args:
            known: Before which row labels are known.
            sound: Which of those rows are labelled, and of no broken feed; shape ``(known,)``.
        """
        cells = self._champion.reference.score_grid
        mature = [each for each in self._waiting if each[1] <= known]
        self._waiting = self._waiting[len(mature) :]
        alarms: list[Alarm] = []
        for first, after in mature:
            kept = first + sound[first:after].nonzero()[0]
            if cells is None or kept.size == 0:
                continue
            scores = self._champion.model.score(self._history.matrix.take(kept))
            labels = self._history.labels[first:after][kept - first]
            labelled = score_profile(scores, cells, labels)
            bucket = self._bucket(first, after)
            self._state, found = self._monitors.learn(self._state, bucket, labelled)
            alarms.extend(found)
        return tuple(alarms)

    def _bucket(self, first: int, after: int) -> Window:
        return Window(start_at=self._moment(first), end_at=self._moment(after))
