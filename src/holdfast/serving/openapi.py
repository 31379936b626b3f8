"""The OpenAPI document: what this server takes, with the champion's own features in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from holdfast import __version__
from holdfast.domain.contract import FeatureKind
from holdfast.domain.fields import LONGEST_ID
from holdfast.domain.inputs import Inputs, example_of
from holdfast.domain.validation import LONGEST_CATEGORY
from holdfast.serving.answers import (
    LabelsAnswer,
    LoggedAnswer,
    ModelAnswer,
    PredictionAnswer,
    PredictionsAnswer,
)
from holdfast.serving.keys import needed_scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.domain.contract import Feature, Target, Value
    from holdfast.loop.swap import ServedModel

__all__ = ["openapi_document"]

Json = dict[str, Any]
_MOST_CATEGORIES_SHOWN = 12
_ANSWERS = (PredictionAnswer, PredictionsAnswer, LabelsAnswer, LoggedAnswer, ModelAnswer)
_TEXT: Json = {"type": "string"}
_GIVEN: Json = {"type": ["string", "integer"], "minLength": 1, "maxLength": LONGEST_ID}
_ID: Json = {**_GIVEN, "type": [*_GIVEN["type"], "null"]}
_TIME: Json = {"type": ["string", "null"], "format": "date-time"}
_NULL: Json = {"type": "null"}
_EXPLAIN: Json = {"type": ["boolean", "null"], "description": "As the parameter of this name."}
_EXAMPLE_ID = "019b76da-a800-7000-8000-000000000000"
_KINDS: Mapping[FeatureKind, tuple[list[str], Json]] = {
    FeatureKind.NUMERIC: (["number"], {}),
    FeatureKind.BOOLEAN: (["boolean"], {}),
    FeatureKind.CATEGORICAL: (["string", "integer"], {"maxLength": LONGEST_CATEGORY}),
}
_KEY_HEADERS: Json = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`hf_…`, an API key."},
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def openapi_document(served: ServedModel | None) -> Json:
    """Return the OpenAPI 3.1 document for the model in production.

    Args:
        served: The model that answers, or None before the first: then features are any
            names and values.
    """
    return {
        "openapi": "3.1.0",
        "info": _info(served),
        "tags": [
            {"name": "predictions", "description": "Ask the model, and look an answer up."},
            {"name": "labels", "description": "Report what came true."},
            {"name": "model", "description": "What is in production, and how it stands."},
            {"name": "health", "description": "For load balancers and supervisors."},
        ],
        "paths": _guarded(_paths(served)),
        "components": {"schemas": _schemas(served), "securitySchemes": _KEY_HEADERS},
    }


def _info(served: ServedModel | None) -> Json:
    about = (
        "No model is in production yet. Run: `holdfast train`"
        if served is None
        else f"Model **{served.record.version}** predicts **{served.contract.target.name}** "
        f"({served.contract.target.positive} or {served.contract.target.negative}); from a "
        f"score of {served.contract.threshold:.4g} on, the decision is "
        f"{served.contract.target.positive}."
    )
    return {
        "title": "Holdfast",
        "version": __version__,
        "description": f"{about}\n\nErrors are RFC 9457 problem reports that name row and field.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def _schemas(served: ServedModel | None) -> Json:
    _, answers = msgspec.json.schema_components(
        _ANSWERS, ref_template="#/components/schemas/{name}"
    )
    return {
        "Features": _features(served),
        "Row": _row(),
        "Label": _label(None if served is None else served.contract.target),
        "Problem": _problem(),
        **answers,
    }


def _features(served: ServedModel | None) -> Json:
    if served is None:
        return {"type": "object", "additionalProperties": True}
    inputs, known = Inputs(served.contract), {f.name: f for f in served.contract.features}
    return {
        "type": "object",
        "description": "One row: all that the model asks for; null means missing.",
        "properties": {
            name: _property(known[name]) if name in known else _date(may_miss=inputs.dates[name])
            for name in inputs.names
        },
        "required": list(inputs.names),
        "additionalProperties": False,
        "examples": [_example_row(served)],
    }


def _property(feature: Feature) -> Json:
    kind, bounds = _KINDS[feature.kind]
    if feature.kind is FeatureKind.CATEGORICAL and not feature.nullable:
        bounds = {**bounds, "minLength": 1}  # empty text is missing
    types = [*kind, *(["null"] if feature.nullable else [])]
    return {
        "type": types if len(types) > 1 else types[0],
        **bounds,
        "description": _described(feature),
        **_shown(_examples(feature)),
    }


def _date(*, may_miss: bool) -> Json:
    missing = " May be null." if may_miss else ""
    return {
        "type": ["string", "null"] if may_miss else "string",
        "description": "A date or time in ISO form, UTC where no offset is named; the model is "
        f"given its age at the moment of the request, and where in its cycles it lies.{missing}",
    }


def _described(feature: Feature) -> str:
    missing = " May be null." if feature.nullable else ""
    if feature.kind is FeatureKind.BOOLEAN:
        return f"True or false.{missing}"
    if feature.kind is FeatureKind.CATEGORICAL:
        known = ", ".join(feature.categories[:_MOST_CATEGORIES_SHOWN])
        more = len(feature.categories) - _MOST_CATEGORIES_SHOWN
        rest = f" and {more} more" if more > 0 else ""
        return f"Known: {known}{rest}. Others are scored, and counted as unseen.{missing}"
    numbers = "Whole numbers" if feature.whole else "Numbers"
    if feature.minimum is None or feature.maximum is None:
        return f"{numbers}.{missing}"
    return (
        f"{numbers} from {feature.minimum:.6g} to {feature.maximum:.6g} in training; "
        f"others are scored.{missing}"
    )


def _examples(feature: Feature) -> list[Value]:
    if feature.kind is FeatureKind.CATEGORICAL:
        return list(feature.categories[:_MOST_CATEGORIES_SHOWN])
    found = (feature.typical, feature.minimum, feature.maximum)
    return [_tidy(value, feature) for value in dict.fromkeys(found) if value is not None]


def _shown(examples: Sequence[Value]) -> Json:
    return {"examples": list(examples)} if examples else {}


def _tidy(value: Value, feature: Feature) -> Value:
    whole = feature.whole and isinstance(value, float) and value.is_integer()
    return int(value) if whole and value is not None else value


def _example_row(served: ServedModel) -> dict[str, Value]:
    known = {feature.name: feature for feature in served.contract.features}
    row = example_of(served.contract, served.typical)
    return {name: _tidy(v, known[name]) if name in known else v for name, v in row.items()}


def _row(**beside: Json) -> Json:
    return {
        "type": "object",
        "required": ["features"],
        "additionalProperties": False,
        "properties": {
            **beside,
            "features": _ref("Features"),
            "id": {
                **_ID,
                "description": "Your own id. The same id with the same row gets the logged "
                "answer again; with another row it is a 409.",
            },
            "entity": {**_ID, "description": "Whom the prediction is about."},
        },
    }


def _label(target: Target | None) -> Json:
    words = (
        "One of the target's two words."
        if target is None
        else f"What came true: {target.positive} or {target.negative}."
    )
    return {
        "type": "object",
        "anyOf": [
            {"required": ["label"]},
            {"required": ["treated"], "properties": {"treated": {"type": "boolean"}}},
        ],
        "additionalProperties": False,
        "properties": {
            "prediction_id": {**_ID, "description": "Of the answer; or name an entity."},
            "entity": {**_ID, "description": "Its latest prediction is meant."},
            "at": {**_TIME, "description": "With entity: its latest prediction up to then."},
            "label": {"type": ["string", "boolean", "number"], "description": words},
            "observed_at": {**_TIME, "description": "When it became known; now, if absent."},
            "treated": {
                "type": ["boolean", "null"],
                "description": "Whether somebody acted upon it; null says nothing.",
            },
        },
        "oneOf": [
            {
                "required": ["prediction_id"],
                "properties": {"prediction_id": _GIVEN, "entity": _NULL, "at": _NULL},
            },
            {"required": ["entity"], "properties": {"entity": _GIVEN, "prediction_id": _NULL}},
        ],
    }


def _problem() -> Json:
    issue = {
        "type": "object",
        "properties": {"row": {"type": "integer"}, "field": _TEXT, "problem": _TEXT},
    }
    return {
        "type": "object",
        "description": "RFC 9457. `errors` names up to 100 fields; `n_errors` counts all.",
        "required": ["type", "title", "status", "detail", "request_id"],
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "request_id": _TEXT,
            "errors": {"type": "array", "items": issue},
            "n_errors": {"type": "integer"},
        },
    }


def _paths(served: ServedModel | None) -> Json:
    return {
        "/v1/predict": {"post": _predict(served)},
        "/v1/predictions/{prediction_id}": {"get": _get_prediction()},
        "/v1/labels": {"post": _post_labels(served)},
        "/v1/model": {
            "get": _get("model", "The model in production", answer=_ref("ModelAnswer"), other=[503])
        },
        "/v1/status": {"get": _get("model", "How the project stands", other=[503])},
        "/health/live": {"get": _get("health", "Whether the process answers")},
        "/metrics": {"get": _get_metrics()},
        "/health/ready": {
            "get": _get("health", "Whether a model, the store and the queue are ready")
            | {"responses": {"200": {"description": "Ready"}, "503": {"description": "Not ready"}}}
        },
    }


def _guarded(paths: Json) -> Json:
    """Say of each operation which scope a key needs, if keys are asked for, and what if not."""
    for path, operations in paths.items():
        for method, operation in operations.items():
            scope = needed_scope(method.upper(), path)
            if scope is None:
                continue
            operation["security"] = [{"bearer": [scope]}, {"api_key": [scope]}, {}]
            operation["responses"] |= _problems([401, 403])
    return paths


def _predict(served: ServedModel | None) -> Json:
    row = {} if served is None else _example_row(served)
    return {
        "tags": ["predictions"],
        "summary": "Score one row, or several",
        "description": "All rows or none. A 200 means that the answers are on disk.",
        "parameters": [
            {
                "name": "explain",
                "in": "query",
                "description": "Add how the score changes when each feature is set to its "
                "typical value.",
                "schema": {"type": "boolean", "default": False},
            }
        ],
        "requestBody": _body(
            one=_row(explain=_EXPLAIN),
            many=_list_of("rows", "Row", explain=_EXPLAIN) | {"description": "Several rows."},
            examples={
                "one row": {"features": row},
                "rows, with your own ids": {
                    "rows": [{"features": row, "id": "order-1", "entity": "customer-1"}]
                },
            },
        ),
        "responses": {
            **_ok({"oneOf": [_ref("PredictionAnswer"), _ref("PredictionsAnswer")]}),
            **_problems([400, 408, 409, 413, 415, 422, 503]),
        },
    }


def _post_labels(served: ServedModel | None) -> Json:
    word = "yes" if served is None else served.contract.target.positive
    return {
        "tags": ["labels"],
        "summary": "Report what came true",
        "description": "All labels or none. A 200 means that they are on disk.",
        "requestBody": _body(
            one=_ref("Label"),
            many=_list_of("labels", "Label"),
            examples={
                "by prediction": {"prediction_id": _EXAMPLE_ID, "label": word},
                "by entity": {"labels": [{"entity": "customer-1", "label": word}]},
            },
        ),
        "responses": {
            **_ok(_ref("LabelsAnswer")),
            **_problems([400, 408, 413, 415, 422, 503]),
        },
    }


def _get_metrics() -> Json:
    text = {"content": {"text/plain": {"schema": _TEXT}}}
    described = _get("health", "Figures for Prometheus")
    return described | {"responses": {"200": {"description": "Text format 0.0.4", **text}}}


def _get_prediction() -> Json:
    described = _get("predictions", "One logged prediction", _ref("LoggedAnswer"), [404, 503])
    parameter = {"name": "prediction_id", "in": "path", "required": True, "schema": _TEXT}
    return described | {"parameters": [parameter]}


def _get(tag: str, summary: str, answer: Json | None = None, other: Sequence[int] = ()) -> Json:
    responses = {**_ok(answer or {"type": "object"}), **_problems(other)}
    return {"tags": [tag], "summary": summary, "responses": responses}


def _body(*, one: Json, many: Json, examples: dict[str, Json]) -> Json:
    return {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [one, many]},
                "examples": {name: {"value": value} for name, value in examples.items()},
            }
        },
    }


def _list_of(name: str, item: str, **beside: Json) -> Json:
    listed = {"type": "array", "minItems": 1, "items": _ref(item)}
    return {
        "type": "object",
        "required": [name],
        "additionalProperties": False,
        "properties": {name: listed, **beside},
    }


def _ok(schema: Json) -> Json:
    return {"200": {"description": "Done", "content": {"application/json": {"schema": schema}}}}


def _problems(statuses: Sequence[int]) -> Json:
    meanings = {
        400: "The body is not valid JSON",
        401: "A usable API key is needed; the answer names the scope",
        403: "The API key does not open this, or the request comes from a foreign page",
        404: "Not found",
        408: "The body did not arrive in time",
        409: "An id was used before, for another row",
        413: "Too large, or too many rows",
        415: "Not plain JSON",
        422: "Fields that do not fit, each named",
        503: "Not available now; try again after Retry-After",
    }
    content = {"application/problem+json": {"schema": _ref("Problem")}}
    return {str(s): {"description": meanings[s], "content": content} for s in statuses}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
