"""How several workers are started, replaced when they die, and stopped together."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

__all__ = ["Pause", "Supervisor", "WorkerProcess", "start_process"]

_FIRST_PAUSE = 0.1  # seconds before what died is started again
_LONGEST_PAUSE = 30.0
_SETTLED_SECONDS = 30.0  # what has run for so long did not die of its start

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Pause:
    """How long to wait before a process that died is started again.

    Args:
        first: Seconds before the first new start.

    >>> pause = Pause()
    >>> [pause.after(0.5) for _ in range(4)]
    [0.1, 0.2, 0.4, 0.8]
    >>> pause.after(3600.0)
    0.1
    """

    first: float = _FIRST_PAUSE
    _next: float = field(default=0.0, init=False)

    def after(self, lived: float) -> float:
        """Return the seconds to wait, which grow while it keeps dying young."""
        if lived >= _SETTLED_SECONDS:
            self._next = 0.0
        now = self._next or self.first
        self._next = min(2 * now, _LONGEST_PAUSE)
        return now


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerProcess:
    """One process that was started.

    Attributes:
        process: It; what it reads as its standard input ends with us.
        reports: A pipe on which it writes once it answers, and which ends with it.
    """

    process: subprocess.Popen[bytes]
    reports: int


def start_process(
    command: Sequence[str], orders: Callable[[int], bytes], *, pass_fds: Sequence[int]
) -> WorkerProcess:
    """Start a worker.

    Args:
        command: A program that reads one line of orders from standard input, goes on
            until that ends, and writes to the descriptor of its reports once it answers.
        orders: Returns the line, given the descriptor of its reports.
        pass_fds: Descriptors that it inherits beside.
    """
    reports, reports_end = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and words
            command,
            stdin=subprocess.PIPE,
            pass_fds=(*pass_fds, reports_end),
            process_group=0,  # Ctrl-C is for the supervisor, which tells the workers
        )
    finally:
        os.close(reports_end)
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it has ended already, as will be noticed
        process.stdin.write(orders(reports_end) + b"\n")
        process.stdin.flush()
    return WorkerProcess(process=process, reports=reports)


@dataclass(slots=True)
class _Slot:
    """One worker's place, in which one process follows another."""

    number: int
    worker: WorkerProcess | None = None
    is_ready: bool = False
    started_at: float = 0.0
    restart_at: float | None = None
    pause: Pause = field(default_factory=Pause)


class Supervisor:
    """Keeps so many workers at work until it is asked to stop.

    A worker that dies is started again, after pauses that grow as long as it dies young.
    Before the first announcement none is: what cannot even start will not start later.

    Args:
        start: Starts the worker of a number, from 1.
        n_workers: How many.
        announce: Told once, when all of them answer.
        stop_seconds: In which they must have ended once they were asked to; then they
            are killed.
    """

    def __init__(
        self,
        start: Callable[[int], WorkerProcess],
        n_workers: int,
        *,
        announce: Callable[[], None],
        on_stopping: Callable[[], None] = lambda: None,
        stop_seconds: float,
    ) -> None:
        self._start, self._announce, self._on_stopping = start, announce, on_stopping
        self._stop_seconds = stop_seconds
        self._slots = [_Slot(number) for number in range(1, n_workers + 1)]
        self._selector = selectors.DefaultSelector()
        self._signals: list[int] = []
        self._announced = False
        self._failed = False
        self._kill_at: float | None = None  # set once it stops

    def run(self) -> bool:
        """Supervise until SIGINT or SIGTERM; a second SIGINT kills.

        Returns:
            Whether all ended as they should.
        """
        with self._woken_by_signals():
            for slot in self._slots:
                self._begin(slot)
            while self._kill_at is None or any(slot.worker for slot in self._slots):
                self._step()
        self._selector.close()
        return not self._failed

    def _step(self) -> None:
        for key, _ in self._selector.select(self._seconds_to_wait()):
            if isinstance(key.data, _Slot):
                self._hear(key.data)
            else:
                os.read(key.fd, 64)
        while self._signals:
            self._obey(self._signals.pop(0))
        now = time.monotonic()
        if self._kill_at is not None:
            if now >= self._kill_at:
                self._kill()
            return
        for slot in self._slots:
            if slot.restart_at is not None and now >= slot.restart_at:
                self._begin(slot)

    def _seconds_to_wait(self) -> float | None:
        moments = [slot.restart_at for slot in self._slots if slot.restart_at is not None]
        if self._kill_at is not None:
            moments = [self._kill_at]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _begin(self, slot: _Slot) -> None:
        slot.restart_at, slot.is_ready, slot.started_at = None, False, time.monotonic()
        try:
            slot.worker = self._start(slot.number)
        except OSError as error:  # no memory or process to be had, for a while perhaps
            if not self._announced:
                raise
            self._restart_later(slot, problem=str(error))
            return
        self._selector.register(slot.worker.reports, selectors.EVENT_READ, slot)

    def _hear(self, slot: _Slot) -> None:
        """Take in that a worker answers, or that it has ended."""
        assert slot.worker is not None
        if not os.read(slot.worker.reports, 64):
            self._bury(slot, slot.worker)
            return
        slot.is_ready = True
        if self._announced:
            _log.info("worker_ready", worker=slot.number, pid=slot.worker.process.pid)
        elif all(one.is_ready for one in self._slots):
            self._announced = True
            self._announce()

    def _bury(self, slot: _Slot, worker: WorkerProcess) -> None:
        self._selector.unregister(worker.reports)
        os.close(worker.reports)
        code = worker.process.wait()
        assert worker.process.stdin is not None
        with suppress(BrokenPipeError):
            worker.process.stdin.close()
        slot.worker = None
        if self._kill_at is not None:
            # One that had not begun to answer has nothing to finish.
            self._failed |= code != 0 and (slot.is_ready or code != -signal.SIGTERM)
        elif not self._announced:
            _log.error("worker_failed_to_start", worker=slot.number, exit_code=code)
            self._failed = True
            self._stop()
        else:
            self._restart_later(slot, exit_code=code)

    def _restart_later(self, slot: _Slot, **why: object) -> None:
        pause = slot.pause.after(time.monotonic() - slot.started_at)
        slot.restart_at = time.monotonic() + pause
        _log.error("worker_died", worker=slot.number, restart_in=pause, **why)

    def _obey(self, number: int) -> None:
        if self._kill_at is None:
            self._stop()
        elif number == signal.SIGINT:
            self._kill()

    def _stop(self) -> None:
        self._kill_at = time.monotonic() + self._stop_seconds
        self._on_stopping()
        for slot in self._slots:
            if slot.worker is not None:
                slot.worker.process.terminate()

    def _kill(self) -> None:
        for slot in self._slots:
            if slot.worker is not None:
                _log.error("worker_killed", worker=slot.number, pid=slot.worker.process.pid)
                slot.worker.process.kill()
        self._kill_at = time.monotonic() + self._stop_seconds

    @contextmanager
    def _woken_by_signals(self) -> Iterator[None]:
        """Let a signal end a `select`, and be acted upon outside its handler."""

        def note(number: int, _frame: FrameType | None) -> None:
            self._signals.append(number)

        numbers = (signal.SIGINT, signal.SIGTERM)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.setblocking(False)
            self._selector.register(ours, selectors.EVENT_READ)
            before = {number: signal.signal(number, note) for number in numbers}
            woken = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
            try:
                yield
            finally:
                signal.set_wakeup_fd(woken)
                for number, handler in before.items():
                    signal.signal(number, handler)
                self._selector.unregister(ours)
