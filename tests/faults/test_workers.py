"""Processes that are stopped or killed under load: what came is answered, and others go on.

Red if, for example, uvicorn closed idle connections at once, a dead worker was not started
again, its counts were kept in its own memory, or a child did not watch its parent.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from tests.faults.client import N_CONNECTIONS, asking, children_of, scores_by
from tests.faults.test_server_kills import Client, logged_keys, logged_predictions
from tests.harness import PATIENCE, await_that

pytestmark = pytest.mark.slow

N_CLIENTS = 4
JSON = {"Content-Type": "application/json"}
BODY = b'{"features": {"age": 40.0, "plan": "basic"}}'
HEAD = (
    b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)


@pytest.mark.parametrize("n_workers", [1, 2])
class TestAServerAskedToStopUnderLoad:
    def test_answers_all_that_came_and_ends_well(self, project, control, n_workers):
        """
        Each connection's last answer says that it is the last; none is cut off, what was
        answered is in the log, and the exit code is 0.
        """
        with control(project) as (_, ports):
            scores = scores_by(ports)
        workers = list(range(1, n_workers + 1)) if n_workers > 1 else [0, 0]
        with (
            project.serving("serve", "--workers", n_workers) as server,
            asking(server, scores, cwd=project.folder, workers=workers) as client,
        ):
            for _ in range(N_CONNECTIONS):
                client.changed()

            code = server.process.stop(signal.SIGTERM)

            seen = client.end()
        assert seen["failures"] == []
        assert seen["n_farewells"] == N_CONNECTIONS
        assert code == 0
        assert len(logged_predictions(project)) == seen["n_rows"]

    def test_first_says_that_it_is_not_ready(self, project, n_workers):
        """
        A load balancer has `[serving] drain` to hear of it; until then all is answered, also
        a request of which only a part had come.
        """
        project.variables["HOLDFAST_SERVING__DRAIN"] = "2s"
        with project.serving("serve", "--workers", n_workers) as server:
            address = server.url.removeprefix("http://").split(":")
            with socket.create_connection((address[0], int(address[1])), PATIENCE) as half:
                half.sendall(HEAD + BODY[:9])
                server.process.popen.send_signal(signal.SIGTERM)

                await_that(lambda: server.readiness()["status"] == "not_ready", "it is told")
                checks = server.readiness()["checks"]
                answer = server.client.post("/v1/predict", content=BODY, headers=JSON)
                half.sendall(BODY[9:])
                late = half.recv(100_000)

            code = server.process.stop()
        assert checks["stopping"]["ok"] is False
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert late.startswith(b"HTTP/1.1 200 ")
        assert code == 0


class TestAWorkerKilledUnderLoad:
    def test_is_replaced_while_the_other_serves_on(self, project):
        """
        Clients of the dead one connect anew and ask again: every acknowledged id is in the
        log exactly once. What was counted is not lost with it.
        """
        clients = [Client(number) for number in range(N_CLIENTS)]
        counts = []
        with project.serving("serve", "--workers", 2) as server:
            supervisor = server.process.popen.pid
            with all_asking(clients, server.url):
                for _ in range(2):
                    os.kill(children_of(supervisor)[0], signal.SIGKILL)
                    await_answers(clients)
                    await_that(lambda: figure(server, "holdfast_workers_up") == 2, "both are back")
                    counts.append(figure(server, "holdfast_predictions_logged_total"))
            counts.append(figure(server, "holdfast_predictions_logged_total"))
            code = server.process.stop()

        acknowledged = {key: one for client in clients for key, one in client.answers.items()}
        assert logged_keys(project) == acknowledged
        assert logged_predictions(project) == sorted(acknowledged.values())
        assert sum(client.n_unanswered for client in clients) <= 2 * N_CLIENTS
        assert counts == sorted(counts)
        n_lost = len(acknowledged) - counts[-1]
        assert 0 <= n_lost <= 2 * N_CLIENTS * 3, "at most those between their commit and count"
        assert "".join(server.process.err).count("worker_died") == 2
        assert code == 0


class TestUp:
    def test_starts_a_control_loop_that_died_again_and_says_so(self, project):
        """Else a project would be watched by nobody, without a word."""
        with project.serving("up", "--every", "1h") as server:
            (loop,) = children_of(server.process.popen.pid)
            server.process.line_with("Decision:")

            os.kill(loop, signal.SIGKILL)

            server.process.line_with("Decision:")
            (other,) = children_of(server.process.popen.pid)
            code = server.process.stop()
        assert other != loop
        assert "control_died" in "".join(server.process.err)
        assert code == 0
        await_that(lambda: not Path(f"/proc/{other}").exists(), "it ends with `up`")

    def test_leaves_nothing_running_when_it_is_killed(self, project):
        """Neither workers nor a loop: nobody would know of them, and they hold the port."""
        with project.serving("up", "--every", "1h", "--workers", 2) as server:
            children = children_of(server.process.popen.pid)
            server.process.line_with("Decision:")

            server.process.popen.kill()

            await_that(
                lambda: not any(Path(f"/proc/{child}").exists() for child in children),
                "all of them have ended",
            )
        assert len(children) == 3


@contextmanager
def all_asking(clients, url):
    """Let each ask in a thread of its own, and connect anew when its connection breaks."""
    stopping = threading.Event()
    threads = [threading.Thread(target=keep_asking, args=(one, url, stopping)) for one in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join(PATIENCE)


def await_answers(clients):
    before = [len(client.answers) for client in clients]
    await_that(
        lambda: all(len(c.answers) > n + 20 for c, n in zip(clients, before, strict=True)),
        "every client is answered again",
    )


def keep_asking(client, url, stopping):
    while not stopping.is_set() or client.unanswered is not None:
        try:
            with httpx2.Client(base_url=url, timeout=PATIENCE, trust_env=False) as http:
                while not stopping.is_set() or client.unanswered is not None:
                    client.ask(http)
        except httpx2.TransportError:
            client.n_unanswered += 1


def figure(server, name):
    text = server.client.get("/metrics").text
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    assert found is not None, text
    return float(found[1])
