"""The application: which route answers what, and what runs while the server does."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Route

from holdfast import __version__
from holdfast.domain.errors import HoldfastError
from holdfast.loop.swap import Refresher
from holdfast.serving import api, health, pages
from holdfast.serving.counters import Counters
from holdfast.serving.gate import Gate
from holdfast.serving.limits import ServingLimits
from holdfast.serving.problems import RefusedError, problem_response
from holdfast.serving.server import Server
from holdfast.serving.work import OverloadedError, Work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from holdfast.loop.online import OnlinePorts

__all__ = ["create_app"]

_STATIC = Path(__file__).parent / "static"

_log = structlog.get_logger(__name__)


def create_app(ports: OnlinePorts, limits: ServingLimits | None = None) -> FastAPI:
    """Return the application; its lifespan loads the champion and keeps it up to date.

    Args:
        ports: The champion and the stores, as wiring made them.
        limits: How much the server takes on; the defaults if absent.
    """
    limits = limits or ServingLimits()
    app = FastAPI(
        title="Holdfast",
        version=__version__,
        openapi_url=None,  # made from the champion's contract at request time
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        routes=_routes(),
    )
    app.state.server = Server(
        ports=ports,
        limits=limits,
        refresher=Refresher(ports.champion, every=limits.poll_seconds),
        work=Work(threads=limits.threads, max_waiting=limits.max_waiting),
        counters=Counters(),
    )
    app.add_middleware(Gate)
    for kind in (HoldfastError, RefusedError, OverloadedError):
        app.add_exception_handler(kind, _answer_problem)
    app.add_exception_handler(HTTPException, _answer_http_problem)
    return app


def _routes() -> list[BaseRoute]:
    return [
        Route("/v1/predict", api.post_predict, methods=["POST"]),
        Route("/v1/labels", api.post_labels, methods=["POST"]),
        Route("/v1/predictions/{prediction_id}", api.get_prediction),
        Route("/v1/model", api.get_model),
        Route("/v1/status", health.get_status),
        Route("/health/live", health.get_live),
        Route("/health/ready", health.get_ready),
        Route("/openapi.json", pages.get_openapi),
        Route("/docs", pages.get_docs),
        Route("/", pages.get_status_page),
        Mount("/static", pages.CachedStaticFiles(directory=_STATIC)),
    ]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    server: Server = app.state.server
    try:
        await run_in_threadpool(server.ports.champion.refresh)
    except HoldfastError as error:
        # Start all the same: readiness says why not, and the refresher tries on.
        _log.warning("champion_not_loaded", problem=type(error).__name__)
    server.refresher.start()
    try:
        yield
    finally:
        await run_in_threadpool(server.refresher.stop)
        await run_in_threadpool(server.work.close)


async def _answer_problem(request: Request, error: Exception) -> Response:
    return problem_response(error, request_id=request.state.request_id)


async def _answer_http_problem(request: Request, error: Exception) -> Response:
    """Answer what the router itself refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)
    response = problem_response(
        RefusedError(error.status_code, _ROUTER_WORDS.get(error.status_code, error.detail)),
        request_id=request.state.request_id,
    )
    response.headers.update(error.headers or {})
    return response


_ROUTER_WORDS = {
    404: "There is nothing at this address. /docs lists what there is.",
    405: "This address takes another method; the Allow header names it.",
}
