"""What the process that reads in bulk says, alone."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from holdfast.adapters.stores.sql import bulk_child

SCRIPT = Path(bulk_child.__file__)
# Another process commits a row once a connection has begun, as often as it is told.
_COMMITS_BETWEEN = """
import subprocess, sys
sys.path.insert(0, {folder!r})
import bulk_child
bulk_child._ATTEMPTS, begin, n_commits = 4, bulk_child._begin, 0

def committing(connection):
    global n_commits
    begin(connection)
    if n_commits < 2:
        n_commits += 1
        insert = "import sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None)"
        insert += ".execute('INSERT INTO numbers VALUES (0)')"
        subprocess.run([sys.executable, "-c", insert, {path!r}], check=True)

bulk_child._begin = committing
sys.exit(bulk_child.main({path!r}))
"""


@pytest.fixture(name="path")
def _path(tmp_path):
    path = tmp_path / "some.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE numbers (n INTEGER)")
        connection.execute("INSERT INTO numbers VALUES (1), (2)")
    connection.close()
    return path


def asked(path, *queries, types=("int64",), script=SCRIPT):
    return subprocess.run(
        [sys.executable, "-P", script, path],
        input=json.dumps({"queries": queries, "types": types}).encode(),
        capture_output=True,
        check=False,
    )


def rows_of(answer):
    return pa.ipc.open_stream(answer.stdout).read_all().column(0).to_pylist()


@pytest.mark.slow
class TestBulkChild:
    def test_answers_in_arrow(self, path):
        """A stream of batches, and nothing beside it."""
        answer = asked(path, "SELECT n FROM numbers ORDER BY n DESC")

        assert (rows_of(answer), answer.returncode, answer.stderr) == ([2, 1], 0, b"")

    def test_answers_several_queries_in_their_order(self, path):
        """However long each of them takes, and more of them than are read at one time."""
        slow = "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 300000)"

        answer = asked(path, f"{slow} SELECT COUNT(*) FROM r", *(f"SELECT {i}" for i in range(9)))

        assert rows_of(answer) == [300_000, *range(9)]

    def test_gives_each_column_the_type_that_was_asked_for(self, path):
        """The driver takes a column in which all is missing for one of whole numbers."""
        queries = ("SELECT NULL", "SELECT 'a' WHERE 0", "SELECT NULL UNION ALL SELECT 'b'")

        answer = asked(path, *queries, types=["string"])

        assert rows_of(answer) == [None, None, "b"]

    def test_all_queries_see_one_snapshot(self, path, tmp_path):
        """Rows that are committed while the connections begin are in each of them, or in none."""
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            script = tmp_path / "between.py"
            script.write_text(_COMMITS_BETWEEN.format(folder=str(SCRIPT.parent), path=str(path)))

            answer = asked(path, *["SELECT COUNT(*) FROM numbers"] * 4, script=script)
        connection.close()

        assert rows_of(answer) == [4, 4, 4, 4]  # two rows, and one of each of two attempts

    def test_reads_alone_where_commits_never_pause(self, path, tmp_path):
        """One connection cannot see two snapshots."""
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            script = tmp_path / "between.py"
            words = _COMMITS_BETWEEN.replace("< 2", "< 10")
            script.write_text(words.format(folder=str(SCRIPT.parent), path=str(path)))

            answer = asked(path, *["SELECT COUNT(*) FROM numbers"] * 4, script=script)
        connection.close()

        # Two rows, and one behind each of two connections in four attempts.
        assert rows_of(answer) == [10, 10, 10, 10]

    def test_writes_nothing(self, path):
        """The file is opened to be read only."""
        answer = asked(path, "DELETE FROM numbers")

        assert answer.returncode == 1
        assert b"readonly" in answer.stderr

    def test_fails_in_one_line(self, path):
        """Whoever asked shows it to a person."""
        answer = asked(path, "SELECT no_such_column FROM numbers")

        assert answer.returncode == 1
        assert b"no such column" in answer.stderr
        assert b"\n" not in answer.stderr
