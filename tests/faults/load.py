"""Clients that keep a server busy and write down what they were answered."""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager, suppress

import httpx2
from tests.harness import PATIENCE


class Client:
    """Asks one request after another, with ids of its own, until it is stopped or the server."""

    def __init__(self, url, number):
        self.name = f"client-{number}"
        self.acknowledged = {}  # the client's own id to the server's
        self.asked = []  # by the client's own ids
        self.refusals = []  # answers
        self._url, self._stop = url, threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def start(self):
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def _ask(self):
        with (
            suppress(httpx2.TransportError),
            httpx2.Client(base_url=self._url, timeout=PATIENCE, trust_env=False) as http,
        ):
            for number in itertools.count():
                if self._stop.is_set():
                    return
                key = f"{self.name}-{number}"
                row = {"features": {"age": 20.0 + number % 60, "plan": "plus"}, "id": key}
                self.asked.append(key)
                response = http.post("/v1/predict", json=row)
                if response.status_code == 200:
                    self.acknowledged[key] = response.json()["prediction_id"]
                else:
                    self.refusals.append(response)
                    self._stop.wait(0.01)  # a client that was refused pauses


@contextmanager
def under_load(server, n_clients=4):
    """Let clients ask while the body runs; gives them."""
    clients = [Client(server.url, number) for number in range(n_clients)]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.stop()


def acknowledged(clients):
    """Return all that was acknowledged, by the clients' ids."""
    return {key: one for client in clients for key, one in client.acknowledged.items()}
