"""A Spark session that is quiet, bounded and in UTC; or one line that says why there is none."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.adapters.engines.spark_errors import named_errors
from holdfast.domain.errors import ClusterError, MissingExtraError, MissingProgramError

if TYPE_CHECKING:
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

__all__ = ["await_executor", "spark_session"]

_SCHEME = "spark://"
_CONNECT_SECONDS = 5.0


def spark_session(
    master: str, app_name: str = "holdfast", *, memory: str = "1g", patience: float = 60.0
) -> SparkSession:
    """Return a session on a cluster, or the one that this process has already.

    Spark says nothing on the terminal, draws no progress bar and serves no page. Times are
    in UTC. Executors run the interpreter that ``PYSPARK_PYTHON`` names, else this one.

    Args:
        master: As in ``local[2]``, ``spark://host:7077``, ``yarn`` or ``k8s://…``.
        app_name: What the cluster's pages call it.
        memory: Of the driver's JVM, and of each executor's.
        patience: Seconds to wait for the first executor; it is nothing for a local master.

    Raises:
        MissingExtraError: If pyspark is not installed.
        MissingProgramError: If there is no Java.
        ClusterError: If the cluster does not answer, or gives no executor in time.
    """
    try:
        from pyspark import SparkConf, SparkContext  # noqa: PLC0415  # seconds, and an extra
        from pyspark.sql import SparkSession  # noqa: PLC0415  # the same
    except ModuleNotFoundError as error:
        raise MissingExtraError(needs="pyspark", extra="spark") from error
    _check_java()
    _check_answers(master)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # read where a context is made
    conf = SparkConf().setMaster(master).setAppName(app_name)
    conf.setAll(list(_settings(memory).items()))
    _silence_loggers()
    with named_errors(master):
        if SparkContext._gateway is None:  # noqa: SLF001  # a second JVM would serve nobody
            SparkContext(conf=conf, gateway=_quiet_jvm(conf, master))
        session = SparkSession.builder.config(conf=conf).getOrCreate()
        await_executor(session, master, patience)
    return session


def _settings(memory: str) -> dict[str, str]:
    return {
        "spark.driver.memory": memory,
        "spark.executor.memory": memory,
        "spark.log.level": "OFF",  # what goes wrong is raised, in one line
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def _silence_loggers() -> None:
    """Stop pyspark from printing each failing query as JSON, beside raising it."""
    from pyspark.logger import PySparkLogger  # noqa: PLC0415  # an extra

    for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    found = (Path(home) / "bin" / "java").is_file() if home else shutil.which("java")
    if not found:
        where = f" at JAVA_HOME={home}" if home else ""
        raise MissingProgramError(
            f"Java{where}, which Spark runs on,",
            remedy="Install Java 17 or 21, or set JAVA_HOME to its folder.",
        )


def _check_answers(master: str) -> None:
    """Knock first: Spark itself would try for a minute."""
    if not master.startswith(_SCHEME):
        return
    addresses = master.removeprefix(_SCHEME).split(",")
    if not any(map(_answers, addresses)):
        raise ClusterError(
            master,
            "does not answer",
            remedy="Start its master, or mend the address: the one its page shows on top.",
        )


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with closing(socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS)):
            return True
    except (OSError, ValueError):
        return False


def _quiet_jvm(conf: SparkConf, master: str) -> Any:
    """Start the JVM with its standard error in a file that goes away with it."""
    from pyspark.errors import PySparkRuntimeError  # noqa: PLC0415  # an extra
    from pyspark.java_gateway import launch_gateway  # noqa: PLC0415  # the same

    with tempfile.TemporaryFile() as said:
        try:
            return launch_gateway(conf, {"stderr": said})  # type: ignore[no-untyped-call]  # theirs
        except PySparkRuntimeError as error:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            raise ClusterError(
                master,
                f"has no driver: {lines[-1] if lines else 'Java ended without a word'}",
                remedy="Check that Java is 17 or 21, and SPARK_HOME if it is set.",
            ) from error


def await_executor(session: SparkSession, master: str, patience: float) -> None:
    """Wait until someone can do the work; Spark itself would wait for ever, and silently.

    Args:
        session: On that master; it is stopped if nobody comes.
        master: Its address; nobody is waited for on a local one, nor with dynamic
            allocation, where executors come once there is work.
        patience: Seconds.

    Raises:
        ClusterError: If there is no executor in time.
    """
    context = session.sparkContext
    dynamic = context.getConf().get("spark.dynamicAllocation.enabled", "false") == "true"
    if master.startswith("local") or dynamic:
        return
    java: Any = context._jsc  # noqa: SLF001  # Python has no word for it
    deadline = time.monotonic() + patience
    while java.sc().getExecutorMemoryStatus().size() < 2:  # the driver is one of them
        if time.monotonic() > deadline:
            session.stop()
            raise ClusterError(
                master,
                f"gave no executor within {patience:g} seconds",
                remedy="Start workers, free some of their cores, or ask for less memory.",
            )
        time.sleep(0.05)
