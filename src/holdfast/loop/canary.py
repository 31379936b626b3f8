"""Which rows a canary answers in the champion's place, and what it answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from holdfast.domain.matrix import encode_rows
from holdfast.domain.predictions import Role
from holdfast.domain.stages import in_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.predictions import Prediction, PredictionRequest
    from holdfast.loop.swap import ServedChallenger, ServedModel

__all__ = ["answered", "chosen", "scores_of"]

_log = structlog.get_logger(__name__)


def answered(
    served: ServedModel,
    requests: Sequence[PredictionRequest],
    predictions: tuple[Prediction, ...],
) -> tuple[Prediction, ...]:
    """Return the answers to give: the champion's, and a canary's to the rows that are its.

    The champion has scored all rows before, so that there is an answer whatever becomes of
    the canary's: one that cannot score a row must not fail a request.

    Args:
        served: The champion, and who stands beside it.
        requests: The rows, values in the order of its contract, which is the canary's too.
        predictions: The champion's answers, one for each.
    """
    challenger = served.challenger
    if challenger is None or not challenger.stage.answers:
        return predictions
    rows = chosen(challenger, requests, predictions)
    if not rows:
        return predictions
    try:
        scores = scores_of(challenger.served, [requests[row] for row in rows])
    except Exception as error:  # noqa: BLE001 - whatever a new model raises: the champion's answers stand
        challenger.troubles.add(len(rows))
        _log.error("canary_failed", n_rows=len(rows), problem=type(error).__name__)
        return predictions
    answers = list(predictions)
    threshold = challenger.served.contract.threshold
    for row, score in zip(rows, scores, strict=True):
        answers[row] = replace(
            answers[row],
            model_version=challenger.served.record.version,
            score=score,
            positive=score >= threshold,
            threshold=threshold,
            role=Role.CANARY,
        )
    return tuple(answers)


def chosen(
    challenger: ServedChallenger,
    requests: Sequence[PredictionRequest],
    predictions: Sequence[Prediction],
) -> list[int]:
    """Return the positions of the rows that a canary answers.

    All rows of an entity are its, or none is; a row that names no entity is drawn by the id
    of its prediction, which is as good as random and can be told again from the log. A row
    that lacks a value which only the champion can do without is left to the champion.
    """
    salt, share = challenger.salt, challenger.share
    return [
        position
        for position, (request, prediction) in enumerate(zip(requests, predictions, strict=True))
        if in_share(request.entity or prediction.prediction_id, salt=salt, share=share)
        and challenger.takes(request.values)
    ]


def scores_of(model: ServedModel, requests: Sequence[PredictionRequest]) -> list[float]:
    """Return a model's score of each row."""
    rows = encode_rows([request.values for request in requests], model.contract)
    scores: list[float] = model.model.score(rows).tolist()
    return scores
