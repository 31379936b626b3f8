"""Which operation answers what, whichever transport asks: the one table of the API's routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.serving import api, health, metrics_page
from holdfast.serving.problems import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from holdfast.serving.calls import Call, Reply
    from holdfast.serving.server import Server

__all__ = ["OPERATIONS", "ROUTER_WORDS", "Operation", "find"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that can be asked for.

    Attributes:
        method: GET (which answers HEAD as well) or POST.
        template: The path below where the API is mounted; a part in braces is a parameter.
        run: What answers. It raises the house's errors; the transport lets
            `problems.problem_reply` translate them.
        takes_body: Whether the transport reads a body first, after `bodies.check_announced`.
    """

    method: str
    template: str
    run: Callable[[Server, Call], Awaitable[Reply]]
    takes_body: bool = False


OPERATIONS = (
    Operation(method="POST", template="/v1/predict", run=api.post_predict, takes_body=True),
    Operation(method="POST", template="/v1/labels", run=api.post_labels, takes_body=True),
    Operation(method="GET", template="/v1/predictions/{prediction_id}", run=api.get_prediction),
    Operation(method="GET", template="/v1/model", run=api.get_model),
    Operation(method="GET", template="/v1/status", run=health.get_status),
    Operation(method="GET", template="/health/live", run=health.get_live),
    Operation(method="GET", template="/health/ready", run=health.get_ready),
    Operation(method="GET", template="/metrics", run=metrics_page.get_metrics),
)

ROUTER_WORDS = {
    404: "There is nothing at this address.",
    405: "This address takes another method; the Allow header names it.",
}
"""What is said where no operation is found."""


def find(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """Return the operation at a path, and what stands in the path's parameters.

    Args:
        method: As it was sent.
        path: Below where the API is mounted, unquoted.

    Raises:
        RefusedError: 404 for an unknown path, 405 for another method, with Allow.

    >>> operation, parameters = find("GET", "/v1/predictions/p-1")
    >>> operation.template, parameters
    ('/v1/predictions/{prediction_id}', {'prediction_id': 'p-1'})
    """
    allowed: set[str] = set()
    for operation in OPERATIONS:
        parameters = _match(operation.template, path)
        if parameters is None:
            continue
        methods = {"GET", "HEAD"} if operation.method == "GET" else {operation.method}
        if method in methods:
            return operation, parameters
        allowed |= methods
    if allowed:
        raise RefusedError(405, ROUTER_WORDS[405], headers={"Allow": ", ".join(sorted(allowed))})
    raise RefusedError(404, ROUTER_WORDS[404])


def _match(template: str, path: str) -> dict[str, str] | None:
    expected, found = template.split("/"), path.split("/")
    if len(expected) != len(found):
        return None
    parameters: dict[str, str] = {}
    for part, given in zip(expected, found, strict=True):
        if part.startswith("{") and given:
            parameters[part.strip("{}")] = given
        elif part != given:
            return None
    return parameters
