"""Clients that are slow, silent, greedy or half gone: the others are served all the while."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
from tests.faults.test_server_kills import logged_predictions
from tests.harness import PATIENCE, Process, address_in, await_that

pytestmark = pytest.mark.slow

# As `holdfast serve` does it, with limits that a test can wait for.
SERVE = """
from pathlib import Path
from holdfast.serving import ServingLimits, create_app, run
from holdfast.serving.limits import ConnectionLimits
from holdfast.settings import load_settings
from holdfast.wiring.online import open_online

with open_online(load_settings(Path.cwd())) as ports:
    run(
        create_app(ports, ServingLimits(body_seconds=2)),
        port=0,
        announce=lambda url: print(url, flush=True),
        connections=ConnectionLimits(head_seconds=4, linger_seconds=1, answer_seconds=2),
    )
"""
ROW = {"features": {"age": 40.0, "plan": "basic"}}
BODY = json.dumps(ROW).encode()
HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
POST = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
N_IDLE, N_SLOW = 500, 50
MEMORY = 128 * 1024 * 1024  # bytes that all of these clients may cost at most


@pytest.fixture(scope="module")
def project(_two_releases, tmp_path_factory):
    """One for all of these tests, which only add to its log."""
    return _two_releases.copied_to(tmp_path_factory.mktemp("slow") / "p")


@pytest.fixture(scope="module")
def server(project):
    variables = {"PYTHONUNBUFFERED": "1", **project.variables}
    process = Process.of([sys.executable, "-c", SERVE], cwd=project.folder, **variables)
    try:
        yield Serving(process, address_in(process.line()))
    finally:
        assert process.stop() == 0
    assert "Traceback" not in "".join(process.err)


class Serving:
    """A running server, seen from outside."""

    def __init__(self, process, url):
        self.url = url
        self.port = int(url.rsplit(":", 1)[1])
        self._proc = Path(f"/proc/{process.popen.pid}")

    def connect(self, data=b""):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection.sendall(data)
        return connection

    def n_connections(self):
        return sum("socket:" in target_of(link) for link in (self._proc / "fd").iterdir())

    def memory(self):
        (line,) = [
            line
            for line in (self._proc / "status").read_text().splitlines()
            if line.startswith("VmRSS:")
        ]
        return int(line.split()[1]) * 1024


class TestAServerWithBadClients:
    def test_serves_the_others_and_is_rid_of_them(self, server):
        """
        500 silent connections, heads and bodies of a byte now and then, clients that ask
        and never read: good ones are answered within a second, memory stays within bounds,
        and after the limits every bad one is gone. Without `http=guarded(…)` in
        `runner.run` they would be held for ever.
        """
        with ExitStack() as bad, httpx2.Client(base_url=server.url, trust_env=False) as good:
            asked(good)
            at_first, memory = server.n_connections(), server.memory()

            idle = [bad.enter_context(server.connect()) for _ in range(N_IDLE)]
            heads = [bad.enter_context(server.connect(HEAD)) for _ in range(N_SLOW)]
            bodies = [
                bad.enter_context(server.connect(HEAD + b"Content-Length: 1000\r\n\r\n{"))
                for _ in range(N_SLOW)
            ]
            for _ in range(4):
                bad.enter_context(flood(server))
            with trickle([*heads, *bodies]):
                await_that(lambda: server.n_connections() > at_first + N_IDLE, "they are there")
                times = [asked(good) for _ in range(30)]
                said = [one.recv(65536) for one in (heads[0], bodies[0])]
                await_that(lambda: server.n_connections() <= at_first + 1, "they are gone")

            assert max(times) < 1
            assert server.memory() - memory < MEMORY
            assert all(head.startswith(b"HTTP/1.1 408 ") for head in said), said
            assert all(b"application/problem+json" in head for head in said)
            assert idle[0].recv(1) == b""

    def test_answers_who_has_ended_its_own_side(self, server, project):
        """The row is logged, so its answer is owed; without `eof_received` it was dropped."""
        with server.connect(POST) as connection:
            connection.shutdown(socket.SHUT_WR)

            received = b""
            while piece := connection.recv(65536):
                received += piece

        assert received.startswith(b"HTTP/1.1 200 "), received
        answer = json.loads(received.partition(b"\r\n\r\n")[2])
        assert answer["prediction_id"] in logged_predictions(project)

    def test_logs_what_it_was_sent_ahead_once_each(self, server, project):
        """Three requests in one piece: three rows, answered in order."""
        before = set(logged_predictions(project))
        with server.connect(POST * 3) as connection:
            received = b""
            while received.count(b'"prediction_id"') < 3:
                piece = connection.recv(65536)
                assert piece, received
                received += piece

        ids = [
            json.loads(part.partition(b"\r\n\r\n")[2])["prediction_id"]
            for part in received.split(b"HTTP/1.1 200 ")[1:]
        ]
        assert len(ids) == 3
        assert set(logged_predictions(project)) - before == set(ids)

    def test_logs_nothing_of_what_has_not_come_whole(self, server, project):
        """A client that is gone in the middle of its body has asked for nothing."""
        before = len(logged_predictions(project))
        with server.connect(POST[:-1]):
            pass
        with httpx2.Client(base_url=server.url, trust_env=False) as good:
            asked(good)

        assert len(logged_predictions(project)) == before + 1


def asked(client):
    """Ask for a prediction, and return the seconds that it took."""
    begin = time.monotonic()
    response = client.post("/v1/predict", json=ROW)
    assert response.status_code == 200, response.text
    return time.monotonic() - begin


@contextmanager
def flood(server):
    """Ask and ask on one connection, and never read an answer."""
    ask = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100
    connection = server.connect()
    connection.settimeout(0.5)

    def send():
        try:
            while True:
                connection.sendall(ask)
        except OSError:  # the server reads no more of it, or has closed
            return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        connection.close()
        thread.join(PATIENCE)


@contextmanager
def trickle(connections):
    """Send a byte on each connection now and then."""
    stop = threading.Event()

    def send():
        while not stop.wait(0.2):
            for connection in connections:
                try:
                    connection.send(b"a")
                except OSError:  # closed by the server
                    continue

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)


def target_of(link):
    try:
        return str(link.readlink())
    except FileNotFoundError:  # closed meanwhile
        return ""
