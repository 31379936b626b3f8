"""What a request needs and brings: the scope of a route, the key in its headers, who is asked."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from holdfast.domain.errors import SettingsError
from holdfast.domain.keys import KeyScope, KeyState
from holdfast.serving.network import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from holdfast.domain.keys import ApiKey

__all__ = ["READING", "Access", "Asking", "access_on", "needed_scope", "presented_secret"]

Asking = Literal["auto", "required", "off"]
"""When keys are asked for; ``auto``: as soon as one exists, or other machines can reach."""

READING = frozenset({"GET", "HEAD", "OPTIONS"})
_WRITES = {"/v1/predict": KeyScope.PREDICT, "/v1/labels": KeyScope.LABEL}
_OPEN = frozenset({"/health/live", "/health/ready"})
_OPEN_FOLDER = "/static/"  # scripts and styles that anyone can get from the package index
_LONGEST_HEADER = 512  # signs; a secret has 59
_BLANKS = " \t"  # what RFC 9110 allows around a value


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Whom a server is for.

    Attributes:
        auth: When keys are asked for.
        exposed: Whether other machines can reach it. Then keys are always asked for.
        enclosed: Whether an application around it judges who may ask, and from where.
    """

    auth: Asking = "auto"
    exposed: bool = False
    enclosed: bool = False

    def __post_init__(self) -> None:
        if self.exposed and self.auth == "off":
            raise ValueError("a server that other machines can reach asks for keys")


def access_on(host: str, auth: Asking, keys: Iterable[ApiKey], *, now: datetime) -> Access:
    """Return whom a server on an address is for, or refuse to open the door to everyone.

    Args:
        host: Where it is to listen.
        auth: `[serving] auth`.
        keys: Every key that there is.
        now: The present moment; aware.

    Raises:
        SettingsError: If other machines could reach it, and no usable key exists or none
            is to be asked for.
    """
    if is_loopback(host):
        return Access(auth=auth)
    if auth == "off":
        raise SettingsError(
            f'Serving on {host!r} with [serving] auth = "off" would let other machines predict '
            'and label without a key. Set auth = "auto", or use --host 127.0.0.1.'
        )
    if not any(key.state(now) is KeyState.USABLE for key in keys):
        raise SettingsError(
            f"Serving on {host!r} lets other machines reach the server, and there is no usable "
            "API key that they could show. Make one with: holdfast keys create --scope predict; "
            "or use --host 127.0.0.1."
        )
    return Access(auth=auth, exposed=True)


def needed_scope(method: str, path: str) -> KeyScope | None:
    """Return what a key must open for a request; None if anyone may ask.

    What is not known here needs most: a new route that writes is closed until it is
    named above.

    >>> needed_scope("POST", "/v1/predict"), needed_scope("GET", "/v1/model")
    (<KeyScope.PREDICT: 'predict'>, <KeyScope.READ: 'read'>)
    >>> needed_scope("GET", "/health/live") is None
    True
    """
    if method in READING:
        is_open = path in _OPEN or path.startswith(_OPEN_FOLDER)
        return None if is_open else KeyScope.READ
    return _WRITES.get(path, KeyScope.ADMIN)


def presented_secret(headers: Mapping[str, str], *, reading: bool) -> str | None:
    """Return the secret that a request shows, whatever it is worth; None if it shows none.

    A person's browser cannot send a header of its own, but asks for a password: so Basic
    counts where nothing changes. Where something does it must not, because a browser
    sends it along with whatever a foreign page makes it ask for.

    Args:
        headers: Found by lower-case names.
        reading: Whether the method changes nothing.

    Source:
        RFC 6750 (Bearer) and RFC 7617 (Basic; the password is the key).
    """
    own = headers.get("x-api-key")
    if own is not None:
        return own.strip(_BLANKS)
    given = headers.get("authorization", "")
    scheme, _, credentials = given.partition(" ")
    if scheme.casefold() == "bearer":
        return credentials.strip(_BLANKS)
    if scheme.casefold() == "basic" and reading and len(given) <= _LONGEST_HEADER:
        return _password(credentials.strip(_BLANKS))
    return None


def _password(credentials: str) -> str:
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except ValueError:  # no base64, or no UTF-8
        return ""
    return text.partition(":")[2]
