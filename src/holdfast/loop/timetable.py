"""When a replay's windows begin and end, when their labels are known, and which row is when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import InputError
from holdfast.domain.windows import Reach, Unit, WindowSpec, since_1970

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Schedule", "Timeline", "schedule", "schedule_by_time"]

_LEAST_WINDOWS_OF_WARM_UP = 3
_SHARE_OF_WARM_UP = 0.2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICROSECOND


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Which rows are warm-up, which are windows, and when labels become known.

    Attributes:
        edges: The rows with which windows begin, from 0 on, those of the warm-up among
            them, and the row after the last; two that are equal enclose an empty window.
        n_warm_up: How many windows train the first model and are not scored.
        label_delay: Windows after which a window's labels are known; at least 1.
        moments: When each edge is; None for windows that are counted in rows.
        matured: Of each scored window, before which row the labels may be known when it
            closes, where labels have times of their own; None: the delay says it.
    """

    edges: tuple[int, ...]
    n_warm_up: int
    label_delay: int = 1
    moments: tuple[datetime, ...] | None = None
    matured: tuple[int, ...] | None = None

    @property
    def warm_up(self) -> int:
        """Rows that train the first model and are not scored."""
        return self.edges[self.n_warm_up]

    @property
    def n_windows(self) -> int:
        """Windows after the warm-up; a rest is dropped."""
        return len(self.edges) - 1 - self.n_warm_up

    @cached_property
    def window(self) -> int:
        """Rows of a window that has any; the middle one, where they differ."""
        scored = pairwise(self.edges[self.n_warm_up :])
        return max(1, int(median(end - start for start, end in scored if end > start)))

    @property
    def length(self) -> timedelta | None:
        """How long a window lasts; None where it is counted in rows."""
        return None if self.moments is None else self.moments[-1] - self.moments[-2]

    def bounds(self, index: int) -> tuple[int, int]:
        """Return the first row of a window and the row after its last."""
        first = self.n_warm_up + index
        return self.edges[first], self.edges[first + 1]

    def known(self, index: int) -> int:
        """Return before which row labels are known when window `index` has closed."""
        if self.matured is not None:
            return self.matured[index]
        return self.edges[max(0, self.n_warm_up + index + 2 - self.label_delay)]

    def period(self, index: int) -> tuple[datetime, datetime] | None:
        """Return from when to when a window goes; None where it is counted in rows."""
        if self.moments is None:
            return None
        first = self.n_warm_up + index
        return self.moments[first], self.moments[first + 1]

    def timeline(self, window: timedelta) -> Timeline:
        """Return when each row is.

        Args:
            window: The length of time that a window of rows stands for; one that has times
                of its own keeps them.
        """
        if self.moments is not None:
            return Timeline(self.edges, self.moments)
        return Timeline(self.edges, [_EPOCH + k * window for k in range(len(self.edges))])


class Timeline:
    """Which moment a row stands for, and which row a moment: windows are evenly filled.

    Args:
        edges: Rows with which windows begin, not falling, and the row after the last.
        moments: When each of these is, rising.

    >>> hours = Timeline([0, 100, 200], [_EPOCH + k * timedelta(hours=1) for k in range(3)])
    >>> hours.moment(150)
    datetime.datetime(1970, 1, 1, 1, 30, tzinfo=datetime.timezone.utc)
    >>> hours.row(hours.moment(150))
    150
    """

    def __init__(self, edges: Sequence[int], moments: Sequence[datetime]) -> None:
        self._edges = np.array(edges, dtype=np.float64)
        self._since = np.array([since_1970(moment) for moment in moments], dtype=np.float64)

    def moment(self, row: int) -> datetime:
        """Return the time that a row stands for; one at an edge is its window's start."""
        # The first of equal edges: after empty windows, the end of the one that had rows.
        k = int(np.searchsorted(self._edges, row, side="left"))
        if k in {0, self._edges.size} or self._edges[k] == row:
            since = self._since[min(k, self._since.size - 1)]
        else:
            part = (row - self._edges[k - 1]) / (self._edges[k] - self._edges[k - 1])
            since = self._since[k - 1] + part * (self._since[k] - self._since[k - 1])
        return _EPOCH + round(float(since)) * _MICROSECOND

    def row(self, moment: datetime) -> int:
        """Return the row that stands for a moment, or the first one after it."""
        return round(float(np.interp(since_1970(moment), self._since, self._edges)))


def schedule(n: int, *, window: int, label_delay: int) -> Schedule:
    """Divide `n` rows into warm-up and windows.

    Args:
        n: Rows of the history.
        window: Rows of a window.
        label_delay: Windows after which labels are known.

    Raises:
        InputError: If a number makes no sense, or nothing is left after the warm-up.

    >>> timing = schedule(18_159, window=1_000, label_delay=1)
    >>> timing.warm_up, timing.window, timing.n_windows
    (3000, 1000, 15)
    """
    _refuse_nonsense(window, label_delay)
    n_warm_up = max(_LEAST_WINDOWS_OF_WARM_UP, int(_SHARE_OF_WARM_UP * n / window))
    if n // window <= n_warm_up:
        raise InputError(
            f"{n} rows are too few for windows of {window}: {n_warm_up * window} train the first "
            "model and at least one window must follow. Choose a smaller --window."
        )
    edges = tuple(range(0, n // window * window + 1, window))
    return Schedule(edges=edges, n_warm_up=n_warm_up, label_delay=label_delay)


def schedule_by_time(
    times: NDArray[np.datetime64], *, window: timedelta, label_delay: int
) -> Schedule:
    """Divide dated rows into windows of equal length; they begin at multiples since 1970 UTC.

    Rows before the first whole window join the warm-up, those after the last are dropped. A
    window without rows is a window all the same.

    Args:
        times: When each row was, UTC, rising, shape ``(n,)``.
        window: Length of a window.
        label_delay: Windows after which labels are known.

    Raises:
        InputError: If a number makes no sense, or nothing is left after the warm-up.
        WindowError: If there would be more windows than anybody can look at.
    """
    length = window // _MICROSECOND
    _refuse_nonsense(length, label_delay)
    since = times.astype("datetime64[us]").astype(np.int64)
    dates_alone = len(since) > 0 and not np.any(since % _DAY)
    reach = Reach(
        first=int(since[0]) if len(since) else 0,
        last=int(since[-1]) if len(since) else 0,
        grain=_DAY if dates_alone else 1,
    )
    spans = list(WindowSpec(unit=Unit.TIME, length=length, step=length).spans(reach))
    n_warm_up = max(_LEAST_WINDOWS_OF_WARM_UP, int(_SHARE_OF_WARM_UP * len(spans)))
    if len(spans) <= n_warm_up:
        raise InputError(
            f"The rows fill {len(spans)} whole windows of that length: {n_warm_up} train the "
            "first model and at least one must follow. Choose a shorter --window."
        )
    starts = [span.start for span in spans] + [spans[-1].end]
    edges = [int(row) for row in np.searchsorted(since, starts, side="left")]
    return Schedule(
        edges=(0, *edges[1:]),
        n_warm_up=n_warm_up,
        label_delay=label_delay,
        moments=tuple(_EPOCH + start * _MICROSECOND for start in starts),
    )


def _refuse_nonsense(window: int, label_delay: int) -> None:
    if window < 1 or label_delay < 1:
        raise InputError(
            f"--window and --label-delay must be at least 1; found {window} and {label_delay}."
        )
