"""API keys in memory."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from holdfast.domain.errors import UnknownKeyError
from holdfast.domain.events import KeyCreated, KeyRevoked
from holdfast.ports.event_log import Draft

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.keys import ApiKey, KeyId
    from holdfast.ports.event_log import EventLog

__all__ = ["InMemoryKeyStore"]


class InMemoryKeyStore:
    """`KeyStore` in memory; counts how often it was read."""

    def __init__(self, events: EventLog) -> None:
        self.n_reads = 0
        self._events = events
        self._keys: dict[KeyId, ApiKey] = {}
        self._lock = threading.Lock()

    def add(self, key: ApiKey, *, actor: str) -> None:
        """See `KeyStore.add`."""
        body = KeyCreated(key_id=key.key_id, scopes=key.scopes, expires_at=key.expires_at)
        with self._lock:
            self._events.append([Draft(body=body, actor=actor)], at=key.created_at)
            self._keys[key.key_id] = key

    def revoke(self, key_id: KeyId, *, at: datetime, actor: str) -> ApiKey:
        """See `KeyStore.revoke`."""
        with self._lock:
            key = self._keys.get(key_id)
            if key is None:
                raise UnknownKeyError(key_id)
            if key.revoked_at is None:
                body = KeyRevoked(key_id=key.key_id, scopes=key.scopes)
                self._events.append([Draft(body=body, actor=actor)], at=at)
                self._keys[key_id] = key = replace(key, revoked_at=at)
            return key

    def api_keys(self) -> tuple[ApiKey, ...]:
        """See `KeyStore.api_keys`."""
        self.n_reads += 1
        with self._lock:
            return tuple(sorted(self._keys.values(), key=lambda key: (key.created_at, key.key_id)))
