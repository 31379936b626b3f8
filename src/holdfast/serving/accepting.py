"""How workers share out the connections that come to the one socket that they all hold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import structlog

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine

__all__ = ["Acceptor", "Turns"]

_AFTER_YOU = 0.002  # seconds that a worker leaves to one with fewer connections
_AFTER_FAILURE = 1.0  # as asyncio waits when no further file may be opened

_log = structlog.get_logger(__name__)


class Turns(Protocol):
    """What workers know of each other's connections."""

    def has_most(self, n_connections: int) -> bool:
        """Tell the others how many this worker has; return whether one has fewer."""


class Acceptor:
    """Takes connections off a listening socket, and lets workers with fewer go first.

    All workers are woken by each connection, and the quickest would take it: as a rule the
    one that ran last. A client's pool of connections that stay open for hours would then
    keep one core busy. Has what uvicorn asks of an `asyncio.Server`.

    Args:
        bound: The listening socket.
        protocol: Makes what speaks with a client.
        turns: Asked before each connection is taken.
        n_connections: Returns how many are open here.
    """

    def __init__(
        self,
        bound: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        *,
        turns: Turns,
        n_connections: Callable[[], int],
    ) -> None:
        self._bound, self._protocol = bound, protocol
        self._turns, self._n_connections = turns, n_connections
        self._loop = asyncio.get_running_loop()
        self._later: asyncio.TimerHandle | None = None
        self._greeting: set[asyncio.Task[Any]] = set()
        bound.setblocking(False)
        self._listen()

    def close(self) -> None:
        """Take no further connections; doing so twice is harmless."""
        if self._bound.fileno() >= 0:
            self._loop.remove_reader(self._bound)
        if self._later is not None:
            self._later.cancel()
            self._later = None

    async def wait_closed(self) -> None:
        """Wait until those that were taken have been handed on."""
        if self._greeting:
            await asyncio.wait(self._greeting)

    def _listen(self) -> None:
        self._later = None
        self._loop.add_reader(self._bound, self._on_connection)

    def _on_connection(self) -> None:
        if self._turns.has_most(self._n_connections() + len(self._greeting)):
            self._pause(_AFTER_YOU, self._take)
        else:
            self._take()

    def _pause(self, seconds: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._bound)
        self._later = self._loop.call_later(seconds, then)

    def _take(self) -> None:
        if self._later is not None:
            self._listen()
        try:
            connection, _ = self._bound.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another worker has it, or it has gone away
        except OSError as error:
            _log.error("connection_not_accepted", problem=str(error))
            self._pause(_AFTER_FAILURE, self._listen)
            return
        connection.setblocking(False)
        self._greet(self._loop.connect_accepted_socket(self._protocol, connection))

    def _greet(self, greeting: Coroutine[Any, Any, Any]) -> None:
        task = self._loop.create_task(greeting)
        self._greeting.add(task)
        task.add_done_callback(self._greeting.discard)
