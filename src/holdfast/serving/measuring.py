"""How each request of the server is counted and timed, by the template of its route."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from holdfast.serving.metrics import Metrics

__all__ = ["NO_ROUTE", "Measured"]

NO_ROUTE = "(none)"
"""Stands for every path that led to no route: paths themselves are the clients' to choose."""

_NO_STATUS = "none"  # the connection ended before there was an answer


class Measured:
    """ASGI middleware around everything else, so that refusals are counted as well.

    Args:
        app: What answers.
        metrics: Told of each answer.
        templates: The template of each route, by its endpoint.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, templates: Mapping[object, str]) -> None:
        self._app, self._metrics, self._templates = app, metrics, templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        before, status = time.perf_counter(), _NO_STATUS

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_seen)
        finally:
            # The router writes the endpoint that it chose into the scope.
            route = self._templates.get(scope.get("endpoint"), NO_ROUTE)
            seconds = time.perf_counter() - before
            self._metrics.answered(scope["method"], route, status, seconds)
