"""API keys as values: made, recognised, run out."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from holdfast.domain.keys import KeyScope, KeyState, digest_of, key_id_in, mint

AT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def minted(**given):
    return mint(**{"scopes": (KeyScope.PREDICT,), "at": AT, **given})


class TestMint:
    def test_makes_a_secret_of_32_random_bytes(self):
        """Two keys have nothing in common but the prefix, by which scanners find leaks."""
        first, second = minted(), minted()

        assert re.fullmatch(r"hf_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", first.secret)
        assert first.key.key_id != second.key.key_id
        assert first.secret[16:] != second.secret[16:]

    def test_keeps_the_digest_alone(self):
        """A copy of the store opens nothing."""
        made = minted()

        assert made.key.secret_digest == sha256(made.secret.encode()).hexdigest()
        assert made.secret not in repr(made)
        assert made.secret[16:] not in repr(made.key)
        assert made.key.secret_digest not in repr(made)

    def test_counts_a_scope_once(self):
        """In the order in which they were asked for."""
        made = minted(scopes=(KeyScope.READ, KeyScope.LABEL, KeyScope.READ))

        assert made.key.scopes == (KeyScope.READ, KeyScope.LABEL)

    @pytest.mark.parametrize(
        ("given", "problem"),
        [
            ({"scopes": ()}, "at least one scope"),
            ({"name": "x" * 101}, "at most 100 printable"),
            ({"name": "a\nb"}, "printable"),
            ({"expires_at": AT}, "must expire after"),
        ],
    )
    def test_refuses_what_is_no_key(self, given, problem):
        """A name with a line break would forge a line of `keys list`."""
        with pytest.raises(ValueError, match=problem):
            minted(**given)

    def test_refuses_a_secret_in_the_place_of_its_digest(self):
        """Whoever mixes the two up must not write a secret into the store."""
        made = minted()

        with pytest.raises(ValueError, match="SHA-256"):
            replace(made.key, secret_digest=made.secret)


class TestApiKey:
    def test_expires_at_its_moment(self):
        """Not a microsecond earlier."""
        key = minted(expires_at=AT + DAY).key

        assert key.state(AT + DAY - timedelta(microseconds=1)) is KeyState.USABLE
        assert key.state(AT + DAY) is KeyState.EXPIRED
        assert minted().key.state(AT + 10_000 * DAY) is KeyState.USABLE

    def test_revoked_it_stays_revoked(self):
        """Also once it would have expired."""
        key = replace(minted(expires_at=AT + DAY).key, revoked_at=AT)

        assert key.state(AT) is key.state(AT + 2 * DAY) is KeyState.REVOKED

    @pytest.mark.parametrize("scope", KeyScope)
    def test_opens_its_scopes_and_admin_opens_all(self, scope):
        """And nothing besides."""
        assert minted(scopes=(KeyScope.ADMIN,)).key.opens(scope)
        assert minted().key.opens(scope) == (scope is KeyScope.PREDICT)

    def test_knows_its_own_secret(self):
        """And that of no other key."""
        made, other = minted(), minted()

        assert made.key.is_of(digest_of(made.secret))
        assert not made.key.is_of(digest_of(other.secret))


class TestKeyIdIn:
    def test_finds_the_id(self):
        """By which the server finds the digest to compare with."""
        made = minted()

        assert key_id_in(made.secret) == made.key.key_id

    @pytest.mark.parametrize(
        "text", ["", "hf_", "secret", "hf_0a1b2c3d4e5f_short", "sk_0a1b2c3d4e5f_" + "A" * 43,
                 "hf_0a1b2c3d4e5f_" + "A" * 44, "hf_0A1B2C3D4E5F_" + "A" * 43]
    )  # fmt: skip
    def test_finds_none_in_anything_else(self, text):
        """Nothing is hashed, however long, that cannot be a key."""
        assert key_id_in(text) is None
