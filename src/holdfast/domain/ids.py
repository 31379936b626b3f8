"""How things are told apart: identifiers, and UUIDs whose order is the order of time."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import NewType

__all__ = ["EventId", "ModelVersion", "PredictionId", "ReleaseId", "uuid7", "uuid7s"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_48_BITS = (1 << 48) - 1
_ENTROPY = 10  # bytes
_VARIANT = {f"{digit:x}": f"{0b1000 | digit & 0b11:x}" for digit in range(16)}

PredictionId = NewType("PredictionId", str)  # UUIDv7, made by the server
EventId = NewType("EventId", str)  # UUIDv7
ModelVersion = NewType("ModelVersion", str)  # "v1", "v2" … in order of registration
ReleaseId = NewType("ReleaseId", str)  # sha256 of the release's manifest, hexadecimal


def uuid7(at: datetime, *, entropy: bytes | None = None) -> str:
    """Return a UUIDv7 for an aware time: 48 bits of Unix milliseconds, then randomness.

    Args:
        at: An aware moment.
        entropy: Ten bytes to use in place of the system's randomness (for tests).

    Source:
        RFC 9562, section 5.7.

    >>> from datetime import datetime, UTC
    >>> uuid7(datetime(2026, 1, 1, tzinfo=UTC), entropy=bytes(10))
    '019b76da-a800-7000-8000-000000000000'
    """
    return uuid7s(at, 1, entropy=entropy)[0]


def uuid7s(at: datetime, n: int, *, entropy: bytes | None = None) -> list[str]:
    """Return several UUIDv7 of the same time, in a seventh of what so many calls take.

    Args:
        at: An aware moment.
        n: How many.
        entropy: Ten bytes for each in place of the system's randomness (for tests).
    """
    random = (os.urandom(_ENTROPY * n) if entropy is None else entropy).hex()
    milliseconds = (at - _EPOCH) // _MILLISECOND
    time = f"{milliseconds & _48_BITS:012x}"
    head = f"{time[:8]}-{time[8:]}-7"
    # Of twenty digits the fourth is left out, and the fifth keeps two of its bits, in front
    # of which stand the two that name the variant.
    return [
        f"{head}{random[i : i + 3]}-{_VARIANT[random[i + 4]]}{random[i + 5 : i + 8]}"
        f"-{random[i + 8 : i + 20]}"
        for i in range(0, 2 * _ENTROPY * n, 2 * _ENTROPY)
    ]
