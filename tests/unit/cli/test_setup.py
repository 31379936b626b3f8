"""Settings as they are shown to people: without what must stay secret."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from holdfast.cli.app import app


class TestConfigShow:
    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("postgresql://ann:s3cret@db/holdfast", "postgresql://ann:***@db/holdfast"),
            (
                "postgresql://db/holdfast?user=ann&password=s3cret&sslpassword=s3cret",
                "postgresql://db/holdfast?password=***&sslpassword=***&user=ann",
            ),
        ],
    )
    def test_hides_passwords_wherever_an_address_has_them(self, tmp_path, url, shown):
        """libpq takes them behind the question mark as well."""
        config = f'[data]\ntarget = "left"\n[store]\nurl = "{url}"\n'
        (tmp_path / "holdfast.toml").write_text(config)

        done = CliRunner().invoke(app, ["config", "show", "--project", str(tmp_path)])

        assert done.exit_code == 0, done.output
        assert "s3cret" not in done.output
        found = json.loads(done.output)["store"]["url"].replace("%2A", "*")
        assert found == shown


class TestTrain:
    def test_refuses_a_search_of_nothing(self, tmp_path):
        """As a wrong use, before the data are read."""
        (tmp_path / "holdfast.toml").write_text('[data]\ntarget = "left"\n')

        done = CliRunner().invoke(app, ["train", "--project", str(tmp_path), "--search", "0s"])

        assert done.exit_code == 2
        assert "longer than 0s, or at least one trial" in done.output
