"""A client in a process of its own: it asks every worker without pause and judges each answer.

Told on standard input what to expect; says on standard output, one JSON object a line, when
the version of a connection's answers changes, and at the end of its input what it saw.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import sys
import threading
import time
from dataclasses import dataclass, field

CONNECTIONS = 6  # to a worker; the last one asks in batches, the others for single rows
BATCH = 25
PAUSE = 0.005  # seconds between two requests of a connection: the machine has other guests
JSON = {"Content-Type": "application/json"}


@dataclass
class Told:
    """What the test says: where, and which score each version gives each row."""

    host: str
    workers: list[int]
    rows: list[dict[str, object]]
    scores: dict[str, list[float]]


@dataclass
class Seen:
    """What one connection saw."""

    n_answers: int = 0
    n_rows: int = 0
    version: str = ""
    last_at: float = 0.0
    has_farewell: bool = False  # the server said that this answer is the connection's last
    failures: list[str] = field(default_factory=list)


def main() -> None:
    """Ask until standard input ends."""
    told = Told(**json.loads(sys.stdin.readline()))
    stopping = threading.Event()
    seen = [Seen() for _ in range(CONNECTIONS * len(told.workers))]
    threads = [
        threading.Thread(
            target=ask,
            args=(told, one, stopping),
            kwargs={
                "number": number,
                "worker": told.workers[number // CONNECTIONS],
                "in_batches": number % CONNECTIONS == CONNECTIONS - 1,
            },
        )
        for number, one in enumerate(seen)
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stopping.set()
    for thread in threads:
        thread.join()
    say(
        n_answers=[one.n_answers for one in seen],
        n_rows=sum(one.n_rows for one in seen),
        n_farewells=sum(one.has_farewell for one in seen),
        failures=[failure for one in seen for failure in one.failures],
    )


def ask(
    told: Told,
    seen: Seen,
    stopping: threading.Event,
    *,
    number: int,
    worker: int,
    in_batches: bool,
) -> None:
    """Send one request after another over one connection to one worker."""
    rng = random.Random(number)
    try:
        connection = connected(told.host, worker)
        while not stopping.is_set():
            places = [rng.randrange(len(told.rows)) for _ in range(BATCH if in_batches else 1)]
            rows = [{"features": told.rows[place]} for place in places]
            body = json.dumps({"rows": rows} if in_batches else rows[0])
            connection.request("POST", "/v1/predict", body, JSON)
            response = connection.getresponse()
            answer = json.loads(response.read())
            if response.status != 200:
                seen.failures.append(f"{response.status}: {answer}")
                continue
            judge(told, number, seen, places, answer["predictions"] if in_batches else [answer])
            if response.getheader("connection") == "close":
                seen.has_farewell = True
                return
            time.sleep(PAUSE)
    except (OSError, http.client.HTTPException, ValueError) as error:
        seen.failures.append(repr(error))


def judge(
    told: Told, number: int, seen: Seen, places: list[int], answers: list[dict[str, object]]
) -> None:
    """Compare an answer with what the version that it names would say."""
    now = time.monotonic()
    versions = {str(one["model_version"]) for one in answers}
    version = versions.pop()
    if versions or version not in told.scores or len(answers) != len(places):
        seen.failures.append(f"{len(answers)} answers of {versions | {version}}")
        return
    expected = told.scores[version]
    for place, one in zip(places, answers, strict=True):
        if abs(float(str(one["score"])) - expected[place]) > 1e-6:
            seen.failures.append(f"row {place} by {version}: {one['score']}")
    if version != seen.version:
        say(connection=number, version=version, at=now, last_before=seen.last_at)
    seen.version, seen.last_at = version, now
    seen.n_answers += 1
    seen.n_rows += len(places)


def connected(host: str, worker: int) -> http.client.HTTPConnection:
    """Connect until it is this worker that answers; 0 takes any."""
    while True:
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request("GET", "/health/live")
        if worker in {0, json.loads(connection.getresponse().read()).get("worker")}:
            return connection
        connection.close()


def say(**what: object) -> None:
    """Write one line; a reader that is gone needs none."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
