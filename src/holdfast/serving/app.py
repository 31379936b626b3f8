"""The application: which route answers what, and what runs while the server does."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Route

from holdfast import __version__
from holdfast.domain.errors import HoldfastError
from holdfast.serving import pages
from holdfast.serving.asgi import endpoint
from holdfast.serving.core import OPERATIONS, ROUTER_WORDS
from holdfast.serving.gate import Gate
from holdfast.serving.key_ring import KeyRing
from holdfast.serving.keys import Access
from holdfast.serving.limits import ServingLimits
from holdfast.serving.measuring import Measured
from holdfast.serving.problems import RefusedError, problem_response
from holdfast.serving.server import new_server, running
from holdfast.serving.shortcut import Shortcut
from holdfast.serving.work import OverloadedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from holdfast.loop.online import OnlinePorts
    from holdfast.serving.commons import Commons
    from holdfast.serving.server import Server

__all__ = ["create_app"]

_DIRECT = [operation for operation in OPERATIONS if operation.takes_body]
_STATIC = Path(__file__).parent / "static"


def create_app(
    ports: OnlinePorts,
    limits: ServingLimits | None = None,
    access: Access | None = None,
    commons: Commons | None = None,
) -> FastAPI:
    """Return the application; its lifespan loads the champion and keeps it up to date.

    Args:
        ports: The champion and the stores, as wiring made them.
        limits: How much the server takes on; the defaults if absent.
        access: Whom it is for; this machine if absent, with keys as soon as one exists.
        commons: What it shares with the other workers; it is alone if absent.
    """
    server, routes = new_server(ports, limits or ServingLimits(), commons), _routes()
    app = FastAPI(
        title="Holdfast",
        version=__version__,
        openapi_url=None,  # made from the champion's contract at request time
        docs_url=None,
        redoc_url=None,
        # Off: whether somebody traces would be looked up in the environment at each request,
        # which takes as long as to decode one; `Measured` counts.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=_lifespan,
        routes=routes,
    )
    app.state.server = server
    app.add_middleware(Shortcut, server=server, operations=_DIRECT)
    app.add_middleware(Gate, ring=KeyRing(ports.keys, ports.clock, access or Access()))
    app.add_middleware(Measured, metrics=server.metrics, templates=_templates(routes))
    for kind in (HoldfastError, RefusedError, OverloadedError):
        app.add_exception_handler(kind, _answer_problem)
    app.add_exception_handler(HTTPException, _answer_http_problem)
    return app


def _routes() -> list[BaseRoute]:
    return [
        *(
            Route(operation.template, endpoint(operation), methods=[operation.method])
            for operation in OPERATIONS
        ),
        Route("/openapi.json", pages.get_openapi),
        Route("/docs", pages.get_docs),
        Route("/", pages.get_status_page),
        Mount("/static", pages.CachedStaticFiles(directory=_STATIC)),
    ]


def _templates(routes: Sequence[BaseRoute]) -> dict[object, str]:
    """Return each route's template by its endpoint, which is what a scope names."""
    templates: dict[object, str] = {operation.run: operation.template for operation in _DIRECT}
    for route in routes:
        if isinstance(route, Route):
            templates[route.endpoint] = route.path
        elif isinstance(route, Mount):
            templates[route.app] = route.path
    return templates


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    server: Server = app.state.server
    running_server = running(server)
    await run_in_threadpool(running_server.__enter__)
    try:
        yield
    finally:
        await run_in_threadpool(running_server.__exit__, None, None, None)


async def _answer_problem(request: Request, error: Exception) -> Response:
    return problem_response(error, request_id=request.state.request_id)


async def _answer_http_problem(request: Request, error: Exception) -> Response:
    """Answer what the router itself refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)
    response = problem_response(
        RefusedError(error.status_code, ROUTER_WORDS.get(error.status_code, error.detail)),
        request_id=request.state.request_id,
    )
    response.headers.update(error.headers or {})
    return response
