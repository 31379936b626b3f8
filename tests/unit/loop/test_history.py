"""What is known of the log is not read again, and is what the log says."""

from __future__ import annotations

import pytest

from holdfast.loop.history import History
from holdfast.policy.transitions import fold
from holdfast.testing.examples import START, promoted, registered
from holdfast.testing.fakes import InMemoryStore


class Counting:
    """A log that counts the events that are read of it."""

    def __init__(self, log):
        self.log, self.n_read = log, 0

    def events(self, *, after=0):
        for event in self.log.events(after=after):
            self.n_read += 1
            yield event


@pytest.fixture(name="log")
def _log():
    log = Counting(InMemoryStore().events)
    log.log.append([registered("v1"), promoted("v1"), registered("v2")], at=START)
    return log


class TestHistory:
    def test_is_the_log_and_its_fold(self, log):
        """From nothing, and as it grows."""
        history = History()
        before = history.up_to_date(log)
        log.log.append([promoted("v2")], at=START)

        after = history.up_to_date(log)

        assert before[1].champion == "v1"
        assert after[0] == list(log.log.events())
        assert after[1] == fold(log.log.events())
        assert len(before[0]) == 3, "what was handed out does not grow"

    def test_reads_only_what_is_new(self, log):
        """And the newest known event, to see that it is the same log."""
        history = History()
        history.up_to_date(log)
        log.log.append([promoted("v2")], at=START)
        log.n_read = 0

        history.up_to_date(log)

        assert log.n_read == 2

    def test_begins_anew_with_another_log(self, log):
        """A backup was put back: as long, shorter, or empty."""
        for drafts in ([registered("a"), registered("b"), registered("c")], [registered("a")], []):
            history, other = History(), InMemoryStore().events
            history.up_to_date(log)
            if drafts:
                other.append(drafts, at=START)

            events, state = history.up_to_date(other)

            assert events == list(other.events())
            assert state == fold(other.events())
