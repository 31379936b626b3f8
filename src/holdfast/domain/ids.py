"""How things are told apart: identifiers, and UUIDs whose order is the order of time."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import NewType

__all__ = ["EventId", "ModelVersion", "PredictionId", "ReleaseId", "uuid7"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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
    random = int.from_bytes(os.urandom(10) if entropy is None else entropy, "big")
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | (random >> 68) << 64
    value |= 0b10 << 62 | random & ((1 << 62) - 1)
    return str(uuid.UUID(int=value))
