"""One of several workers: what the supervisor starts, in a process of its own."""

from __future__ import annotations

import logging
import os
import socket
import sys
from dataclasses import dataclass

import msgspec

__all__ = ["Orders", "main"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a worker is told, as one line of JSON on its standard input.

    Attributes:
        settings: The project's, as the supervisor read them: a file that is edited
            meanwhile does not make the workers differ.
        number: Which worker it is, from 1.
        n_workers: How many there are.
        exposed: Whether other machines can reach the server.
        listening: The descriptor of the bound socket.
        commons: The descriptor of the shared memory.
        reports: The descriptor on which it says that it answers.
    """

    settings: str
    number: int
    n_workers: int
    exposed: bool
    listening: int
    commons: int
    reports: int


def main() -> None:
    """Work until asked to stop, or until the supervisor is gone."""
    from holdfast.cli.ending import end_with_parent
    from holdfast.cli.options import EXIT_FAILED
    from holdfast.domain.errors import HoldfastError

    orders = msgspec.json.decode(_first_line(), type=Orders)
    end_with_parent()
    try:
        _work(orders)
    except HoldfastError as error:
        sys.stderr.write(f"Error: worker {orders.number}: {error}\n")
        sys.exit(EXIT_FAILED)


def _work(orders: Orders) -> None:
    from holdfast.serving import Access, ServingLimits, create_app, run_on
    from holdfast.serving.commons import Commons
    from holdfast.settings import Settings
    from holdfast.wiring.logs import log_to_stderr
    from holdfast.wiring.online import open_online

    log_to_stderr(least=logging.INFO, worker=orders.number)
    settings = Settings.model_validate_json(orders.settings)
    commons = Commons(orders.commons, number=orders.number, n_workers=orders.n_workers)
    os.close(orders.commons)
    access = Access(auth=settings.serving.auth, exposed=orders.exposed)
    with open_online(settings) as ports, socket.socket(fileno=orders.listening) as bound:
        app = create_app(ports, ServingLimits.of(settings.serving), access, commons)
        run_on(
            bound,
            app,
            announce=lambda: _report(orders.reports),
            on_stopping=app.state.server.stopping.set,
            drain_seconds=settings.serving.drain.total_seconds(),
            turns=commons,
        )


def _first_line() -> bytes:
    """Read the orders and nothing beyond them: what follows is watched, not read."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            sys.exit("A worker is started by `holdfast serve --workers N`, not by hand.")
        line += byte
    return line


def _report(descriptor: int) -> None:
    os.write(descriptor, b"answers\n")


if __name__ == "__main__":
    main()
