"""Send a test alert by every channel, to see which of them reach people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import EventId
from holdfast.domain.notices import Notice, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from holdfast.ports.notifier import Notifier

__all__ = ["try_channels"]


def try_channels(notifiers: Sequence[Notifier], *, now: datetime) -> dict[str, str | None]:
    """Send a test alert and return, by channel, why it was not taken; None if it was.

    Args:
        notifiers: Whose channels to try; each is tried, however loud its alerts must be.
        now: Dates the test.
    """
    alert = Alert(
        trigger=Trigger.SERVING,
        severity=Severity.WARNING,
        subject="test",
        message="a test: nothing is wrong, and alerts arrive here",
    )
    notice = Notice(
        kind=NoticeKind.TRIED, alert=alert, model_version=None, event_id=EventId("test"), at=now
    )
    return {one.channel.name: _tried(one, notice) for one in notifiers}


def _tried(notifier: Notifier, notice: Notice) -> str | None:
    try:
        notifier.notify(notice)
    except Exception as error:  # noqa: BLE001 - a plug-in or a server outside may raise anything
        said = str(error)
        return said.removeprefix(f"{notifier.channel.name}: ") or type(error).__name__
    return None
