"""How connections are shared out among workers."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from contextlib import contextmanager

import pytest

from holdfast.serving import accepting
from holdfast.serving.accepting import Acceptor
from holdfast.serving.commons import Commons, shared_memory

PATIENCE = 10


class Greeter(asyncio.Protocol):
    """Says whose it is."""

    def __init__(self, worker):
        self.worker = worker

    def connection_made(self, transport):
        self.worker.n_open += 1
        transport.write(self.worker.name)


class Worker:
    """One of several that listen on one socket."""

    def __init__(self, name=b"1", turns=None):
        self.name, self.n_open, self.n_asked = name, 0, 0
        self.turns = turns or self

    def has_most(self, _n):
        self.n_asked += 1
        return False

    def accept_on(self, bound):
        return Acceptor(
            bound, lambda: Greeter(self), turns=self.turns, n_connections=lambda: self.n_open
        )


@pytest.fixture
def bound():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@contextmanager
def accepting_on(bound, *workers):
    acceptors = [worker.accept_on(bound.dup()) for worker in workers]
    try:
        yield acceptors
    finally:
        for acceptor in acceptors:
            acceptor.close()
            acceptor._bound.close()


async def greeted(bound):
    """Connect, and return who answered."""
    reader, writer = await asyncio.open_connection(*bound.getsockname())
    name = await asyncio.wait_for(reader.read(1), PATIENCE)
    return name, writer


async def hang_up(connections):
    for _, writer in connections:
        writer.close()
        await writer.wait_closed()


class TestAcceptor:
    def test_workers_with_fewer_connections_go_first(self, bound):
        """Also when clients come one at a time, and the same worker is always the quickest."""
        descriptor = shared_memory(2)
        workers = [
            Worker(b"%d" % number, Commons(descriptor, number=number, n_workers=2))
            for number in (1, 2)
        ]

        async def connect_ten():
            with accepting_on(bound, *workers):
                connections = [await greeted(bound) for _ in range(10)]
                await hang_up(connections)

        asyncio.run(connect_ten())
        os.close(descriptor)

        assert [worker.n_open for worker in workers] == [5, 5]

    def test_takes_what_nobody_else_takes(self, bound, monkeypatch):
        """The one with fewer may have died, or hang."""
        worker = Worker()
        monkeypatch.setattr(worker, "has_most", lambda _: True)

        async def connect_three():
            with accepting_on(bound, worker):
                await hang_up([await greeted(bound) for _ in range(3)])

        asyncio.run(connect_three())

        assert worker.n_open == 3

    def test_takes_nothing_once_it_is_closed(self, bound):
        """What comes then is another worker's, or finds nobody; a pause ends with it."""
        first, second = Worker(b"1"), Worker(b"2")

        async def close_the_first():
            with accepting_on(bound, first, second) as acceptors:
                acceptors[0].close()
                acceptors[0].close()
                await hang_up([await greeted(bound) for _ in range(4)])
                await acceptors[0].wait_closed()

        asyncio.run(close_the_first())

        assert (first.n_open, second.n_open) == (0, 4)

    def test_goes_on_after_it_could_not_open_another_file(self, bound, monkeypatch):
        """As `asyncio` does; meanwhile it does not turn in a circle."""
        monkeypatch.setattr(accepting, "_AFTER_FAILURE", 0.01)
        worker = Worker()
        failing = Failing(bound.dup())

        async def connect_one():
            acceptor = worker.accept_on(failing)
            await hang_up([await greeted(bound)])
            acceptor.close()
            failing.close()

        asyncio.run(connect_one())

        assert worker.n_open == 1
        assert worker.n_asked == 2


class Failing:
    """A socket that cannot accept at first."""

    def __init__(self, bound):
        self.bound, self.fails = bound, True

    def accept(self):
        if self.fails:
            self.fails = False
            raise OSError(errno.EMFILE, "Too many open files")
        return self.bound.accept()

    def __getattr__(self, name):
        return getattr(self.bound, name)
