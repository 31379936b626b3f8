"""Tests of holdfast.adapters.registries.mlflow_aliases; the suite reads MLflow's own files."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from holdfast.adapters.registries.mlflow_aliases import read_aliases

LAYOUT = """
CREATE TABLE registered_model_aliases (alias TEXT, version INTEGER, name TEXT);
CREATE TABLE model_version_tags (key TEXT, value TEXT, name TEXT, version INTEGER);
INSERT INTO registered_model_aliases VALUES
  ('champion', 2, 'churn'), ('mine', 3, 'churn'), ('champion', 2, 'other');
INSERT INTO model_version_tags VALUES
  ('holdfast.version', 'v7', 'churn', 2), ('else', 'x', 'churn', 3),
  ('holdfast.version', 'v9', 'other', 2);
"""


@pytest.fixture(name="file")
def _file(tmp_path):
    file = tmp_path / "mlflow #1.db"
    with closing(sqlite3.connect(file)) as database:
        database.executescript(LAYOUT)
    return file


def aliases(file):
    return read_aliases(file, model_name="churn", version_tag="holdfast.version")


class TestReadAliases:
    def test_tells_where_a_models_aliases_point(self, file):
        """By the tag; a version without it is somebody's own."""
        assert aliases(file) == {"champion": "v7", "mine": None}

    def test_a_file_that_is_not_there_has_none(self, tmp_path):
        """And asking does not make it."""
        assert aliases(tmp_path / "mlflow.db") == {}
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("spoil", ["DROP TABLE model_version_tags", None])
    def test_says_when_it_cannot_tell(self, file, spoil):
        """Another layout, or no database at all: MLflow itself is asked then."""
        if spoil is None:
            file.write_bytes(b"no database" * 100)
        else:
            with closing(sqlite3.connect(file)) as database:
                database.execute(spoil)

        assert aliases(file) is None
