"""Several processes, looked after: started, replaced, stopped, killed."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from holdfast.serving.supervisor import Pause, Supervisor, start_process

# Reads its orders, says that it answers, and goes on until its standard input ends.
BEGIN = "import os, signal, sys; "
ANSWER = "os.write(int(input().split()[0]), b'answers'); "
WORKER = BEGIN + ANSWER
WAITING = WORKER + "sys.stdin.read()"
STOPPING_WELL = BEGIN + "signal.signal(15, lambda *_: os._exit(0)); " + ANSWER + "sys.stdin.read()"
DEAF = BEGIN + "signal.signal(15, signal.SIG_IGN); " + ANSWER + "sys.stdin.read()"


@pytest.fixture
def started():
    """Workers that were started, by number; and how to start more."""
    return Started()


class Started:
    def __init__(self):
        self.processes = []
        self.scripts = {}

    def __call__(self, number):
        script = self.scripts.get(number, WAITING)
        if isinstance(script, list):
            script = script.pop(0)
        worker = start_process(
            [sys.executable, "-ISc", script],
            lambda reports: f"{reports} {number}".encode(),
            pass_fds=(),
        )
        self.processes.append((number, worker.process))
        return worker

    def kill(self, place):
        self.processes[place][1].kill()


def stop(number=signal.SIGTERM):
    os.kill(os.getpid(), number)


class TestSupervisor:
    def test_announces_once_all_answer_and_ends_with_all(self, started):
        """Exit code 0 for each is a good end; SIGTERM that a worker does not handle is none."""
        said = []
        started.scripts = dict.fromkeys((1, 2, 3), STOPPING_WELL)

        def announce():
            said.append(len(started.processes))
            stop()

        supervisor = Supervisor(started, 3, announce=announce, stop_seconds=10)
        well = supervisor.run()

        assert well
        assert said == [3]
        assert [process.returncode for _, process in started.processes] == [0, 0, 0]

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_worker_that_fails_to_stop_well_is_a_failure(self, started, number):
        """What it had to finish may not be finished."""
        supervisor = Supervisor(started, 2, announce=lambda: stop(number), stop_seconds=10)

        assert not supervisor.run()
        assert {process.returncode for _, process in started.processes} == {-signal.SIGTERM}

    def test_a_worker_that_dies_is_started_again(self, started):
        """Under its own number, after a pause; the other stays as it is."""
        started.scripts = {2: [WAITING, WORKER + "sys.exit(3)", WAITING]}

        def start(number):
            worker = started(number)
            if len(started.processes) == 4:
                stop()
            return worker

        Supervisor(start, 2, announce=lambda: started.kill(1), stop_seconds=10).run()

        assert [number for number, _ in started.processes] == [1, 2, 2, 2]
        assert [p.returncode for n, p in started.processes if n == 2][:2] == [-signal.SIGKILL, 3]

    def test_tries_again_where_no_process_is_to_be_had(self, started):
        """The machine is short of something for a moment; the others serve on."""
        failures = [BlockingIOError("no more processes")]

        def start(number):
            if len(started.processes) == 2 and failures:
                raise failures.pop()
            worker = started(number)
            if len(started.processes) == 3:
                stop()
            return worker

        Supervisor(start, 2, announce=lambda: started.kill(1), stop_seconds=10).run()

        assert [number for number, _ in started.processes] == [1, 2, 2]
        assert failures == []

    def test_one_that_cannot_start_ends_all(self, started):
        """It would not start later either, and half a server serves nobody."""
        started.scripts = {1: "raise SystemExit(1)"}
        said = []

        supervisor = Supervisor(started, 2, announce=lambda: said.append(1), stop_seconds=10)
        well = supervisor.run()

        assert not well
        assert said == []
        assert all(process.returncode is not None for _, process in started.processes)

    def test_one_that_does_not_stop_is_killed(self, started):
        """After its time; whoever stops a server waits no longer."""
        started.scripts = {1: DEAF}

        supervisor = Supervisor(started, 1, announce=stop, stop_seconds=0.2)
        well = supervisor.run()

        assert not well
        assert started.processes[0][1].returncode == -signal.SIGKILL

    def test_one_that_had_not_begun_to_answer_ends_well_by_the_signal(self, started):
        """It has nothing to finish, and has not come to listening to signals."""
        started.scripts = {1: STOPPING_WELL, 2: BEGIN + "sys.stdin.read()"}
        threading.Timer(0.3, stop).start()

        well = Supervisor(started, 2, announce=lambda: None, stop_seconds=10).run()

        assert well
        assert [p.returncode for _, p in started.processes] == [0, -signal.SIGTERM]

    def test_a_second_ctrl_c_kills_at_once(self, started):
        """A person who presses it twice means it."""
        started.scripts = {1: DEAF}

        def announce():
            stop(signal.SIGINT)
            threading.Timer(0.2, stop, [signal.SIGINT]).start()

        well = Supervisor(started, 1, announce=announce, stop_seconds=60).run()

        assert not well
        assert started.processes[0][1].returncode == -signal.SIGKILL

    def test_gives_back_what_it_took(self, started):
        """Handlers of signals above all, for `up` ends more than its server."""
        before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]

        Supervisor(started, 1, announce=stop, stop_seconds=10).run()

        assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


class TestStartProcess:
    def test_gives_its_orders_and_keeps_its_input_open(self):
        """What it reads first is a line; that nothing follows is how it knows of us."""
        worker = start_process(
            [sys.executable, "-ISc", "import sys; sys.exit(len(input()) + len(sys.stdin.read()))"],
            lambda _: b"seven..",
            pass_fds=(),
        )
        assert worker.process.poll() is None

        assert worker.process.stdin is not None
        worker.process.stdin.close()
        code = worker.process.wait(timeout=10)

        os.close(worker.reports)
        assert code == 7


class TestPause:
    def test_grows_to_a_bound(self):
        """A worker that dies at each start must not keep the machine busy."""
        pause = Pause()

        assert [pause.after(0) for _ in range(12)][-1] == 30
