"""What a server measures of its own work: requests, commits, rows and labels, over all workers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from holdfast.domain.predictions import LabelFate
from holdfast.serving.cells import Tally
from holdfast.serving.exposition import Family, Sample, distribution

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.domain.predictions import LabelCounts

__all__ = ["Metrics"]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OF_SHADOWS = ("scored", "dropped")
_REQUEST_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_COMMIT_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """Counts of a server since it started; safe over threads.

    What a client chooses never becomes a label: routes are templates, methods are the
    usual ones or "other". So the number of series stays bounded.

    Args:
        tally: Where counts are kept; a memory of this process's own if absent.

    Attributes:
        started_at: Unix seconds.
    """

    def __init__(self, tally: Tally | None = None) -> None:
        self.started_at = time.time()
        self._tally = tally or Tally()

    def answered(self, method: str, route: str, status: str, seconds: float) -> None:
        """Count a request whose answer was sent.

        Args:
            method: As it was sent.
            route: A template, never the path itself.
            status: Of the answer.
            seconds: From the request's head to the answer's last byte.
        """
        known = method if method in _METHODS else "other"
        self._tally.add("requests", known, route, status)
        self._tally.observe("seconds", known, route, bounds=_REQUEST_BOUNDS, value=seconds)

    def committed(self, seconds: float, *, n_rows: int) -> None:
        """Count an append to the prediction log that became durable.

        Args:
            seconds: What the request waited for it.
            n_rows: Rows that were new; an answer given again is none.
        """
        self._tally.observe("commits", bounds=_COMMIT_BOUNDS, value=seconds)
        self._tally.add("rows", by=n_rows)

    def labelled(self, counts: LabelCounts) -> None:
        """Count labels that became durable, by what became of them."""
        for fate in LabelFate:
            n = getattr(counts, fate.value)
            if n:
                self._tally.add("labels", fate.value, by=n)

    def shadowed(self, fate: str, n: int) -> None:
        """Count answered rows that a shadow scored and logged, or that were dropped.

        Args:
            fate: ``scored`` or ``dropped``.
            n: How many.
        """
        self._tally.add("shadow", fate, by=n)

    def families(self) -> list[Family]:
        """Return what was counted so far, by all workers together."""
        sums = self._tally.sums()
        return [*_of_requests(sums), *_of_writes(sums)]


def _of_requests(sums: Mapping[tuple[str, ...], Sequence[float]]) -> list[Family]:
    return [
        Family(
            name="holdfast_http_requests_total",
            kind="counter",
            meaning="Requests answered, by route template and status.",
            samples=[
                Sample(vector[0], {"method": key[1], "route": key[2], "status": key[3]})
                for key, vector in sums.items()
                if key[0] == "requests"
            ],
        ),
        Family(
            name="holdfast_http_request_duration_seconds",
            kind="histogram",
            meaning="Seconds from a request's head to its answer's end.",
            samples=[
                sample
                for key, vector in sums.items()
                if key[0] == "seconds"
                for sample in distribution(
                    _REQUEST_BOUNDS, vector, {"method": key[1], "route": key[2]}
                )
            ],
        ),
    ]


def _of_writes(sums: Mapping[tuple[str, ...], Sequence[float]]) -> list[Family]:
    no_commits = [0.0] * (len(_COMMIT_BOUNDS) + 2)
    return [
        Family(
            name="holdfast_commit_duration_seconds",
            kind="histogram",
            meaning="Seconds that a request waited until its predictions were durable.",
            samples=distribution(_COMMIT_BOUNDS, sums.get(("commits",), no_commits), {}),
        ),
        Family(
            name="holdfast_predictions_logged_total",
            kind="counter",
            meaning="Rows made durable in the prediction log.",
            samples=[Sample(sums.get(("rows",), [0])[0], {})],
        ),
        Family(
            name="holdfast_labels_total",
            kind="counter",
            meaning="Labels recorded, by what became of them.",
            samples=[
                Sample(sums.get(("labels", fate.value), [0])[0], {"fate": fate.value})
                for fate in LabelFate
            ],
        ),
        Family(
            name="holdfast_shadow_rows_total",
            kind="counter",
            meaning="Answered rows that a shadow scored and logged, or that were dropped.",
            samples=[
                Sample(sums.get(("shadow", fate), [0])[0], {"fate": fate}) for fate in _OF_SHADOWS
            ],
        ),
    ]
