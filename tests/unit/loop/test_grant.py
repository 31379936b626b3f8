"""Making and revoking keys."""

from __future__ import annotations

from datetime import timedelta

import pytest

from holdfast.domain.errors import InputError, UnknownKeyError
from holdfast.domain.keys import KeyScope, KeyState
from holdfast.loop.grant import grant, revoke
from holdfast.testing.fakes import FakeClock, InMemoryStore

DAY = timedelta(days=1)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store():
    return InMemoryStore().keys


@pytest.fixture
def granted(store, clock):
    return grant(store, clock, scopes=(KeyScope.PREDICT,), lifetime=90 * DAY, actor="cli")


class TestGrant:
    def test_keeps_what_it_made(self, store, clock, granted):
        """All but the secret."""
        assert store.api_keys() == (granted.key,)
        assert granted.key.created_at == clock.now()
        assert granted.key.expires_at == clock.now() + 90 * DAY

    @pytest.mark.parametrize("lifetime", [timedelta(0), timedelta.max])
    def test_refuses_a_lifetime_that_is_none(self, store, clock, lifetime):
        """It ends at once, or beyond what a calendar can say."""
        with pytest.raises(InputError, match="No key was made"):
            grant(store, clock, scopes=(KeyScope.READ,), lifetime=lifetime, actor="cli")

        assert store.api_keys() == ()


class TestRevoke:
    @pytest.mark.parametrize("by", ["id", "beginning", "prefixed", "secret"])
    def test_finds_the_key_by_what_a_person_has(self, store, clock, granted, by):
        """Its id from the list, or the secret that was found lying about."""
        key_id = granted.key.key_id
        named = {
            "id": key_id,
            "beginning": key_id[:6],
            "prefixed": f"hf_{key_id}",
            "secret": granted.secret,
        }[by]
        clock.advance(DAY)

        revoked = revoke(store, clock, named, actor="cli")

        assert (revoked.key_id, revoked.revoked_at) == (key_id, clock.now())
        assert revoked.state(clock.now()) is KeyState.REVOKED

    @pytest.mark.parametrize("named", ["", "hf_", "zzzz"])
    def test_refuses_what_names_no_single_key(self, store, clock, granted, named):
        """Nothing is revoked by guess."""
        with pytest.raises(UnknownKeyError):
            revoke(store, clock, named, actor="cli")

        assert store.api_keys() == (granted.key,)

    def test_does_not_repeat_a_secret_in_its_error(self, store, clock):
        """An error is copied into tickets and logs."""
        other = grant(InMemoryStore().keys, clock, scopes=(KeyScope.READ,), actor="cli")

        with pytest.raises(UnknownKeyError) as unknown:
            revoke(store, clock, other.secret, actor="cli")

        assert other.key.key_id in str(unknown.value)
        assert other.secret[16:] not in str(unknown.value)
