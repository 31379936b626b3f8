"""How an object becomes bytes that can be hashed, stored and compared."""

from __future__ import annotations

import hashlib
import math
from typing import Any, TypeVar

import msgspec

__all__ = ["canonical_json", "digest", "from_json", "sha256_hex"]

T = TypeVar("T")


def canonical_json(value: Any) -> bytes:
    """Return the one JSON form of a value: sorted keys, no spaces, UTF-8, no NaN.

    Args:
        value: A domain object (frozen dataclass), or plain JSON-like values.

    Raises:
        ValueError: If a float in it is NaN or infinite: strict JSON has no word for those.

    >>> canonical_json({"b": 1, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    plain = msgspec.to_builtins(value)
    _refuse_non_finite(plain)
    return msgspec.json.encode(plain, order="sorted")


def from_json(data: bytes, kind: type[T]) -> T:
    """Read an object of the given type back from JSON bytes, checking every field."""
    return msgspec.json.decode(data, type=kind)


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of the bytes as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON.

    >>> digest({"a": 1})[:12]
    '015abd7f5cc5'
    """
    return sha256_hex(canonical_json(value))


def _refuse_non_finite(value: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} has no place in strict JSON; say null or leave it out")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_non_finite(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_non_finite(item)
