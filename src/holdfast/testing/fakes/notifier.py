"""A notifier that keeps what it was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.evidence import Severity
from holdfast.ports.notifier import Channel

if TYPE_CHECKING:
    from holdfast.domain.notices import Notice

__all__ = ["InMemoryNotifier"]


class InMemoryNotifier:
    """`Notifier` in memory.

    Attributes:
        told: What it was told, in order.
        down: Whether it takes nothing.
    """

    def __init__(self, name: str = "phone", *, least: Severity = Severity.INFO) -> None:
        self.channel = Channel(name=f"notifier/{name}", least=least)
        self.told: list[Notice] = []
        self.down = False

    def notify(self, notice: Notice) -> None:
        """See `Notifier.notify`."""
        if self.down:
            raise ConnectionError("no dial tone")
        self.told.append(notice)
