"""A prediction log that says how long each commit took and how many rows it made durable."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from holdfast.ports.prediction_log import append_alone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa

    from holdfast.domain.contract import Contract
    from holdfast.domain.ids import ModelVersion, PredictionId
    from holdfast.domain.predictions import LoggedPrediction, Prediction, PredictionRequest
    from holdfast.domain.windows import Window
    from holdfast.loop.shadow import Shadow
    from holdfast.ports.prediction_log import LogBatch, LogPage, PredictionLog
    from holdfast.serving.metrics import Metrics

__all__ = ["TimedLog"]


class TimedLog:
    """`PredictionLog` around another one, whose appends it measures.

    Args:
        log: Where predictions are written.
        metrics: Told of each append that succeeded.
        shadow: Offered what was appended; None if there is nobody to score it again.
    """

    def __init__(
        self, log: PredictionLog, metrics: Metrics, *, shadow: Shadow | None = None
    ) -> None:
        self._log, self._metrics, self._shadow = log, metrics, shadow

    def append(
        self,
        contract: Contract,
        requests: Sequence[PredictionRequest],
        predictions: Sequence[Prediction],
    ) -> tuple[Prediction, ...]:
        """See `PredictionLog.append`."""
        return append_alone(self, contract, requests, predictions)

    def append_each(self, batches: Sequence[LogBatch]) -> list[tuple[Prediction, ...] | Exception]:
        """See `PredictionLog.append_each`."""
        before = time.perf_counter()
        outcomes = self._log.append_each(batches)
        seconds = time.perf_counter() - before
        # An answer given again has the id of the row that was logged then.
        n_rows = sum(
            answer.prediction_id == prediction.prediction_id
            for batch, answers in zip(batches, outcomes, strict=True)
            if not isinstance(answers, Exception)
            for answer, prediction in zip(answers, batch.predictions, strict=True)
        )
        self._metrics.committed(seconds, n_rows=n_rows)
        if self._shadow is not None:
            self._shadow.offer(batches, outcomes)
        return outcomes

    def prepare(self, contract: Contract) -> None:
        """See `PredictionLog.prepare`."""
        self._log.prepare(contract)

    def get(self, prediction_id: PredictionId) -> LoggedPrediction:
        """See `PredictionLog.get`."""
        return self._log.get(prediction_id)

    def read(self, contract: Contract, *, after: str | None, limit: int) -> LogPage:
        """See `PredictionLog.read`."""
        return self._log.read(contract, after=after, limit=limit)

    def cursor_since(self, contract: Contract, moment: datetime) -> str:
        """See `PredictionLog.cursor_since`."""
        return self._log.cursor_since(contract, moment)

    def window(
        self,
        contract: Contract,
        window: Window,
        *,
        labels_known_at: datetime | None = None,
        shadow: ModelVersion | None = None,
        negative_before: datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """See `PredictionLog.window`."""
        return self._log.window(
            contract,
            window,
            labels_known_at=labels_known_at,
            shadow=shadow,
            negative_before=negative_before,
            columns=columns,
        )

    def count_dropped(self, version: ModelVersion, n: int) -> None:
        """See `PredictionLog.count_dropped`."""
        self._log.count_dropped(version, n)
