"""The disk has a row before its client has an answer: read off the system calls themselves.

A kill cannot show a missing fsync: the page cache survives the process.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess

import pytest
from tests.harness import PATIENCE, await_that

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace"),
]

CALLS = "openat,pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg"
ROW = {"age": 40.0, "plan": "basic"}


@pytest.fixture
def traced(project, tmp_path):
    """Return what the server's process called while it answered one request."""

    def traced(ask, *, durability):
        project.variables["HOLDFAST_STORE__DURABILITY"] = durability
        log = tmp_path / "calls"
        options = ["-f", "-y", "-s", "64", "-e", f"trace={CALLS}", "-o", str(log)]
        with project.serving() as server:
            assert server.readiness()["durability"] == durability
            server.predict(ROW)  # what only the first request does is not of interest
            pid = str(server.process.popen.pid)
            tracer = subprocess.Popen(
                ["strace", *options, "-p", pid], stderr=subprocess.PIPE, text=True
            )
            assert tracer.stderr is not None
            assert "attached" in tracer.stderr.readline()
            ask(server)
            await_that(lambda: "HTTP/1.1 200" in log.read_text(), "the answer is seen")
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=PATIENCE)
        return log.read_text().splitlines()

    return traced


def places(calls, pattern):
    """Return where calls of a kind returned; one that another thread's call cut in two too."""
    found, begun = [], set()
    for place, line in enumerate(calls):
        thread = line.split()[0]
        if re.search(pattern, line):
            if "<unfinished" in line:
                begun.add(thread)
            else:
                found.append(place)
        elif thread in begun and "resumed>" in line:
            begun.discard(thread)
            found.append(place)
    return found


class TestAnAcknowledgedWrite:
    @pytest.mark.parametrize("what", ["prediction", "label"])
    def test_was_fsynced_before_it_was_acknowledged(self, traced, what):
        """
        Between the last write to the WAL and the 200 an fsync of the WAL has returned. With
        `synchronous = NORMAL` in `sqlite._SYNCHRONOUS["full"]` there is none.
        """

        def ask(server):
            if what == "prediction":
                server.predict(ROW)
            else:
                server.post("/v1/labels", {"entity": "Ann", "label": "yes"})

        calls = traced(ask, durability="full")

        (answered,) = [i for i, call in enumerate(calls) if "HTTP/1.1 200" in call]
        written = [i for i in places(calls, r"pwrite64\(\d+<[^>]*-wal>") if i < answered]
        synced = places(calls, r"(fsync|fdatasync)\(\d+<[^>]*-wal>")
        assert written, calls
        assert [i for i in synced if written[-1] < i < answered], calls

    def test_is_not_waited_for_where_durability_is_relaxed(self, traced):
        """A choice that readiness shows; it also shows that the other test sees fsyncs."""
        calls = traced(lambda server: server.predict(ROW), durability="relaxed")

        assert places(calls, r"pwrite64\(\d+<[^>]*-wal>")
        assert not places(calls, r"(fsync|fdatasync)\(\d+<[^>]*-wal>")
