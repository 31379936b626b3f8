"""Many rows of a SQLite store as Arrow: read by another process, by a quicker library.

The standard library makes an object of each value. ADBC does not, but brings a SQLite of its
own, which must not share a process with the standard one (`bulk_child`).
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from select import select as wait_for
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import func, literal, select

from holdfast.domain.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Select
    from typing_extensions import Buffer

__all__ = ["batches", "is_worth_it"]

WORTH_IT = 50_000  # rows of `_COLUMNS`; below, to start a process takes longer than it saves
_COLUMNS = 27  # of them: 20 features, and what is kept of each answer
PATIENCE = 120.0  # seconds without a byte, after which the process is given up
_CHILD = Path(__file__).with_name("bulk_child.py")
# To glibc: what is freed is used again, by all threads. It would else go back to the system each
# time, and to have it cleared anew takes half as long again as to read the rows.
_KEEP_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
}
_PIPE = 1 << 20  # bytes in flight: in the 64 KiB of a usual pipe the two would wait in turns


def is_worth_it(
    connection: Connection,
    query: Select[Any],
    *,
    limit: int | None,
    n_columns: int = _COLUMNS,
) -> bool:
    """Return whether a query gives so many rows that another process should read them.

    Args:
        connection: An open transaction.
        query: The rows are counted, but only as far as matters.
        limit: How many of them are wanted, at most; None takes all.
        n_columns: How wide they are: of narrow ones it takes more.
    """
    least = WORTH_IT * max(1, _COLUMNS // n_columns)
    if connection.dialect.name != "sqlite" or not _is_installed():
        return False
    if limit is not None and limit < least:
        return False
    rows = query.with_only_columns(literal(1), maintain_column_froms=True).order_by(None)
    counted = select(func.count()).select_from(rows.limit(least).subquery())
    n_rows: int = connection.execute(counted).scalar_one()
    return n_rows >= least


def batches(
    connection: Connection,
    stretches: Callable[[], Sequence[Select[Any]]],
    types: Sequence[pa.DataType],
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of queries, as SQLite types them: 0 and 1 for booleans, text for moments.

    They are one snapshot, though not the one that `connection` sees: one at least as new.

    Args:
        connection: An open transaction. It keeps the file open, so that it is never the
            other process that closes it last.
        stretches: What to read, the rows of one query after those of the other. Several are
            read at a time, each as a whole.
        types: What the columns become in the end.

    Raises:
        StoreUnavailableError: If the other process fails, dies, or says nothing for long.
    """
    path = connection.engine.url.database
    assert path is not None, "a store is in a file"
    with _asked(path) as process:
        queries = [_words(connection, one) for one in stretches()]  # while it starts
        answer = _put(process, queries, [_stored(kind) for kind in types])
        yield from pa.ipc.open_stream(answer)


@cache
def _is_installed() -> bool:
    return find_spec("adbc_driver_sqlite") is not None


def _words(connection: Connection, query: Select[Any]) -> str:
    options = {"literal_binds": True}
    return str(query.compile(dialect=connection.dialect, compile_kwargs=options))


def _stored(kind: pa.DataType) -> str:
    """Return which of the types that SQLite knows a column has, by Arrow's name."""
    if pa.types.is_floating(kind):
        return "double"
    return "int64" if pa.types.is_integer(kind) or pa.types.is_boolean(kind) else "string"


@contextmanager
def _asked(path: str) -> Iterator[subprocess.Popen[bytes]]:
    """Give the body the other process; fail if it did, in its words."""
    with tempfile.TemporaryFile() as complaint:
        process = subprocess.Popen(  # noqa: S603  # our own script, no shell
            [sys.executable, "-P", str(_CHILD), path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaint,
            env=os.environ | _KEEP_MEMORY,
        )
        try:
            yield process
        except (pa.ArrowException, OSError, StopIteration) as error:
            raise _failed(process, complaint) from error
        finally:
            _end(process)
        if process.returncode:
            raise _failed(process, complaint)


def _put(
    process: subprocess.Popen[bytes], queries: Sequence[str], types: Sequence[str]
) -> IO[bytes]:
    assert process.stdin is not None, "it was asked for"
    assert process.stdout is not None, "it was asked for"
    if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux
        with suppress(OSError):  # beyond what a user may have it stays as it is
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, _PIPE)
    with process.stdin as question:
        question.write(json.dumps({"queries": queries, "types": types}).encode())
    return io.BufferedReader(_Answer(process.stdout), _PIPE)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave no process behind: it has ended, or the answer is not wanted to its end."""
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None, "it was asked for"
        with suppress(BrokenPipeError):  # what it did not read any more
            pipe.close()
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _failed(process: subprocess.Popen[bytes], complaint: IO[bytes]) -> StoreUnavailableError:
    _end(process)
    complaint.seek(0)
    lines = complaint.read().decode(errors="replace").strip().splitlines()
    words = lines[-1] if lines else f"exit code {process.returncode}"
    return StoreUnavailableError(f"the process that reads it in bulk failed ({words})")


class _Answer(io.RawIOBase):
    """A pipe that is waited for, but not for ever."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        ready, _, _ = wait_for([self._pipe], [], [], PATIENCE)
        if not ready:
            raise TimeoutError(f"no byte for {PATIENCE:g} s")
        return os.readv(self._pipe.fileno(), [buffer])
