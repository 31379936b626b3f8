"""A disk that is full, or reports errors: no answer is given that it does not have."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.faults.disks import FailingDisk, FullDisk, compiled, small_disk
from tests.faults.load import acknowledged, under_load
from tests.faults.test_server_kills import logged_keys, logged_predictions
from tests.harness import PATIENCE, await_that, environment

from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.events import verify_chain
from holdfast.testing.examples import example_contract

ROW = {"age": 40.0, "plan": "basic"}
WRITER = """
import errno, os, random, sys
from datetime import timedelta
from pathlib import Path
from holdfast.adapters.stores.sql import SqlStore, sqlite_database
from holdfast.domain.errors import StoreUnavailableError
from holdfast.testing.examples import START, example_contract, example_rows, registered

url, seed, durability = sys.argv[1:]
sqlite_database._WAL_LIMIT = 200_000  # bytes: so that there are many checkpoints
rng, switch = random.Random(seed), Path(os.environ["DISK_SWITCH"])
contract = example_contract()
store = SqlStore.open(url, create=False, durability=durability)
for i in range(400):
    if rng.random() < 0.1:
        number = rng.choice([errno.EIO, errno.ENOSPC])
        switch.write_text(f"{rng.choice(['sync', 'write'])} {number}")
    elif rng.random() < 0.5:
        switch.unlink(missing_ok=True)
    rows = example_rows(rng.choice([1, 1, 60]), at=START + timedelta(minutes=i))
    try:
        store.predictions.append(contract, *rows)
        if i % 10 == 0:
            store.events.append([registered(f"v{i}")], at=START)
            print("event", i)
    except StoreUnavailableError:
        print("refused", i)
    else:
        print(*(prediction.prediction_id for prediction in rows[1]))
sys.stdout.flush()
os._exit(0)  # no checkpoint and no close: the power goes now
"""


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def on_a_failing_disk(project, library, tmp_path):
    """Put the project's store on a disk that can be made to fail."""

    def on_a_failing_disk(kind=FailingDisk):
        store = project.folder / ".holdfast" / "holdfast.db"
        disk = kind(library, store.resolve(), tmp_path / "switch")
        project.variables |= disk.variables
        return disk

    return on_a_failing_disk


@pytest.fixture
def full_disk(project, on_a_failing_disk):
    """A disk that can be filled; where none may be mounted, one that only says that it is full."""
    with small_disk(project.folder / ".holdfast") as small:
        yield on_a_failing_disk(FullDisk) if small is None else small


@pytest.mark.slow
class TestAServerWhoseDiskIsFull:
    def test_refuses_until_there_is_room(self, project, full_disk):
        """
        Under load: a 503 that says when to come again, readiness that says why, nothing
        acknowledged is lost; commands say it in one line; and with room all goes on.
        Without the `except` for OperationalError in `translated` there were 500s.
        """
        with project.serving() as server, under_load(server) as clients:
            await_more(lambda: len(acknowledged(clients)), 50)
            full_disk.fill()
            await_that(lambda: all(len(one.refusals) > 5 for one in clients), "refusals")
            unready = server.client.get("/health/ready")
            label = server.client.post("/v1/labels", json={"entity": "Ann", "label": "yes"})
            said = refusals_of_commands(project)
            full_disk.make_room()
            await_that(lambda: server.readiness()["status"] == "ready", "ready again")
            await_more(lambda: len(acknowledged(clients)), 50)

        assert unready.status_code == 503
        assert unready.json()["checks"]["store"] == {
            "ok": False,
            "detail": "takes no writes: the disk is full",
        }
        assert_refused([label, *(one for client in clients for one in client.refusals)])
        assert all("database or disk is full" in one for one in said), said
        assert_kept(project, clients)


@pytest.mark.slow
class TestAServerWhoseDiskReportsErrors:
    @pytest.mark.parametrize("what", ["sync", "write"])
    def test_refuses_until_a_write_commits(self, project, on_a_failing_disk, what):
        """
        A sync that works after one that failed proves nothing about what was written
        before: what the disk was really given is what is looked at, after a power cut.
        With `synchronous = NORMAL` in `sqlite._SYNCHRONOUS["full"]` rows are lost.
        """
        disk = on_a_failing_disk()
        with project.serving() as server, under_load(server) as clients:
            for _ in range(2):
                await_more(lambda: len(acknowledged(clients)), 50)
                disk.fail(what)
                await_more(lambda: n_refusals(clients), 20)
                unready = [server.readiness() for _ in range(3)]
                disk.work()
                await_that(lambda: server.readiness()["status"] == "ready", "ready again")
            server.predict(ROW)
            server.process.stop(signal.SIGKILL)
        disk.cut_the_power()

        for answer in unready:
            assert answer["status"] == "not_ready", answer
            assert answer["checks"]["store"]["detail"] == (
                "takes no writes: the disk reports an error"
            )
        assert_refused([one for client in clients for one in client.refusals])
        assert_kept(project, clients)


@pytest.mark.slow
class TestAPowerCut:
    @pytest.mark.parametrize("seed", range(2))
    def test_leaves_what_was_acknowledged_and_no_half_of_anything(self, tmp_path, library, seed):
        """
        Syncs and writes fail at random, in checkpoints too; of what a failed sync was to
        bring to the disk nothing is left. Were a checkpoint taken for done whose sync
        failed, or a commit, rows would be gone.
        """
        printed, store = written(tmp_path, library, seed=seed, durability="full")

        ids = {one for line in printed for one in line.split() if "-" in one}
        with store:
            found = logged(store)
            assert ids <= set(found)
            assert len(found) == len(set(found))
            assert verify_chain(store.events.events()) >= sum("event" in one for one in printed)
            assert store.views.status().n_predictions == len(found)
            assert is_sound(store)
        assert sum(line.startswith("refused") for line in printed) > 20

    def test_takes_the_newest_where_durability_is_relaxed(self, tmp_path, library):
        """And the store is whole all the same. It also shows that the other test can fail."""
        printed, store = written(tmp_path, library, seed=0, durability="relaxed")

        ids = {one for line in printed for one in line.split() if "-" in one}
        with store:
            found = logged(store)
            assert not ids <= set(found)
            assert verify_chain(store.events.events()) >= 0
            assert store.views.status().n_predictions == len(found)
            assert is_sound(store)


def written(tmp_path, library, *, seed, durability):
    """Write with failures, cut the power; returns what was printed, and the store."""
    path = tmp_path / "h.db"
    url = f"sqlite:///{path}"
    with SqlStore.open(url, create=True) as store:
        store.predictions.prepare(example_contract())
    disk = FailingDisk(library, path.resolve(), tmp_path / "switch")
    command = [sys.executable, "-c", WRITER, url, str(seed), durability]
    done = subprocess.run(
        command,
        env=environment(**disk.variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    disk.cut_the_power()
    return done.stdout.splitlines(), SqlStore.open(url, create=False)


def refusals_of_commands(project):
    """Return what commands that write refuse with, each in one line."""
    path = project.folder / "labels.csv"
    path.write_text("entity,label\nAnn,yes\n")
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda words: project.refused(*words), [("label", path), ("check",)]))


def await_more(count, n):
    """Wait until there are so many more than now."""
    before = count()
    await_that(lambda: count() >= before + n, f"{n} more than {before}")


def n_refusals(clients):
    return sum(len(client.refusals) for client in clients)


def assert_refused(responses):
    """Each is the 503 that the interface documents."""
    for response in responses:
        assert response.status_code == 503, response.text
        assert response.headers["retry-after"]
        assert response.json()["type"] == "urn:holdfast:problem:unavailable"


def assert_kept(project, clients):
    """All that was acknowledged is logged once, and nothing that nobody asked for."""
    keys, kept = logged_keys(project), acknowledged(clients)
    assert {key: keys.get(key) for key in kept} == kept
    assert keys.keys() <= {key for client in clients for key in client.asked}
    ids = logged_predictions(project)
    assert len(ids) == len(set(ids))
    assert set(kept.values()) <= set(ids)
    project.variables.pop("LD_PRELOAD", None)
    findings = project.json("doctor")
    assert all(finding["healthy"] for finding in findings), findings


def logged(store):
    rows = store.predictions.read(example_contract(), after=None, limit=1_000_000).rows
    return rows.column("prediction_id").to_pylist()


def is_sound(store):
    with store._database.read() as connection:
        return connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
