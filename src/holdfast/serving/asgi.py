"""How an operation becomes an endpoint of Starlette: a request in, a call; a reply, out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from holdfast.serving.bodies import read_body
from holdfast.serving.calls import Call
from holdfast.serving.server import server_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from holdfast.serving.core import Operation

__all__ = ["endpoint"]


def endpoint(operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    """Return what Starlette calls for an operation."""

    async def answer(request: Request) -> Response:
        server = server_of(request)
        body = b""
        if operation.takes_body:
            body = await read_body(request.headers, request.receive, server.limits)
        call = Call(
            body=body,
            query=request.query_params,
            parameters=request.path_params,
        )
        reply = await operation.run(server, call)
        return Response(reply.body, reply.status, dict(reply.headers), reply.media_type)

    return answer
