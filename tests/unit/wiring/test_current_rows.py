"""Who counts the current rows: this machine unless a cluster is named."""

from __future__ import annotations

import sys

import pytest

from holdfast.domain.errors import ClusterError, MissingExtraError
from holdfast.wiring.current_rows import open_current_rows


@pytest.fixture(name="file")
def _file(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("x;day\n1,5;2026-01-02\n2,5;2026-01-01\n")
    return str(path)


class TestOpenCurrentRows:
    def test_reads_here_by_itself(self, file):
        """Whatever the file's separator."""
        with open_current_rows(file) as rows:
            assert rows.schema.names == ["x", "day"]
            assert f"{rows.oldest('day'):%Y-%m-%d}" == "2026-01-01"
            assert rows.oldest("x") is rows.oldest("nothing") is None
            assert rows.sample(["x"], 5).column("x").to_pylist() == [1.5, 2.5]

    def test_without_pyspark_says_what_to_install(self, file, monkeypatch):
        """The extra, by its name."""
        monkeypatch.setitem(sys.modules, "pyspark", None)

        with (
            pytest.raises(MissingExtraError, match=r"holdfast\[spark\]"),
            open_current_rows(file, spark="local[2]"),
        ):
            pass

    def test_a_cluster_that_is_not_there_is_named(self, file, monkeypatch):
        """Before anything is read."""
        pytest.importorskip("pyspark", reason="pyspark is not installed")
        monkeypatch.setattr("holdfast.adapters.engines.spark_session._check_java", lambda: None)

        with (
            pytest.raises(ClusterError, match=r"spark://127\.0\.0\.1:1 does not answer"),
            open_current_rows(file, spark="spark://127.0.0.1:1"),
        ):
            pass
