"""The command `check`: what it says where."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.adapters.stores.sql import SqlStore
from holdfast.cli.tick import check
from holdfast.domain.evidence import Action, Alert, Decision, Severity, Trigger
from holdfast.domain.ids import EventId, ModelVersion
from holdfast.domain.notices import Notice, NoticeKind
from holdfast.domain.windows import Window
from holdfast.loop.cycle import Tick
from holdfast.loop.detect import Finding
from holdfast.policy.deciding import Evidence

NOW = datetime(2026, 7, 1, tzinfo=UTC)
NEW = Alert(trigger=Trigger.HARM, severity=Severity.WARNING, subject="loss", message="it rose")
OTHER = Alert(
    trigger=Trigger.SERVING, severity=Severity.CRITICAL, subject="v1", message="v1 is damaged"
)


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(name="project", autouse=True)
def _project(tmp_path, monkeypatch):
    """A project in which a tick tells of one alert that it found, and of a server's."""
    (tmp_path / "holdfast.toml").write_text('[data]\ntarget = "y"\n')
    SqlStore.open(f"sqlite:///{tmp_path}/.holdfast/holdfast.db", create=True).close()

    def tick(ports, plan, **_):
        for alert in (NEW, OTHER):
            notice = Notice(
                kind=NoticeKind.RAISED,
                alert=alert,
                model_version=ModelVersion("v1"),
                event_id=EventId("e-1"),
                at=NOW,
            )
            for notifier in ports.notifiers:
                notifier.notify(notice)
        return Tick(
            finding=Finding(
                window=Window(start_at=NOW - timedelta(days=7), end_at=NOW),
                assessment=None,
                evidence=Evidence(n_rows=10, alerts=(NEW,)),
            ),
            decision=Decision(action=Action.ALERT, policy="harm", reasons=("it rose",)),
            new_alerts=(NEW,),
            n_counted=0,
            retraining=None,
        )

    monkeypatch.setattr("holdfast.loop.cycle.tick", tick)
    return tmp_path


def checked(project, screen, **options):
    with redirect_stdout(screen), redirect_stderr(screen):
        check(data=None, project=project, fail_on=None, **options)
    return screen.getvalue()


class TestCheck:
    def test_says_a_new_alert_once_at_a_terminal(self, project):
        """Where both of its streams are read together; what it did not find itself stays."""
        said = checked(project, Screen(), as_json=False)

        assert said.count("it rose") == 2  # as an alert, and as the decision's reason
        assert said.count("[warning] it rose") == 1
        assert said.count("CRITICAL: v1 is damaged") == 1

    def test_says_it_on_standard_error_as_well_where_a_program_reads(self, project):
        """Cron sends what stands there; standard output may be kept elsewhere."""
        said = checked(project, io.StringIO(), as_json=False)

        assert "WARNING: it rose" in said
        assert "[warning] it rose" in said

    def test_an_answer_in_json_says_it_on_standard_error(self, project):
        """A person who looks on sees it at once."""
        assert "WARNING: it rose" in checked(project, Screen(), as_json=True)
