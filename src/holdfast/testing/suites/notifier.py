"""What every `Notifier` must do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import EventId, ModelVersion
from holdfast.domain.notices import Notice, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.ports.notifier import Notifier

__all__ = ["NotifierSuite"]

_EVENT = EventId("019b76da-a800-7000-8000-000000000001")


def _notice(severity: Severity, message: str = "tenure drifted by 0.21") -> Notice:
    alert = Alert(
        trigger=Trigger.FEATURE_DRIFT, severity=severity, subject="tenure", message=message
    )
    return Notice(
        kind=NoticeKind.RAISED,
        alert=alert,
        model_version=ModelVersion("v1"),
        event_id=_EVENT,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        incident_id="i-0123456789",
    )


class NotifierSuite:
    """Needs the fixtures `notifier`, and `received`: returns all that arrived, as one text."""

    @pytest.mark.parametrize("severity", list(Severity))
    def test_delivers_what_happened_and_how_bad_it_is(
        self, notifier: Notifier, received: Callable[[], str], severity: Severity
    ) -> None:
        """A person can tell from it what is wrong, how loudly, and where to read on."""
        notifier.notify(_notice(severity))

        text = received()
        assert "tenure drifted by 0.21" in text
        assert severity.value in text.lower()
        assert _EVENT in text

    def test_takes_an_alert_again_under_the_same_event(
        self, notifier: Notifier, received: Callable[[], str]
    ) -> None:
        """After a crash the outbox may repeat one; that must not fail."""
        notifier.notify(_notice(Severity.WARNING))
        notifier.notify(_notice(Severity.WARNING))

        assert _EVENT in received()

    @pytest.mark.parametrize("kind", list(NoticeKind))
    def test_takes_whatever_is_said_of_an_alert(
        self, notifier: Notifier, received: Callable[[], str], kind: NoticeKind
    ) -> None:
        """That it goes on, that it is over, and that somebody tries the channel."""
        notifier.notify(replace(_notice(Severity.WARNING), kind=kind))

        assert "tenure drifted by 0.21" in received()

    def test_names_the_channel_it_empties(self, notifier: Notifier) -> None:
        """Else nothing would be owed to it, or another would take it."""
        assert notifier.channel.name.startswith("notifier/")

    def test_takes_words_in_any_script(
        self, notifier: Notifier, received: Callable[[], str]
    ) -> None:
        """Column names and categories are the users' own."""
        notifier.notify(_notice(Severity.INFO, "Größe ist 📈 gestiegen"))

        assert "Größe ist 📈 gestiegen" in received()
