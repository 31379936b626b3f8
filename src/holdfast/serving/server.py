"""What the routes share: the ports, the limits, the workers and what this process noticed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from holdfast.loop.online import OnlinePorts
    from holdfast.loop.swap import Refresher
    from holdfast.serving.counters import Counters
    from holdfast.serving.limits import ServingLimits
    from holdfast.serving.work import Work

__all__ = ["Server", "json_response", "server_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One running server."""

    ports: OnlinePorts
    limits: ServingLimits
    refresher: Refresher
    work: Work
    counters: Counters


def server_of(request: Request) -> Server:
    """Return the server that a request came to."""
    return cast("Server", request.app.state.server)


def json_response(content: Any, *, status: int = 200, media_type: str | None = None) -> Response:
    """Return an answer; floats keep every digit."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return Response(body, status_code=status, media_type=media_type or "application/json")
