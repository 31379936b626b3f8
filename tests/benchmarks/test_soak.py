"""The script that runs the long tests, on short ones."""

from __future__ import annotations

import json

import pytest
from benchmarks.soak import main

TESTS = """
import pytest


@pytest.fixture
def torn():
    yield
    raise RuntimeError("torn")


def test_stands():
    pass


def test_falls():
    assert False


def test_falls_at_the_end(torn):
    pass
"""


class TestSoak:
    def test_notes_how_each_test_ended(self, tmp_path, monkeypatch):
        """Also one that fails only when it is taken down."""
        (tmp_path / "test_short.py").write_text(TESTS, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        out = tmp_path / "soak.json"

        code = main(["--out", str(out), "--mark", "", str(tmp_path / "test_short.py")])

        found = json.loads(out.read_text(encoding="utf-8"))
        assert code == pytest.ExitCode.TESTS_FAILED
        assert len(found["date"]) == 10
        assert {
            name.partition("::")[2]: one["outcome"] for name, one in found["tests"].items()
        } == {
            "test_stands": "passed",
            "test_falls": "failed",
            "test_falls_at_the_end": "failed",
        }
