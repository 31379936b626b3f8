"""What one server process measures of its own work: requests, commits, rows and labels."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from functools import partial
from typing import TYPE_CHECKING

from holdfast.domain.predictions import LabelFate
from holdfast.serving.exposition import Distribution, Family, Sample

if TYPE_CHECKING:
    from holdfast.domain.predictions import LabelCounts

__all__ = ["Metrics"]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_COMMIT_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """Counts of this process since it started; safe over threads.

    What a client chooses never becomes a label: routes are templates, methods are the
    usual ones or "other". So the number of series stays bounded.

    Attributes:
        started_at: Unix seconds.
    """

    def __init__(self) -> None:
        self.started_at = time.time()
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._seconds: defaultdict[tuple[str, str], Distribution] = defaultdict(
            partial(Distribution, _REQUEST_BOUNDS)
        )
        self._commits = Distribution(_COMMIT_BOUNDS)
        self._n_rows = 0
        self._labels = dict.fromkeys(LabelFate, 0)

    def answered(self, method: str, route: str, status: str, seconds: float) -> None:
        """Count a request whose answer was sent.

        Args:
            method: As it was sent.
            route: A template, never the path itself.
            status: Of the answer.
            seconds: From the request's head to the answer's last byte.
        """
        known = method if method in _METHODS else "other"
        with self._lock:
            self._requests[known, route, status] += 1
            self._seconds[known, route].observe(seconds)

    def committed(self, seconds: float, *, n_rows: int) -> None:
        """Count an append to the prediction log that became durable.

        Args:
            seconds: What the request waited for it.
            n_rows: Rows that were new; an answer given again is none.
        """
        with self._lock:
            self._commits.observe(seconds)
            self._n_rows += n_rows

    def labelled(self, counts: LabelCounts) -> None:
        """Count labels that became durable, by what became of them."""
        with self._lock:
            for fate in LabelFate:
                self._labels[fate] += getattr(counts, fate.value)

    def families(self) -> list[Family]:
        """Return what was counted so far."""
        with self._lock:
            return [*self._of_requests(), *self._of_writes()]

    def _of_requests(self) -> list[Family]:
        return [
            Family(
                name="holdfast_http_requests_total",
                kind="counter",
                meaning="Requests answered, by route template and status.",
                samples=[
                    Sample(n, {"method": method, "route": route, "status": status})
                    for (method, route, status), n in sorted(self._requests.items())
                ],
            ),
            Family(
                name="holdfast_http_request_duration_seconds",
                kind="histogram",
                meaning="Seconds from a request's head to its answer's end.",
                samples=[
                    sample
                    for (method, route), seconds in sorted(self._seconds.items())
                    for sample in seconds.samples({"method": method, "route": route})
                ],
            ),
        ]

    def _of_writes(self) -> list[Family]:
        return [
            Family(
                name="holdfast_commit_duration_seconds",
                kind="histogram",
                meaning="Seconds that a request waited until its predictions were durable.",
                samples=self._commits.samples({}),
            ),
            Family(
                name="holdfast_predictions_logged_total",
                kind="counter",
                meaning="Rows made durable in the prediction log.",
                samples=[Sample(self._n_rows, {})],
            ),
            Family(
                name="holdfast_labels_total",
                kind="counter",
                meaning="Labels recorded, by what became of them.",
                samples=[Sample(n, {"fate": fate.value}) for fate, n in self._labels.items()],
            ),
        ]
