"""What every request passes first and every answer last: ids, origin, API key, safe headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from holdfast.serving.calls import SAFE_HEADERS, request_id_of
from holdfast.serving.keys import READING
from holdfast.serving.network import is_elsewhere, may_speak
from holdfast.serving.problems import RefusedError, problem_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from holdfast.serving.key_ring import KeyRing
    from holdfast.serving.keys import Access

__all__ = ["Gate", "check_origin", "headers_of", "path_in"]

_HEADERS = "holdfast.headers"
_SAFE = [(name.lower().encode(), value.encode()) for name, value in SAFE_HEADERS.items()]


class Gate:
    """ASGI middleware around the whole application.

    It names each request (`X-Request-Id`, the client's own if it is short and plain),
    turns away pages of other origins and whoever lacks a key that is needed, and answers
    500 for what nobody foresaw.

    Args:
        app: What lies behind.
        ring: The keys, and whom the server is for.
    """

    def __init__(self, app: ASGIApp, *, ring: KeyRing) -> None:
        self._app, self._ring = app, ring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = headers_of(scope)
        request_id = request_id_of(headers.get("x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_named(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _complete(message, request_id)
            await send(message)

        try:
            check_origin(self._ring.access, scope["method"], headers, peer=_peer_of(scope))
            await self._check_key(scope, headers)
            await self._app(scope, receive, send_named)
        except Exception as error:  # the outermost edge: everything is answered
            if started:
                raise  # half an answer is sent: closing the connection is all that is left
            await problem_response(error, request_id=request_id)(scope, receive, send_named)

    async def _check_key(self, scope: Scope, headers: Mapping[str, str]) -> None:
        method, path = scope["method"], path_in(scope)
        if not self._ring.knows(method, path):
            await run_in_threadpool(self._ring.refresh)
        self._ring.admit(method, path, headers)


def check_origin(
    access: Access, method: str, headers: Mapping[str, str], *, peer: str | None
) -> None:
    """Turn away pages of other origins, and other machines where no key can tell them apart.

    The Host header alone would not do: a page cannot choose it, but a program can.

    Args:
        access: Whom the server is for.
        method: Such as ``POST``.
        headers: Found by lower-case names.
        peer: The address that the connection comes from, where it is known.

    Raises:
        RefusedError: 403, with what is wrong with the peer, Host or Origin.
    """
    if access.enclosed:
        return
    if not access.exposed and peer is not None and is_elsewhere(peer):
        raise RefusedError(403, "Only this machine may ask here as long as there is no API key.")
    host, origin = headers.get("host"), headers.get("origin")
    reason = may_speak(host, origin, changes=method not in READING, exposed=access.exposed)
    if reason is not None:
        raise RefusedError(403, reason)


def _peer_of(scope: Scope) -> str | None:
    client = scope.get("client")
    return None if client is None else client[0]


def path_in(scope: Scope) -> str:
    """Return the path as the routes see it, also where the application is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.removeprefix(root) if path.startswith(f"{root}/") else path


def headers_of(scope: Scope) -> dict[str, str]:
    """Return a request's headers by lower-case names; of several, the first counts.

    As a dict: they are asked for ten times a request, which would otherwise each time look
    all of them through. The scope, which is this request's alone, keeps it.
    """
    known: dict[str, str] | None = scope.get(_HEADERS)
    if known is None:
        pairs: list[tuple[bytes, bytes]] = scope["headers"]
        known = {n.decode("latin-1"): v.decode("latin-1") for n, v in reversed(pairs)}
        scope[_HEADERS] = known
    return known


def _complete(message: Message, request_id: str) -> None:
    own = {name for name, _ in message["headers"]}
    message["headers"] = [
        *((name, value) for name, value in message["headers"] if name != b"x-request-id"),
        *((name, value) for name, value in _SAFE if name not in own),
        (b"x-request-id", request_id.encode("latin-1")),
    ]
