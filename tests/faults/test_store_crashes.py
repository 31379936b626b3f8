"""A crash at any point of a write: what was acknowledged stands, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from holdfast.adapters.stores.sql import SqlStore, events, predictions
from holdfast.domain.events import verify_chain
from holdfast.ports.outbox import Effect
from holdfast.testing.examples import START, example_contract, example_rows, registered

CONTRACT = example_contract()
WRITER = """
import sys
from datetime import timedelta
from holdfast.adapters.stores.sql import SqlStore
from holdfast.testing.examples import START, example_contract, example_rows

contract = example_contract()
store = SqlStore.open(sys.argv[1], create=False)
start = START + timedelta(days=int(sys.argv[2]))
for i in range(1_000_000):
    rows = example_rows(7, at=start + timedelta(minutes=i), request_ids=[f"{sys.argv[2]}-{i}"])
    store.predictions.append(contract, *rows)
    print(*(prediction.prediction_id for prediction in rows[1]), flush=True)
"""


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/h.db"


@pytest.fixture
def store(url):
    with SqlStore.open(url, create=True) as store:
        store.predictions.prepare(CONTRACT)
        yield store


def crash(*_):
    raise Crash


def logged(store):
    rows = store.predictions.read(CONTRACT, after=None, limit=1_000_000).rows
    return rows.column("prediction_id").to_pylist()


class TestACrashWithinATransaction:
    @pytest.mark.parametrize("step", ["PredictionCounts.add", "join_orphans"])
    def test_leaves_no_prediction(self, store, monkeypatch, step):
        """
        Rows, request keys and counts are one transaction: without BEGIN in
        `sqlite._begin` the rows would stand alone.
        """
        monkeypatch.setattr(f"{predictions.__name__}.{step}", crash)
        rows = example_rows(3, request_ids=["a"])
        with pytest.raises(Crash):
            store.predictions.append(CONTRACT, *rows)
        monkeypatch.undo()

        assert logged(store) == []
        assert store.views.status().n_predictions == 0
        assert store.predictions.append(CONTRACT, *rows) == tuple(rows[1])

    def test_leaves_no_event_without_its_effects(self, store, monkeypatch):
        """
        An event, its projection and its effects are one transaction: without BEGIN in
        `sqlite._begin` the event would stand, and its effect be lost for good.
        """
        effect = Effect(channel="registry", payload={})
        draft = replace(registered("v1", key="once"), effects=(effect,))
        monkeypatch.setattr(events, "_owe", crash)
        with pytest.raises(Crash):
            store.events.append([draft], at=START)
        monkeypatch.undo()

        assert list(store.events.events()) == []
        assert store.releases.releases() == ()

        store.events.append([draft], at=START)

        assert verify_chain(store.events.events()) == 1
        assert len(store.outbox.pending(due_at=START)) == 1


@pytest.mark.slow
class TestAKilledWriter:
    def test_loses_nothing_that_it_acknowledged(self, store, url):
        """
        Killed four times in the middle of its writes, another one writing all along:
        every acknowledged prediction is there exactly once, in its whole batch. Without
        `connection.begin()` in `Database.write` nothing would be committed.
        """
        acknowledged = []
        with writer(url, 0) as bystander:
            for number in range(1, 5):
                with writer(url, number) as victim:
                    acknowledged += [victim.stdout.readline() for _ in range(5 * number)]
                    acknowledged += killed(victim)
            acknowledged += killed(bystander)

        ids = [one for line in acknowledged for one in line.split()]
        found = logged(store)

        assert len(ids) >= 7 * 50
        assert set(ids) <= set(found)
        assert len(found) == len(set(found))
        assert len(found) % 7 == 0, "a batch is there as a whole"
        assert store.views.status().n_predictions == len(found)
        with store._database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def writer(url, number):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(number)], stdout=subprocess.PIPE, text=True
    )


def killed(process):
    """Kill it, and return the lines that it had still printed as a whole."""
    process.send_signal(signal.SIGKILL)
    return [line for line in process.stdout if line.endswith("\n")]
