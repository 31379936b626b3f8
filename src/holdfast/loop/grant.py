"""Make API keys and revoke them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.errors import InputError, UnknownKeyError
from holdfast.domain.keys import KeyId, key_id_in, mint

if TYPE_CHECKING:
    from datetime import timedelta

    from holdfast.domain.keys import ApiKey, KeyScope, MintedKey
    from holdfast.ports.clock import Clock
    from holdfast.ports.key_store import KeyStore

__all__ = ["grant", "revoke"]


def grant(
    store: KeyStore,
    clock: Clock,
    *,
    scopes: tuple[KeyScope, ...],
    name: str = "",
    lifetime: timedelta | None = None,
    actor: str,
) -> MintedKey:
    """Make a key and keep all of it but its secret, which nobody can be shown again.

    Args:
        store: Where it is kept.
        clock: Dates it.
        scopes: What it opens.
        name: For people.
        lifetime: After which it opens nothing more; None: it does not expire.
        actor: Who makes it, for the audit.

    Raises:
        InputError: If there is no scope, or the name or the lifetime cannot be used.
        StoreUnavailableError: If it could not be kept.
    """
    now = clock.now()
    try:
        expires_at = None if lifetime is None else now + lifetime
        minted = mint(scopes=scopes, at=now, name=name, expires_at=expires_at)
    except (ValueError, OverflowError) as error:
        raise InputError(f"No key was made: {error}.") from error
    store.add(minted.key, actor=actor)
    return minted


def revoke(store: KeyStore, clock: Clock, named: str, *, actor: str) -> ApiKey:
    """Make a key useless for good.

    Args:
        store: Where it is kept.
        clock: Dates the revocation.
        named: Its id, a beginning of it that no other key shares, or the secret itself,
            which is all that whoever found one lying about has.
        actor: Who revokes it, for the audit.

    Raises:
        UnknownKeyError: If no key, or more than one, is meant.
        StoreUnavailableError: If it could not be revoked.
    """
    in_secret = key_id_in(named)
    wanted = in_secret or KeyId(named.removeprefix("hf_"))
    found = [key.key_id for key in store.api_keys() if key.key_id.startswith(wanted)]
    if not wanted or len(found) != 1:
        raise UnknownKeyError(wanted)
    return store.revoke(found[0], at=clock.now(), actor=actor)
