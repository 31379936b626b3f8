"""Leases in memory, on a time of their own."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from holdfast.domain.errors import LeaseLostError
from holdfast.ports.lease import Fence

__all__ = ["InMemoryLease"]

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)  # what its time counts from


@dataclass(slots=True)
class _Held:
    token: int
    holder: str | None
    expires: timedelta
    renewed: timedelta


class InMemoryLease:
    """`Lease` in memory; its time stands still until `pass_time`."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._time = timedelta(0)
        self._lock = threading.RLock()

    def pass_time(self, by: timedelta) -> None:
        """Let leases grow older."""
        self._time += by

    def acquire(self, name: str, *, holder: str, ttl: timedelta) -> Fence | None:
        """See `Lease.acquire`."""
        with self._lock:
            held = self._held.get(name)
            if held is not None and held.holder is not None and self._time < held.expires:
                return None
            token = 1 if held is None else held.token + 1
            self._held[name] = _Held(token, holder, self._time + ttl, self._time)
            return Fence(name=name, token=token)

    def renew(self, fence: Fence, *, ttl: timedelta) -> None:
        """See `Lease.renew`."""
        with self._lock:
            self.check(fence)
            held = self._held[fence.name]
            held.expires, held.renewed = self._time + ttl, self._time

    def release(self, fence: Fence) -> None:
        """See `Lease.release`."""
        with self._lock:
            held = self._held.get(fence.name)
            if held is not None and held.token == fence.token:
                held.holder = None

    def last_held_at(self, name: str) -> datetime | None:
        """See `Views.last_held_at`."""
        held = self._held.get(name)
        return None if held is None else _BEGIN + held.renewed

    def now(self) -> datetime:
        """Return its time as a moment."""
        return _BEGIN + self._time

    def check(self, fence: Fence | None) -> None:
        """Refuse a writer whose lease was taken over or given back.

        Raises:
            LeaseLostError: If the fence is not the lease's current one.
        """
        if fence is None:
            return
        held = self._held.get(fence.name)
        if held is None or held.token != fence.token or held.holder is None:
            raise LeaseLostError(fence.name, token=fence.token)
