"""What workers let each other know."""

from __future__ import annotations

import os
import subprocess
import threading
import time

import pytest

from holdfast.serving.commons import Bulletin, Commons, Reporter, shared_memory
from holdfast.serving.exposition import Family, Sample


@pytest.fixture
def workers():
    """Three workers over one memory, as in three processes."""
    descriptor = shared_memory(3)
    yield [Commons(descriptor, number=number, n_workers=3) for number in (1, 2, 3)]
    os.close(descriptor)


def bulletin(**changes):
    gauges = [Family(name="g", kind="gauge", meaning="G.", samples=[Sample(2.5, {"a": "b"})])]
    given = {"pid": os.getpid(), "at": time.monotonic(), "is_ready": True, "gauges": gauges}
    return Bulletin(**{**given, **changes})


class TestCommons:
    def test_counts_are_sums_over_all(self, workers):
        """Each writes into a part of its own."""
        for worker in workers:
            worker.tally.add("rows", by=worker.number)

        assert [worker.tally.sum("rows") for worker in workers] == [6, 6, 6]

    def test_the_latest_report_of_each_can_be_read_by_all(self, workers):
        """A worker that has said nothing yet is not at work."""
        first, second, third = workers
        first.publish(bulletin(is_ready=False))
        first.publish(bulletin())
        second.publish(bulletin(is_ready=False))

        found = third.bulletins()

        assert {number: one.is_ready for number, one in found.items()} == {1: True, 2: False}
        assert found[1].gauges == bulletin().gauges

    def test_a_worker_that_says_nothing_any_more_is_not_at_work(self, workers):
        """It hangs: its figures of long ago would deceive."""
        workers[0].publish(bulletin(at=time.monotonic() - 60))

        assert workers[1].bulletins() == {}

    def test_nor_is_one_whose_process_has_ended(self, workers):
        """At once, not only when its report is old."""
        with subprocess.Popen(["true"]) as process:
            process.wait()
        workers[0].publish(bulletin(pid=process.pid))

        assert workers[1].bulletins() == {}

    def test_a_report_that_was_half_written_is_none_until_the_next(self, workers):
        """Its writer was killed; its successor writes a whole one."""
        workers[0].publish(bulletin())
        workers[0]._boards[0]._head[0] |= 1

        torn = workers[1].bulletins()
        workers[0].publish(bulletin())

        assert torn == {}
        assert list(workers[1].bulletins()) == [1]

    def test_a_report_that_finds_no_room_leaves_the_one_before(self, workers):
        """Nothing of a neighbour's part is touched."""
        workers[0].publish(bulletin())
        workers[1].publish(bulletin())
        long = Family(name="x" * 70_000, kind="gauge", meaning="", samples=[])

        workers[0].publish(bulletin(gauges=[long]))

        assert {n: one.gauges for n, one in workers[2].bulletins().items()} == {
            1: bulletin().gauges,
            2: bulletin().gauges,
        }

    def test_a_memory_without_a_name_is_had_everywhere(self, monkeypatch):
        """macOS has no memfd."""
        monkeypatch.delattr(os, "memfd_create", raising=False)
        descriptor = shared_memory(1)
        alone = Commons(descriptor, number=1, n_workers=1)
        os.close(descriptor)

        alone.tally.add("rows")

        assert alone.tally.sum("rows") == 1


class TestReporter:
    def test_reports_until_it_is_stopped(self, workers):
        """At once, and then again and again."""
        first, second = workers[:2]
        enough, n = threading.Event(), 0

        def report():
            nonlocal n
            n += 1
            if n > 3:
                enough.set()
            return bulletin(gauges=[])

        with Reporter(first, report, every=0.001):
            at_once = second.bulletins()
            assert enough.wait(10)
        n_at_the_end = n

        assert list(at_once) == [1]
        assert n == n_at_the_end
