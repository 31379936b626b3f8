"""How an application is run on a bound socket until it is asked to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn

from holdfast.serving.accepting import Acceptor
from holdfast.serving.connections import guarded
from holdfast.serving.network import bind, url_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from types import FrameType

    from fastapi import FastAPI

    from holdfast.serving.accepting import Turns
    from holdfast.serving.limits import ConnectionLimits

__all__ = ["GRACE_SECONDS", "run", "run_on"]

GRACE_SECONDS = 10
"""For requests under way when the server is asked to stop."""

_FAREWELL_SECONDS = 1.0  # in which clients that are connected are told to connect anew
_LATE_SECONDS = 0.2  # in which a connection that came with the last ones sends its request
_LOOK_SECONDS = 0.02


class _Server(uvicorn.Server):
    """Says when it answers, and takes leave of its clients before it goes.

    uvicorn alone closes at once what is idle at the moment of the signal: a request that
    is on its way there would be lost.

    Args:
        config: As for `uvicorn.Server`.
        announce: Told once it answers.
        on_stopping: Told once it was asked to stop; it answers still.
        drain_seconds: For how long it goes on then, at least.
        turns: How connections are shared out among workers; it is alone if None.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        announce: Callable[[], None],
        on_stopping: Callable[[], None],
        drain_seconds: float,
        turns: Turns | None,
    ) -> None:
        super().__init__(config)
        self._announce, self._on_stopping = announce, on_stopping
        self._drain_seconds, self._turns = drain_seconds, turns

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets=sockets if self._turns is None else [])
        if self._turns is not None and not self.should_exit:
            self.servers = [self._acceptor(one, self._turns) for one in sockets or []]
        _tune_interpreter()
        if not self.should_exit:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let every answer be its connection's last one; then stop to listen, and end."""
        self._on_stopping()
        self._say_farewell()
        await self._nobody_left(least=self._drain_seconds, most=_FAREWELL_SECONDS)
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        await self._nobody_left(least=0, most=_LATE_SECONDS)
        await super().shutdown(sockets)

    def _acceptor(self, bound: socket.socket, turns: Turns) -> Any:
        kind: Any = self.config.http_protocol_class  # asyncio's own has no arguments
        protocol = partial(
            kind,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        connections = self.server_state.connections
        return Acceptor(bound, protocol, turns=turns, n_connections=lambda: len(connections))

    def _say_farewell(self) -> None:
        state = self.server_state
        state.default_headers = [*state.default_headers, (b"connection", b"close")]
        for connection in state.connections:
            cycle = getattr(connection, "cycle", None)
            if cycle is not None:
                cycle.keep_alive = False  # it took its headers when its request came

    async def _nobody_left(self, *, least: float, most: float) -> None:
        begin = time.monotonic()
        while not self.force_exit:
            passed = time.monotonic() - begin
            if passed >= least and (
                passed >= max(least, most) or not self.server_state.connections
            ):
                return
            await asyncio.sleep(_LOOK_SECONDS)


def run(
    app: FastAPI,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    exposed: bool = False,
    announce: Callable[[str], None] | None = None,
    on_stopping: Callable[[], None] | None = None,
    drain_seconds: float = 0.0,
    connections: ConnectionLimits | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished first.

    Args:
        app: What to serve.
        host: A name or address; a loopback one unless `exposed`.
        port: The port; 0 takes a free one.
        exposed: Whether the application asks for keys, so that other machines may reach it.
        announce: Told the address, with the real port, once the server answers there.
        on_stopping: Told once the server was asked to stop; it answers still.
        drain_seconds: For how long it goes on answering then, at least.
        connections: What a connection may do; the defaults if absent.

    Raises:
        SettingsError: If the address may not be used, or cannot be.
        PortInUseError: If another program holds the port; nothing was started then.
    """
    with bind(host, port, exposed=exposed) as bound:
        url = url_of(bound)
        run_on(
            bound,
            app,
            announce=lambda: announce(url) if announce else None,
            on_stopping=on_stopping,
            drain_seconds=drain_seconds,
            connections=connections,
        )


def run_on(
    bound: socket.socket,
    app: FastAPI,
    *,
    announce: Callable[[], None],
    on_stopping: Callable[[], None] | None = None,
    drain_seconds: float = 0.0,
    connections: ConnectionLimits | None = None,
    turns: Turns | None = None,
) -> None:
    """Serve on a socket that is bound already, which other processes may hold as well.

    Args:
        bound: A listening socket; it is closed at the end.
        app: See `run`, also for the rest.
        announce: Told once the server answers.
        on_stopping: Told once the server was asked to stop.
        drain_seconds: For how long it goes on answering then, at least.
        connections: What a connection may do; the defaults if absent.
        turns: How connections are shared out among the workers that hold the socket.
    """
    config = uvicorn.Config(
        app,
        http=guarded(connections),
        access_log=False,  # the prediction log is the record of what was asked
        log_level="warning",
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(
        config,
        announce=announce,
        on_stopping=on_stopping or (lambda: None),
        drain_seconds=drain_seconds,
        turns=turns,
    )
    with _returning_after_signals(server):
        server.run(sockets=[bound])


@contextmanager
def _returning_after_signals(server: uvicorn.Server) -> Iterator[None]:
    """Let `uvicorn` return after a signal: it raises the signal again once it has shut down.

    One that comes before uvicorn listens to signals is not lost either.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's business
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tune_interpreter() -> None:
    """Let no request wait long for what this process does beside it."""
    # A thread that scores a thousand rows hands over after one millisecond, not five: beside
    # such batches two to three times as many single rows are answered.
    sys.setswitchinterval(0.001)
    # What stands now stays: the collector need not look it through again and again, for
    # which every request of the moment would wait some tens of milliseconds.
    gc.collect()
    gc.freeze()
