"""Writes that share a transaction: who leads, who waits, who fails."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from holdfast.adapters.stores.sql import group_commit as module
from holdfast.adapters.stores.sql.group_commit import GroupCommit
from holdfast.adapters.stores.sql.sqlite import connect
from holdfast.domain.errors import StoreUnavailableError

PATIENCE = 20


class RefusalError(Exception):
    """A job is refused for itself."""


class Writes:
    """Writes numbers; what one of them brings about is its value's."""

    def __init__(self):
        self.groups = []

    def __call__(self, connection, jobs):
        self.groups.append(list(jobs))
        results: list[object] = []
        for job in jobs:
            if job == "refused":
                results.append(RefusalError())
                continue
            if isinstance(job, BaseException):
                raise job
            connection.execute(text("INSERT INTO t VALUES (:job)"), {"job": job})
            results.append(f"wrote {job}")
        return results


@pytest.fixture
def database(tmp_path):
    database = connect(tmp_path / "h.db")
    database.set_up()
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
    yield database
    database.close()


@pytest.fixture
def writes():
    return Writes()


@pytest.fixture
def commits(database, writes):
    return GroupCommit(database, writes, rows_of=lambda _: 1)


@pytest.fixture
def together(database, commits):
    """Lets each caller's jobs wait for the lock before the first gets it."""

    def together(*calls):
        with ThreadPoolExecutor(len(calls)) as pool:
            with database._lock.held():
                waiting = []
                for jobs in calls:
                    waiting.append(pool.submit(commits.run, jobs))
                    arrived(commits, len(waiting))
            return [outcome(one) for one in waiting]

    return together


def arrived(commits, n):
    """Wait until so many callers sit there; their order is then a test's to choose."""
    until = threading.Event()
    for _ in range(PATIENCE * 1000):
        if len(commits._waiting) == n:
            return
        until.wait(0.001)
    pytest.fail(f"{n} callers did not come")


def outcome(future):
    error = future.exception(PATIENCE)
    return future.result() if error is None else error


def rows(database):
    with database.read() as connection:
        return list(connection.execute(text("SELECT x FROM t ORDER BY rowid")).scalars())


class TestRun:
    def test_commits_what_one_caller_brings(self, commits, database):
        """Alone, it is a transaction like any other."""
        assert commits.run(["a", "b"]) == ["wrote a", "wrote b"]
        assert rows(database) == ["a", "b"]

    def test_commits_what_waits_for_the_lock_together(self, together, writes, database):
        """One transaction, in the order of arrival, and each caller gets its own results."""
        outcomes = together(["a"], ["b", "c"], ["d"])

        assert outcomes == [["wrote a"], ["wrote b", "wrote c"], ["wrote d"]]
        assert writes.groups == [["a", "b", "c", "d"]]
        assert rows(database) == ["a", "b", "c", "d"]

    def test_lets_another_caller_lead_the_next_group(self, commits, database, monkeypatch):
        """
        Who comes during a commit is not in it: the first of them leads, once the leader has
        its own results. Without `_hand_over` they would wait for ever.
        """
        monkeypatch.setattr(module, "_MOST_ROWS", 2)
        with ThreadPoolExecutor(5) as pool:
            with database._lock.held():
                waiting = []
                for number in range(5):
                    waiting.append(pool.submit(commits.run, [number]))
                    arrived(commits, number + 1)
            found = [one.result(PATIENCE) for one in waiting]

        assert found == [[f"wrote {number}"] for number in range(5)]
        assert commits._write.groups == [[0, 1], [2, 3], [4]]
        assert not commits._is_led

    def test_takes_a_job_that_is_larger_than_a_group(self, database, writes):
        """Alone; else it would never be written."""
        commits = GroupCommit(database, writes, rows_of=lambda _: 10**9)

        assert commits.run(["a"]) == ["wrote a"]

    def test_hands_a_refused_job_its_own_error(self, together, database):
        """The rest of the group stands."""
        first, second, third = together(["a"], ["refused", "b"], ["c"])

        assert first == ["wrote a"]
        assert isinstance(second[0], RefusalError)
        assert (second[1], third) == ("wrote b", ["wrote c"])
        assert rows(database) == ["a", "b", "c"]

    def test_writes_each_alone_where_one_breaks_the_transaction(self, together, database):
        """What one client sent must not be the end of the others' requests."""
        first, second, third = together(["a"], ["b", ValueError("no such value")], ["c"])

        assert (first, third) == (["wrote a"], ["wrote c"])
        assert second[0] == "wrote b"
        assert str(second[1]) == "no such value"
        assert rows(database) == ["a", "b", "c"]

    def test_fails_all_of_a_group_whose_commit_fails(self, together, commits, database):
        """Nobody is answered, nothing stands, and the next group finds all in order."""
        outcomes = together(["a"], [StoreUnavailableError("disk full")], ["b"])

        assert [str(one) for one in outcomes] == [
            "The store did not answer: disk full. Run: holdfast doctor"
        ] * 3
        assert rows(database) == []
        assert commits.run(["later"]) == ["wrote later"]

    def test_fails_all_who_wait_where_the_lock_is_not_to_be_had(self, database, commits):
        """Each would else wait as long again, one after the other."""
        database._lock._timeout = 0.2
        with ThreadPoolExecutor(3) as pool, database._lock.held():
            waiting = []
            for number in range(3):
                waiting.append(pool.submit(commits.run, [number]))
                arrived(commits, number + 1)
            errors = [one.exception(PATIENCE) for one in waiting]

        assert {type(error) for error in errors} == {StoreUnavailableError}
        assert commits.run(["later"]) == ["wrote later"]

    def test_goes_on_after_a_leader_that_died(self, commits, database):
        """Whatever ended it: its seat is free again."""
        with pytest.raises(KeyboardInterrupt):
            commits.run([KeyboardInterrupt()])

        assert commits.run(["later"]) == ["wrote later"]
        assert rows(database) == ["later"]
