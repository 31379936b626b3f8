"""The keys that a server has in memory: who may do what, asked of every request."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

from holdfast.domain.errors import KeyNeededError, MissingScopeError, StoreUnavailableError
from holdfast.domain.keys import KeyState, digest_of, key_id_in
from holdfast.serving.keys import READING, Access, needed_scope, presented_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from holdfast.domain.keys import ApiKey, KeyId, KeyScope
    from holdfast.ports.clock import Clock
    from holdfast.ports.key_store import KeyStore

__all__ = ["KeyRing"]

_FRESH_SECONDS = 1.0  # keys are read anew once they are older
_LAST_SECONDS = 2.0  # and never used when older than this: so long a revoked key may work

_WHY_NOT = {
    KeyState.EXPIRED: "The API key that was sent has expired.",
    KeyState.REVOKED: "The API key that was sent was revoked.",
}


class KeyRing:
    """Judges requests by keys that are at most two seconds old.

    One request in a second reads them anew, in whoever calls `refresh`; those beside it
    go on with what is known. Safe to share between threads.

    Args:
        store: Where keys are kept.
        clock: Says whether a key has expired.
        access: Whom the server is for.
        monotonic: Seconds on a clock that nobody sets.
    """

    def __init__(
        self,
        store: KeyStore,
        clock: Clock,
        access: Access,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.access = access
        self._store, self._clock, self._monotonic = store, clock, monotonic
        self._keys: dict[KeyId, ApiKey] = {}
        self._read_at = -math.inf
        self._reading = threading.Lock()

    def knows(self, method: str, path: str) -> bool:
        """Return whether a request can be judged without a look into the store."""
        if self.access.auth == "off" or needed_scope(method, path) is None:
            return True
        age = self._monotonic() - self._read_at
        return age < _FRESH_SECONDS or (age < _LAST_SECONDS and self._reading.locked())

    def refresh(self) -> None:
        """Read the keys anew, unless another thread just did.

        Raises:
            StoreUnavailableError: If they cannot be read, and some are known: a key that
                was revoked meanwhile must not open anything.
        """
        with self._reading:
            begin = self._monotonic()  # what is written from here on may be missed
            if begin - self._read_at < _FRESH_SECONDS:
                return
            try:
                keys = self._store.api_keys()
            except StoreUnavailableError:
                if self._read_at == -math.inf or self._asks:
                    raise
                # No key was ever made, and none can be while the store is away.
                self._read_at = begin
                return
            self._keys = {key.key_id: key for key in keys}
            self._read_at = begin

    def admit(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        """Let a request pass, or refuse it; call `refresh` first unless it `knows`.

        Args:
            method: Such as ``POST``.
            path: Such as ``/v1/predict``, below whatever the server is mounted at.
            headers: Found by lower-case names.

        Raises:
            KeyNeededError: If it shows no usable key.
            MissingScopeError: If its key does not open this.
        """
        scope = needed_scope(method, path)
        if scope is None or not self._asks:
            return
        key = self._key_shown(presented_secret(headers, reading=method in READING), scope)
        if not key.opens(scope):
            raise MissingScopeError(scope=scope, has=key.scopes)

    @property
    def _asks(self) -> bool:
        """Whether keys are asked for; a revoked key still counts as one that exists.

        Else to revoke the last key would open the door to everyone.
        """
        auth = self.access.auth
        return auth == "required" or self.access.exposed or (auth == "auto" and bool(self._keys))

    def _key_shown(self, secret: str | None, scope: KeyScope) -> ApiKey:
        if secret is None:
            raise KeyNeededError("No API key was sent.", scope=scope)
        key_id = key_id_in(secret)
        key = None if key_id is None else self._keys.get(key_id)
        if key is not None and key.is_of(digest_of(secret)):
            state = key.state(self._clock.now())
            if state is KeyState.USABLE:
                return key
            raise KeyNeededError(_WHY_NOT[state], scope=scope)
        raise KeyNeededError("The API key that was sent is not known.", scope=scope)
