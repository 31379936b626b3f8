"""From settings to the schedule by which the loop ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from holdfast.adapters.schedules.apscheduler import CronSchedule, IntervalSchedule
from holdfast.domain.errors import SettingsError

if TYPE_CHECKING:
    from datetime import timedelta

    from holdfast.ports.schedule import Schedule
    from holdfast.settings import Settings

__all__ = ["schedule_of"]


def schedule_of(settings: Settings, *, every: timedelta | None = None) -> Schedule:
    """Return when the loop is to tick.

    Args:
        settings: The project's.
        every: From one tick to the next, in place of what `[control]` says.

    Raises:
        SettingsError: If `[control] cron` or `timezone` cannot be understood.
    """
    control = settings.control
    if every is None and control.cron is not None:
        try:
            return CronSchedule(control.cron, zone=_zone(control.timezone))
        except ValueError as error:
            raise SettingsError(f"[control] cron {control.cron!r}: {error}") from error
    return IntervalSchedule(every or control.every or settings.monitor.bucket)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"[control] timezone {name!r} is not known here. Write one as the IANA database "
            "calls it, such as 'Europe/Berlin', or 'UTC'"
        ) from error
