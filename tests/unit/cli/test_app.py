"""Tests of what all commands have in common."""

from __future__ import annotations

import structlog
from typer.testing import CliRunner

from holdfast.cli.app import app


class TestApp:
    def test_log_lines_leave_standard_output_to_the_answer(self, capsys, tmp_path):
        """`holdfast label --json | jq` must not meet a line about a model that was loaded."""
        CliRunner().invoke(app, ["config", "check", "--project", str(tmp_path)])

        structlog.get_logger("any").info("something_happened")
        structlog.reset_defaults()

        written = capsys.readouterr()
        assert written.out == ""
        assert "something_happened" in written.err
