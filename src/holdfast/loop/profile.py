"""Count the predictions that are new since the last tick into their buckets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.ids import ModelVersion
from holdfast.domain.predictions import Role
from holdfast.drift.profile import Profile, profile
from holdfast.drift.scores import score_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from holdfast.loop.control import Incumbent
    from holdfast.ports.lease import Fence
    from holdfast.ports.prediction_log import PredictionLog
    from holdfast.ports.profile_store import BucketKey, ProfileStore

__all__ = [
    "UNSCORED",
    "counted_until",
    "profile_new",
    "profile_uncounted",
    "uncounted_since",
]

UNSCORED = ModelVersion("")
"""The bucket of rows whose scores are not counted: another version's lie on other cells."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # from which buckets count
_PAGE = 200_000  # rows read at a time: bounds the memory, not the result


def profile_new(
    log: PredictionLog,
    profiles: ProfileStore,
    champion: Incumbent,
    *,
    bucket: timedelta,
    since: datetime | None = None,
    fence: Fence | None = None,
) -> int:
    """Profile every row logged since the cursor and return how many there were.

    A late row is added to its own bucket. Each page is counted in one transaction with the
    cursor: after a crash, counting goes on where it stopped.

    Args:
        log: Where predictions stand.
        profiles: Where counts are added, with the cursor, in one transaction.
        champion: Gives the grid and the cells of the scores.
        bucket: The length of a bucket.
        since: Where counting on a new grid begins: rows predicted before are in no window
            that anybody judges any more. None counts the whole log.
        fence: The lease under which this runs.
    """
    grid = champion.reference.grid
    name = _cursor_name(champion)
    n_rows = 0
    while True:
        cursor = profiles.cursor(name)
        if cursor is None and since is not None:
            cursor = log.cursor_since(champion.contract, since)
        page = log.read(champion.contract, after=cursor, limit=_PAGE)
        if page.rows.num_rows == 0:
            return n_rows
        counted = _by_bucket(page.rows, champion, bucket)
        profiles.add(grid.digest, counted, cursor_name=name, cursor=page.cursor, fence=fence)
        n_rows += page.rows.num_rows


def profile_uncounted(
    log: PredictionLog,
    profiles: ProfileStore,
    champion: Incumbent,
    *,
    bucket: timedelta,
    since: datetime,
) -> Iterator[tuple[BucketKey, Profile]]:
    """Profile the rows that no tick has counted yet, and write nothing.

    Only a tick may count for good: it is the tick that says which judged windows a late
    row revises.

    Args:
        log: Where predictions stand.
        profiles: Where counts are, with the cursor.
        champion: Gives the grid and the cells of the scores.
        bucket: The length of a bucket.
        since: Earlier rows are not asked for where nothing was counted on the grid yet.
    """
    cursor = profiles.cursor(_cursor_name(champion))
    if cursor is None:
        cursor = log.cursor_since(champion.contract, since)
    while True:
        page = log.read(champion.contract, after=cursor, limit=_PAGE)
        if page.rows.num_rows == 0:
            return
        yield from _by_bucket(page.rows, champion, bucket).items()
        cursor = page.cursor


def uncounted_since(
    log: PredictionLog, profiles: ProfileStore, champion: Incumbent
) -> datetime | None:
    """Return when the first row was predicted that is not counted on the champion's grid.

    A window that ends later does not have all its rows yet: those of a moment ago, or,
    while a new grid is counted for the first time, of long ago.

    Args:
        log: Where predictions stand.
        profiles: Where counts are.
        champion: Gives the grid.

    Returns:
        None if every row is counted.
    """
    cursor = profiles.cursor(_cursor_name(champion))
    page = log.read(champion.contract, after=cursor, limit=1)
    if page.rows.num_rows == 0:
        return None
    moment: datetime = page.rows.column("predicted_at")[0].as_py()
    return moment


def counted_until(profiles: ProfileStore, champion: Incumbent) -> str | None:
    """Return the log's cursor up to which rows are counted; None before the first time."""
    return profiles.cursor(_cursor_name(champion))


def _cursor_name(champion: Incumbent) -> str:
    return f"{champion.contract.schema_digest}/{champion.reference.grid.digest}"


def _by_bucket(rows: pa.Table, champion: Incumbent, bucket: timedelta) -> dict[BucketKey, Profile]:
    # What a shadow scored was asked once, and stands there already with its answer.
    rows = rows.filter(pc.not_equal(rows.column("role"), Role.SHADOW.value))
    if rows.num_rows == 0:
        return {}
    moments = rows.column("predicted_at").cast(pa.int64()).to_numpy()  # microseconds
    step = bucket // timedelta(microseconds=1)
    own = pc.equal(rows.column("model_version"), champion.record.version)
    groups = moments // step * 2 + own.to_numpy(zero_copy_only=False)
    order = np.argsort(groups, kind="stable")
    known, firsts = np.unique(groups[order], return_index=True)
    return {
        (champion.record.version if group % 2 else UNSCORED, _EPOCH + int(group) // 2 * bucket): (
            _counts(rows.take(pa.array(members)), champion, scored=bool(group % 2))
        )
        for group, members in zip(known, np.split(order, firsts[1:]), strict=True)
    }


def _counts(rows: pa.Table, champion: Incumbent, *, scored: bool) -> Profile:
    cells = champion.reference.score_grid
    if not scored or cells is None:
        return profile(rows, champion.reference.grid)
    scores: NDArray[np.float64] = rows.column("score").to_numpy()
    return profile(rows, champion.reference.grid, scores=score_profile(scores, cells))
