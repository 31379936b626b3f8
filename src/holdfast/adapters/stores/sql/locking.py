"""One writer at a time, over all processes and threads: a lock file beside the store."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from holdfast.domain.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["WriteLock"]

_PAUSE = 0.0005  # seconds; a write holds the lock for about one fsync


class WriteLock:
    """An exclusive `flock`, with a thread lock in front of it.

    SQLite up to 3.51.2 can corrupt a WAL that one connection resets while another writes.
    Holding this lock around every write transaction, checkpoint and close keeps the two
    apart. The kernel frees it when its holder dies.

    Args:
        path: The lock file; made if absent, never removed.
        timeout: Seconds to wait before the store counts as unavailable.
    """

    def __init__(self, path: Path, *, timeout: float = 30.0) -> None:
        self._thread_lock = threading.Lock()
        self._timeout = timeout
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock for the body.

        Raises:
            StoreUnavailableError: If it was not free within the timeout.
        """
        deadline = time.monotonic() + self._timeout
        if not self._thread_lock.acquire(timeout=self._timeout):
            raise self._too_long()
        try:
            self._lock_file(deadline)
            try:
                yield
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        finally:
            self._thread_lock.release()

    def close(self) -> None:
        """Give the lock file back; the lock must not be used afterwards."""
        os.close(self._descriptor)

    def _lock_file(self, deadline: float) -> None:
        # Polled, because a blocking flock has no timeout and a stopped peer would hold us
        # for ever.
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise self._too_long() from None
                time.sleep(_PAUSE)
            else:
                return

    def _too_long(self) -> StoreUnavailableError:
        return StoreUnavailableError(
            f"another process has held {self._path.name} for {self._timeout:.0f} s"
        )
