"""What passes between a transport and the core: a call and a reply, with nothing of HTTP's wire."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["JSON_TYPE", "SAFE_HEADERS", "Call", "Reply", "finished", "json_reply", "request_id_of"]

JSON_TYPE = "application/json"

SAFE_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""What every answer carries, unless it says otherwise itself."""

_USABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as an operation sees it; its body was read and is within the limits."""

    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    parameters: Mapping[str, str] = field(default_factory=lambda: _NOTHING)  # of the path


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer before a transport sends it."""

    body: bytes
    status: int = 200
    media_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


def json_reply(content: Any, *, status: int = 200) -> Reply:
    """Return an answer in JSON; floats keep every digit, and bytes are JSON already."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return Reply(body=body, status=status)


def request_id_of(given: str | None) -> str:
    """Return the client's own name for its request if it is short and plain, else a new one.

    >>> request_id_of("trace-1.a_B")
    'trace-1.a_B'
    >>> len(request_id_of("a b<script>"))
    32
    """
    return given if given and _USABLE_ID.fullmatch(given) else os.urandom(16).hex()


def finished(reply: Reply, *, request_id: str) -> Reply:
    """Return a reply with the headers that every answer carries.

    >>> finished(json_reply({}), request_id="r-1").headers["X-Request-Id"]
    'r-1'
    """
    return replace(reply, headers={**SAFE_HEADERS, **reply.headers, "X-Request-Id": request_id})
