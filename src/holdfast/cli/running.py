"""How servers and control loops run as processes, and how they end."""

from __future__ import annotations

import logging
import os
import socket
import sys
from contextlib import suppress
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import typer

from holdfast.cli.options import EXIT_FAILED

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from holdfast.loop.cycle import Tick
    from holdfast.serving.keys import Access
    from holdfast.serving.supervisor import WorkerProcess
    from holdfast.settings import Settings

__all__ = ["holder", "run_loop", "run_server"]

_WORKER_SECONDS = 20  # more than a worker gives the requests under way


def holder() -> str:
    """Return how this process calls itself to others that ask for the lease."""
    return f"{socket.gethostname()}/{os.getpid()}"


def run_server(
    settings: Settings,
    *,
    host: str | None,
    port: int | None,
    workers: int | None,
    on_stopping: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        settings: The project's.
        host: Where to listen; `[serving] host` if None.
        port: The port; `[serving] port` if None.
        workers: How many processes answer; `[serving] workers` if None.
        on_stopping: Told once it was asked to stop.

    Raises:
        PortInUseError: If another program holds the port.
        SettingsError: If other machines could reach it, and there is no usable API key.
        NoStoreError: If the project has no store yet.
    """
    from holdfast.wiring.logs import log_to_stderr

    log_to_stderr(least=logging.INFO)  # who runs a server wants to see its swaps
    serving = settings.serving
    host = serving.host if host is None else host
    port = serving.port if port is None else port
    n_workers = serving.workers if workers is None else workers
    if n_workers == 1:
        _run_alone(settings, host, port, on_stopping)
    else:
        _run_workers(settings, host, port, n_workers, on_stopping)


def _run_alone(settings: Settings, host: str, port: int, on_stopping: Callable[[], None]) -> None:
    from holdfast.serving import ServingLimits, access_on, create_app, run
    from holdfast.wiring.online import open_online

    serving = settings.serving
    with open_online(settings) as ports:
        access = access_on(host, serving.auth, ports.keys.api_keys(), now=ports.clock.now())
        app = create_app(ports, ServingLimits.of(serving), access)

        def stopping() -> None:
            app.state.server.stopping.set()
            on_stopping()

        run(
            app,
            host,
            port,
            exposed=access.exposed,
            announce=_announce,
            on_stopping=stopping,
            drain_seconds=serving.drain.total_seconds(),
        )


def _run_workers(
    settings: Settings, host: str, port: int, n_workers: int, on_stopping: Callable[[], None]
) -> None:
    """Look after processes that answer; this one opens the store only to ask who may.

    Nothing that is open is handed on to them: neither SQLite nor the model's runtime
    survives a fork.
    """
    from holdfast.serving import access_on, bind
    from holdfast.serving.commons import shared_memory
    from holdfast.serving.network import url_of
    from holdfast.serving.supervisor import Supervisor
    from holdfast.wiring.keys import open_keys

    with open_keys(settings) as (keys, clock):
        access = access_on(host, settings.serving.auth, keys.api_keys(), now=clock.now())
    memory = shared_memory(n_workers)
    with bind(host, port, exposed=access.exposed) as bound:
        url = url_of(bound)

        def stopping() -> None:
            bound.close()  # so that it is closed once the last worker has closed it
            on_stopping()

        supervisor = Supervisor(
            partial(_start_worker, settings, access, bound, memory, n_workers),
            n_workers,
            announce=lambda: _announce(url),
            on_stopping=stopping,
            stop_seconds=settings.serving.drain.total_seconds() + _WORKER_SECONDS,
        )
        all_well = supervisor.run()
    os.close(memory)
    if not all_well:
        raise typer.Exit(EXIT_FAILED)


def _start_worker(
    settings: Settings,
    access: Access,
    bound: socket.socket,
    memory: int,
    n_workers: int,
    number: int,
) -> WorkerProcess:
    import msgspec

    from holdfast.cli.worker import Orders
    from holdfast.serving.supervisor import start_process

    def orders(reports: int) -> bytes:
        return msgspec.json.encode(
            Orders(
                settings=settings.model_dump_json(),
                number=number,
                n_workers=n_workers,
                exposed=access.exposed,
                listening=bound.fileno(),
                commons=memory,
                reports=reports,
            )
        )

    command = [sys.executable, "-m", "holdfast.cli.worker"]
    return start_process(command, orders, pass_fds=(bound.fileno(), memory))


def _announce(url: str) -> None:
    typer.echo(f"Holdfast serves at {url} (docs: {url}/docs)")


def run_loop(
    settings: Settings, *, every: str | None, once: bool, say: Callable[[Tick], None]
) -> None:
    """Tick now and as `[control]` says until SIGINT or SIGTERM; a tick under way is finished.

    A tick that fails is reported, and comes again: the loop must outlive a store that is away
    for an hour.

    Args:
        settings: The project's.
        every: The time between two ticks, in place of what the settings say.
        once: One tick, whose failure is the command's.
        say: Told of each tick.

    Raises:
        SettingsError: If the settings are wrong.
    """
    from holdfast.adapters.clocks.system import SystemClock
    from holdfast.cli.stopping import heard_stop_signals
    from holdfast.domain.durations import parse_duration
    from holdfast.loop.history import History
    from holdfast.loop.repeat import repeat, take_turn
    from holdfast.wiring.control import open_control, plan_of
    from holdfast.wiring.schedules import schedule_of

    plan, now, history = plan_of(settings), SystemClock().now, History()
    step = None if every is None else parse_duration(every)
    schedule = None if once else schedule_of(settings, every=step)

    def turn(slot: datetime | None) -> bool:
        with open_control(settings, history=history) as ports:
            taken = take_turn(ports, plan, schedule, slot=slot, holder=holder(), now=now)
        if taken.ticked is not None:
            say(taken.ticked)
        return taken.is_done

    with heard_stop_signals() as stop:
        if schedule is None:
            turn(None)
            return
        repeat(turn, schedule, stop=stop, now=now, jitter=settings.control.jitter, rng=Random())  # noqa: S311 - it spreads load, and guards nothing
        _take_back(settings)


def _take_back(settings: Settings) -> None:
    """Say that this loop will not tick again; where the store is away, its last word stands."""
    from holdfast.domain.errors import HoldfastError
    from holdfast.wiring.project import open_store

    with suppress(HoldfastError), open_store(settings, create=False) as store:
        store.ticks.announce(None, holder=holder())
