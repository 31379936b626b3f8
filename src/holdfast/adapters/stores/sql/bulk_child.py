"""The process that reads a SQLite store in bulk: ``python bulk_child.py FILE``, SQL by stdin.

Two SQLite libraries in one process drop each other's locks on a file, so the quick one is
alone in this one. Run by its path and importing nothing of Holdfast, it starts in a third of
a second. Arrow goes to standard output; what is wrong, to standard error.
"""

from __future__ import annotations

import os
import sys
from urllib.parse import quote

import adbc_driver_manager as adbc
import adbc_driver_sqlite
import pyarrow as pa

__all__ = ["main"]

_BATCH = "65536"  # rows; a third more per second than by the driver's own 1,024
_PATIENCE = "30000"  # milliseconds, as for all connections to a store


def main(path: str) -> int:
    """Answer the query that comes by standard input; return the exit code."""
    query = sys.stdin.buffer.read().decode()
    try:
        _stream(path, query)
    except BrokenPipeError:
        return 1  # whoever asked is gone
    except (adbc.Error, pa.ArrowException, OSError) as error:
        sys.stderr.write(" ".join(str(error).split()))
        return 1
    return 0


def _stream(path: str, query: str) -> None:
    # Read only: this process must neither write nor, when it closes, checkpoint.
    with (
        adbc_driver_sqlite.connect(f"file:{quote(path)}?mode=ro") as database,
        adbc.AdbcConnection(database) as connection,
    ):
        with adbc.AdbcStatement(connection) as patient:
            patient.set_sql_query(f"PRAGMA busy_timeout = {_PATIENCE}")
            patient.execute_query()
        with adbc.AdbcStatement(connection) as statement:
            statement.set_options(**{"adbc.sqlite.query.batch_rows": _BATCH})
            statement.set_sql_query(query)
            handle, _ = statement.execute_query()
            with (
                pa.RecordBatchReader.from_stream(handle) as found,
                os.fdopen(os.dup(1), "wb", buffering=0) as sink,
                pa.ipc.new_stream(sink, found.schema) as writer,
            ):
                for batch in found:
                    writer.write_batch(batch)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
