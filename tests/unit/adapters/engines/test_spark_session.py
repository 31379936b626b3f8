"""Tests of what is checked before a Spark session starts."""

from __future__ import annotations

import socket
import sys
from contextlib import closing
from types import SimpleNamespace
from typing import Any, cast

import pytest

from holdfast.adapters.engines.spark_session import await_executor, spark_session
from holdfast.domain.errors import ClusterError, MissingExtraError, MissingProgramError


@pytest.fixture
def java(tmp_path, monkeypatch):
    """A file where Java's program would be; it is never run."""
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.touch()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))


class TestSparkSession:
    def test_says_which_extra_it_needs(self, monkeypatch):
        """Holdfast itself is installed without pyspark's 400 MB."""
        monkeypatch.setitem(sys.modules, "pyspark", None)

        with pytest.raises(MissingExtraError, match=r'pip install "holdfast\[spark\]"'):
            spark_session("local[1]")

    @pytest.mark.parametrize("home", [None, "/nowhere"])
    def test_says_that_java_is_missing(self, monkeypatch, tmp_path, home):
        """Neither on the path nor where JAVA_HOME points; pip cannot bring it."""
        monkeypatch.setenv("PATH", str(tmp_path))
        if home:
            monkeypatch.setenv("JAVA_HOME", home)
        else:
            monkeypatch.delenv("JAVA_HOME", raising=False)

        with pytest.raises(MissingProgramError, match=r"Java.* is not on this machine") as caught:
            spark_session("local[1]")

        assert "Install Java 17" in caught.value.remedy
        assert (home or "Java") in caught.value.program

    @pytest.mark.parametrize("address", ["127.0.0.1:{}", "nowhere", "127.0.0.1:{},127.0.0.1:{}"])
    def test_knocks_before_it_starts(self, java, address):
        """Spark itself would try for a minute, and say it in a hundred lines."""
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))  # taken, and nobody listens
            master = "spark://" + address.replace("{}", str(probe.getsockname()[1]))

            with pytest.raises(ClusterError, match="does not answer") as caught:
                spark_session(master)

        assert caught.value.cluster == master


class FakeSession:
    """A session whose cluster brings its executors one question after another."""

    def __init__(self, *members, dynamic="false"):
        self._members = list(members)
        self.stopped = False
        status = SimpleNamespace(size=self._size)
        java = SimpleNamespace(getExecutorMemoryStatus=lambda: status)
        self.sparkContext = SimpleNamespace(
            _jsc=SimpleNamespace(sc=lambda: java),
            getConf=lambda: {"spark.dynamicAllocation.enabled": dynamic},
        )

    def stop(self):
        self.stopped = True

    def _size(self):
        return self._members.pop(0) if len(self._members) > 1 else self._members[0]


class TestAwaitExecutor:
    def test_waits_for_the_first_one(self):
        """The driver counts itself; it does no work."""
        session = FakeSession(1, 1, 2)

        await_executor(cast(Any, session), "spark://cluster:7077", 60.0)

        assert not session.stopped

    def test_gives_up_in_a_line(self):
        """Spark itself would wait for ever, and its warning is silenced."""
        session = FakeSession(1)

        with pytest.raises(ClusterError, match=r"gave no executor within 0 seconds"):
            await_executor(cast(Any, session), "spark://cluster:7077", 0.0)

        assert session.stopped

    @pytest.mark.parametrize(
        ("master", "dynamic"), [("local[2]", "false"), ("spark://cluster:7077", "true")]
    )
    def test_waits_for_nobody_where_nobody_comes(self, master, dynamic):
        """A local master works itself; with dynamic allocation work comes first."""
        session = FakeSession(1, dynamic=dynamic)

        await_executor(cast(Any, session), master, 0.0)

        assert not session.stopped
