"""Requests that share one commit share its failure, and nothing else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from tests.faults.test_store_outages import no_file_may_grow_beyond

from holdfast.adapters.stores.sql import SqlStore
from holdfast.adapters.stores.sql.prediction_counts import PredictionCounts
from holdfast.adapters.stores.sql.sqlite_database import SqliteDatabase as Database
from holdfast.domain.errors import RequestConflictError, StoreUnavailableError
from holdfast.domain.predictions import Label
from holdfast.testing.examples import START, example_contract, example_rows

CONTRACT = example_contract()
N = 8
PATIENCE = 30


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "h.db"


@pytest.fixture
def store(path):
    with SqlStore.open(f"sqlite:///{path}", create=True) as store:
        store.predictions.prepare(CONTRACT)
        yield store


@pytest.fixture
def together(store):
    """Lets all appends wait for the write lock before the first of them gets it."""

    def together(batches):
        commits = store.predictions._commits
        with ThreadPoolExecutor(len(batches)) as pool:
            with store._database._lock.held():
                futures = [pool.submit(store.predictions.append, CONTRACT, *b) for b in batches]
                all_wait(commits, len(batches))
            return [one.exception(PATIENCE) or one.result() for one in futures]

    return together


def all_wait(commits, n):
    pause = threading.Event()
    for _ in range(PATIENCE * 1000):
        if len(commits._waiting) == n:
            return
        pause.wait(0.001)
    pytest.fail(f"not {n} wait, but {len(commits._waiting)}")


def logged(store):
    rows = store.predictions.read(CONTRACT, after=None, limit=1_000_000).rows
    return sorted(rows.column("prediction_id").to_pylist())


def ids_of(batches):
    return sorted(one.prediction_id for _, predictions in batches for one in predictions)


def some_batches(n_rows=3, **options):
    return [
        example_rows(n_rows, at=START + timedelta(minutes=number), **options) for number in range(N)
    ]


class TestAGroupWhoseCommitFails:
    def test_acknowledges_none_of_it(self, store, path, together):
        """
        The disk is full in the middle of the one transaction: each of the clients is
        refused. With `seat.settle` before the end of `Database.write` in
        `GroupCommit._commit` all would be answered, and their rows be nowhere.
        """
        batches = some_batches(200)
        room = path.with_name("h.db-wal").stat().st_size + 20_000

        with no_file_may_grow_beyond(room):
            outcomes = together(batches)
        refused = logged(store)
        again = together(batches)

        assert [type(one) for one in outcomes] == [StoreUnavailableError] * N
        assert refused == []
        assert again == [tuple(predictions) for _, predictions in batches]
        assert logged(store) == ids_of(batches)
        assert store.views.status().n_predictions == N * 200

    def test_says_so_to_all_where_the_commit_itself_fails(self, store, together, monkeypatch):
        """
        As when the fsync fails: all has been written, and nothing of it may count. Were
        followers woken without `seat.error` they would be answered.
        """
        write, failed = Database.write, []

        @contextmanager
        def fails_at_its_end(database):
            with write(database) as connection:
                yield connection
                failed.append(connection)
                raise OSError(5, "Input/output error")

        monkeypatch.setattr(Database, "write", fails_at_its_end)
        outcomes = together(some_batches())
        monkeypatch.undo()

        assert [type(one) for one in outcomes] == [StoreUnavailableError] * N
        assert len(failed) == 1, "one commit for all of them"
        assert logged(store) == []

    def test_leaves_nobody_waiting_where_the_leader_dies(self, store, together, monkeypatch):
        """
        Without the `except BaseException` of `GroupCommit._lead` the others would wait
        for a thread that is no more, for ever.
        """

        def crash(*_):
            raise Crash

        monkeypatch.setattr(PredictionCounts, "add", crash)
        outcomes = together(some_batches())
        monkeypatch.undo()

        assert [type(one) for one in outcomes] == [Crash] * N
        assert logged(store) == []
        batches = some_batches()
        assert together(batches) == [tuple(predictions) for _, predictions in batches]


class TestAGroupWithAConflict:
    def test_refuses_only_the_one_at_fault(self, store, together):
        """
        The same id comes with two rows: who came first has it. Without `conflict` in
        `request_keys.Resolved` the error would end the transaction of all.
        """
        batches = some_batches()
        first = example_rows(1, request_ids=["a"], entities=["Ann"])
        other = example_rows(2, request_ids=["a"], entities=["Bob"])

        outcomes = together([first, *batches, other, first])

        assert outcomes[0] == outcomes[-1] == tuple(first[1])
        assert isinstance(outcomes[-2], RequestConflictError)
        assert logged(store) == ids_of([first, *batches]), "neither row of the refused one"

    def test_gives_the_same_answer_to_the_same_id(self, store, together):
        """Clients that were all told to try again: one row is logged, all of them get it."""
        batches = some_batches(1, request_ids=["a"])

        outcomes = together(batches)

        assert outcomes == [tuple(batches[0][1])] * N
        assert logged(store) == ids_of(batches[:1])

    def test_joins_a_waiting_label_to_the_right_row(self, store, together):
        """Orphans are looked for once for the group, and found as if each had come alone."""
        label = Label(positive=True, observed_at=START + timedelta(days=1), entity="Ann")
        maturity = timedelta(days=30)
        store.labels.record([label], received_at=START, maturity=maturity)
        batches = some_batches(1)
        about_ann = example_rows(1, at=START + timedelta(hours=1), entities=["Ann"])

        together([*batches, about_ann])

        assert store.predictions.get(about_ann[1][0].prediction_id).label is True
        assert store.labels.totals().orphan == 0


class TestLabelsThatComeTogether:
    def test_are_counted_as_if_one_after_the_other(self, store):
        """The first stands, the others say the same again, in one transaction."""
        rows = example_rows(1)
        store.predictions.append(CONTRACT, *rows)
        label = Label(positive=True, observed_at=START, prediction_id=rows[1][0].prediction_id)
        with ThreadPoolExecutor(N) as pool:
            with store._database._lock.held():
                futures = [
                    pool.submit(
                        store.labels.record,
                        [label],
                        received_at=START,
                        maturity=timedelta(days=1),
                    )
                    for _ in range(N)
                ]
                all_wait(store.labels._commits, N)
            counts = [one.result(PATIENCE) for one in futures]

        assert sorted(one.accepted for one in counts) == [0] * (N - 1) + [1]
        assert store.labels.totals().duplicate == N - 1
