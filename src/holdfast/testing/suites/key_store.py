"""What every `KeyStore` must do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.errors import UnknownKeyError
from holdfast.domain.events import KeyCreated, KeyRevoked, verify_chain
from holdfast.domain.keys import KeyId, KeyScope, mint
from holdfast.testing.examples import START

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.keys import ApiKey, MintedKey
    from holdfast.ports.event_log import EventLog
    from holdfast.ports.key_store import KeyStore

__all__ = ["KeyStoreSuite"]

_DAY = timedelta(days=1)


class KeyStoreSuite:
    """Needs the fixtures `keys` and `events`, empty and of the same store."""

    def test_holds_no_key_at_first(self, keys: KeyStore) -> None:
        """Which is how a server tells a project that never made one."""
        assert keys.api_keys() == ()

    def test_returns_what_it_was_given(self, keys: KeyStore) -> None:
        """Each field, to the microsecond; with and without an end."""
        for_good = _minted(1, scopes=(KeyScope.ADMIN,)).key
        for_a_day = _minted(
            2,
            at=START + timedelta(microseconds=1),
            name="billing, nightly",
            scopes=(KeyScope.PREDICT, KeyScope.LABEL),
            expires_at=START + _DAY,
        ).key

        for key in (for_good, for_a_day):
            keys.add(key, actor="cli")

        assert keys.api_keys() == (for_good, for_a_day)

    def test_lists_keys_in_order_of_creation(self, keys: KeyStore) -> None:
        """Not in that in which they came."""
        made = [_minted(n, at=START + n * _DAY).key for n in range(3)]
        for key in reversed(made):
            keys.add(key, actor="cli")

        assert keys.api_keys() == tuple(made)

    def test_revokes_a_key(self, keys: KeyStore) -> None:
        """The others are left alone, and the revoked one stays listed."""
        first, second = _added(keys, 1), _added(keys, 2)

        revoked = keys.revoke(first.key_id, at=START + _DAY, actor="cli")

        assert revoked.revoked_at == START + _DAY
        assert set(keys.api_keys()) == {revoked, second}

    def test_revokes_a_key_once(self, keys: KeyStore, events: EventLog) -> None:
        """The first date stands, and the audit says it once."""
        key = _added(keys, 1)
        first = keys.revoke(key.key_id, at=START + _DAY, actor="cli")

        second = keys.revoke(key.key_id, at=START + 2 * _DAY, actor="cli")

        assert second == first
        assert len([e for e in events.events() if isinstance(e.body, KeyRevoked)]) == 1

    def test_refuses_to_revoke_what_it_does_not_know(
        self, keys: KeyStore, events: EventLog
    ) -> None:
        """Whoever mistypes an id must not believe that the key is dead."""
        _added(keys, 1)

        with pytest.raises(UnknownKeyError, match="holdfast keys list"):
            keys.revoke(KeyId("nope"), at=START, actor="cli")

        assert len(list(events.events())) == 1

    def test_writes_the_audit(self, keys: KeyStore, events: EventLog) -> None:
        """Who made and who revoked what, in the chain, without anything of the secret."""
        minted = _minted(1, name="billing", expires_at=START + 9 * _DAY)
        keys.add(minted.key, actor="cli")
        keys.revoke(minted.key.key_id, at=START + _DAY, actor="control")

        made, revoked = events.events()

        assert (made.at, made.actor) == (START, "cli")
        assert made.body == KeyCreated(
            key_id=minted.key.key_id, scopes=minted.key.scopes, expires_at=START + 9 * _DAY
        )
        assert (revoked.at, revoked.actor) == (START + _DAY, "control")
        assert revoked.body == KeyRevoked(key_id=minted.key.key_id, scopes=minted.key.scopes)
        assert verify_chain(events.events()) == 2
        told = (made.data + revoked.data).decode()
        assert minted.key.secret_digest not in told
        assert minted.secret[-8:] not in told


def _minted(
    number: int,
    *,
    at: datetime = START,
    name: str = "",
    scopes: tuple[KeyScope, ...] = (KeyScope.PREDICT,),
    expires_at: datetime | None = None,
) -> MintedKey:
    return mint(
        scopes=scopes, at=at, name=name, expires_at=expires_at, entropy=bytes([number]) * 38
    )


def _added(keys: KeyStore, number: int) -> ApiKey:
    key = _minted(number).key
    keys.add(key, actor="cli")
    return key
