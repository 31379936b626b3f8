"""What the process that reads in bulk says, alone."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pyarrow as pa
import pytest

from holdfast.adapters.stores.sql import bulk_child


@pytest.fixture(name="path")
def _path(tmp_path):
    path = tmp_path / "some.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE numbers (n INTEGER)")
        connection.execute("INSERT INTO numbers VALUES (1), (2)")
    connection.close()
    return path


def asked(path, query):
    return subprocess.run(
        [sys.executable, "-P", bulk_child.__file__, path],
        input=query.encode(),
        capture_output=True,
        check=False,
    )


@pytest.mark.slow
class TestBulkChild:
    def test_answers_in_arrow(self, path):
        """A stream of batches, and nothing beside it."""
        answer = asked(path, "SELECT n FROM numbers ORDER BY n DESC")

        table = pa.ipc.open_stream(answer.stdout).read_all()
        assert (table.to_pydict(), answer.returncode, answer.stderr) == ({"n": [2, 1]}, 0, b"")

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
