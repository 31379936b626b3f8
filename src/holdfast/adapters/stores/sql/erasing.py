"""How everything about one entity is deleted, and what is remembered of that: a tombstone."""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from holdfast.adapters.stores.sql.removal import remove_labels, remove_predictions
from holdfast.adapters.stores.sql.schema import erasures, labels
from holdfast.domain.ids import uuid7
from holdfast.domain.keeping import Erasure, Removed

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from holdfast.adapters.stores.sql.prediction_tables import PredictionTables

__all__ = ["Tombstones", "erase"]

_SALT = select(erasures.c.salt).limit(1)
_SALT_BYTES = 32


class Tombstones:
    """Which entities were erased.

    Their names are not kept: each is an HMAC under a salt of this store's own. Reading
    the salt costs one look, and most stores have none.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._salt: str | None = connection.execute(_SALT).scalar()

    def cover(self, entity: str | None) -> bool:
        """Return whether an entity was erased."""
        if entity is None or self._salt is None:
            return False
        where = erasures.c.entity_digest == _digest(entity, self._salt)
        return (
            self._connection.execute(select(erasures.c.erasure_id).where(where)).first() is not None
        )


def erase(
    connection: Connection, tables: PredictionTables, entity: str, *, at: datetime
) -> Erasure:
    """Delete an entity's predictions, labels and request keys; leave or renew its tombstone."""
    removed = Removed()
    for table in tables.all(connection):
        of = table.table.c
        columns: list[ColumnElement[Any]] = [of.prediction_id, of.model_version, of.role]
        mine = connection.execute(select(*columns).where(of.entity == entity)).all()
        removed += remove_predictions(connection, table, mine)
    removed += remove_labels(connection, labels.c.entity == entity)
    return _bury(connection, entity, removed, at=at)


def _bury(connection: Connection, entity: str, removed: Removed, *, at: datetime) -> Erasure:
    salt = connection.execute(_SALT).scalar() or os.urandom(_SALT_BYTES).hex()
    which = erasures.c.entity_digest == _digest(entity, salt)
    before = connection.execute(select(erasures).where(which)).first()
    if before is None:
        erasure = Erasure(erasure_id=uuid7(at), erased_at=at, removed=removed)
        new: dict[str, Any] = {"entity_digest": _digest(entity, salt), "salt": salt}
        new |= {"erasure_id": erasure.erasure_id, "erased_at": at, **_counts(removed)}
        connection.execute(insert(erasures).values(new))
        return erasure
    removed += Removed(
        n_predictions=before.n_predictions,
        n_labels=before.n_labels,
        n_request_keys=before.n_request_keys,
    )
    connection.execute(update(erasures).where(which).values(erased_at=at, **_counts(removed)))
    return Erasure(erasure_id=before.erasure_id, erased_at=at, removed=removed)


def _counts(removed: Removed) -> dict[str, int]:
    return {
        "n_predictions": removed.n_predictions,
        "n_labels": removed.n_labels,
        "n_request_keys": removed.n_request_keys,
    }


def _digest(entity: str, salt: str) -> str:
    return hmac.digest(bytes.fromhex(salt), entity.encode(), "sha256").hex()
