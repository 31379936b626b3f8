"""How counts are written down: compact, versioned, and never executed when read."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from holdfast.domain.errors import CorruptProfileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "pack_counts",
    "pack_floats",
    "read_wire",
    "unpack_counts",
    "unpack_floats",
    "write_wire",
]

_MAGIC = b"HFD"
_VERSION = 1
_WIDTHS = (1, 2, 4, 8)

T = TypeVar("T", bound=msgspec.Struct)


def write_wire(wire: msgspec.Struct) -> bytes:
    """Return a header with the version, then the compressed MessagePack of the struct."""
    return _MAGIC + bytes([_VERSION]) + zlib.compress(msgspec.msgpack.encode(wire), level=6)


def read_wire(data: bytes, kind: type[T]) -> T:
    """Read a struct back, checking every field.

    Raises:
        CorruptProfileError: If the bytes are damaged or of another version.
    """
    header = len(_MAGIC) + 1
    if len(data) < header or data[: len(_MAGIC)] != _MAGIC:
        raise CorruptProfileError("its bytes do not start like a profile")
    if data[len(_MAGIC)] != _VERSION:
        raise CorruptProfileError(
            f"its format is version {data[len(_MAGIC)]}, this Holdfast reads {_VERSION}"
        )
    try:
        return msgspec.msgpack.decode(zlib.decompress(data[header:]), type=kind)
    except (zlib.error, msgspec.DecodeError) as error:
        raise CorruptProfileError(f"its bytes do not parse ({error})") from error


def pack_counts(counts: NDArray[np.int64]) -> bytes:
    r"""Return counts in the narrowest unsigned integers that hold them.

    >>> pack_counts(np.array([0, 7, 255]))
    b'\x01\x00\x07\xff'
    """
    largest = int(counts.max(initial=0))
    width = next(width for width in _WIDTHS if largest < 256**width)
    return bytes([width]) + counts.astype(f"<u{width}").tobytes()


def unpack_counts(data: bytes) -> NDArray[np.int64]:
    """Read counts back.

    Raises:
        CorruptProfileError: If they are no packed counts.
    """
    if not data or data[0] not in _WIDTHS or (len(data) - 1) % data[0]:
        raise CorruptProfileError("its counts are cut short")
    return np.frombuffer(data, dtype=f"<u{data[0]}", offset=1).astype(np.int64)


def pack_floats(values: NDArray[np.float64]) -> bytes:
    """Return doubles byte by byte: like bytes of neighbours stand together and compress."""
    return values.astype("<f8").view(np.uint8).reshape(-1, 8).T.tobytes()


def unpack_floats(data: bytes) -> NDArray[np.float64]:
    """Read doubles back.

    Raises:
        CorruptProfileError: If they are no packed doubles.
    """
    if len(data) % 8:
        raise CorruptProfileError("its numbers are cut short")
    shuffled = np.frombuffer(data, dtype=np.uint8).reshape(8, -1)
    return np.ascontiguousarray(shuffled.T).view("<f8").ravel().astype(np.float64)
