"""Which addresses a server may listen on, and who may speak to it there."""

from __future__ import annotations

import errno
import ipaddress
import socket
from urllib.parse import urlsplit

from holdfast.domain.errors import PortInUseError, SettingsError

__all__ = ["bind", "check_bind", "is_loopback", "may_speak", "url_of"]


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine only.

    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host.rstrip(".").casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_bind(host: str) -> None:
    """Refuse to listen where other machines could reach the server.

    Raises:
        SettingsError: If the host is not a loopback address. API keys, without which
            nothing but loopback is safe, come with a later version.
    """
    if not is_loopback(host):
        raise SettingsError(
            f"Serving on {host!r} would let other machines predict and label without a key, "
            "and API keys come with a later version. Use --host 127.0.0.1; where others need "
            "access, put a proxy before it that authenticates and sends Host: localhost."
        )


def bind(host: str, port: int) -> socket.socket:
    """Bind a loopback address before anything else starts; port 0 takes a free one.

    Returns:
        The bound socket; `getsockname` tells the port.

    Raises:
        SettingsError: If the address is not loopback, or cannot be used at all.
        PortInUseError: If another program holds it.
    """
    check_bind(host)
    if not 0 <= port <= 65535:
        raise SettingsError(f"A port is a number from 0 to 65535; found {port}.")
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise SettingsError(f"The host {host!r} is not known here: {error.strerror}.") from error
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        # A server that was just stopped leaves its connections in TIME_WAIT for a minute.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(2048)  # from here on a second server finds the port taken
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port) from error
        raise SettingsError(
            f"{host}:{port} cannot be used ({error.strerror}). Choose another --host or --port."
        ) from error
    return bound


def url_of(bound: socket.socket) -> str:
    """Return the address of a bound socket as a person opens it in a browser."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def may_speak(host: str | None, origin: str | None, *, changes: bool) -> str | None:
    """Judge the Host and Origin headers of a request to a loopback server.

    A web page that a person has open can send requests to their own machine. Its name in
    Host (DNS rebinding) or in Origin (a forged form) gives it away.

    Args:
        host: The Host header.
        origin: The Origin header, which browsers add to what changes something.
        changes: Whether the method can change something.

    Returns:
        None if the request may pass, else what is wrong with it.
    """
    name = _hostname(f"//{host}") if host else None
    if name is None or not is_loopback(name):
        return "The Host header must name this machine: localhost, 127.0.0.1 or [::1]."
    if changes and origin is not None and origin.casefold() != f"http://{host}".casefold():
        return "Requests from pages of another origin are refused."
    return None


def _hostname(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises if it is no number
    except ValueError:
        return None
    return None if parts.username or parts.path else parts.hostname
