"""Several hosts on one PostgreSQL database: one order of writes, right counts, one loop."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.harness import await_that

from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.errors import LeaseLostError, RequestConflictError, StoreUnavailableError
from holdfast.domain.events import verify_chain
from holdfast.domain.predictions import Label
from holdfast.ports.prediction_log import LogBatch
from holdfast.testing.examples import START, example_contract, example_rows, registered

pytestmark = pytest.mark.slow

CONTRACT = example_contract()
HOUR = timedelta(hours=1)
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture
def hosts(postgres_url):
    """Two stores with connections of their own, as on two machines."""
    stores = [SqlStore.open(postgres_url, create=False) for _ in range(2)]
    stores[0].predictions.prepare(CONTRACT)
    yield stores
    for store in stores:
        store.close()


class TestTwoHosts:
    def test_lose_no_row_label_or_count(self, hosts):
        """
        Both write predictions of the same versions, and labels of each other's rows. Without
        the lock in `PostgresDatabase.write` two would take one number of the ledger.
        """

        def work(worker):
            mine = hosts[worker % 2]
            for step in range(8):
                at = START + worker * HOUR + step * timedelta(minutes=1)
                rows = example_rows(3, at=at, version=f"v{step % 2}")
                answers = mine.predictions.append(CONTRACT, *rows)
                labels = [
                    Label(positive=True, observed_at=at, prediction_id=one.prediction_id)
                    for one in answers
                ]
                hosts[(worker + 1) % 2].labels.record(labels, received_at=at, maturity=HOUR)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))

        status = hosts[0].views.status()
        assert status.n_predictions == 4 * 8 * 3
        assert status.n_predictions_by_version == {"v0": 48, "v1": 48}
        assert status.labels.accepted == 96
        assert hosts[1].predictions.read(CONTRACT, after=None, limit=999).rows.num_rows == 96

    def test_answer_one_id_once(self, hosts):
        """A client whose first request was lost asks the other host."""

        def send(worker):
            rows = example_rows(1, request_ids=["a"])
            return hosts[worker % 2].predictions.append(CONTRACT, *rows)[0]

        with ThreadPoolExecutor(8) as pool:
            answers = set(pool.map(send, range(8)))
        with pytest.raises(RequestConflictError):
            hosts[0].predictions.append(
                CONTRACT, *example_rows(1, request_ids=["a"], entities=["Ann"])
            )

        assert len(answers) == 1
        assert hosts[0].views.status().n_predictions == 1

    def test_append_to_one_chain(self, hosts):
        """Each event stands on the one before it, whoever wrote that."""

        def append(worker):
            for step in range(10):
                hosts[worker % 2].events.append([registered(f"v{worker}-{step}")], at=START)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(append, range(4)))

        assert verify_chain(hosts[0].events.events()) == 40

    def test_have_one_holder_of_a_lease(self, hosts):
        """By the database's time; who was overtaken writes no more."""

        def acquire(worker):
            return hosts[worker % 2].leases.acquire("control", holder=f"{worker}", ttl=HOUR)

        with ThreadPoolExecutor(8) as pool:
            fences = [fence for fence in pool.map(acquire, range(8)) if fence is not None]
        (first,) = fences
        hosts[0].leases.release(first)
        second = hosts[1].leases.acquire("control", holder="other", ttl=HOUR)

        assert second is not None
        with pytest.raises(LeaseLostError):
            hosts[0].events.append([registered("v1")], at=START, fence=first)
        assert len(hosts[0].events.append([registered("v1")], at=START, fence=second)) == 1

    def test_read_nothing_past_an_open_transaction(self, hosts, postgres):
        """
        One host has written, but not committed, when the other one writes: what came first
        is read first, and no reader's cursor passes over it. Without the lock the second
        one's rows, with the higher positions, would be seen alone.
        """
        first, second = example_rows(2), example_rows(2, at=START + HOUR)
        hosts[0].predictions.append(CONTRACT, *example_rows(1))  # the month has its partition
        begin = hosts[1].predictions.read(CONTRACT, after=None, limit=9)
        inside, go_on = threading.Event(), threading.Event()

        def write_slowly():
            with hosts[0]._database.write() as connection:
                batch = LogBatch(contract=CONTRACT, requests=first[0], predictions=first[1])
                hosts[0].predictions._write(connection, [batch])
                inside.set()
                assert go_on.wait(30)

        with ThreadPoolExecutor(2) as pool:
            slow = pool.submit(write_slowly)
            assert inside.wait(30)
            quick = pool.submit(lambda: hosts[1].predictions.append(CONTRACT, *second))
            await_that(
                lambda: quick.done() or postgres.sql(WAITING, database="store") == [(1,)],
                "the second writer at the lock",
            )
            before = hosts[1].predictions.read(CONTRACT, after=begin.cursor, limit=9)
            go_on.set()
            slow.result()
            quick.result()
        after = hosts[1].predictions.read(CONTRACT, after=before.cursor, limit=9)

        assert before.rows.num_rows == 0
        assert after.rows.column("prediction_id").to_pylist() == [
            one.prediction_id for one in (*first[1], *second[1])
        ]

    def test_free_the_lock_of_a_host_that_is_gone(self, hosts, postgres):
        """Its connection ends in the midst of a transaction; nothing of that stands."""

        def write_and_vanish():
            with hosts[0]._database.write() as connection:
                rows = example_rows(2)
                batch = LogBatch(contract=CONTRACT, requests=rows[0], predictions=rows[1])
                hosts[0].predictions._write(connection, [batch])
                backend = connection.connection.driver_connection.info.backend_pid
                postgres.sql(f"SELECT pg_terminate_backend({backend})")

        with pytest.raises(StoreUnavailableError):
            write_and_vanish()

        hosts[1].predictions.append(CONTRACT, *example_rows(1))
        assert hosts[0].views.status().n_predictions == 1
