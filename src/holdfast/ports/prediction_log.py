"""Where every answer is written down before it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa

    from holdfast.domain.contract import Contract
    from holdfast.domain.ids import ModelVersion, PredictionId
    from holdfast.domain.predictions import LoggedPrediction, Prediction, PredictionRequest
    from holdfast.domain.windows import Window

__all__ = ["LogBatch", "LogPage", "PredictionLog", "append_alone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBatch:
    """Rows that are logged all or none, with their answers, one for each."""

    contract: Contract  # that the rows' `values` follow
    requests: Sequence[PredictionRequest]
    predictions: Sequence[Prediction]

    def __post_init__(self) -> None:
        if len(self.requests) != len(self.predictions):
            raise ValueError(
                f"{len(self.requests)} requests, but {len(self.predictions)} predictions"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """A stretch of the log in the order of commits.

    `rows` has the columns of `PredictionLog.read`; `cursor` goes into the next call.
    """

    rows: pa.Table
    cursor: str


class PredictionLog(Protocol):
    """A durable, append-only log of predictions; one table per contract schema."""

    def prepare(self, contract: Contract) -> None:
        """Create the contract's table if it is absent (control plane, at registration)."""
        ...

    def append(
        self,
        contract: Contract,
        requests: Sequence[PredictionRequest],
        predictions: Sequence[Prediction],
    ) -> tuple[Prediction, ...]:
        """Write the batch in one transaction and return the answers to give.

        When it returns, the rows survive a crash of the process and of the machine.
        A request whose `request_id` was used before, with the same row, is answered by
        the *logged* prediction and writes nothing. Orphan labels that name a written
        prediction are joined to it. A shadow's row whose answer was erased meanwhile is
        not written.

        Args:
            contract: The contract that `values` follow.
            requests: The rows.
            predictions: The answers, one for each request.

        Raises:
            RequestConflictError: If a `request_id` was used for another row (nothing of
                the batch is written).
            StoreUnavailableError: If the write could not be made durable.
        """
        ...

    def append_each(self, batches: Sequence[LogBatch]) -> list[tuple[Prediction, ...] | Exception]:
        """Do as `append` with one batch after the other, in as few transactions as can be.

        Returns:
            For each batch its answers, or the error that refuses this batch alone: a
            RequestConflictError, also where the id was first used by a batch before it.

        Raises:
            StoreUnavailableError: If the batches could not be made durable.
        """
        ...

    def get(self, prediction_id: PredictionId) -> LoggedPrediction:
        """Return one prediction with its row and its label, if any.

        Raises:
            UnknownPredictionError: If no prediction has that id.
        """
        ...

    def read(self, contract: Contract, *, after: str | None, limit: int) -> LogPage:
        """Return the rows committed after a cursor, oldest commit first.

        Columns: `prediction_id`, `model_version`, `role`, `entity` (text), `score`
        (float64), `positive` (boolean), `predicted_at` (timestamp[us, UTC]), then the
        features in contract order (float64, boolean or text; null means missing).
        A row whose commit was not yet visible to one call is returned by a later one.
        Fewer than `limit` may come though there are more; the last page is empty.
        """
        ...

    def cursor_since(self, contract: Contract, moment: datetime) -> str:
        """Return the cursor from which `read` returns every row predicted since a moment.

        Older rows that were committed after the first of these come with them.
        """
        ...

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
        """Return the rows predicted within a window that were answered, in prediction order.

        Those of the champion and of a canary: all that clients asked, once. The columns of
        `read`; with `labels_known_at` only the rows whose label was observed and recorded at
        or before that moment, and the boolean columns `label` and `was_treated` after them,
        the latter null where nobody had said so by then. Rows of every contract with the same
        schema are included.

        With `negative_before`, rows that were predicted before it and have no label by
        `labels_known_at` come too, as negatives: often nobody says that nothing happened. A
        boolean column `label_assumed` at the end tells them; nothing is written, and a label
        that is recorded later counts from then on.

        With `shadow`, the rows that this version scored in shadow, in place of those; a
        label belongs to the answer that was given to the same row (`answered_id`).

        With `columns`, of the columns of `read` only these, which are no features, in the
        order of `read`: a tick asks no more of each window, and has it in a fraction of
        the time.
        """
        ...

    def count_dropped(self, version: ModelVersion, n: int) -> None:
        """Add to the rows that a shadow should have scored and did not; durable like a row.

        Raises:
            StoreUnavailableError: If it could not be made durable.
        """
        ...


def append_alone(
    log: PredictionLog,
    contract: Contract,
    requests: Sequence[PredictionRequest],
    predictions: Sequence[Prediction],
) -> tuple[Prediction, ...]:
    """Do as `PredictionLog.append`, by way of `append_each`."""
    batch = LogBatch(contract=contract, requests=requests, predictions=predictions)
    (answers,) = log.append_each([batch])
    if isinstance(answers, Exception):
        raise answers
    return answers
