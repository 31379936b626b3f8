"""What a person is told of their project, in words and as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from typer.testing import CliRunner

from holdfast.cli.app import app
from holdfast.domain.errors import StateError
from holdfast.domain.events import AlertRaised, AlertResolved
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.loop.hold import held
from holdfast.loop.promote import promote
from holdfast.loop.register import register
from holdfast.ports.event_log import Draft
from holdfast.settings import CONFIG_FILE, load_settings
from holdfast.testing.project import example_bundle
from holdfast.wiring.control import open_control

TOML = """
[data]
target = "left"
[registry]
mlflow = ""
[monitor]
label_maturity = "3d"
"""


@pytest.fixture(autouse=True)
def _own_logging():
    """What opening a project says about the log ends with the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(name="folder")
def _folder(tmp_path):
    """A project with v1 in production, and v2, a release as good."""
    (tmp_path / CONFIG_FILE).write_text(TOML, encoding="utf-8")
    with open_control(load_settings(tmp_path), create=True) as ports:
        for seed in (0, 1):
            register(
                example_bundle(seed, on_grid_of=None),
                objects=ports.objects,
                events=ports.events,
                predictions=ports.predictions,
                releases=ports.releases,
                clock=ports.clock,
                actor="cli",
                origin="train",
            )
        promote(ports, ports.releases.releases()[0].version, reason="a test", actor="cli")
    return tmp_path


def asked(folder, *words):
    done = CliRunner().invoke(app, [*words, "--project", str(folder)])
    if done.exception is not None:
        raise done.exception
    return done.output


class TestStatus:
    def test_names_who_is_on_probation_and_where_each_release_stands(self, folder):
        """Against whom, until when: the label maturity and two windows later."""
        said = asked(folder, "promote", "v2", "--force")

        words = asked(folder, "status")
        found = json.loads(asked(folder, "status", "--json"))

        assert said.startswith("v2 is in production now, on probation against v1 until 2")
        assert "Probation:     v2 against v1 until 2" in words
        assert "v1 scores beside it, 0 rows so far" in words
        assert "Releases:      v2 champion, v1 previous" in words
        probation = found["deployment"]["probation"]
        assert (probation["version"], probation["against"]) == ("v2", "v1")
        assert probation["since"] == found["deployment"]["since"]
        assert found["deployment"]["challenger"]["stage"] == "probation"
        assert [(r["version"], r["standing"]) for r in found["releases"]] == [
            ("v2", "champion"),
            ("v1", "previous"),
        ]

    def test_shows_the_last_tick_and_the_next(self, folder):
        """The next one only where a loop runs that announced it."""
        before = asked(folder, "status")
        at = datetime(2100, 1, 1, 4, 15, tzinfo=UTC)
        with open_control(load_settings(folder)) as ports:
            ports.ticks.ticked()
            ports.ticks.announce(at, holder="one/1")

        words, found = asked(folder, "status"), json.loads(asked(folder, "status", "--json"))

        assert "Last tick:     none on the log yet" in before
        assert "Next tick:     no control loop is known to run" in before
        assert "Next tick:     2100-01-01 04:15:00 UTC" in words
        assert f"Last tick:     {found['last_tick_at'][:10]}" in words
        assert found["next_tick_at"] == "2100-01-01T04:15:00+00:00"

    def test_names_what_is_open_so_that_it_can_be_acknowledged(self, folder):
        """By the id that `holdfast alerts ack` takes; what is over is not shown."""
        harm = Alert(
            trigger=Trigger.HARM, severity=Severity.WARNING, subject="loss", message="it rose"
        )
        raised = AlertRaised(alert=harm, model_version=ModelVersion("v1"), incident_id="i-7")
        over = AlertResolved(
            alert=harm, model_version=ModelVersion("v1"), incident_id="i-7", reason="quiet"
        )
        with open_control(load_settings(folder)) as ports:
            ports.events.append([Draft(body=raised, actor="control")], at=ports.clock.now())

        words = asked(folder, "status")
        with open_control(load_settings(folder)) as ports:
            ports.events.append([Draft(body=over, actor="control")], at=ports.clock.now())

        assert "Alert:         [warning] it rose (i-7)" in words
        assert "Alert:" not in asked(folder, "status")

    def test_of_a_project_without_a_promotion_names_no_probation(self, folder):
        """The first champion replaced nobody."""
        assert "Probation" not in asked(folder, "status")
        assert json.loads(asked(folder, "status", "--json"))["deployment"]["probation"] is None


class TestGovern:
    def test_a_rollback_ends_the_probation(self, folder):
        """Back to the one that stood beside it."""
        asked(folder, "promote", "v2", "--force")

        assert asked(folder, "rollback") == "v1 is in production now; it was v2.\n"
        assert "Releases:      v2 previous, v1 champion" in asked(folder, "status")

    def test_withdrawing_the_one_before_ends_it(self, folder):
        """The champion stays, and nobody watches it."""
        asked(folder, "promote", "v2", "--force")

        assert asked(folder, "withdraw") == (
            "v1 scores no more; the champion's probation is over.\n"
        )
        assert "Releases:      v2 champion, v1 previous" in asked(folder, "status")

    def test_a_rollback_waits_for_the_loop_unless_it_must_be_now(self, folder, monkeypatch):
        """A person in need is not held up by a retraining of an hour."""
        asked(folder, "promote", "v2", "--force")
        monkeypatch.setattr("holdfast.loop.hold._PATIENCE", timedelta(milliseconds=10))

        with (
            open_control(load_settings(folder)) as ports,
            held(ports.lease, holder="the loop") as fence,
        ):
            assert fence is not None
            with pytest.raises(StateError, match="A control loop is at work now"):
                asked(folder, "rollback")
            said = asked(folder, "rollback", "--now")

        assert said == "v1 is in production now; it was v2.\n"
