"""How a row becomes an answer: score, log durably, then answer; and why the score is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.ids import PredictionId, uuid7
from holdfast.domain.matrix import encode_rows
from holdfast.domain.predictions import Prediction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.domain.contract import Value
    from holdfast.domain.predictions import PredictionRequest
    from holdfast.loop.swap import ServedModel
    from holdfast.ports.clock import Clock
    from holdfast.ports.prediction_log import PredictionLog

__all__ = ["explain", "predict"]


def predict(
    served: ServedModel,
    log: PredictionLog,
    clock: Clock,
    requests: Sequence[PredictionRequest],
) -> tuple[Prediction, ...]:
    """Score rows and log them durably; what is returned is what the log says to answer.

    Args:
        served: The model that answers; it stays the same for the whole batch.
        log: Where the answers are written before they are given.
        clock: Gives the moment of the batch.
        requests: Validated rows, values in the order of `served.contract`.

    Returns:
        One answer for each request, in order. A request whose `request_id` was answered
        before gets that logged answer, which may be an earlier version's.

    Raises:
        RequestConflictError: If a `request_id` was used for another row; nothing is logged.
        StoreUnavailableError: If the batch could not be made durable; nothing is answered.
    """
    if not requests:
        return ()
    scores = served.model.score(encode_rows([r.values for r in requests], served.contract))
    now = clock.now()
    threshold = served.contract.threshold
    answers = tuple(
        Prediction(
            prediction_id=PredictionId(uuid7(now)),
            model_version=served.record.version,
            score=score,
            positive=score >= threshold,
            threshold=threshold,
            predicted_at=now,
        )
        for score in scores.tolist()
    )
    return log.append(served.contract, requests, answers)


def explain(served: ServedModel, rows: Sequence[Sequence[Value]]) -> tuple[dict[str, float], ...]:
    """Say for each row how its score changes when one feature is set to its typical value.

    A negative change means that the row's own value pushes the score up. All variants of
    all rows are scored as one batch of ``n * (features + 1)`` rows.

    Args:
        served: The model to ask.
        rows: Validated rows, values in contract order.

    Returns:
        For each row, each feature's change of P(y = 1), in [-1, 1]; 0.0 where the row
        has the typical value.
    """
    variants = [variant for row in rows for variant in _variants(row, served.typical)]
    scores = served.model.score(encode_rows(variants, served.contract))
    names = served.contract.names
    table = scores.reshape(len(rows), len(names) + 1)
    changes = table[:, 1:] - table[:, :1]
    return tuple(dict(zip(names, row, strict=True)) for row in changes.tolist())


def _variants(row: Sequence[Value], typical: Sequence[Value]) -> Iterator[tuple[Value, ...]]:
    yield tuple(row)
    for index, value in enumerate(typical):
        yield (*row[:index], value, *row[index + 1 :])
