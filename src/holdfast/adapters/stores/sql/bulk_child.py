"""The process that reads a SQLite store in bulk: ``python bulk_child.py FILE``, JSON by stdin.

Two SQLite libraries in one process drop each other's locks on a file, so the quick one is
alone in this one. Run by its path and importing nothing of Holdfast, it starts in a third of
a second. Arrow goes to standard output; what is wrong, to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import adbc_driver_manager as adbc
import adbc_driver_sqlite
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

__all__ = ["main"]

_READERS = 2  # at one time; a machine that also serves needs its other cores
_ATTEMPTS = 100  # to begin on one snapshot; each takes less time than a commit does
# Rows. The driver learns types from its first batch, and a batch here is a whole stretch.
_ONE_BATCH = str(1 << 30)
_PATIENCE = "30000"  # milliseconds, as for all connections to a store

Batches = list[pa.RecordBatch]


def main(path: str) -> int:
    """Answer the queries that come by standard input; return the exit code."""
    asked = json.load(sys.stdin.buffer)
    try:
        _stream(path, asked["queries"], [pa.type_for_alias(name) for name in asked["types"]])
    except BrokenPipeError:
        return 1  # whoever asked is gone
    except (adbc.Error, pa.ArrowException, OSError) as error:
        sys.stderr.write(" ".join(str(error).split()))
        return 1
    return 0


def _stream(path: str, queries: Sequence[str], types: Sequence[pa.DataType]) -> None:
    """Write the rows of all queries, one query after the other, as of one snapshot."""
    schema = pa.schema([(f"column_{i}", kind) for i, kind in enumerate(types)])
    with (
        ExitStack() as opened,
        os.fdopen(os.dup(1), "wb", buffering=0) as sink,
        pa.ipc.new_stream(sink, schema) as writer,
    ):
        for batches in _in_order(queries, _begun(path, opened)):
            for batch in batches:
                writer.write_batch(_typed(batch, schema))


def _in_order(queries: Sequence[str], readers: Sequence[Any]) -> Iterator[Batches]:
    """Yield what each query gives, in their order, while others are already being read."""
    free: SimpleQueue[Any] = SimpleQueue()
    for reader in readers:
        free.put(reader)

    def read(query: str) -> Batches:
        reader = free.get()
        try:
            return _fetched(reader, query)
        finally:
            free.put(reader)

    with ThreadPoolExecutor(len(readers)) as pool:
        ahead: deque[Future[Batches]] = deque()
        try:
            for query in queries:
                ahead.append(pool.submit(read, query))
                if len(ahead) > len(readers):  # bounds the memory
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _begun(path: str, opened: ExitStack) -> list[Any]:
    """Return connections that all see one snapshot; a single one if that cannot be had.

    SQLite has no word for it that the driver can say. But a third connection can tell whether
    anything was committed between two looks of its own, and if nothing was, those that began
    meanwhile see the same.
    """
    # Read only: this process must neither write nor, when it closes, checkpoint.
    database = opened.enter_context(adbc_driver_sqlite.connect(f"file:{quote(path)}?mode=ro"))

    def connected() -> Any:
        connection = opened.enter_context(adbc.AdbcConnection(database))
        _value(connection, f"PRAGMA busy_timeout = {_PATIENCE}")
        return connection

    watch, readers = connected(), [connected() for _ in range(_READERS)]
    for _ in range(_ATTEMPTS):
        before = _value(watch, "PRAGMA data_version")
        for reader in readers:
            _begin(reader)
        if _value(watch, "PRAGMA data_version") == before:
            return readers
        for reader in readers:
            reader.rollback()
            reader.set_autocommit(True)
    _begin(readers[0])
    return readers[:1]


def _begin(connection: Any) -> None:
    connection.set_autocommit(False)
    _value(connection, "SELECT COUNT(*) FROM sqlite_master")  # the first read takes the snapshot


def _value(connection: Any, query: str) -> Any:
    (batch,) = _fetched(connection, query)
    return batch.column(0)[0].as_py()


def _fetched(connection: Any, query: str) -> Batches:
    with adbc.AdbcStatement(connection) as statement:
        statement.set_options(**{"adbc.sqlite.query.batch_rows": _ONE_BATCH})
        statement.set_sql_query(query)
        handle, _ = statement.execute_query()
        with pa.RecordBatchReader.from_stream(handle) as found:
            return list(found)


def _typed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Give columns their types: one in which all is missing came as whole numbers."""
    columns = [column.cast(kind) for column, kind in zip(batch.columns, schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
