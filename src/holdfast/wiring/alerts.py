"""Whom a project tells of its alerts: from settings to channels and notifiers."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from holdfast.adapters.notifiers.apprise import AppriseNotifier, channel_named
from holdfast.adapters.notifiers.console import CONSOLE, ConsoleNotifier
from holdfast.domain.errors import MissingExtraError
from holdfast.ports.notifier import Channel

if TYPE_CHECKING:
    from holdfast.ports.notifier import Notifier
    from holdfast.settings import Settings

__all__ = ["channels_of", "notifiers_of", "outside_notifiers_of"]


def channels_of(settings: Settings) -> tuple[Channel, ...]:
    """Return to which channels notices are owed; a server owes, and delivers nothing."""
    alerts = settings.alerts
    names = dict.fromkeys(channel_named(url) for url in alerts.urls)
    outside = (Channel(name=name, least=alerts.severity) for name in names)
    return (CONSOLE, *outside)


def notifiers_of(settings: Settings) -> tuple[Notifier, ...]:
    """Return who delivers: the terminal, and one for each address.

    Raises:
        MissingExtraError: If there are addresses, and what delivers to them is not installed.
    """
    return (ConsoleNotifier(), *outside_notifiers_of(settings))


def outside_notifiers_of(settings: Settings) -> tuple[AppriseNotifier, ...]:
    """Return who delivers to each address of the settings, in their order.

    Raises:
        MissingExtraError: If there are addresses, and what delivers to them is not installed.
    """
    alerts = settings.alerts
    if alerts.urls and find_spec("apprise") is None:
        raise MissingExtraError(needs="Apprise, which delivers to [alerts] urls,", extra="alerts")
    return tuple(
        AppriseNotifier(
            url,
            model_name=settings.model.name,
            least=alerts.severity,
            dashboard=alerts.dashboard,
            allow_private=alerts.allow_private,
            allow_redirects=alerts.allow_redirects,
            timeout=alerts.timeout,
        )
        for url in dict.fromkeys(alerts.urls)
    )
