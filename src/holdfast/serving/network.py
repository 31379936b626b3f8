"""Which addresses a server may listen on, and who may speak to it there."""

from __future__ import annotations

import errno
import ipaddress
import socket
from functools import lru_cache
from urllib.parse import urlsplit

from holdfast.domain.errors import PortInUseError, SettingsError

__all__ = ["bind", "check_bind", "is_elsewhere", "is_loopback", "may_speak", "url_of"]

_REMEMBERED = 256  # names and addresses: each request asks, and to read one takes 5 microseconds


@lru_cache(_REMEMBERED)
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


@lru_cache(_REMEMBERED)
def is_elsewhere(peer: str) -> bool:
    """Return whether a connection's address is surely another machine's.

    >>> is_elsewhere("10.0.0.7"), is_elsewhere("::ffff:127.0.0.1"), is_elsewhere("unix:")
    (True, False, False)
    """
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    # Python takes ::ffff:127.0.0.1, an IPv4 client of an IPv6 socket, for a foreign address.
    return not (getattr(address, "ipv4_mapped", None) or address).is_loopback


def check_bind(host: str, *, exposed: bool = False) -> None:
    """Refuse to listen where other machines could reach a server that asks for no keys.

    Args:
        host: Where to listen.
        exposed: Whether the application is made for requests of other machines.

    Raises:
        SettingsError: If the host is not a loopback address, and it is not.
    """
    if not exposed and not is_loopback(host):
        raise SettingsError(
            f"Serving on {host!r} would let other machines reach a server that asks them for no "
            "API key. Use --host 127.0.0.1, or an application whose access is exposed."
        )


def bind(host: str, port: int, *, exposed: bool = False) -> socket.socket:
    """Bind an address before anything else starts; port 0 takes a free one.

    Args:
        host: A name or an address.
        port: From 0 to 65535.
        exposed: Whether it may be one that other machines can reach.

    Returns:
        The bound socket; `getsockname` tells the port.

    Raises:
        SettingsError: If the address may not be used, or cannot be.
        PortInUseError: If another program holds it.
    """
    check_bind(host, exposed=exposed)
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


def may_speak(
    host: str | None, origin: str | None, *, changes: bool, exposed: bool = False
) -> str | None:
    """Judge the Host and Origin headers of a request.

    A web page that a person has open can send requests to their own machine. Its name in
    Host (DNS rebinding) or in Origin (a forged form) gives it away.

    Args:
        host: The Host header.
        origin: The Origin header, which browsers add to what changes something.
        changes: Whether the method can change something.
        exposed: Whether other machines can reach the server. It has whatever name they
            call it by, behind TLS or not; keys, which no foreign page knows, guard it.

    Returns:
        None if the request may pass, else what is wrong with it.
    """
    name = _hostname(f"//{host}") if host else None
    if name is None or not (exposed or is_loopback(name)):
        return "The Host header must name this machine: localhost, 127.0.0.1 or [::1]."
    own = {f"http://{host}".casefold()} | ({f"https://{host}".casefold()} if exposed else set())
    if changes and origin is not None and origin.casefold() not in own:
        return "Requests from pages of another origin are refused."
    return None


@lru_cache(_REMEMBERED)
def _hostname(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises if it is no number
    except ValueError:
        return None
    return None if parts.username or parts.path else parts.hostname
