"""API keys: digests of secrets, with what was done to them in the audit chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from holdfast.adapters.stores.sql.events import append_draft
from holdfast.adapters.stores.sql.schema import api_keys
from holdfast.domain.errors import UnknownKeyError
from holdfast.domain.events import KeyCreated, KeyRevoked
from holdfast.domain.keys import ApiKey, KeyId, KeyScope
from holdfast.ports.event_log import Draft

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from holdfast.adapters.stores.sql.database import Database

__all__ = ["SqlKeyStore"]


class SqlKeyStore:
    """`KeyStore` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: ApiKey, *, actor: str) -> None:
        """See `KeyStore.add`."""
        body = KeyCreated(key_id=key.key_id, scopes=key.scopes, expires_at=key.expires_at)
        row = {
            "key_id": key.key_id,
            "name": key.name,
            "scopes": " ".join(key.scopes),
            "secret_digest": key.secret_digest,
            "created_at": key.created_at,
            "expires_at": key.expires_at,
        }
        with self._database.write() as connection:
            connection.execute(insert(api_keys).values(row))
            append_draft(connection, Draft(body=body, actor=actor), key.created_at.astimezone(UTC))

    def revoke(self, key_id: KeyId, *, at: datetime, actor: str) -> ApiKey:
        """See `KeyStore.revoke`."""
        where = api_keys.c.key_id == key_id
        with self._database.write() as connection:
            row = connection.execute(select(api_keys).where(where)).first()
            if row is None:
                raise UnknownKeyError(key_id)
            key = _key_of(row)
            if key.revoked_at is not None:
                return key
            moment = at.astimezone(UTC)
            connection.execute(update(api_keys).where(where).values(revoked_at=moment))
            body = KeyRevoked(key_id=key.key_id, scopes=key.scopes)
            append_draft(connection, Draft(body=body, actor=actor), moment)
        return replace(key, revoked_at=moment)

    def api_keys(self) -> tuple[ApiKey, ...]:
        """See `KeyStore.api_keys`."""
        query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.key_id)
        with self._database.read() as connection:
            return tuple(map(_key_of, connection.execute(query)))


def _key_of(row: Row[Any]) -> ApiKey:
    return ApiKey(
        key_id=KeyId(row.key_id),
        name=row.name,
        scopes=tuple(map(KeyScope, row.scopes.split())),
        secret_digest=row.secret_digest,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
