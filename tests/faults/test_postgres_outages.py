"""PostgreSQL stopped, killed, frozen or slow under load: told at once, survived, nothing lost."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2
import psycopg
import pytest
from tests.faults.conftest import CONFIG, control_of, write_customers
from tests.harness import NO_MIRROR, Project, await_that
from tests.postgres_server import PostgresServer, programs

from holdfast.adapters.stores.sql import migrate
from holdfast.cli.opening import training_data
from holdfast.loop.launch import launch
from holdfast.wiring.control import plan_of

pytestmark = pytest.mark.slow

AT_MOST = 15.0  # seconds until a request is told; here other tests slow it down
N_CLIENTS = 4
ROW = {"features": {"age": 44.0, "plan": "basic"}}
TAKE_LOCK = f"SELECT pg_advisory_lock({int.from_bytes(b'holdfast', 'big')})"


@pytest.fixture(scope="module")
def outage_server():
    """A PostgreSQL server that may be ended."""
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed; with Debian: apt install postgresql")
    with PostgresServer.running(binaries) as server:
        yield server


@pytest.fixture(scope="module")
def served(outage_server, tmp_path_factory):
    """One `holdfast serve` that lives through all that these tests do to its store."""
    url = outage_server.url()
    migrate(url)
    project = Project(tmp_path_factory.mktemp("outages"), NO_MIRROR | {"HOLDFAST_STORE__URL": url})
    project.config.write_text(CONFIG)
    write_customers(project.folder / "customers.csv", 600)
    with control_of(project) as (settings, ports):
        launch(ports, plan_of(settings), training_data(settings, None), actor="test")
    with project.serving() as server:
        yield server


@pytest.fixture
def clients(served, outage_server):
    """Clients that write down what they were answered; at the end all of it is looked for."""
    clients = [Client(f"{next(NUMBERS)}", served.url) for _ in range(N_CLIENTS)]
    yield clients
    await_that(lambda: served.readiness()["status"] == "ready", "ready again")
    for client in clients:
        client.settle()
    acknowledged = Counter(one for client in clients for one in client.answers.values())
    logged = Counter(logged_ids(outage_server))
    assert acknowledged
    assert set(acknowledged.values()) == {1}
    assert {one: logged[one] for one in acknowledged} == dict(acknowledged)
    assert max(logged.values()) == 1
    assert served.get("/v1/status")["n_predictions"] == len(logged)


class TestAServerThatGoesAway:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
    def test_is_told_by_503_and_comes_back_by_itself(self, served, outage_server, clients, number):
        """
        Under load. While it is away, each request hears so at once, and when to ask again;
        once it is back, the same `holdfast serve` goes on, with every row it acknowledged.
        """
        with asking(clients):
            await_that(lambda: sum(c.n_answered for c in clients) > 100, "some answers")
            outage_server.stop(number)
            try:
                await_that(lambda: all(c.n_refused for c in clients), "refusals")
                ready = served.client.get("/health/ready")
            finally:
                outage_server.start()
            came_back = sum(c.n_answered for c in clients)
            waited = await_that(
                lambda: sum(c.n_answered for c in clients) > came_back + 50, "answers again"
            )

        assert {refusal for c in clients for refusal in c.refusals} == {(503, True)}
        assert max(c.slowest for c in clients) < AT_MOST
        assert ready.status_code == 503
        assert not ready.json()["checks"]["store"]["ok"]
        assert waited < AT_MOST


class TestAServerThatDoesNotAnswer:
    def test_is_given_up_within_seconds(self, served, outage_server, clients):
        """
        Its machine stalls: it says nothing, and closes nothing. Without the bound of
        `StoreConnection.wait` the requests would hang for as long as it does.
        """
        with asking(clients):
            await_that(lambda: sum(c.n_answered for c in clients) > 20, "some answers")
            with outage_server.frozen():
                await_that(lambda: all(c.n_refused for c in clients), "refusals")
                ready = served.client.get("/health/ready")

        assert {refusal for c in clients for refusal in c.refusals} == {(503, True)}
        assert max(c.slowest for c in clients) < AT_MOST
        assert ready.status_code == 503

    def test_is_not_waited_for_while_others_hold_the_store(self, served, outage_server, clients):
        """Somebody sits on the write lock: requests hear of it, and what is read is answered."""
        with psycopg.connect(outage_server.url(), autocommit=True) as other:
            other.execute(TAKE_LOCK)
            begin = time.monotonic()
            refused = served.client.post("/v1/predict", json=ROW)
            took = time.monotonic() - begin
            status = served.client.get("/v1/status")

        assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
        assert took < AT_MOST
        assert status.status_code == 200
        with asking(clients):
            await_that(lambda: all(c.n_answered for c in clients), "answers")


NUMBERS = itertools.count()


@dataclass
class Client:
    """Asks with ids of its own, one after the other, and repeats what was not answered."""

    name: str
    url: str
    answers: dict[str, str] = field(default_factory=dict)
    refusals: set[tuple[int, bool]] = field(default_factory=set)
    n_answered: int = 0
    n_refused: int = 0
    slowest: float = 0.0

    def ask_until(self, told):
        with httpx2.Client(base_url=self.url, timeout=60, trust_env=False) as client:
            for number in itertools.count():
                while not self.ask(client, f"{self.name}-{number}"):
                    if told.wait(0.02):
                        return
                if told.is_set():
                    return

    def settle(self):
        """Ask once more for all that it was ever answered: each gets the answer it had."""
        with httpx2.Client(base_url=self.url, timeout=60, trust_env=False) as client:
            for key, before in list(self.answers.items())[-3:]:
                assert self.ask(client, key)
                assert self.answers[key] == before

    def ask(self, client, key):
        begin = time.monotonic()
        response = client.post("/v1/predict", json={**ROW, "id": key})
        self.slowest = max(self.slowest, time.monotonic() - begin)
        if response.status_code != 200:
            self.n_refused += 1
            self.refusals.add((response.status_code, "Retry-After" in response.headers))
            return False
        self.n_answered += 1
        self.answers[key] = response.json()["prediction_id"]
        return True


@contextmanager
def asking(clients):
    """Let all of them ask at the same time for as long as the body runs."""
    told = threading.Event()
    threads = [threading.Thread(target=c.ask_until, args=(told,)) for c in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        told.set()
        for thread in threads:
            thread.join()


def logged_ids(server):
    (table,) = server.sql("SELECT table_name FROM prediction_tables")
    return [one for (one,) in server.sql(f"SELECT prediction_id FROM {table[0]}")]
