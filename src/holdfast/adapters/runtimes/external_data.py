"""Whether an ONNX model keeps tensors in other files; told from its bytes alone.

A model whose weights lie outside the release is not covered by the release's digests, and
loading it would open whatever path it names. Serving has no `onnx` package, so the few
fields that can hold a tensor are followed through the protobuf wire format here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["names_external_data"]

_Message = dict[int, str]

# Field number -> kind of message within, after onnx.proto (IR version 10 and before).
_HOLDERS: dict[str, _Message] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # fields of a tensor
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types
_KEY = b"location"  # what every external tensor must carry to name its file
_DEEPEST = 64  # graphs within graphs; no honest model comes near


def names_external_data(model: bytes) -> bool:
    """Return whether any tensor of the model names a file outside of it.

    Args:
        model: The bytes of an ONNX ModelProto.

    Raises:
        ValueError: If the bytes do not follow the protobuf wire format.
    """
    if _KEY not in model:
        return False  # the usual case, without a walk through large models
    return _walk(memoryview(model), "model", depth=0)


def _walk(message: memoryview, kind: str, *, depth: int) -> bool:
    if depth > _DEEPEST:
        raise ValueError("graphs are nested too deeply")
    if kind == "tensor":
        return any(
            field == _EXTERNAL_DATA or (field == _DATA_LOCATION and value == 1)
            for field, value in _fields(message)
        )
    holders = _HOLDERS[kind]
    return any(
        isinstance(value, memoryview) and _walk(value, holders[field], depth=depth + 1)
        for field, value in _fields(message)
        if field in holders
    )


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield each field's number with its varint or its bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        if tag >= 1 << 32:
            raise ValueError("a tag is too large")  # readers that cut it off see another field
        field, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            number, at = _varint(message, at)
            yield field, number
            continue
        if wire == _BYTES:
            size, at = _varint(message, at)
        elif wire in {_FIXED32, _FIXED64}:
            size = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"wire type {wire} is not used by ONNX")
        if at + size > len(message):
            raise ValueError("a field reaches beyond the end")
        yield field, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise ValueError("a number is cut off")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
