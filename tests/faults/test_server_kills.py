"""kill -9 at any moment: what was acknowledged is there exactly once, and the loop goes on."""

from __future__ import annotations

import itertools
import queue
import random
import signal
import sqlite3
import threading
from datetime import timedelta

import httpx2
import pytest
from tests.harness import PATIENCE, await_that

from holdfast.domain.events import verify_chain

N_CLIENTS = 4
STEPS = ("decision_made", "retraining_started", "challenger_judged", "release_registered")


@pytest.mark.parametrize(
    "n_kills",
    [
        pytest.param(20, marks=pytest.mark.slow),
        pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(1800)]),
    ],
)
class TestAServerKilledUnderLoad:
    def test_has_each_acknowledged_prediction_exactly_once(self, project, n_kills):
        """
        Clients write down each id that they were answered, and ask again after a restart
        what they were not: nothing acknowledged is lost, and nothing is there twice.
        """
        rng = random.Random(n_kills)
        clients = [Client(number) for number in range(N_CLIENTS)]
        for _ in range(n_kills):
            with project.serving() as server:
                load(server, clients, stop_after=rng.randint(1, 60))
        with project.serving() as server:
            for client in clients:
                client.settle(server.url)

            n_counted = server.get("/v1/status")["n_predictions"]

        acknowledged = {key: one for client in clients for key, one in client.answers.items()}
        assert len(acknowledged) >= 10 * n_kills
        assert any(client.n_unanswered for client in clients), "no kill met a request under way"
        assert logged_predictions(project) == sorted(acknowledged.values())
        assert logged_keys(project) == acknowledged
        assert n_counted == len(acknowledged)
        assert all(finding["healthy"] for finding in project.json("doctor"))


@pytest.mark.slow
class TestAControlLoopKilledAtWork:
    def test_is_simply_run_again(self, project, control):
        """
        Killed while it judges, trains, registers and promotes: the chain verifies, there is
        one champion, and the tick that is run at last does what was to be done. An attempt
        that was killed counts as one, so each next tick comes after its cooldown.
        """
        clock = project.time_lapse()
        write_turned(project.folder / "turned.csv")
        for step in STEPS:
            self.kill_a_check(project, once=step)
            self.let_the_lease_lapse(project)
            clock.set_to(clock.now() + timedelta(days=31))

        ticked = project.json("check", "--data", "turned.csv")

        status = project.json("status")
        with control(project) as (_, ports):
            events = list(ports.events.events())
            assert verify_chain(events) == len(events)
        champions = [event.body for event in events if event.kind == "champion_promoted"]
        assert len(champions) == 2, "v1 at first, and one that learnt the turned world"
        assert status["deployment"]["version"] == champions[-1].version
        assert (ticked["promoted"], ticked["decision"]) in {
            (champions[-1].version, "retrain"),
            (None, "keep"),  # the last of the killed ticks had promoted it
        }
        assert all(finding["healthy"] for finding in project.json("doctor"))

    @staticmethod
    def kill_a_check(project, *, once):
        """Kill it as soon as it has written an event of this kind, in whatever it does next."""
        before = n_events(project, once)
        process = project.start("check", "--data", "turned.csv")
        try:
            await_that(
                lambda: n_events(project, once) > before or process.popen.poll() is not None,
                f"the event {once}",
                poll=0.001,
            )
        finally:
            process.stop(signal.SIGKILL)

    @staticmethod
    def let_the_lease_lapse(project):
        """As it does by itself a minute after the kill."""
        database = opened(project, "rw")
        with database:
            database.execute("UPDATE leases SET expires = 0")
        database.close()


class Client:
    """Asks with ids of its own, and remembers each answer that arrived."""

    def __init__(self, number):
        self.numbers = itertools.count()
        self.name = f"client-{number}"
        self.answers = {}
        self.unanswered = None
        self.n_unanswered = 0

    def ask_until_it_breaks(self, url, answered):
        """Send one request after another until the server is gone."""
        try:
            with httpx2.Client(base_url=url, timeout=PATIENCE, trust_env=False) as http:
                while True:
                    self.ask(http)
                    answered.put(self.name)
        except httpx2.TransportError:
            self.n_unanswered += 1

    def settle(self, url):
        """Ask again what was not answered."""
        if self.unanswered is not None:
            with httpx2.Client(base_url=url, timeout=PATIENCE, trust_env=False) as http:
                self.ask(http)

    def ask(self, http):
        if self.unanswered is None:
            self.unanswered = self.next_rows()
        response = http.post("/v1/predict", json={"rows": self.unanswered})
        assert response.status_code == 200, response.text
        for row, answer in zip(self.unanswered, response.json()["predictions"], strict=True):
            self.answers[row["id"]] = answer["prediction_id"]
        self.unanswered = None

    def next_rows(self):
        """One row, or several: they share a transaction."""
        number = next(self.numbers)
        features = {"age": 20.0 + number % 60, "plan": "plus"}
        return [
            {"features": features, "id": f"{self.name}-{number}-{i}"} for i in range(1 + number % 3)
        ]


def load(server, clients, *, stop_after):
    """Let all clients ask, and kill the server once so many requests were answered."""
    answered: queue.SimpleQueue[str] = queue.SimpleQueue()
    threads = [
        threading.Thread(target=client.ask_until_it_breaks, args=(server.url, answered))
        for client in clients
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(stop_after):
            answered.get(timeout=PATIENCE)
    finally:
        server.process.stop(signal.SIGKILL)
        for thread in threads:
            thread.join(PATIENCE)


def opened(project, mode="ro"):
    """Read only: a second writer beside a server would have to take part in its locking."""
    address = f"file:{project.folder}/.holdfast/holdfast.db?mode={mode}"
    return sqlite3.connect(address, timeout=PATIENCE, uri=True)


def logged_predictions(project):
    database = opened(project)
    (table,) = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'predictions_*'"
    ).fetchone()
    ids = [one for (one,) in database.execute(f"SELECT prediction_id FROM {table}")]
    database.close()
    return sorted(ids)


def logged_keys(project):
    database = opened(project)
    keys = dict(database.execute("SELECT request_id, prediction_id FROM request_keys").fetchall())
    database.close()
    return keys


def n_events(project, kind):
    database = opened(project)
    (n,) = database.execute("SELECT count(*) FROM events WHERE kind = ?", [kind]).fetchone()
    database.close()
    return n


def write_turned(path):
    """The younger leave now, and the older stay."""
    rng = random.Random(0)
    lines = ["age,plan,left"]
    for _ in range(2000):
        age = rng.uniform(20, 80)
        left = "yes" if rng.random() < (80 - age) / 60 else "no"
        lines.append(f"{age:.1f},{rng.choice(['basic', 'plus'])},{left}")
    path.write_text("\n".join(lines) + "\n")
