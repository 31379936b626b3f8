"""How a row becomes an answer: score, log durably, then answer; and why the score is so."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.domain.errors import InvalidRowsError
from holdfast.domain.ids import PredictionId, uuid7s
from holdfast.domain.matrix import encode_rows
from holdfast.domain.predictions import Prediction
from holdfast.domain.stages import Stage
from holdfast.loop.canary import answered
from holdfast.ports.prediction_log import LogBatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from holdfast.domain.contract import Value
    from holdfast.domain.predictions import PredictionRequest
    from holdfast.loop.swap import ServedModel
    from holdfast.ports.clock import Clock
    from holdfast.ports.prediction_log import PredictionLog

__all__ = ["Asked", "explain", "predict", "predict_each"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Rows that one client asks about, and the model that answers, the same for all."""

    served: ServedModel
    requests: Sequence[PredictionRequest]  # validated, values in the order of its contract


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
    (answers,) = predict_each(log, clock, [Asked(served=served, requests=requests)])
    if isinstance(answers, Exception):
        raise answers
    return answers


def predict_each(
    log: PredictionLog, clock: Clock, asked: Sequence[Asked]
) -> list[tuple[Prediction, ...] | Exception]:
    """Answer requests that came at the same time: one run of the model, one durable write.

    Args:
        log: Where the answers are written before they are given.
        clock: Gives the moment of them all.
        asked: Requests of one client each, in the order in which they came.

    Returns:
        For each what `predict` would have returned or raised had it come alone, after
        those before it.

    Raises:
        StoreUnavailableError: If they could not be made durable; none is answered.
    """
    now = clock.now()
    scored = _scored(asked)
    batches = [
        LogBatch(
            contract=one.served.contract,
            requests=one.requests,
            predictions=answered(one.served, one.requests, _predictions(one.served, scores, now)),
        )
        for one, scores in zip(asked, scored, strict=True)
        if not isinstance(scores, Exception)
    ]
    logged = iter(log.append_each(batches))
    return [scores if isinstance(scores, Exception) else next(logged) for scores in scored]


def _scored(asked: Sequence[Asked]) -> list[list[float] | Exception]:
    """Score all rows of one model in one run, which costs little more than one row does."""
    together: dict[int, list[int]] = defaultdict(list)
    for place, one in enumerate(asked):
        together[id(one.served)].append(place)  # two only in the moment of a swap
    scored: list[list[float] | Exception] = [[] for _ in asked]
    for places in together.values():
        served = asked[places[0]].served
        rows = [request.values for place in places for request in asked[place].requests]
        try:
            scores = _scores(served, rows)
        except InvalidRowsError as refusal:
            if len(places) == 1:
                _count_failed(served, rows, len({issue.row for issue in refusal.issues}))
                scored[places[0]] = refusal
                continue
            # Some row has no score. Each request is told of its own rows, not of others'.
            for place in places:
                (scored[place],) = _scored([asked[place]])
            continue
        except Exception:  # whatever a model raises: it counts against it, and goes on
            _count_failed(served, rows, len(rows))
            raise
        start = 0
        for place in places:
            end = start + len(asked[place].requests)
            scored[place] = scores[start:end]
            start = end
    return scored


def _count_failed(served: ServedModel, rows: Sequence[Sequence[Value]], n: int) -> None:
    """Count rows without a score against a model, unless the one before it fails on them, too.

    While a champion is on probation the one before it is in memory: what neither can score is
    the rows' fault, and nobody shall bring a champion down by such rows.
    """
    beside = served.challenger
    if beside is not None and beside.stage is Stage.PROBATION:
        try:
            _scores(beside.served, rows)
        except Exception:  # noqa: BLE001 - whatever it raises: it has no score either
            return
    served.troubles.add(n)


def _scores(served: ServedModel, rows: Sequence[Sequence[Value]]) -> list[float]:
    scores: list[float] = served.model.score(encode_rows(rows, served.contract)).tolist()
    return scores


def _predictions(
    served: ServedModel, scores: Sequence[float], now: datetime
) -> tuple[Prediction, ...]:
    threshold, version = served.contract.threshold, served.record.version
    return tuple(
        Prediction(
            prediction_id=PredictionId(prediction_id),
            model_version=version,
            score=score,
            positive=score >= threshold,
            threshold=threshold,
            predicted_at=now,
        )
        for prediction_id, score in zip(uuid7s(now, len(scores)), scores, strict=True)
    )


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
