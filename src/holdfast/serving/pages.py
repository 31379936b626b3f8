"""The pages for people: the project's status at /, the API's documentation at /docs."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from holdfast import __version__
from holdfast.domain.errors import NoChampionError, StoreUnavailableError
from holdfast.domain.events import DecisionMade, WindowJudged
from holdfast.serving.openapi import openapi_document
from holdfast.serving.server import json_response, server_of

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from holdfast.domain.events import Event
    from holdfast.loop.swap import ServedModel
    from holdfast.ports.views import Status
    from holdfast.serving.server import Server

__all__ = ["CachedStaticFiles", "get_docs", "get_openapi", "get_status_page"]

_SAME_ORIGIN_ONLY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_DOCS_POLICY = (
    # Swagger UI sets style attributes and draws its icons from data: addresses.
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


class CachedStaticFiles(StaticFiles):
    """Files of the package; pages name them with the version, so they may be kept long."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Serve one file (304 if the browser has it), and let it be kept for a day."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response


async def get_openapi(request: Request) -> Response:
    """Describe the API with the features of the model that answers now."""
    return json_response(openapi_document(_served(server_of(request))))


async def get_docs(_request: Request) -> Response:
    """Show the API's documentation, without any outside address."""
    return _page("docs.html", _DOCS_POLICY)


async def get_status_page(request: Request) -> Response:
    """Show how the project stands, for a person."""
    server = server_of(request)
    return await run_in_threadpool(
        _status_page, server, _refresh_of(request), str(request.base_url)
    )


def _status_page(server: Server, refresh: int | None, base_url: str) -> Response:
    served = _served(server)
    try:
        status = server.ports.views.status()
    except StoreUnavailableError:
        status = None
    return _page(
        "status.html",
        _SAME_ORIGIN_ONLY,
        status_code=200 if status is not None else 503,
        now=server.ports.clock.now(),
        refresh=refresh,
        base_url=base_url,
        served=served,
        refusal=server.ports.champion.refusal,
        status=status,
        found=None if status is None else _found(status),
        row=None if served is None else _row(served),
    )


def _found(status: Status) -> dict[str, Any]:
    """Unwrap the bodies of the loop's last events for the template."""
    window, decision = status.last_window, status.last_decision
    return {
        "window": _body(window, WindowJudged),
        "window_event": window,
        "decision": _body(decision, DecisionMade),
        "decision_event": decision,
        "alerts": status.open_alerts,
    }


def _body(event: Event | None, kind: type[object]) -> object:
    return event.body if event is not None and isinstance(event.body, kind) else None


def _row(served: ServedModel) -> str:
    document = openapi_document(served)
    return json.dumps({"features": document["components"]["schemas"]["Features"]["examples"][0]})


def _served(server: Server) -> ServedModel | None:
    try:
        return server.ports.champion.current()
    except NoChampionError:
        return None


def _refresh_of(request: Request) -> int | None:
    """Return the seconds after which the page loads itself anew; only if it was asked to."""
    given = request.query_params.get("refresh", "")
    return min(max(int(given), 2), 3600) if given.isdecimal() and len(given) < 6 else None


def _page(name: str, policy: str, *, status_code: int = 200, **values: Any) -> Response:
    content = _templates().get_template(name).render(version=__version__, **values)
    return HTMLResponse(content, status_code, {"Content-Security-Policy": policy})


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("holdfast.serving"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,  # a misspelt name fails a test, not silently
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": _moment, "metric": _metric}
    return environment


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _metric(name: str) -> str:
    shown = {"roc_auc": "ROC AUC", "pr_auc": "PR AUC", "f1": "F1"}
    return shown.get(name, name.replace("_", " ").capitalize())
