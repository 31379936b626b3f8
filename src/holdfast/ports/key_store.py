"""Where API keys are kept, without their secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.keys import ApiKey, KeyId

__all__ = ["KeyStore"]


class KeyStore(Protocol):
    """API keys by id. A revoked key stays, so that it is known to have existed."""

    def add(self, key: ApiKey, *, actor: str) -> None:
        """Keep a new key; the audit's `key_created` stands in the same transaction.

        Args:
            key: With an id that no key has, not yet revoked.
            actor: Who made it, for the audit.

        Raises:
            StoreUnavailableError: If the transaction could not be committed.
        """
        ...

    def revoke(self, key_id: KeyId, *, at: datetime, actor: str) -> ApiKey:
        """Make a key useless for good, and return it; `key_revoked` stands beside it.

        A key that was revoked before keeps its first date, and nothing is written.

        Raises:
            UnknownKeyError: If no key bears the id.
            StoreUnavailableError: If the transaction could not be committed.
        """
        ...

    def api_keys(self) -> tuple[ApiKey, ...]:
        """Return every key, revoked and expired ones too, in order of creation.

        Servers ask once a second, so this is one short read.

        Raises:
            StoreUnavailableError: If they cannot be read.
        """
        ...
