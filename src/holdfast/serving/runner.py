"""How an application is run on a bound socket until it is asked to stop."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from holdfast.serving.network import bind, url_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from types import FrameType

    from fastapi import FastAPI

__all__ = ["run"]

_GRACE_SECONDS = 10  # for requests under way when the server is asked to stop


class _AnnouncingServer(uvicorn.Server):
    """Says where it listens once it answers there."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets=sockets)
        if not self.should_exit:
            self._announce()


def run(
    app: FastAPI,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    exposed: bool = False,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished first.

    Args:
        app: What to serve.
        host: A name or address; a loopback one unless `exposed`.
        port: The port; 0 takes a free one.
        exposed: Whether the application asks for keys, so that other machines may reach it.
        announce: Told the address, with the real port, once the server answers there.

    Raises:
        SettingsError: If the address may not be used, or cannot be.
        PortInUseError: If another program holds the port; nothing was started then.
    """
    with bind(host, port, exposed=exposed) as bound:
        url = url_of(bound)
        config = uvicorn.Config(
            app,
            access_log=False,  # the prediction log is the record of what was asked
            log_level="warning",
            server_header=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        server = _AnnouncingServer(config, lambda: announce(url) if announce else None)
        with _returning_after_signals():
            server.run(sockets=[bound])


@contextmanager
def _returning_after_signals() -> Iterator[None]:
    """Let `uvicorn` return after a signal: it raises the signal again once it has shut down."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's business
        return
    before = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Take note of a signal that the server has acted on already."""
