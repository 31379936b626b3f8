"""Alerts on the terminal."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from holdfast.adapters.notifiers.console import ConsoleNotifier, HeldConsole
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import EventId, ModelVersion
from holdfast.domain.notices import Notice, NoticeKind

EVENT = EventId("019b76da-a800-7000-8000-000000000001")


def notice(severity=Severity.WARNING, kind=NoticeKind.RAISED):
    alert = Alert(
        trigger=Trigger.FEATURE_DRIFT,
        severity=severity,
        subject="tenure",
        message="tenure drifted by 0.21 (KS distance)",
    )
    return Notice(
        kind=kind,
        alert=alert,
        model_version=ModelVersion("v1"),
        event_id=EVENT,
        at=datetime(2026, 7, 1, tzinfo=UTC),
    )


class TestConsoleNotifier:
    @pytest.mark.parametrize("severity", Severity)
    def test_writes_one_line_that_names_severity_and_event(self, severity):
        """The event's id is what `explain` takes."""
        stream = io.StringIO()

        ConsoleNotifier(stream).notify(notice(severity))

        (line,) = stream.getvalue().splitlines()
        assert line.startswith(f"{severity.upper()}: tenure drifted by 0.21 (KS distance)")
        assert EVENT in line

    @pytest.mark.parametrize(
        ("kind", "beginning"),
        [
            (NoticeKind.UPDATED, "STILL WARNING: "),
            (NoticeKind.RESOLVED, "OVER, WAS WARNING: "),
            (NoticeKind.TRIED, "TEST WARNING: "),
        ],
    )
    def test_says_what_is_not_new(self, kind, beginning):
        """Else the end of an alert would read like another one."""
        stream = io.StringIO()

        ConsoleNotifier(stream).notify(notice(kind=kind))

        assert stream.getvalue().startswith(beginning)

    def test_speaks_to_standard_error_as_it_is_now(self, capsys):
        """Standard output belongs to what a program reads."""
        ConsoleNotifier().notify(notice())

        captured = capsys.readouterr()
        assert captured.out == ""
        assert "tenure drifted" in captured.err


class TestHeldConsole:
    def test_says_what_a_command_has_not_said_itself(self):
        """A new alert that stands on the screen is not said again; all else is."""
        stream, new, other = io.StringIO(), notice(), notice(Severity.CRITICAL)
        console = HeldConsole(ConsoleNotifier(stream))
        for one in (new, other, notice(kind=NoticeKind.RESOLVED)):
            console.notify(one)
        meanwhile = stream.getvalue()

        console.let_go([new.alert])

        assert meanwhile == ""
        assert [line.split(":")[0] for line in stream.getvalue().splitlines()] == [
            "CRITICAL",
            "OVER, WAS WARNING",
        ]
