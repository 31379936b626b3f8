"""Mount a project's whole API in an application of Starlette or FastAPI."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from holdfast.integrations.embedding import access_inside, embedding_of
from holdfast.serving import create_app
from holdfast.serving.calls import request_id_of
from holdfast.serving.problems import RefusedError, problem_response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from fastapi import FastAPI
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

    from holdfast.integrations.embedding import Embedding
    from holdfast.serving.keys import Asking

__all__ = ["mount", "mount_embedding"]


def mount(
    app: Starlette, *, project: str | Path, path: str = "/holdfast", auth: Asking | None = None
) -> None:
    """Serve a project below a path of an application.

    The project is opened when the application starts, before its own lifespan, and closed
    after it. Routes that the application declared before and that match first keep their
    paths.

    Args:
        app: Of Starlette or FastAPI; not started yet.
        project: The folder that holds ``holdfast.toml``.
        path: Where to mount, such as ``/holdfast``: the API is then at
            ``/holdfast/v1/predict``, its documentation at ``/holdfast/docs``.
        auth: ``auto``: API keys, and this machine only as long as there is none;
            ``required``: API keys; ``off``: the application judges by itself who may ask;
            None: as `[serving] auth` says.

    Raises:
        SettingsError: If the project's settings cannot be used.
        ValueError: If the path is not one that can be mounted at.
    """
    mount_embedding(app, embedding_of(project, auth), path)


def mount_embedding(app: Starlette, embedding: Embedding, path: str) -> None:
    """Serve an embedding below a path; `mount` says how."""
    if not path.startswith("/") or path.endswith("/"):
        raise ValueError(f"a path to mount at is like '/holdfast'; found {path!r}")
    inside = _Inside()
    around = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(host: Any) -> AsyncIterator[Any]:
        async with inside.serving(embedding), around(host) as state:
            yield state

    app.router.lifespan_context = lifespan
    app.mount(path, inside)


class _Inside:
    """Passes requests on to the project while it is open."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    @asynccontextmanager
    async def serving(self, embedding: Embedding) -> AsyncIterator[None]:
        """Open the project; servers of this kind run no lifespan of what is mounted."""
        stack = ExitStack()
        try:
            app = await run_in_threadpool(_opened, stack, embedding)
            async with app.router.lifespan_context(app):
                self._app = app
                yield
        finally:
            self._app = None
            await run_in_threadpool(stack.close)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if self._app is not None:
            await self._app(scope, receive, send)
            return
        closed = RefusedError(
            503,
            "The application around Holdfast has not run its lifespan, or has ended it.",
            headers={"Retry-After": "1"},
        )
        await problem_response(closed, request_id=request_id_of(None))(scope, receive, send)


def _opened(stack: ExitStack, embedding: Embedding) -> FastAPI:
    ports = stack.enter_context(embedding.opening())
    return create_app(ports, embedding.limits, access_inside(embedding.auth, ports))
