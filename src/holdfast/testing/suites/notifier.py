"""What every `Notifier` must do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import EventId

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.ports.notifier import Notifier

__all__ = ["NotifierSuite"]

_EVENT = EventId("019b76da-a800-7000-8000-000000000001")


def _alert(severity: Severity, message: str = "tenure drifted by 0.21") -> Alert:
    return Alert(
        trigger=Trigger.FEATURE_DRIFT, severity=severity, subject="tenure", message=message
    )


class NotifierSuite:
    """Needs the fixtures `notifier`, and `received`: returns all that arrived, as one text."""

    @pytest.mark.parametrize("severity", list(Severity))
    def test_delivers_what_happened_and_how_bad_it_is(
        self, notifier: Notifier, received: Callable[[], str], severity: Severity
    ) -> None:
        """A person can tell from it what is wrong, how loudly, and where to read on."""
        notifier.notify(_alert(severity), event_id=_EVENT)

        text = received()
        assert "tenure drifted by 0.21" in text
        assert severity.value in text.lower()
        assert _EVENT in text

    def test_takes_an_alert_again_under_the_same_event(
        self, notifier: Notifier, received: Callable[[], str]
    ) -> None:
        """After a crash the outbox may repeat one; that must not fail."""
        notifier.notify(_alert(Severity.WARNING), event_id=_EVENT)
        notifier.notify(_alert(Severity.WARNING), event_id=_EVENT)

        assert _EVENT in received()

    def test_takes_words_in_any_script(
        self, notifier: Notifier, received: Callable[[], str]
    ) -> None:
        """Column names and categories are the users' own."""
        notifier.notify(_alert(Severity.INFO, "Größe ist 📈 gestiegen"), event_id=_EVENT)

        assert "Größe ist 📈 gestiegen" in received()
