"""What Spark reports in a hundred lines of two languages, said in one."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from holdfast.domain.errors import ClusterError, DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.errors import HoldfastError

__all__ = ["named", "named_errors"]

_QUERY = "the Spark query"
_LOST = re.compile(
    r"Python worker exited|ExecutorLostFailure|Connection refused|Connection reset"
    r"|SparkContext was shut down|Answer from Java side is empty|network|No space left",
    re.IGNORECASE,
)
_MODULE = re.compile(r"ModuleNotFoundError: No module named '([^']+)'")
_FILE = re.compile(r"Encountered error while reading file (\S+?)\.?\s")
_PATH = re.compile(r"\[PATH_NOT_FOUND\][^:]*: (\S+?)\.?\s")
_TASK = re.compile(r"Job aborted due to stage failure: .*?\(\S+ executor \S+\): ")
_JAVA_CLASS = re.compile(r"^(?:[a-z_]\w*\.)+[A-Z][\w$]*: ")
_STATE = re.compile(r"\s*SQLSTATE: \w+.*$")
_LONGEST = 300  # characters of a foreign message


@contextmanager
def named_errors(cluster: str) -> Iterator[None]:
    """Turn what Spark raises into Holdfast's own errors.

    Spark's text is the whole cause, hence it is not chained: the driver's terminal would
    fill with the JVM's stack. The executors' logs keep it.

    Args:
        cluster: Whose address to say.
    """
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]  # noqa: PLC0415  # both theirs
    from pyspark.errors import PySparkException  # noqa: PLC0415  # the same

    try:
        yield
    except (PySparkException, Py4JError, ConnectionError) as error:
        raise named(str(error), cluster) from None


def named(text: str, cluster: str) -> HoldfastError:
    """Return the error that a text of Spark stands for.

    Args:
        text: What Spark's exception says, traces included.
        cluster: Its address.
    """
    if module := _MODULE.search(text):
        return ClusterError(
            cluster,
            f"has no Python module {module[1]!r} on its executors",
            remedy='Install it there with pip install "holdfast[spark]", ship it with '
            "--archives, or point PYSPARK_PYTHON at an interpreter that has it.",
        )
    if file := _FILE.search(text) or _PATH.search(text):
        return DataFileError(
            file[1].removeprefix("file://"),
            "Spark cannot read it: it is missing, damaged or of another format",
            remedy="Fetch or write the file again.",
        )
    found = _gist(text)
    if _LOST.search(found):
        return ClusterError(
            cluster,
            f"lost the work: {found}",
            remedy="Look at the executors' logs; more, smaller partitions need less memory.",
        )
    return DataFileError(_QUERY, found, remedy="Mend the query that makes these rows.")


def _gist(text: str) -> str:
    """Return the one line that says what happened, without class names and codes."""
    lines = text.strip().splitlines()
    if "Traceback (most recent call last):" in text:
        last_frame = max(i for i, line in enumerate(lines) if line.startswith("  "))
        lines = lines[last_frame + 1 :]
    elif lines and lines[0].startswith("An error occurred while calling"):
        lines = lines[1:]
    line = lines[0].lstrip(": ") if lines else "no reason was given"
    line = _JAVA_CLASS.sub("", _TASK.sub("", _JAVA_CLASS.sub("", line)))
    return _STATE.sub("", line)[:_LONGEST].rstrip(". ")
