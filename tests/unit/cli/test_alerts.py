"""The commands `alerts`, and `alerts ack`, `silence`, `unsilence` and `test`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from holdfast.adapters.notifiers.apprise import AppriseNotifier
from holdfast.adapters.stores.sql import SqlStore
from holdfast.cli.app import app
from holdfast.domain.errors import MissingExtraError, UndeliveredError, UnknownIncidentError
from holdfast.domain.events import AlertRaised, AlertResolved
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.ports.event_log import Draft
from holdfast.testing.examples import promoted, registered

V1 = ModelVersion("v1")
AT = datetime(2026, 7, 1, tzinfo=UTC)
DRIFT = Alert(
    trigger=Trigger.FEATURE_DRIFT,
    severity=Severity.WARNING,
    subject="tenure",
    message="tenure drifted by 0.21",
)
HARM = Alert(
    trigger=Trigger.HARM, severity=Severity.CRITICAL, subject="loss", message="the loss rose"
)


def raised(incident_id, alert):
    return AlertRaised(
        alert=alert, model_version=V1, incident_id=incident_id, onset_at=AT - timedelta(days=2)
    )


@pytest.fixture(name="project", autouse=True)
def _project(tmp_path, monkeypatch):
    """A champion with two incidents, one of which is over."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    (tmp_path / "holdfast.toml").write_text('[data]\ntarget = "y"\n')
    bodies = [
        raised("i-aa01", DRIFT),
        raised("i-bb02", HARM),
        AlertResolved(alert=DRIFT, model_version=V1, incident_id="i-aa01", reason="it is gone"),
    ]
    drafts = [Draft(body=body, actor="control") for body in bodies]
    with SqlStore.open(f"sqlite:///{tmp_path}/.holdfast/holdfast.db", create=True) as store:
        store.events.append([registered("v1"), promoted("v1"), *drafts], at=AT)
    return tmp_path


def alerts(*words):
    done = CliRunner().invoke(app, ["alerts", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def listed(*words):
    return json.loads(alerts("--json", *words).stdout)


class TestAlerts:
    def test_lists_what_is_open(self):
        """With its id, how bad it is, and since when."""
        said = alerts().stdout

        assert "i-bb02  [critical] the loss rose" in said
        assert "since about 2026-06-29 00:00 UTC" in said
        assert "i-aa01" not in said

    def test_lists_what_is_over_if_asked(self):
        """With the reason."""
        said = alerts("--all").stdout

        assert "over 2026-07-01 00:00 UTC: it is gone" in said
        assert "i-bb02" in said

    def test_answers_in_json(self):
        """The same fields for both."""
        first, second = listed("--all")["incidents"]

        assert first.keys() == second.keys()
        assert (first["why_over"], second["over_at"]) == ("it is gone", None)
        assert second["alert"]["subject"] == "loss"

    def test_says_that_all_is_well(self, tmp_path, monkeypatch):
        """In a project in which nothing was alarmed."""
        SqlStore.open(f"sqlite:///{tmp_path}/other/holdfast.db", create=True).close()
        monkeypatch.setenv("HOLDFAST_STORE__URL", f"sqlite:///{tmp_path}/other/holdfast.db")

        assert alerts().stdout == "No incident is open.\n"
        assert alerts("--all").stdout == "There was no incident yet.\n"

    def test_takes_no_option_before_another_command(self, tmp_path):
        """It would act on another project than was meant."""
        done = alerts("--project", str(tmp_path), "ack", "bb")

        assert done.exit_code == 2
        assert "options stand behind it" in done.stderr


class TestAck:
    def test_keeps_who_knows_of_it_and_why(self):
        """By the name of this system's user, or by another one."""
        alerts("ack", "bb", "--reason", "a price rise")
        by_ada = listed()["incidents"][0]["acknowledged"]
        alerts("ack", "i-bb02", "--by", "grace")

        assert (by_ada["by"], by_ada["reason"]) == ("ada", "a price rise")
        assert "grace knows of it" in alerts().stdout

    def test_refuses_what_is_not_open(self):
        """As the one that is over."""
        with pytest.raises(UnknownIncidentError):
            alerts("ack", "i-aa01")

    def test_acts_for_somebody_where_the_system_knows_no_name(self, monkeypatch):
        """As in a container whose user has no entry."""

        def fail():
            raise KeyError

        monkeypatch.setattr("getpass.getuser", fail)
        alerts("ack", "i-bb02")

        assert "somebody knows of it" in alerts().stdout


class TestSilence:
    def test_of_a_kind_stands_in_the_list_until_it_is_lifted(self):
        """So that nobody wonders why it is quiet."""
        alerts(
            *("silence", "--trigger", "feature_drift", "--subject", "tenure"),
            *("--for", "8h", "--reason", "maintenance"),
        )
        during = alerts().stdout
        lifted = alerts("unsilence").stdout

        assert "feature drift of tenure (by ada: maintenance)" in during
        assert lifted == "Heard again: feature drift of tenure\n"
        assert listed()["silences"] == []

    def test_of_an_incident_names_it(self):
        """By its whole id."""
        said = alerts("silence", "bb", "--for", "2d").stdout

        assert said.endswith(": i-bb02\n")
        assert listed()["silences"][0]["incident_id"] == "i-bb02"

    def test_of_no_length_is_a_usage_error(self):
        """With what a length looks like."""
        done = alerts("silence", "bb", "--for", "soon")

        assert done.exit_code == 2
        assert "--for" in done.stderr

    def test_that_stands_nowhere_is_said(self):
        """No error: there is nothing left to do."""
        assert alerts("unsilence", "bb").stdout == "No such silence stands.\n"


class TestTest:
    @pytest.fixture(autouse=True)
    def _two_addresses(self, project, monkeypatch):
        """The second of which does not answer."""
        (project / "holdfast.toml").write_text(
            '[data]\ntarget = "y"\n[alerts]\nurls = ["slack://a/b/c", "json://hunter2@h/"]\n'
        )

        def notify(self, notice):
            if "json" in self.channel.name:
                raise UndeliveredError(self.channel.name, reason="it cannot be reached")

        monkeypatch.setattr(AppriseNotifier, "notify", notify)

    def test_says_what_came_of_each_address(self):
        """And fails if one did not take it; no secret is named."""
        done = alerts("test")

        assert done.exit_code == 1
        first, second = done.stdout.splitlines()
        assert first.startswith("notifier/slack-")
        assert first.endswith(": delivered")
        assert second.endswith(": FAILED: it cannot be reached")
        assert "hunter2" not in done.output

    def test_answers_in_json(self):
        """For a monitor of the monitor."""
        answer = json.loads(alerts("test", "--json").stdout)

        assert [one["failure"] for one in answer] == [None, "it cannot be reached"]

    def test_says_that_there_is_none(self, project):
        """Where alerts go then."""
        (project / "holdfast.toml").write_text('[data]\ntarget = "y"\n')

        done = alerts("test")

        assert done.exit_code == 0
        assert "standard error alone" in done.stderr

    def test_names_the_extra_that_is_missing(self, monkeypatch):
        """With the command that brings it."""
        monkeypatch.setattr("holdfast.wiring.alerts.find_spec", lambda _: None)

        with pytest.raises(MissingExtraError, match=r'pip install "holdfast\[alerts\]"'):
            alerts("test")


class TestExplain:
    def test_of_an_incident_tells_all_that_was_said_of_it(self):
        """From its first alarm to its end."""
        done = CliRunner().invoke(app, ["explain", "i-aa01"])

        assert "Warning: tenure drifted by 0.21" in done.stdout
        assert "Over: tenure drifted by 0.21 (it is gone)" in done.stdout
