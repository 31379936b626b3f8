"""How a request's body becomes JSON values: only JSON, not compressed, not too large or slow."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from holdfast.serving.problems import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive

    from holdfast.serving.limits import ServingLimits

__all__ = ["check_announced", "decode_object", "read_body", "too_large"]


async def read_body(headers: Mapping[str, str], receive: Receive, limits: ServingLimits) -> bytes:
    """Return the body's bytes.

    Args:
        headers: Found by lower-case names.
        receive: Gives the next piece, as ASGI says.
        limits: How large and how slow it may be.

    Raises:
        RefusedError: 415 for another content type or a compressed body, 413 for one that
            is too large (also without a Content-Length), 408 for one that is too slow.
    """
    check_announced(headers, limits)
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _collect(receive, limits)
    except TimeoutError:
        raise RefusedError(
            408, f"The body did not arrive within {limits.body_seconds:g} seconds."
        ) from None


def check_announced(headers: Mapping[str, str], limits: ServingLimits) -> None:
    """Judge a body by its headers, before any of it is read.

    Args:
        headers: Found by lower-case names.
        limits: How large a body may be.

    Raises:
        RefusedError: 415 for another content type or a compressed body, 413 for a size
            that is too large, or none.
    """
    _check_kind(headers)
    announced = headers.get("content-length", "0")
    # Not more digits than a size can have: Python refuses to read thousands of them.
    if not announced.isdecimal() or int(announced[:20]) > limits.max_body_bytes:
        raise too_large(limits)


def too_large(limits: ServingLimits) -> RefusedError:
    """Return the refusal of a body that is larger than the limit."""
    return RefusedError(
        413, f"The body is larger than {limits.max_body_bytes:,} bytes. Send fewer rows at a time."
    )


def decode_object(body: bytes) -> dict[str, object]:
    """Decode strict JSON whose outermost value is an object.

    A key that occurs twice has its last value.

    Raises:
        RefusedError: 400, without a word of the body in it.
    """
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise RefusedError(400, "The JSON is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError(400, _why_no_json(body, error)) from None
    if not isinstance(value, dict):
        raise RefusedError(400, 'The body must be a JSON object, such as {"features": {…}}.')
    return value


def _check_kind(headers: Mapping[str, str]) -> None:
    kind, _, parameters = headers.get("content-type", "").partition(";")
    if kind.strip().casefold() != "application/json":
        raise RefusedError(415, "Send JSON, with the header Content-Type: application/json.")
    charset = parameters.partition("charset=")[2].strip().strip('"').casefold()
    if charset not in {"", "utf-8", "utf8"}:
        raise RefusedError(415, "JSON is taken in UTF-8 only.")
    if headers.get("content-encoding", "identity").strip().casefold() != "identity":
        raise RefusedError(415, "Compressed bodies are not taken; send plain JSON.")


async def _collect(receive: Receive, limits: ServingLimits) -> bytes:
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RefusedError(400, "The client went away before its body was complete.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limits.max_body_bytes:
            raise too_large(limits)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _why_no_json(body: bytes, error: Exception) -> str:
    if not body.strip():
        return "The body is empty; it must be a JSON object."
    if isinstance(error, UnicodeDecodeError):
        return "The JSON is not valid UTF-8."
    # msgspec names only positions and kinds of trouble, never content.
    reason = str(error).removeprefix("JSON is malformed: ").partition(" - at ")[0]
    hint = ""
    if "invalid character" in reason:
        hint = " NaN and Infinity are not JSON: send null for a missing value."
    return f"The body is not valid JSON: {reason[:1].lower()}{reason[1:]}.{hint}"
