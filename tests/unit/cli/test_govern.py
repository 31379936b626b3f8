"""What is refused before a project is opened: options that do not go together."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from holdfast.cli.app import app


class TestPromote:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--share", "0.1"], "goes with --as canary"),
            (["--as", "shadow", "--share", "0.1"], "goes with --as canary"),
            (["--as", "canary", "--contract-change"], "does not go with --as"),
            (["--as", "champion"], "'champion' is not one of"),
        ],
    )
    def test_refuses_options_that_do_not_go_together(self, words, said):
        """With the exit code of a wrong call, and nothing done."""
        done = CliRunner().invoke(app, ["promote", "v2", *words])

        assert done.exit_code == 2
        assert said in done.output
