"""What every request passes first and every answer last: ids, the Host check, safe headers."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from holdfast.serving.network import may_speak
from holdfast.serving.problems import RefusedError, problem_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Gate"]

_USABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Gate:
    """ASGI middleware around the whole application.

    It names each request (`X-Request-Id`, the client's own if it is short and plain),
    turns away pages of other origins, and answers 500 for what nobody foresaw.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_named(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _complete(MutableHeaders(scope=message), request_id)
            await send(message)

        try:
            _check_origin(scope, headers)
            await self._app(scope, receive, send_named)
        except Exception as error:  # the outermost edge: everything is answered
            if started:
                raise  # half an answer is sent: closing the connection is all that is left
            await problem_response(error, request_id=request_id)(scope, receive, send_named)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _USABLE_ID.fullmatch(given) else uuid.uuid4().hex


def _check_origin(scope: Scope, headers: Headers) -> None:
    changes = scope["method"] not in _READING
    reason = may_speak(headers.get("host"), headers.get("origin"), changes=changes)
    if reason is not None:
        raise RefusedError(403, reason)


def _complete(headers: MutableHeaders, request_id: str) -> None:
    headers["X-Request-Id"] = request_id
    for name, value in _DEFAULT_HEADERS.items():
        headers.setdefault(name, value)
