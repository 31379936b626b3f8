"""How anything that goes wrong becomes an answer: the one translator of errors to HTTP."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
import structlog
from starlette.responses import Response

from holdfast.domain.errors import (
    AccessError,
    AvailabilityError,
    FieldIssue,
    HoldfastError,
    InputError,
    InvalidFieldsError,
    InvalidLabelError,
    InvalidRowsError,
    MissingScopeError,
    NoChampionError,
    RequestConflictError,
    StateError,
    UnknownEventError,
    UnknownPredictionError,
    UnknownReleaseError,
)
from holdfast.domain.keys import KeyScope
from holdfast.serving.calls import Reply
from holdfast.serving.work import OverloadedError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "PROBLEM_TYPE",
    "Problem",
    "RefusedError",
    "problem_of",
    "problem_reply",
    "problem_response",
]

PROBLEM_TYPE = "application/problem+json"
_MOST_ISSUES = 100  # of which a client is told at once
_RETRY_SECONDS = "1"
_PHRASES = {413: "Request Entity Too Large", 414: "URI Too Long"}  # Python 3.13 renamed them

_log = structlog.get_logger(__name__)


class RefusedError(Exception):
    """A request is refused for how it was sent, whatever it says."""

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem report before it is encoded.

    Source:
        RFC 9457, *Problem Details for HTTP APIs*.
    """

    status: int
    slug: str  # ends `type`, a stable name that programs may compare
    title: str
    detail: str
    issues: tuple[FieldIssue, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def problem_of(error: Exception) -> Problem:
    """Translate an error; what is not known here tells nothing but that it happened."""
    match error:
        case RefusedError() | AccessError():
            return _refused(error)
        case InputError():
            return _input_problem(error)
        case StateError():
            return _state_problem(error)
        case OverloadedError():
            return _later("overloaded", "Too many requests wait already.")
        case AvailabilityError():
            return _later("unavailable", _outside(error))
    return Problem(
        status=500,
        slug="internal",
        title="Internal error",
        detail="Something went wrong in the server. Its log has the request id.",
    )


def problem_response(error: Exception, *, request_id: str) -> Response:
    """Return `problem_reply` as Starlette sends it."""
    reply = problem_reply(error, request_id=request_id)
    return Response(reply.body, reply.status, dict(reply.headers), reply.media_type)


def problem_reply(error: Exception, *, request_id: str) -> Reply:
    """Return the answer to a request that failed, and log it if the server is to blame.

    The log gets the error's kind and where it arose, never its message: that may quote a
    client's values.
    """
    problem = problem_of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        known = isinstance(error, HoldfastError | OverloadedError)
        where = [] if known else _frames(error)
        _log.error(
            "request_failed",
            request_id=request_id,
            status=problem.status,
            error=type(error).__name__,
            where=where,
        )
    content: dict[str, object] = {
        "type": f"urn:holdfast:problem:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": request_id,
    }
    if problem.issues:
        content["errors"] = problem.issues[:_MOST_ISSUES]
        content["n_errors"] = len(problem.issues)
    return Reply(
        body=msgspec.json.encode(content),
        status=problem.status,
        media_type=PROBLEM_TYPE,
        headers=problem.headers,
    )


def _access_problem(error: AccessError) -> Problem:
    challenge = f'Bearer realm="holdfast", scope="{error.scope}"'
    if isinstance(error, MissingScopeError):
        return Problem(
            status=403,
            slug="missing-scope",
            title="The API key does not open this",
            detail=str(error),
            headers={"WWW-Authenticate": f'{challenge}, error="insufficient_scope"'},
        )
    # Only if Basic is offered does a browser ask its user for a password, which is the key;
    # Chromium reads no further than the first challenge of a header.
    basic = 'Basic realm="holdfast", charset="UTF-8", ' if error.scope == KeyScope.READ else ""
    return Problem(
        status=401,
        slug="key-needed",
        title="A usable API key is needed",
        detail=str(error),
        headers={"WWW-Authenticate": f"{basic}{challenge}"},
    )


def _input_problem(error: InputError) -> Problem:
    issues: tuple[FieldIssue, ...] = ()
    slug, title = "invalid-input", "The input is not usable"
    if isinstance(error, InvalidRowsError):
        slug, title, issues = "invalid-rows", "Rows do not fit the model", error.issues
    elif isinstance(error, InvalidFieldsError):
        slug, title, issues = "invalid-fields", "Fields are not usable", error.issues
    elif isinstance(error, InvalidLabelError):
        slug, title = "invalid-label", "A label is not one of the target's words"
        allowed = " or ".join(map(repr, error.allowed))
        issues = (FieldIssue(row=error.row or 0, field="label", problem=f"must be {allowed}"),)
    return Problem(status=422, slug=slug, title=title, detail=str(error), issues=issues)


def _state_problem(error: StateError) -> Problem:
    if isinstance(error, NoChampionError):
        return _later("no-champion", str(error))
    if isinstance(error, RequestConflictError):
        return Problem(
            status=409,
            slug="request-conflict",
            title="This id was used for another row",
            detail=str(error),
            issues=(FieldIssue(row=error.row, field="id", problem="was used before"),),
        )
    if isinstance(error, UnknownPredictionError | UnknownReleaseError | UnknownEventError):
        return Problem(status=404, slug="not-found", title="Not found", detail=str(error))
    return Problem(
        status=409, slug="wrong-state", title="Not possible as things stand", detail=str(error)
    )


def _refused(error: RefusedError | AccessError) -> Problem:
    if isinstance(error, AccessError):
        return _access_problem(error)
    phrase = _PHRASES.get(error.status) or HTTPStatus(error.status).phrase
    return Problem(
        status=error.status,
        slug=phrase.casefold().replace(" ", "-"),
        title=phrase,
        detail=error.detail,
        headers=error.headers,
    )


def _later(slug: str, detail: str) -> Problem:
    return Problem(
        status=503,
        slug=slug,
        title="Not available now",
        detail=detail,
        headers={"Retry-After": _RETRY_SECONDS},
    )


def _outside(error: AvailabilityError) -> str:
    # The error's own words may hold paths and addresses of the store; the log has its kind.
    return (
        "The store did not answer, so nothing is acknowledged. "
        f"Try again, with the same ids if there were any ({type(error).__name__})."
    )


def _frames(error: Exception) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames[-8:]]
