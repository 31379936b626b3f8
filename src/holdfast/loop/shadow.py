"""How a challenger scores the rows that were answered, off the request path."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from holdfast.domain.errors import HoldfastError
from holdfast.domain.ids import PredictionId, uuid7
from holdfast.domain.predictions import Prediction, Role
from holdfast.loop.canary import scores_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from holdfast.domain.ids import ModelVersion
    from holdfast.domain.predictions import PredictionRequest
    from holdfast.loop.swap import Champion, ServedChallenger
    from holdfast.ports.prediction_log import LogBatch, PredictionLog

__all__ = ["Shadow"]

_MOST_WAITING = 20_000  # rows: some MB; a shadow that falls behind must not fill the memory
_MOST_AT_ONCE = 200  # rows in one commit: answers wait for the store's lock as long as it takes
_LAST_SECONDS = 2.0  # that a server which stops lets its shadow finish
_REST = 0.25  # seconds between two commits, in which rows gather: each holds the store's lock
_SHORT_REST = 0.05  # where as many wait already as go into one

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Row:
    challenger: ServedChallenger
    request: PredictionRequest
    answer: Prediction


class Shadow:
    """A bounded queue of answered rows and one thread that has a challenger score them.

    Whoever answers only puts rows in. What finds no room, or cannot be scored or logged, is
    counted and never asked for again: nobody waits for a shadow, and no request fails by it.

    Args:
        champion: Says who stands beside it.
        log: Where a shadow's scores are written, durably, with the role `shadow`.
        most_waiting: Rows that wait at most.
        on_rows: Told of rows that were scored and logged, or dropped: ``scored`` or
            ``dropped``, and how many.
    """

    def __init__(
        self,
        champion: Champion,
        log: PredictionLog,
        *,
        most_waiting: int = _MOST_WAITING,
        on_rows: Callable[[str, int], None] = lambda _fate, _n: None,
    ) -> None:
        self._champion, self._log, self._most_waiting = champion, log, most_waiting
        self._on_rows = on_rows
        self._rows: deque[_Row] = deque()
        self._lock = threading.Lock()
        self._wakes = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._n_scored = self._n_dropped = 0
        self._untold: dict[ModelVersion, int] = {}  # dropped rows that the store does not know of

    @property
    def n_waiting(self) -> int:
        """Rows that wait to be scored."""
        return len(self._rows)

    @property
    def n_scored(self) -> int:
        """Rows scored and logged since the start."""
        return self._n_scored

    @property
    def n_dropped(self) -> int:
        """Rows that should have been scored since the start and were not."""
        return self._n_dropped

    def offer(self, batches: Sequence[LogBatch], outcomes: Sequence[object]) -> None:
        """Take rows that were just answered, if a shadow stands beside the champion.

        Args:
            batches: As they were given to the log.
            outcomes: What the log returned for each: answers, or an error.
        """
        served = self._champion.now()  # almost always without one: this runs behind every answer
        challenger = None if served is None else served.challenger
        if served is None or challenger is None or challenger.stage.answers:
            return
        rows = [
            _Row(challenger, request, prediction)
            for batch, answers in zip(batches, outcomes, strict=True)
            # Of a request that began before a swap, the challenger is not this one.
            if batch.contract is served.contract and isinstance(answers, tuple)
            for request, prediction, answer in zip(
                batch.requests, batch.predictions, answers, strict=True
            )
            if answer.prediction_id == prediction.prediction_id  # else given again
        ]
        fit: list[_Row] = []
        dropped: list[_Row] = []
        for row in rows:
            (fit if challenger.takes(row.request.values) else dropped).append(row)
        with self._lock:
            room = max(self._most_waiting - len(self._rows), 0)
            self._rows.extend(fit[:room])
        self._drop(dropped + fit[room:])
        self._wakes.set()

    def start(self) -> None:
        """Start the thread; a shadow starts once."""
        self._thread.start()

    def stop(self, *, seconds: float = _LAST_SECONDS) -> None:
        """Let what waits be scored for a while, count the rest as dropped, and end."""
        if not self._thread.is_alive():
            return
        self._stopping.set()
        self._wakes.set()
        self._thread.join(seconds)
        with self._lock:
            left = list(self._rows)
            self._rows.clear()
        self._drop(left)
        self._thread.join(seconds)
        self._tell()

    def _run(self) -> None:
        while True:
            self._wakes.wait()
            self._wakes.clear()
            while rows := self._taken():
                self._work(rows)
                behind = len(self._rows) >= _MOST_AT_ONCE
                self._stopping.wait(_SHORT_REST if behind else _REST)
            self._tell()
            if self._stopping.is_set():
                return

    def _taken(self) -> list[_Row]:
        """Remove rows of one challenger from the queue, oldest first."""
        with self._lock:
            taken: list[_Row] = []
            while self._rows and len(taken) < _MOST_AT_ONCE:
                if taken and self._rows[0].challenger is not taken[0].challenger:
                    break
                taken.append(self._rows.popleft())
        return taken

    def _work(self, rows: Sequence[_Row]) -> None:
        challenger = rows[0].challenger
        try:
            scores = scores_of(challenger.served, [row.request for row in rows])
        except Exception as error:  # noqa: BLE001 - whatever a new model raises, its thread goes on
            challenger.troubles.add(len(rows))
            self._drop(rows)
            _log.error("shadow_failed", n_rows=len(rows), problem=type(error).__name__)
            return
        try:
            self._log.append(
                challenger.served.contract,
                # The client's own id was used up by the answer.
                [replace(row.request, request_id=None) for row in rows],
                [_scored(row, score) for row, score in zip(rows, scores, strict=True)],
            )
        except HoldfastError as error:
            self._drop(rows)
            _log.warning("shadow_not_logged", n_rows=len(rows), problem=type(error).__name__)
        else:
            self._on_rows("scored", len(rows))
            self._n_scored += len(rows)

    def _drop(self, rows: Sequence[_Row]) -> None:
        if not rows:
            return
        with self._lock:
            self._n_dropped += len(rows)
            for row in rows:
                version = row.challenger.served.record.version
                self._untold[version] = self._untold.get(version, 0) + 1
        self._on_rows("dropped", len(rows))

    def _tell(self) -> None:
        """Add dropped rows to the store's count; what it does not take is told again later."""
        with self._lock:
            untold, self._untold = self._untold, {}
        for version, n in untold.items():
            try:
                self._log.count_dropped(version, n)
            except HoldfastError as error:
                _log.warning("shadow_drops_not_counted", problem=type(error).__name__)
                with self._lock:
                    self._untold[version] = self._untold.get(version, 0) + n


def _scored(row: _Row, score: float) -> Prediction:
    served, answer = row.challenger.served, row.answer
    threshold = served.contract.threshold
    return Prediction(
        prediction_id=PredictionId(uuid7(answer.predicted_at)),
        model_version=served.record.version,
        score=score,
        positive=score >= threshold,
        threshold=threshold,
        predicted_at=answer.predicted_at,  # it would have answered then
        role=Role.SHADOW,
        answered_id=answer.prediction_id,
    )
