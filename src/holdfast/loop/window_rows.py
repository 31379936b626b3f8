"""Which rows a window holds, which of them are mature, and which the champion scored itself."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from holdfast.domain.windows import Window, bucket_start
from holdfast.loop.choose import judged_rows, learnt_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.domain.treatments import RowsUsed
    from holdfast.drift.profile import Profile
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.policy.transitions import ControlState
    from holdfast.ports.profile_store import BucketKey

__all__ = [
    "counted_window",
    "current_window",
    "labels_of",
    "learnable_rows",
    "mature_rows",
    "mature_window",
    "own_rows",
    "scored_rows",
    "scores_of",
    "summed",
    "without_broken",
]

_SCORED = ("model_version", "score", "predicted_at")


def current_window(now: datetime, plan: ControlPlan) -> Window:
    """Return the window that ends with the bucket under way."""
    end_at = bucket_start(now, plan.bucket) + plan.bucket
    return Window(start_at=end_at - plan.window, end_at=end_at)


def mature_window(now: datetime, plan: ControlPlan) -> Window:
    """Return the newest window whose rows are all old enough for their labels."""
    if plan.label_maturity < plan.bucket:
        return current_window(now, plan)  # labels are as old as the bucket under way
    end_at = bucket_start(now - plan.label_maturity, plan.bucket)
    return Window(start_at=end_at - plan.window, end_at=end_at)


def counted_window(ports: ControlPorts, champion: Incumbent, window: Window) -> Profile | None:
    """Sum the buckets of a window, or return None if nothing was counted in it.

    Scores count only where the champion made them.
    """
    buckets = ports.profiles.buckets(
        champion.reference.grid.digest, start_at=window.start_at, end_at=window.end_at
    )
    return summed(buckets, champion)


def summed(buckets: Mapping[BucketKey, Profile], champion: Incumbent) -> Profile | None:
    """Sum buckets to a window, as `counted_window` does."""
    if not buckets:
        return None
    total = reduce(add, (counts.without_scores() for counts in buckets.values()))
    own = [
        counts.scores
        for (version, _), counts in buckets.items()
        if version == champion.record.version and counts.scores is not None
    ]
    return replace(total, scores=reduce(add, own)) if own else total


def scored_rows(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    window: Window,
    now: datetime,
    *,
    whom: bool = True,
) -> pa.Table:
    """Return the window's labelled rows that the champion itself scored, without the features.

    Another version's rows may have trained the champion: on them it would look too good.

    Args:
        ports: The control plane's ports.
        plan: Says what a mature row without a label is.
        champion: Whose rows.
        window: When they were predicted.
        now: As of when labels are known.
        whom: Also read whom each row is about, which takes as long again as all the rest.
    """
    named = ("prediction_id", "entity") if whom else ()
    rows = ports.predictions.window(
        champion.contract,
        window,
        labels_known_at=now,
        negative_before=plan.negative_before(now),
        columns=(*_SCORED, *named),
    )
    return rows.filter(pc.equal(rows.column("model_version"), champion.record.version))


def own_rows(
    ports: ControlPorts, plan: ControlPlan, champion: Incumbent, window: Window, now: datetime
) -> pa.Table:
    """Return those of the champion's labelled rows in a window that show how well it does."""
    whom = plan.rows.holdout.share > 0
    rows, _ = judged_rows(scored_rows(ports, plan, champion, window, now, whom=whom), plan.rows)
    return rows


def mature_rows(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    *,
    now: datetime,
    since: datetime | None,
) -> pa.Table:
    """Return the mature labelled rows since a moment that can be learnt from.

    In prediction order. Rows of windows whose feed was broken are left out, and those of
    people who were acted upon: nothing true can be learnt there.
    """
    rows, _ = learnable_rows(ports, plan, champion, state, now=now, since=since)
    return rows


def learnable_rows(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    *,
    now: datetime,
    since: datetime | None,
) -> tuple[pa.Table, RowsUsed]:
    """Return the same with the words which rows they are."""
    end_at = mature_window(now, plan).end_at
    start_at = bucket_start(end_at, plan.bucket) - plan.window if since is None else since
    start_at = min(start_at, end_at - plan.bucket)
    rows = ports.predictions.window(
        champion.contract,
        Window(start_at=start_at, end_at=end_at),
        labels_known_at=now,
        negative_before=plan.negative_before(now),
    )
    if since is not None:
        rows = rows.filter(pc.greater_equal(rows.column("predicted_at"), since))
    return learnt_rows(without_broken(rows, state), plan.rows)


def without_broken(rows: pa.Table, state: ControlState) -> pa.Table:
    """Return the rows that were predicted while no feed was broken."""
    for broken in state.broken_windows:
        moments = rows.column("predicted_at")
        outside = pc.or_(
            pc.less(moments, broken.start_at), pc.greater_equal(moments, broken.end_at)
        )
        rows = rows.filter(outside)
    return rows


def labels_of(rows: pa.Table) -> NDArray[np.bool_]:
    """Return the column `label` of labelled rows, shape ``(n,)``."""
    labels: NDArray[np.bool_] = rows.column("label").to_numpy(zero_copy_only=False)
    return labels.astype(np.bool_)


def scores_of(rows: pa.Table) -> NDArray[np.float64]:
    """Return the column `score` of logged rows, shape ``(n,)``."""
    scores: NDArray[np.float64] = rows.column("score").to_numpy()
    return scores
