"""The process that delivers one alert by Apprise, and connects to nothing it should not.

Every connection that any plug-in opens passes Python's audit hooks with the address that was
resolved, so that a name which changes its mind between a check and its use gains nothing.
"""

from __future__ import annotations

import json
import logging
import re
import socket
import sys
from contextlib import contextmanager
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["carry_out", "is_public"]

_NAT64 = IPv6Network("64:ff9b::/96")
_METADATA = {ip_address("168.63.129.16")}  # a public address by which Azure serves secrets
_CONNECTING = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_STATUS = re.compile(r"\berror=(\d{3})\b")
_REASONS = {
    "authentication": "it refused the user or the password",
    "timed out": "it did not answer in time",
    "timeout": "it did not answer in time",
    "connection error": "it cannot be reached",
    "socket": "it cannot be reached",
}
_REMEDY = "set [alerts] allow_private = true if that is meant"


def is_public(address: str) -> bool:
    """Return whether an address is one of the open internet.

    Private, loopback, link-local, shared and reserved ones are not, nor is a cloud's metadata,
    nor what another form of address hides any of them in.

    >>> is_public("93.184.216.34"), is_public("169.254.169.254"), is_public("::ffff:10.0.0.1")
    (True, False, False)
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False  # a name, or a path: it was not resolved, so that nobody knows
    inner = _inside(found)
    if inner is not None:
        return is_public(str(inner))
    return found.is_global and not found.is_multicast and found not in _METADATA


def _inside(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address to which an IPv6 one leads, if it is of such a form."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = None if address.teredo is None else address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or teredo


class _Guard:
    """Refuses connections to what is not public, and remembers what it refused."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    def __call__(self, event: str, details: tuple[Any, ...]) -> None:
        if event not in _CONNECTING or len(details) < 2:
            return
        to = details[1]
        if to is None:
            return  # of a socket that is connected already
        address = str(to[0]) if isinstance(to, tuple) else str(to)
        if not is_public(address):
            self.refuse(address)

    def refuse(self, address: str) -> None:
        """Stop a connection."""
        self.refused.append(address)
        raise PermissionError(f"{address} is not a public address")

    def check(self, *hosts: str | None) -> None:
        """Look at every address of the hosts beforehand: one that is private is enough."""
        for host in filter(None, hosts):
            try:
                found = socket.getaddrinfo(str(host), None, proto=socket.IPPROTO_TCP)
            except OSError:
                continue  # nothing to connect to: the delivery says so itself
            for _, _, _, _, to in found:
                if not is_public(str(to[0])):
                    self.refuse(str(to[0]))


def carry_out(order: dict[str, Any]) -> str | None:
    """Deliver what an order says.

    Args:
        order: `url`, `title`, `body`, `type` as Apprise has it, `allow_private`,
            `allow_redirects`.

    Returns:
        Why it was not delivered, in words that hold nothing of the address's secrets; None if
        it was.
    """
    if not order["allow_private"]:
        sys.addaudithook(guard := _Guard())  # for good: this process does nothing else
        return _deliver(order, guard)
    return _deliver(order, None)


def _deliver(order: dict[str, Any], guard: _Guard | None) -> str | None:
    from apprise import Apprise, AppriseAsset  # noqa: PLC0415 - an extra, and slow to load

    asset = AppriseAsset(
        app_id="Holdfast",
        app_desc="Holdfast",
        async_mode=False,
        http_redirects=order["allow_redirects"],
    )
    with _listening() as said:
        plugin = Apprise.instantiate(order["url"], asset=asset, suppress_exceptions=True)
        if plugin is None:
            return "Apprise does not understand this address"
        plugin.redirects = order["allow_redirects"]  # whatever the address itself asks for
        service = Apprise(asset=asset)
        service.add(plugin)
        words = {"title": order["title"], "body": order["body"], "body_format": "text"}
        try:
            if guard is not None:
                guard.check(plugin.host, getattr(plugin, "smtp_host", None))
            taken = bool(service.notify(**words, notify_type=order["type"]))
        except PermissionError:
            taken = False
    if taken:
        return None
    if guard is not None and guard.refused:
        return f"it leads to {guard.refused[0]}, which is not a public address; {_REMEDY}"
    return _reason("\n".join(said))


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Gather the complaints that Apprise logs, and let none out: they may hold secrets."""
    said: list[str] = []
    handler = logging.Handler(level=logging.DEBUG)
    handler.emit = partial(_hear, said)  # type: ignore[method-assign]
    logger = logging.getLogger("apprise")
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield said
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before


def _hear(said: list[str], record: logging.LogRecord) -> None:
    """Keep a line unless it repeats the message itself, whose words would be taken for it."""
    line = record.getMessage()
    if record.levelno >= logging.WARNING or line.startswith("Socket Exception"):
        said.append(line)


def _reason(said: str) -> str:
    """Return why a delivery failed, by the little of a log that surely holds no secret."""
    status = _STATUS.search(said)
    if status is not None and status[1].startswith("3"):
        return (
            f"it sends on to another address (HTTP {status[1]}); set [alerts] "
            "allow_redirects = true if that is meant"
        )
    if status is not None:
        return f"it answered HTTP {status[1]}"
    for word, reason in _REASONS.items():
        if word in said.lower():
            return reason
    return "Apprise could not deliver it"


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"failure": carry_out(json.load(sys.stdin))}) + "\n")
