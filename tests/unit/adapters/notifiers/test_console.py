"""Alerts on the terminal."""

from __future__ import annotations

import io

import pytest

from holdfast.adapters.notifiers.console import ConsoleNotifier
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import EventId

EVENT = EventId("019b76da-a800-7000-8000-000000000001")


def alert(severity=Severity.WARNING):
    return Alert(
        trigger=Trigger.FEATURE_DRIFT,
        severity=severity,
        subject="tenure",
        message="tenure drifted by 0.21 (KS distance)",
    )


class TestConsoleNotifier:
    @pytest.mark.parametrize("severity", Severity)
    def test_writes_one_line_that_names_severity_and_event(self, severity):
        """The event's id is what `explain` takes."""
        stream = io.StringIO()

        ConsoleNotifier(stream).notify(alert(severity), event_id=EVENT)

        (line,) = stream.getvalue().splitlines()
        assert line.startswith(f"{severity.upper()}: tenure drifted by 0.21 (KS distance)")
        assert EVENT in line

    def test_speaks_to_standard_error_as_it_is_now(self, capsys):
        """Standard output belongs to what a program reads."""
        ConsoleNotifier().notify(alert(), event_id=EVENT)

        captured = capsys.readouterr()
        assert captured.out == ""
        assert "tenure drifted" in captured.err
