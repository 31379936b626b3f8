"""API keys: what one may do, how long, and how a secret is made and recognised."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

__all__ = ["ApiKey", "KeyId", "KeyScope", "KeyState", "MintedKey", "digest_of", "key_id_in", "mint"]

KeyId = NewType("KeyId", str)  # 12 hexadecimal digits; names a key, opens nothing

_ID_BYTES = 6
_SECRET_BYTES = 32
_ENTROPY_BYTES = _ID_BYTES + _SECRET_BYTES
_SECRET = re.compile(r"hf_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST_NAME = 100


class KeyScope(StrEnum):
    """What a key opens."""

    PREDICT = "predict"  # POST /v1/predict
    LABEL = "label"  # POST /v1/labels
    READ = "read"  # whatever only reads: the model, logged predictions, pages, metrics
    ADMIN = "admin"  # everything


class KeyState(StrEnum):
    """Whether a key opens anything at a moment."""

    USABLE = "usable"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is kept of a key: everything but its secret.

    At rest stands a plain SHA-256 of the secret. A slow, salted hash makes guessing dear
    where people choose their secrets; among 2^256 random ones there is nothing to guess.

    Source:
        NIST SP 800-63B (2017), 5.1.2.2: secrets of at least 112 bits of entropy are
        hashed with an approved one-way function; only weaker ones need salt and a key
        derivation function.
    """

    key_id: KeyId
    name: str  # for people; may be empty
    scopes: tuple[KeyScope, ...]
    secret_digest: str = field(repr=False)  # SHA-256, 64 hexadecimal digits
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.scopes:
            raise ValueError("a key needs at least one scope")
        if not _DIGEST.fullmatch(self.secret_digest):
            raise ValueError("a key needs the SHA-256 of its secret")
        if len(self.name) > _LONGEST_NAME or not self.name.isprintable():
            raise ValueError(f"a key's name has at most {_LONGEST_NAME} printable signs")
        if self.expires_at is not None and self.expires_at <= self.created_at:
            raise ValueError("a key must expire after it was made")

    def state(self, now: datetime) -> KeyState:
        """Return whether the key opens anything at a moment."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if self.expires_at is not None and now >= self.expires_at:
            return KeyState.EXPIRED
        return KeyState.USABLE

    def opens(self, scope: KeyScope) -> bool:
        """Return whether the key, while usable, opens what needs a scope."""
        return scope in self.scopes or KeyScope.ADMIN in self.scopes

    def is_of(self, digest: str) -> bool:
        """Compare a presented secret's digest with this key's, in constant time."""
        return hmac.compare_digest(self.secret_digest, digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class MintedKey:
    """A key that was just made, with the secret that exists nowhere else."""

    key: ApiKey
    secret: str = field(repr=False)


def mint(
    *,
    scopes: tuple[KeyScope, ...],
    at: datetime,
    name: str = "",
    expires_at: datetime | None = None,
    entropy: bytes | None = None,
) -> MintedKey:
    """Return a new key with its secret: ``hf_``, the id, and 32 random bytes as base64url.

    Args:
        scopes: What it opens; doubles count once.
        at: When it is made; aware.
        name: For people.
        expires_at: From when it opens nothing more; None: never.
        entropy: 38 bytes to use in place of the system's randomness (for tests).

    Raises:
        ValueError: If there is no scope, the name is unusable, or it expires before it
            begins.

    >>> from datetime import UTC
    >>> minted = mint(
    ...     scopes=(KeyScope.PREDICT,), at=datetime(2026, 1, 1, tzinfo=UTC), entropy=bytes(38)
    ... )
    >>> minted.secret[:20], len(minted.secret)
    ('hf_000000000000_AAAA', 59)
    """
    random = os.urandom(_ENTROPY_BYTES) if entropy is None else entropy
    key_id = KeyId(random[:_ID_BYTES].hex())
    tail = base64.urlsafe_b64encode(random[_ID_BYTES:_ENTROPY_BYTES]).decode().rstrip("=")
    secret = f"hf_{key_id}_{tail}"
    key = ApiKey(
        key_id=key_id,
        name=name,
        scopes=tuple(dict.fromkeys(scopes)),
        secret_digest=digest_of(secret),
        created_at=at,
        expires_at=expires_at,
    )
    return MintedKey(key=key, secret=secret)


def digest_of(secret: str) -> str:
    """Return what is kept of a secret: its SHA-256 in hexadecimal digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def key_id_in(secret: str) -> KeyId | None:
    """Return which key a secret claims to be; None if it has not the form of one."""
    found = _SECRET.fullmatch(secret)
    return None if found is None else KeyId(found.group(1))
