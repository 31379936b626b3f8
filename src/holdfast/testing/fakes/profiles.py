"""A profile store in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.errors import GridMismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from holdfast.drift.profile import Profile
    from holdfast.ports.lease import Fence
    from holdfast.ports.profile_store import BucketKey
    from holdfast.testing.fakes.leases import InMemoryLease

__all__ = ["InMemoryProfileStore"]


class InMemoryProfileStore:
    """`ProfileStore` in memory."""

    def __init__(self, leases: InMemoryLease) -> None:
        self._leases = leases
        self._buckets: dict[tuple[str, BucketKey], Profile] = {}
        self._cursors: dict[str, str] = {}

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
        self._leases.check(fence)
        for key, profile in profiles.items():
            before = self._buckets.get((grid_digest, key))
            self._buckets[grid_digest, key] = profile if before is None else before + profile
        self._cursors[cursor_name] = cursor

    def buckets(
        self, grid_digest: str, *, start_at: datetime, end_at: datetime
    ) -> dict[BucketKey, Profile]:
        """See `ProfileStore.buckets`."""
        found = {
            key: profile
            for (grid, key), profile in self._buckets.items()
            if grid == grid_digest and start_at <= key[1] < end_at
        }
        return dict(sorted(found.items(), key=lambda item: (item[0][1], item[0][0])))

    def row_counts(
        self, grid_digest: str, *, start_at: datetime, end_at: datetime
    ) -> dict[datetime, int]:
        """See `ProfileStore.row_counts`."""
        counts: dict[datetime, int] = {}
        found = self.buckets(grid_digest, start_at=start_at, end_at=end_at)
        for (_, bucket_at), profile in found.items():
            counts[bucket_at] = counts.get(bucket_at, 0) + profile.n_rows
        return counts

    def cursor(self, cursor_name: str) -> str | None:
        """See `ProfileStore.cursor`."""
        return self._cursors.get(cursor_name)
