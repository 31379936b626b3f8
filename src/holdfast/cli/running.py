"""How servers and control loops run as processes, and how they end."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from holdfast.loop.cycle import Tick
    from holdfast.settings import Settings

__all__ = ["beside", "holder", "run_loop", "run_server"]

_GRACE_SECONDS = 30  # a tick under way may finish


def holder() -> str:
    """Return how this process calls itself to others that ask for the lease."""
    return f"{socket.gethostname()}/{os.getpid()}"


def run_server(settings: Settings, *, host: str | None, port: int | None) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        PortInUseError: If another program holds the port.
        SettingsError: If other machines could reach it, and there is no usable API key.
        NoStoreError: If the project has no store yet.
    """
    from holdfast.serving import ServingLimits, access_on, create_app, run
    from holdfast.wiring.logs import log_to_stderr
    from holdfast.wiring.online import open_online

    log_to_stderr(least=logging.INFO)  # who runs a server wants to see its swaps
    serving = settings.serving
    limits = ServingLimits(
        max_body_bytes=serving.max_body_bytes,
        max_rows=serving.max_rows,
        unknown_features=serving.unknown_features,
    )
    host = serving.host if host is None else host
    with open_online(settings) as ports:
        access = access_on(host, serving.auth, ports.keys.api_keys(), now=ports.clock.now())
        run(
            create_app(ports, limits, access),
            host,
            serving.port if port is None else port,
            exposed=access.exposed,
            announce=lambda url: typer.echo(f"Holdfast serves at {url} (docs: {url}/docs)"),
        )


def run_loop(
    settings: Settings, *, every: str | None, once: bool, say: Callable[[Tick], None]
) -> None:
    """Tick at an interval until SIGINT or SIGTERM; a tick under way is finished first.

    A tick that fails is reported, and the next one comes at its time: the loop must
    outlive a store that is away for an hour.
    """
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers.interval import IntervalTrigger

    from holdfast.domain.durations import parse_duration
    from holdfast.domain.errors import HoldfastError
    from holdfast.loop.cycle import tick
    from holdfast.wiring.control import open_control, plan_of

    plan = plan_of(settings)
    interval = plan.bucket if every is None else parse_duration(every)

    def tick_once() -> None:
        try:
            with open_control(settings) as ports:
                ticked = tick(ports, plan, actor="control", holder=holder())
        except HoldfastError as error:
            if once:
                raise
            typer.echo(f"Tick failed: {error}", err=True)
            return
        if ticked is not None:
            say(ticked)

    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C under `up` sends the one and the other
        signal.signal(number, lambda *_: stopping.set())
    tick_once()
    if once or stopping.is_set():
        return
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        tick_once,
        IntervalTrigger(seconds=max(1, int(interval.total_seconds())), timezone="UTC"),
        coalesce=True,  # after a sleep, one tick catches up
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    stopping.wait()
    scheduler.shutdown()  # waits for a tick under way


@contextmanager
def beside(arguments: list[str], *, every: str | None) -> Iterator[None]:
    """Run another holdfast command in a process of its own while the body runs."""
    extra = [] if every is None else ["--every", every]
    command = [sys.executable, "-m", "holdfast", *arguments, *extra]
    process = subprocess.Popen(command)  # noqa: S603 - our own interpreter and words
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
