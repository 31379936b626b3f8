"""A blueprint that gives an application of Flask a project's API."""

from __future__ import annotations

import atexit
import math
import os
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from anyio.from_thread import start_blocking_portal

from holdfast.domain.errors import HoldfastError, MissingExtraError, StoreUnavailableError
from holdfast.integrations.embedding import access_inside, embedding_of
from holdfast.serving.bodies import check_announced, too_large
from holdfast.serving.calls import Call, Reply, finished, request_id_of
from holdfast.serving.core import find
from holdfast.serving.gate import check_origin
from holdfast.serving.key_ring import KeyRing
from holdfast.serving.measuring import NO_ROUTE
from holdfast.serving.problems import RefusedError, problem_reply
from holdfast.serving.server import Server, new_server, running

try:
    from flask import Blueprint, Response, request
    from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
except ModuleNotFoundError as error:
    raise MissingExtraError(needs="Flask", extra="flask") from error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from anyio.from_thread import BlockingPortal

    from holdfast.integrations.embedding import Embedding
    from holdfast.serving.core import Operation
    from holdfast.serving.keys import Asking
    from holdfast.serving.limits import ServingLimits

__all__ = ["Service", "blueprint", "blueprint_of"]

_RULES = ("/<any(v1, health):area>/<path:rest>", "/<any(metrics):area>")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")  # those that are not taken get our 405
_CHUNK = 64 * 1024  # bytes
_NOT_OPENED = "the project could not be opened"

_log = structlog.get_logger(__name__)


def blueprint(
    *,
    project: str | Path,
    url_prefix: str | None = None,
    name: str = "holdfast",
    auth: Asking | None = None,
) -> Blueprint:
    """Return a blueprint that answers as `holdfast serve` does.

    The project is opened by the first request of each process, so that an application may
    be loaded before its server forks, and is closed when the process ends.

    Args:
        project: The folder that holds ``holdfast.toml``.
        url_prefix: Below which the API lies: with ``/holdfast`` predictions are at
            ``/holdfast/v1/predict``.
        name: Of the blueprint; two projects in one application need two.
        auth: ``auto``: API keys, and this machine only as long as there is none;
            ``required``: API keys; ``off``: the application judges by itself who may ask;
            None: as `[serving] auth` says.

    Raises:
        SettingsError: If the project's settings cannot be used.
    """
    service = Service(embedding_of(project, auth))
    atexit.register(service.close)
    return blueprint_of(service, name=name, url_prefix=url_prefix)


def blueprint_of(
    service: Service, *, name: str = "holdfast", url_prefix: str | None = None
) -> Blueprint:
    """Return a blueprint for a service that the caller closes."""
    made, view = Blueprint(name, __name__, url_prefix=url_prefix), _view(service)
    for rule in _RULES:
        made.add_url_rule(rule, "answer", view, methods=_METHODS)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A project that is open in one process."""

    server: Server
    ring: KeyRing
    portal: BlockingPortal  # an event loop in a thread, for the core is asynchronous
    stack: ExitStack
    pid: int


class Service:
    """A project that is opened when it is first needed, once in each process.

    Args:
        embedding: What to open.
    """

    def __init__(self, embedding: Embedding) -> None:
        self._embedding = embedding
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._of_parents: list[_Opened | None] = []
        self._failed_at = -math.inf  # on the monotonic clock

    def opened(self) -> _Opened:
        """Return the open project.

        Raises:
            StoreUnavailableError: If it cannot be opened; the log says why, and the next
                call tries again.
        """
        found = self._in_this_process()
        if found is not None:
            return found
        asked_at = time.monotonic()
        with self._lock:
            found = self._in_this_process()
            if found is None:
                if self._failed_at > asked_at:
                    # Who waited for this try would else wait for one of its own, in a row.
                    raise StoreUnavailableError(_NOT_OPENED)
                # A connection of SQLite that went through a fork must not even be closed.
                self._of_parents.append(self._opened)
                found = self._opened = self._try()
        return found

    def close(self) -> None:
        """Finish what is under way and close the project, if this process opened it."""
        with self._lock:
            found = self._in_this_process()
            if found is not None:
                self._opened = None
                found.stack.close()

    def _in_this_process(self) -> _Opened | None:
        """Return what is open; threads do not survive a fork, so a parent's does not count."""
        found = self._opened
        return found if found is not None and found.pid == os.getpid() else None

    def _try(self) -> _Opened:
        try:
            return _open(self._embedding)
        except HoldfastError as error:
            self._failed_at = time.monotonic()
            _log.error("project_not_opened", problem=str(error))
            raise StoreUnavailableError(_NOT_OPENED) from error


def _open(embedding: Embedding) -> _Opened:
    with ExitStack() as stack:
        ports = stack.enter_context(embedding.opening())
        ring = KeyRing(ports.keys, ports.clock, access_inside(embedding.auth, ports))
        server = new_server(ports, embedding.limits)
        portal = stack.enter_context(start_blocking_portal())
        stack.enter_context(running(server))
        kept = stack.pop_all()
    return _Opened(server=server, ring=ring, portal=portal, stack=kept, pid=os.getpid())


def _view(service: Service) -> Callable[..., Response]:
    def answer(area: str, rest: str | None = None) -> Response:
        path = f"/{area}" if rest is None else f"/{area}/{rest}"
        request_id = request_id_of(request.headers.get("X-Request-Id"))
        try:
            reply = _measured(service.opened(), path, request_id)
        except Exception as error:  # noqa: BLE001 - the outermost edge: everything is answered
            reply = problem_reply(error, request_id=request_id)
        reply = finished(reply, request_id=request_id)
        return Response(reply.body, reply.status, reply.headers, content_type=reply.media_type)

    return answer


def _measured(opened: _Opened, path: str, request_id: str) -> Reply:
    """Answer, and count the answer by its route."""
    before, route = time.perf_counter(), NO_ROUTE
    try:
        headers = {name.lower(): value for name, value in request.headers.items()}
        _admit(opened.ring, path, headers)
        operation, parameters = find(request.method, path)
        route = operation.template
        reply = _run(opened, operation, parameters, headers)
    except Exception as error:  # noqa: BLE001 - as in the view; here it is counted as well
        reply = problem_reply(error, request_id=request_id)
    seconds = time.perf_counter() - before
    opened.server.metrics.answered(request.method, route, str(reply.status), seconds)
    return reply


def _admit(ring: KeyRing, path: str, headers: Mapping[str, str]) -> None:
    check_origin(ring.access, request.method, headers, peer=request.remote_addr)
    if not ring.knows(request.method, path):
        ring.refresh()
    ring.admit(request.method, path, headers)


def _run(
    opened: _Opened,
    operation: Operation,
    parameters: Mapping[str, str],
    headers: Mapping[str, str],
) -> Reply:
    server = opened.server
    call = Call(
        body=_body(headers, server.limits) if operation.takes_body else b"",
        # Where a name occurs twice, the last counts, as it does for `holdfast serve`.
        query={name: values[-1] for name, values in request.args.lists()},
        parameters=parameters,
    )
    return opened.portal.call(operation.run, server, call)


def _body(headers: Mapping[str, str], limits: ServingLimits) -> bytes:
    """Read the body, but no more of it than is taken."""
    check_announced(headers, limits)
    body = bytearray()
    try:
        while chunk := request.stream.read(_CHUNK):
            body += chunk
            if len(body) > limits.max_body_bytes:
                raise too_large(limits)
    except RequestEntityTooLarge:
        # The application's own MAX_CONTENT_LENGTH is the smaller one.
        raise RefusedError(413, "The body is larger than this application takes.") from None
    except ClientDisconnected:
        raise RefusedError(400, "The client went away before its body was complete.") from None
    return bytes(body)
