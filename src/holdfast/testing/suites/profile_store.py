"""What every `ProfileStore` must do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.errors import GridMismatchError, LeaseLostError
from holdfast.testing.example_profiles import example_profile
from holdfast.testing.examples import START

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.drift.profile import Profile
    from holdfast.ports.lease import Lease
    from holdfast.ports.profile_store import ProfileStore

__all__ = ["ProfileStoreSuite"]

_DAY = timedelta(days=1)


class ProfileStoreSuite:
    """Needs the fixtures `profiles` and `leases`, empty and of the same store."""

    @pytest.fixture
    def make_profile(self) -> Callable[[int], Profile]:
        """Make profiles of n rows, all on one grid."""
        return example_profile

    @pytest.fixture
    def other_profile(self) -> Profile:
        """Return a profile on another grid."""
        return example_profile(3, grid_of=4)

    def test_returns_what_was_added(
        self, profiles: ProfileStore, make_profile: Callable[[int], Profile]
    ) -> None:
        """By model version and bucket."""
        added = {("v1", START): make_profile(3), ("v2", START): make_profile(4)}
        grid = make_profile(1).grid_digest

        profiles.add(grid, added, cursor_name="ticks", cursor="7")

        assert profiles.buckets(grid, start_at=START, end_at=START + _DAY) == added

    def test_adds_to_a_bucket_that_is_there(
        self, profiles: ProfileStore, make_profile: Callable[[int], Profile]
    ) -> None:
        """A late row is added to its own bucket."""
        some, more = make_profile(3), make_profile(5)
        for profile in (some, more):
            profiles.add(some.grid_digest, {("v1", START): profile}, cursor_name="t", cursor="1")

        found = profiles.buckets(some.grid_digest, start_at=START, end_at=START + _DAY)

        assert found == {("v1", START): some + more}
        assert found["v1", START].n_rows == 8

    def test_returns_the_buckets_that_start_within(
        self, profiles: ProfileStore, make_profile: Callable[[int], Profile]
    ) -> None:
        """The end is not part of the stretch."""
        profile = make_profile(2)
        days = {("v1", START + i * _DAY): profile for i in range(4)}
        profiles.add(profile.grid_digest, days, cursor_name="t", cursor="1")

        found = profiles.buckets(
            profile.grid_digest, start_at=START + _DAY, end_at=START + 3 * _DAY
        )

        assert [at for _, at in found] == [START + _DAY, START + 2 * _DAY]

    def test_counts_the_rows_of_each_bucket(
        self, profiles: ProfileStore, make_profile: Callable[[int], Profile]
    ) -> None:
        """Over all versions; a bucket without rows is not named."""
        grid = make_profile(1).grid_digest
        added = {
            ("v1", START): make_profile(3),
            ("v2", START): make_profile(4),
            ("v1", START + 2 * _DAY): make_profile(5),
            ("v1", START + 3 * _DAY): make_profile(6),
        }
        profiles.add(grid, added, cursor_name="t", cursor="1")

        found = profiles.row_counts(grid, start_at=START, end_at=START + 3 * _DAY)

        assert found == {START: 7, START + 2 * _DAY: 5}

    def test_keeps_grids_apart(
        self,
        profiles: ProfileStore,
        make_profile: Callable[[int], Profile],
        other_profile: Profile,
    ) -> None:
        """Counts on another grid mean something else."""
        mine = make_profile(2)
        for profile in (mine, other_profile):
            profiles.add(profile.grid_digest, {("v1", START): profile}, cursor_name="t", cursor="1")

        found = profiles.buckets(mine.grid_digest, start_at=START, end_at=START + _DAY)

        assert found == {("v1", START): mine}

    def test_refuses_a_profile_of_another_grid(
        self,
        profiles: ProfileStore,
        make_profile: Callable[[int], Profile],
        other_profile: Profile,
    ) -> None:
        """Nothing of the batch is written, and the cursor stays."""
        mine = make_profile(2)
        mixed = {("v1", START): mine, ("v2", START): other_profile}

        with pytest.raises(GridMismatchError):
            profiles.add(mine.grid_digest, mixed, cursor_name="t", cursor="9")

        assert profiles.buckets(mine.grid_digest, start_at=START, end_at=START + _DAY) == {}
        assert profiles.cursor("t") is None

    def test_moves_the_cursor_with_the_profiles(
        self, profiles: ProfileStore, make_profile: Callable[[int], Profile]
    ) -> None:
        """Each name has its own; before the first time there is none."""
        profile = make_profile(1)
        before = profiles.cursor("ticks")
        for cursor in ("a.1", "a.2"):
            profiles.add(
                profile.grid_digest, {("v1", START): profile}, cursor_name="ticks", cursor=cursor
            )

        assert before is None
        assert profiles.cursor("ticks") == "a.2"
        assert profiles.cursor("other") is None

    def test_moves_the_cursor_alone(
        self, profiles: ProfileStore, make_profile: Callable[[int], Profile]
    ) -> None:
        """Rows that count for nothing are passed over for good."""
        profiles.add(make_profile(1).grid_digest, {}, cursor_name="ticks", cursor="a.5")

        assert profiles.cursor("ticks") == "a.5"

    def test_refuses_a_writer_whose_lease_was_taken_over(
        self,
        profiles: ProfileStore,
        leases: Lease,
        make_profile: Callable[[int], Profile],
    ) -> None:
        """Two loops must not both count the same rows."""
        profile = make_profile(1)
        stale = leases.acquire("control", holder="first", ttl=timedelta(minutes=1))
        assert stale is not None
        leases.release(stale)
        leases.acquire("control", holder="second", ttl=timedelta(minutes=1))

        with pytest.raises(LeaseLostError):
            profiles.add(
                profile.grid_digest,
                {("v1", START): profile},
                cursor_name="t",
                cursor="1",
                fence=stale,
            )

        assert profiles.buckets(profile.grid_digest, start_at=START, end_at=START + _DAY) == {}
        assert profiles.cursor("t") is None
