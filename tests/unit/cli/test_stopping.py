"""A signal to stop is heard at whatever moment it comes.

Red if, for example, the handler took a lock that the waiting thread may hold: a
`threading.Event` in its place never returns when the signal comes inside its `wait`.
"""

from __future__ import annotations

import signal
import sys
import threading

import pytest

from holdfast.cli.stopping import heard_stop_signals

N_LINES = 12  # more than a `wait` of any kind runs through before it sleeps


@pytest.fixture
def coming_at():
    """Return a function that has the signal come at one of the lines run from then on."""

    def come_at(line):
        lines = iter(range(1, line + 1))

        def trace(_frame, event, _value):
            if event == "line" and next(lines, None) == line:
                signal.raise_signal(signal.SIGTERM)
            return trace

        sys.settrace(trace)

    before = sys.gettrace()
    yield come_at
    sys.settrace(before)


@pytest.mark.timeout(20, method="thread")
class TestHeardStopSignals:
    @pytest.mark.parametrize("line", range(1, N_LINES + 1))
    def test_end_a_wait_at_whatever_line_they_come(self, coming_at, line):
        """Also where the thread that waits holds whatever its waiting needs."""
        late = threading.Timer(0.1, signal.raise_signal, [signal.SIGTERM])  # beyond the last line
        with heard_stop_signals() as stop:
            late.start()
            coming_at(line)
            stop.wait()
            sys.settrace(None)

            assert stop.is_set()
            late.join()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_that_came_before_are_not_lost(self, number):
        """A tick may be at work then."""
        with heard_stop_signals() as stop:
            assert not stop.is_set()
            signal.raise_signal(number)

            stop.wait()
            assert stop.is_set()

    def test_that_another_thread_is_given_end_the_wait(self):
        """The system may hand a signal to any thread of a process."""
        with heard_stop_signals() as stop:
            other = threading.Thread(target=signal.raise_signal, args=[signal.SIGTERM])
            other.start()

            stop.wait()
            other.join()

    def test_leave_what_was_before(self):
        """The program around is the one that was."""
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        with heard_stop_signals():
            pass

        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
