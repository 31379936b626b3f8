"""A store of the monitors' state in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.ports.lease import Fence
    from holdfast.testing.fakes.leases import InMemoryLease

__all__ = ["InMemoryMonitorStore"]


class InMemoryMonitorStore:
    """`MonitorStore` in memory."""

    def __init__(self, leases: InMemoryLease) -> None:
        self._leases = leases
        self._states: dict[str, bytes] = {}

    def load(self, key: str) -> bytes | None:
        """See `MonitorStore.load`."""
        return self._states.get(key)

    def save(self, key: str, data: bytes, *, fence: Fence | None = None) -> None:
        """See `MonitorStore.save`."""
        self._leases.check(fence)
        self._states = {key: data}
