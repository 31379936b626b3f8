"""Where the counts of each bucket are kept, beside the cursor up to which they reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from holdfast.drift.profile import Profile
    from holdfast.ports.lease import Fence

__all__ = ["BucketKey", "ProfileStore"]

BucketKey = tuple[str, "datetime"]
"""(model version whose scores are counted, start of the bucket)."""


class ProfileStore(Protocol):
    """Sums of profiles by grid, model version and bucket."""

    def add(
        self,
        grid_digest: str,
        profiles: Mapping[BucketKey, Profile],
        *,
        cursor_name: str,
        cursor: str,
        fence: Fence | None = None,
    ) -> None:
        """Add profiles to their buckets and move the cursor, in one transaction.

        Raises:
            LeaseLostError: If the fence is outdated.
            GridMismatchError: If a profile lies on another grid than `grid_digest`.
        """
        ...

    def buckets(
        self, grid_digest: str, *, start_at: datetime, end_at: datetime
    ) -> dict[BucketKey, Profile]:
        """Return the buckets that start within ``[start_at, end_at)``."""
        ...

    def row_counts(
        self, grid_digest: str, *, start_at: datetime, end_at: datetime
    ) -> dict[datetime, int]:
        """Return how many rows, of all versions, each bucket holds that starts within.

        Cheap: no profile is read.
        """
        ...

    def cursor(self, cursor_name: str) -> str | None:
        """Return where reading stopped, or None before the first time."""
        ...
