"""How lengths of time are written: ``7d``, ``12h``, ``30m``, ``0s``."""

from __future__ import annotations

import re
from datetime import timedelta

__all__ = ["format_duration", "parse_duration"]

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}  # seconds each
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[wdhms])+")


def parse_duration(value: object) -> timedelta:
    """Return the length of time that a text such as ``"7d"`` or ``"1h30m"`` means.

    Args:
        value: Whole or decimal numbers, each followed by w, d, h, m or s; a `timedelta`
            passes unchanged.

    Raises:
        ValueError: If it is anything else.

    >>> parse_duration("12h")
    datetime.timedelta(seconds=43200)
    """
    if isinstance(value, timedelta):
        return value
    text = value.strip().lower() if isinstance(value, str) else ""
    if not _DURATION.fullmatch(text):
        raise ValueError("needs a duration in quotes, such as '7d', '12h', '30m' or '0s'")
    parts = re.findall(r"([\d.]+)([wdhms])", text)
    try:
        return timedelta(seconds=sum(float(n) * _UNITS[unit] for n, unit in parts))
    except OverflowError:
        raise ValueError("is longer than any calendar reaches; needs one such as '400d'") from None


def format_duration(length: timedelta) -> str:
    """Return the shortest text that `parse_duration` reads back as this length.

    >>> format_duration(timedelta(days=7))
    '7d'
    """
    microseconds = length // timedelta(microseconds=1)
    if microseconds % 1_000_000:
        return f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d}s"
    seconds = microseconds // 1_000_000
    for unit in "dhm":
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"
