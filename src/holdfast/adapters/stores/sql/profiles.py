"""Sums of profiles by bucket, moved together with the cursor up to which they reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from holdfast.adapters.stores.sql.leases import check_fence
from holdfast.adapters.stores.sql.schema import cursors, profiles
from holdfast.domain.errors import GridMismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Table

    from holdfast.adapters.stores.sql.database import Database
    from holdfast.drift.profile import Profile
    from holdfast.ports.lease import Fence
    from holdfast.ports.profile_store import BucketKey

__all__ = ["SqlProfileStore"]


class SqlProfileStore:
    """`ProfileStore` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        grid_digest: str,
        profiles: Mapping[BucketKey, Profile],
        *,
        cursor_name: str,
        cursor: str,
        fence: Fence | None = None,
    ) -> None:
        """See `ProfileStore.add`."""
        for profile in profiles.values():
            if profile.grid_digest != grid_digest:
                raise GridMismatchError(grid_digest, profile.grid_digest)
        with self._database.write() as connection:
            check_fence(connection, fence)
            for key, profile in profiles.items():
                _add(connection, grid_digest, key, profile)
            _put(connection, cursors, {"name": cursor_name}, {"position": cursor})

    def buckets(
        self, grid_digest: str, *, start_at: datetime, end_at: datetime
    ) -> dict[BucketKey, Profile]:
        """See `ProfileStore.buckets`."""
        query = (
            select(profiles)
            .where(profiles.c.grid_digest == grid_digest)
            .where(profiles.c.bucket_at >= start_at, profiles.c.bucket_at < end_at)
            .order_by(profiles.c.bucket_at, profiles.c.model_version)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return {(row.model_version, row.bucket_at): _profile(row.profile) for row in rows}

    def row_counts(
        self, grid_digest: str, *, start_at: datetime, end_at: datetime
    ) -> dict[datetime, int]:
        """See `ProfileStore.row_counts`."""
        query = (
            select(profiles.c.bucket_at, func.sum(profiles.c.n_rows).label("n_rows"))
            .where(profiles.c.grid_digest == grid_digest)
            .where(profiles.c.bucket_at >= start_at, profiles.c.bucket_at < end_at)
            .group_by(profiles.c.bucket_at)
            .order_by(profiles.c.bucket_at)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return {row.bucket_at: int(row.n_rows) for row in rows}

    def cursor(self, cursor_name: str) -> str | None:
        """See `ProfileStore.cursor`."""
        query = select(cursors.c.position).where(cursors.c.name == cursor_name)
        with self._database.read() as connection:
            position: str | None = connection.execute(query).scalar()
        return position


def _add(connection: Connection, grid_digest: str, key: BucketKey, profile: Profile) -> None:
    which = {"grid_digest": grid_digest, "model_version": key[0], "bucket_at": key[1]}
    query = select(profiles.c.profile).where(*(profiles.c[n] == v for n, v in which.items()))
    before = connection.execute(query).scalar()
    total = profile if before is None else _profile(before) + profile
    _put(connection, profiles, which, {"n_rows": total.n_rows, "profile": total.to_bytes()})


def _put(
    connection: Connection, table: Table, which: dict[str, Any], values: dict[str, Any]
) -> None:
    changed = connection.execute(
        update(table).where(*(table.c[name] == value for name, value in which.items())), values
    )
    if changed.rowcount == 0:
        connection.execute(insert(table).values(which | values))


def _profile(data: bytes) -> Profile:
    # The profile's arithmetic belongs to the control plane; serving never gets here.
    from holdfast.drift.profile import Profile  # noqa: PLC0415  # see above

    return Profile.from_bytes(data)
