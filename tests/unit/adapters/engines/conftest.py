"""A real Spark cluster for tests: a master and two workers, from the package that pip installs."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from tests.harness import await_that

from holdfast.adapters.engines.spark import spark_session

N_WORKERS = 2
# JVMs that live for a minute: what they would compile well is seldom worth its time.
BRIEF_JVM = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}


def free_port():
    """Return a port that nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def daemon(role, *arguments, folder, environment):
    """Run one of Spark's own servers; it and its executors end with us, however we end."""
    command = Path(environment["SPARK_HOME"]) / "bin" / "spark-class"
    # Its input closes even if this process is killed; then the whole group goes.
    watch = ["sh", "-c", '"$@" & cat; kill -KILL 0', role]
    with (folder / f"{role}.log").open("ab") as log:
        process = subprocess.Popen(
            [*watch, command, f"org.apache.spark.deploy.{role.lower()}.{role}", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    with process:  # closes its input, and waits
        yield


def alive_workers(page):
    """Return how many workers a master's page counts; None while it does not answer."""
    try:
        with urlopen(f"{page}/json/", timeout=5) as answer:
            return json.load(answer)["aliveworkers"]
    except (URLError, ConnectionError, TimeoutError):
        return None


@pytest.fixture(scope="session")
def spark_master(tmp_path_factory):
    """The address of a cluster of two workers with a core each."""
    find_home = pytest.importorskip("pyspark.find_spark_home", reason="pyspark is not installed")
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        pytest.skip("Spark needs Java, which is not on this machine")
    folder = tmp_path_factory.mktemp("spark")
    environment = {
        **os.environ,
        **BRIEF_JVM,
        "SPARK_HOME": find_home._find_spark_home(),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
    }
    port, page_port = free_port(), free_port()
    master, page = f"spark://127.0.0.1:{port}", f"http://127.0.0.1:{page_port}"
    where = {"folder": folder, "environment": environment}
    with ExitStack() as running:
        addresses = ["--host", "127.0.0.1", "--port", str(port), "--webui-port", str(page_port)]
        running.enter_context(daemon("Master", *addresses, **where))
        await_that(lambda: alive_workers(page) is not None, "the master's page")
        for i in range(N_WORKERS):
            size = ["--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", "0"]
            work = ["--work-dir", str(folder / f"work{i}")]
            running.enter_context(daemon("Worker", *size, *work, master, **where))
        await_that(lambda: alive_workers(page) == N_WORKERS, "two workers")
        yield master


@pytest.fixture(scope="session")
def spark(spark_master):
    """A session on the cluster; its JVM ends with it."""
    from pyspark import SparkContext  # noqa: PLC0415  # an extra, and seconds

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        for name, value in BRIEF_JVM.items():
            patch.setenv(name, value)
        session = spark_session(spark_master, "holdfast's tests", memory="600m")
        yield session
        session.stop()
        gateway = SparkContext._gateway
        SparkContext._gateway = SparkContext._jvm = None
        assert gateway is not None
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(timeout=10)
