"""What the routes share: the ports, the limits, the workers and what this process noticed."""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import msgspec
import structlog
from starlette.responses import Response

from holdfast.domain.errors import HoldfastError
from holdfast.loop.predict import predict_each
from holdfast.loop.shadow import Shadow
from holdfast.loop.swap import Refresher
from holdfast.serving.cells import Tally
from holdfast.serving.commons import Reporter
from holdfast.serving.counters import Counters
from holdfast.serving.gauges import report_of
from holdfast.serving.lane import Lane
from holdfast.serving.metrics import Metrics
from holdfast.serving.timed_log import TimedLog
from holdfast.serving.typed_bodies import TypedBodies
from holdfast.serving.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from starlette.requests import Request

    from holdfast.domain.predictions import Prediction
    from holdfast.loop.online import OnlinePorts
    from holdfast.loop.predict import Asked
    from holdfast.serving.commons import Commons
    from holdfast.serving.limits import ServingLimits

__all__ = ["Server", "json_response", "new_server", "running", "server_of"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server in this process, whichever transport it stands behind.

    Attributes:
        stopping: Set once it was asked to stop: it still answers, but is not ready.
        commons: What it shares with the other workers; None if it is alone.
    """

    ports: OnlinePorts
    limits: ServingLimits
    refresher: Refresher
    shadow: Shadow
    work: Work
    predicting: Lane[Asked, tuple[Prediction, ...]]
    counters: Counters
    metrics: Metrics
    bodies: TypedBodies = field(default_factory=TypedBodies)
    stopping: threading.Event = field(default_factory=threading.Event)
    commons: Commons | None = None


def new_server(ports: OnlinePorts, limits: ServingLimits, commons: Commons | None = None) -> Server:
    """Return a server that does not run yet.

    Args:
        ports: The champion and the stores, as wiring made them.
        limits: How much the server takes on.
        commons: What it shares with other workers, if there are any.
    """
    tally = Tally() if commons is None else commons.tally
    metrics = Metrics(tally)
    shadow = Shadow(ports.champion, ports.predictions, on_rows=metrics.shadowed)
    log = TimedLog(ports.predictions, metrics, shadow=shadow)
    work = Work(threads=limits.threads, max_waiting=limits.max_waiting)
    return Server(
        ports=replace(ports, predictions=log),
        limits=limits,
        refresher=Refresher(ports.champion, every=limits.poll_seconds),
        shadow=shadow,
        work=work,
        predicting=Lane(work, partial(predict_each, log, ports.clock)),
        counters=Counters(tally),
        metrics=metrics,
        commons=commons,
    )


@contextmanager
def running(server: Server) -> Iterator[None]:
    """Load the champion and keep it up to date; at the end, finish what is under way."""
    try:
        server.ports.champion.refresh()
    except HoldfastError as error:
        # Start all the same: readiness says why not, and the refresher tries on.
        _log.warning("champion_not_loaded", problem=type(error).__name__)
    server.refresher.start()
    server.shadow.start()
    try:
        with _reporting(server):
            yield
    finally:
        server.refresher.stop()
        server.work.close()
        server.shadow.stop()


def _reporting(server: Server) -> AbstractContextManager[object]:
    if server.commons is None:
        return nullcontext()
    return Reporter(server.commons, partial(report_of, server))


def server_of(request: Request) -> Server:
    """Return the server that a request came to."""
    return cast("Server", request.app.state.server)


def json_response(content: Any) -> Response:
    """Return an answer for Starlette to send; floats keep every digit."""
    return Response(msgspec.json.encode(content), media_type="application/json")
