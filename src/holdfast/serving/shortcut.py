"""How an operation that writes is reached without a router in between, which takes as long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import QueryParams

from holdfast.serving.bodies import read_body
from holdfast.serving.calls import Call
from holdfast.serving.gate import headers_of, path_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from holdfast.serving.core import Operation
    from holdfast.serving.server import Server

__all__ = ["Shortcut"]

_NO_QUERY: Mapping[str, str] = {}


class Shortcut:
    """ASGI middleware behind all others: what it does not know goes on to the router.

    What its operations raise is answered by the gate before it, in the same words.

    Args:
        app: The router, with what FastAPI puts around it.
        server: Whose operations they are.
        operations: Those that take a body and whose path has no parameters.
    """

    def __init__(self, app: ASGIApp, *, server: Server, operations: Iterable[Operation]) -> None:
        self._app, self._server = app, server
        self._operations = {(one.method, one.template): one for one in operations}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        operation = None
        if scope["type"] == "http":
            operation = self._operations.get((scope["method"], path_in(scope)))
        if operation is None:
            await self._app(scope, receive, send)
            return
        scope["endpoint"] = operation.run  # as the router would, for who counts requests
        query = scope["query_string"]
        call = Call(
            body=await read_body(headers_of(scope), receive, self._server.limits),
            query=QueryParams(query) if query else _NO_QUERY,
        )
        reply = await operation.run(self._server, call)
        headers = {
            "Content-Type": reply.media_type,
            "Content-Length": str(len(reply.body)),
            **reply.headers,
        }
        await send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": [
                    (name.lower().encode("latin-1"), value.encode("latin-1"))
                    for name, value in headers.items()
                ],
            }
        )
        await send({"type": "http.response.body", "body": reply.body})
