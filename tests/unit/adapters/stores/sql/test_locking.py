"""The write lock: one holder over all processes and threads."""

from __future__ import annotations

import threading

import pytest

from holdfast.adapters.stores.sql.locking import WriteLock
from holdfast.domain.errors import StoreUnavailableError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "h.db.lock"


class TestWriteLock:
    def test_keeps_another_opener_out(self, path):
        """Two openings of the file exclude each other, as two processes do."""
        mine, theirs = WriteLock(path), WriteLock(path, timeout=0.01)

        with mine.held(), pytest.raises(StoreUnavailableError, match=r"h\.db\.lock"), theirs.held():
            pytest.fail("both hold the lock")

        with theirs.held():
            pass

    def test_keeps_another_thread_out(self, path):
        """A thread shares the open file, for which flock alone would not do."""
        lock = WriteLock(path, timeout=0.01)
        refused = []

        def try_it():
            try:
                with lock.held():
                    pass
            except StoreUnavailableError as error:
                refused.append(error)

        with lock.held():
            thread = threading.Thread(target=try_it)
            thread.start()
            thread.join()

        assert len(refused) == 1

    def test_is_free_after_a_failure(self, path):
        """Whatever the body raises, the next writer gets in."""
        lock, other = WriteLock(path), WriteLock(path, timeout=0.01)

        with pytest.raises(KeyError), lock.held():
            raise KeyError

        with lock.held():
            pass
        with other.held():
            pass

    def test_is_handed_to_one_writer_after_another(self, path):
        """Waiting writers get it in the end; none of them meets another inside."""
        locks = [WriteLock(path) for _ in range(4)]
        inside, met = [], []

        def work(lock):
            for _ in range(20):
                with lock.held():
                    inside.append(lock)
                    met.append(len(inside))
                    inside.remove(lock)

        threads = [threading.Thread(target=work, args=(lock,)) for lock in locks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert met == [1] * 80
