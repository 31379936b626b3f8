"""What the workers of one server share: each counts and reports where all the others can read."""

from __future__ import annotations

import mmap
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import msgspec
import structlog

from holdfast.serving.cells import Cells, Tally
from holdfast.serving.exposition import Family  # noqa: TC001 - msgspec reads it at run time

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Bulletin", "Commons", "Reporter", "shared_memory"]

_CELLS_BYTES = 1 << 20  # of counts; of all these only what is used takes memory
_BOARD_BYTES = 1 << 16  # of the latest report
_PART_BYTES = _CELLS_BYTES + _BOARD_BYTES  # whose last word is the number of connections
_WORD = 8
_HEAD_BYTES = 16  # a number that is odd while the report is being written, and its length
_FRESH_SECONDS = 5.0  # an older report is that of a worker that has ended, or hangs
_TRIES = 20

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """How one worker says that it stands.

    Attributes:
        pid: Its process.
        at: When, in seconds of the machine's monotonic clock.
        is_ready: Whether it has a model to answer with.
        gauges: Figures of which a sum would mean nothing.
    """

    pid: int
    at: float
    is_ready: bool
    gauges: list[Family]


def shared_memory(n_workers: int) -> int:
    """Return the descriptor of a memory for so many workers; it ends with its last holder.

    It has no name, so that nothing is left over whatever ends in whichever way.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("holdfast-workers")
    else:  # macOS
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, n_workers * _PART_BYTES)
    return descriptor


class Commons:
    """One worker's view of the shared memory.

    Counts are written there at once, so that none is lost with a worker that is killed;
    its successor, of the same number, goes on from them: they never go backwards.

    Args:
        descriptor: Of a `shared_memory`; not needed any more afterwards.
        number: This worker's, from 1.
        n_workers: How many there are.
    """

    def __init__(self, descriptor: int, *, number: int, n_workers: int) -> None:
        memory = memoryview(mmap.mmap(descriptor, n_workers * _PART_BYTES))
        parts = [memory[i * _PART_BYTES :][:_PART_BYTES] for i in range(n_workers)]
        cells = [Cells(part[:_CELLS_BYTES]) for part in parts]
        self.number, self.n_workers = number, n_workers
        self.tally = Tally(cells[number - 1], cells)
        self._boards = [_Board(part[_CELLS_BYTES:-_WORD]) for part in parts]
        self._open = [part[-_WORD:].cast("Q") for part in parts]

    def has_most(self, n_connections: int) -> bool:
        """See `accepting.Turns`.

        A worker that has ended counts as it was: for a moment others wait for it in vain.
        """
        self._open[self.number - 1][0] = n_connections
        return any(other[0] < n_connections for other in self._open)

    def publish(self, bulletin: Bulletin) -> None:
        """Let the other workers know how this one stands."""
        self._boards[self.number - 1].write(msgspec.json.encode(bulletin))

    def bulletins(self) -> dict[int, Bulletin]:
        """Return the latest report of each worker that is at work, by its number."""
        found = {number: board.read() for number, board in enumerate(self._boards, start=1)}
        latest = time.monotonic() - _FRESH_SECONDS
        reports = {
            number: msgspec.json.decode(data, type=Bulletin)
            for number, data in found.items()
            if data is not None
        }
        return {
            number: report
            for number, report in reports.items()
            if report.at >= latest and _runs(report.pid)
        }


class _Board:
    """One report, replaced as a whole: who reads while it is written reads again."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._head = memory[:_HEAD_BYTES].cast("Q")
        self._writing = threading.Lock()

    def write(self, data: bytes) -> None:
        if len(data) > len(self._memory) - _HEAD_BYTES:
            _log.warning("report_too_long", n_bytes=len(data))
            return
        with self._writing:
            turn = self._head[0] | 1  # odd; so a writer that was killed at it left it, too
            self._head[0] = turn
            self._memory[_HEAD_BYTES : _HEAD_BYTES + len(data)] = data
            self._head[1] = len(data)
            self._head[0] = turn + 1

    def read(self) -> bytes | None:
        for _ in range(_TRIES):
            turn, n = self._head[0], self._head[1]
            if turn % 2 == 0:
                data = bytes(self._memory[_HEAD_BYTES : _HEAD_BYTES + n])
                if self._head[0] == turn:
                    return data or None
            time.sleep(0.0001)
        return None


class Reporter:
    """A thread that publishes how this worker stands until it is stopped.

    Args:
        commons: Where to.
        report: Returns how it stands.
        every: Seconds between two reports.
    """

    def __init__(
        self, commons: Commons, report: Callable[[], Bulletin], *, every: float = 1.0
    ) -> None:
        self._commons, self._report, self._every = commons, report, every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker-reporter", daemon=True)

    def __enter__(self) -> Self:
        self._commons.publish(self._report())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            self._commons.publish(self._report())


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
