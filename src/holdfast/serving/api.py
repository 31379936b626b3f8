"""The operations under /v1: predict, labels, one prediction, the model; of no transport."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET
from starlette.concurrency import run_in_threadpool

from holdfast.domain.canonical import from_json
from holdfast.domain.errors import CorruptReleaseError, FieldIssue, InvalidFieldsError
from holdfast.domain.ids import PredictionId
from holdfast.domain.inputs import example_of
from holdfast.domain.releases import METRICS, ModelMetrics
from holdfast.loop.fetch import fetch_file, fetch_manifest
from holdfast.loop.label import record_labels
from holdfast.loop.predict import Asked, explain, predict
from holdfast.serving.answers import (
    ModelAnswer,
    PredictionAnswer,
    PredictionsAnswer,
    answer_of,
    labels_answer,
    logged_answer,
)
from holdfast.serving.beside import explained_by_whom
from holdfast.serving.bodies import decode_object
from holdfast.serving.calls import json_reply
from holdfast.serving.payloads import read_labels, read_predict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.predictions import Prediction
    from holdfast.domain.treatments import HoldOut
    from holdfast.loop.swap import ServedModel
    from holdfast.serving.calls import Call, Reply
    from holdfast.serving.payloads import PredictPayload
    from holdfast.serving.server import Server

__all__ = ["get_model", "get_prediction", "post_labels", "post_predict"]

_YES_NO = {"false": False, "0": False, "true": True, "1": True}


async def post_predict(server: Server, call: Call) -> Reply:
    """Score one row or several; the answer is given once they are durable."""
    wants_explanation = _flag(call, "explain")
    served = server.ports.champion.current()  # the same one for the whole request
    if len(call.body) > server.limits.max_lane_bytes:
        # Long work has a thread of its own, so that short requests need not wait for it.
        return json_reply(
            await server.work.run(_predict, server, served, call.body, wants_explanation)
        )
    payload = _payload(server, served, call.body, wants_explanation)
    if payload.explain:
        return json_reply(await server.work.run(_answer, server, served, payload))
    asked = Asked(served=served, requests=payload.requests)
    predictions = await server.predicting.do(asked)
    return json_reply(_encoded(server, served, payload, predictions))


async def post_labels(server: Server, call: Call) -> Reply:
    """Record one label or several; the answer is given once they are durable."""
    return json_reply(await server.work.run(_label, server, call.body))


async def get_prediction(server: Server, call: Call) -> Reply:
    """Show one logged prediction with its row and label."""
    prediction_id = PredictionId(call.parameters["prediction_id"])
    target = server.ports.champion.current().contract.target
    logged = await run_in_threadpool(server.ports.predictions.get, prediction_id)
    return json_reply(logged_answer(logged, target))


async def get_model(server: Server, _call: Call) -> Reply:
    """Show what is in production: version, contract, threshold and tested metrics."""
    served = server.ports.champion.current()
    return json_reply(await run_in_threadpool(_model, server, served))


def _predict(server: Server, served: ServedModel, body: bytes, wants_explanation: bool) -> bytes:  # noqa: FBT001 - passed through Work.run by position
    return _answer(server, served, _payload(server, served, body, wants_explanation))


def _payload(
    server: Server,
    served: ServedModel,
    body: bytes,
    wants_explanation: bool,  # noqa: FBT001 - as above
) -> PredictPayload:
    contract, limits, clock = served.contract, server.limits, server.ports.clock
    quickly = server.bodies.read(body, contract, limits, clock, explain=wants_explanation)
    if quickly is not None:
        return quickly
    asked = decode_object(body)
    return read_predict(asked, contract, limits, at=clock.now(), explain=wants_explanation)


def _answer(server: Server, served: ServedModel, payload: PredictPayload) -> bytes:
    explanations = _explanations(served, payload)
    predictions = predict(served, server.ports.predictions, server.ports.clock, payload.requests)
    if explanations is None:
        return _encoded(server, served, payload, predictions)
    explained = explained_by_whom(served, payload.requests, predictions, explanations)
    return _encoded(server, served, payload, predictions, explained)


def _encoded(
    server: Server,
    served: ServedModel,
    payload: PredictPayload,
    predictions: Sequence[Prediction],
    explanations: Sequence[dict[str, float] | None] | None = None,
) -> bytes:
    server.counters.saw(served, payload.requests, n_unknown=payload.n_unknown)
    answers = _answers(served, predictions, explanations)
    if server.ports.holdout.share:
        answers = _left_alone(server.ports.holdout, payload, predictions, answers)
    return msgspec.json.encode(
        answers[0] if payload.single else PredictionsAnswer(predictions=answers)
    )


def _explanations(
    served: ServedModel, payload: PredictPayload
) -> tuple[dict[str, float], ...] | None:
    if not payload.explain:
        return None
    return explain(served, [request.values for request in payload.requests])


def _answers(
    served: ServedModel,
    predictions: Sequence[Prediction],
    explanations: Sequence[dict[str, float] | None] | None,
) -> list[PredictionAnswer]:
    target = served.contract.target
    if explanations is None:
        return [answer_of(prediction, target, UNSET) for prediction in predictions]
    return [
        answer_of(prediction, target, explanation)
        for prediction, explanation in zip(predictions, explanations, strict=True)
    ]


def _left_alone(
    holdout: HoldOut,
    payload: PredictPayload,
    predictions: Sequence[Prediction],
    answers: Sequence[PredictionAnswer],
) -> list[PredictionAnswer]:
    """Say of each answer whether nobody is to act upon it."""
    whom = (
        request.entity or prediction.prediction_id
        for request, prediction in zip(payload.requests, predictions, strict=True)
    )
    return [
        msgspec.structs.replace(answer, holdout=holdout.holds(one))
        for answer, one in zip(answers, whom, strict=True)
    ]


def _label(server: Server, body: bytes) -> bytes:
    target = server.ports.champion.current().contract.target
    rows = read_labels(decode_object(body), server.limits)
    recorded = record_labels(
        server.ports.labels,
        server.ports.clock,
        rows,
        target=target,
        maturity=server.ports.label_maturity,
    )
    server.metrics.labelled(recorded.labels)
    return msgspec.json.encode(labels_answer(recorded.labels, recorded.treatments))


def _model(server: Server, served: ServedModel) -> ModelAnswer:
    contract, record = served.contract, served.record
    metrics, problem = _metrics(server, served)
    return ModelAnswer(
        model_version=record.version,
        release_id=record.release_id,
        since=served.since,
        threshold=contract.threshold,
        target=contract.target,
        features=contract.features,
        example=example_of(contract, served.typical),
        data_digest=contract.data_digest,
        metrics=metrics,
        metrics_problem=problem,
    )


def _metrics(server: Server, served: ServedModel) -> tuple[ModelMetrics | None, str | None]:
    """Read the tested metrics, which serving itself does not need, so they may be gone."""
    release_id, objects = served.record.release_id, server.ports.objects
    try:
        manifest = fetch_manifest(objects, release_id)
        data = fetch_file(objects, release_id, manifest, METRICS)
        return from_json(data, ModelMetrics), None
    except (CorruptReleaseError, OSError, msgspec.DecodeError) as error:
        return None, f"{METRICS} of this release cannot be read ({type(error).__name__})"


def _flag(call: Call, name: str) -> bool:
    given = call.query.get(name, "false").casefold()
    if given not in _YES_NO:
        raise InvalidFieldsError([FieldIssue(row=0, field=name, problem="needs true or false")])
    return _YES_NO[given]
