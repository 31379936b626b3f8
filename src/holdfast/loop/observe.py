"""Show the monitors each bucket once, when it is complete; what they say is an alarm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import structlog

from holdfast.domain.arrow import index_array
from holdfast.domain.canonical import digest
from holdfast.domain.errors import CorruptMonitorStateError
from holdfast.domain.windows import Window, bucket_start
from holdfast.drift.scores import score_profile
from holdfast.loop.window_rows import (
    labels_of,
    mature_window,
    own_rows,
    scores_of,
    summed,
    without_broken,
)
from holdfast.policy.monitoring import Monitors, MonitorState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.drift.sequential import Alarm
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.policy.transitions import ControlState
    from holdfast.ports.lease import Fence

__all__ = ["Observation", "last_observed", "observe", "remember"]

_log = structlog.get_logger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST_ROWS = 200_000  # labelled rows read at a time: bounds the memory, not the result
_MOST_BUCKETS = 64  # profiles read at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the monitors made of the buckets that are new.

    Attributes:
        alarms: In the order of time; those of rows before those of labels.
        monitors: What is watched.
        state: Of the monitors, after it.
        key: Under which the state is kept: names champion, moment and monitors.
        is_new: Whether the state is another than the one that is kept.
        measured: Monitors for which it is known how much rows of a bucket go together.
    """

    alarms: tuple[Alarm, ...]
    monitors: Monitors
    state: MonitorState
    key: str
    is_new: bool = True
    measured: frozenset[str] = frozenset()


def observe(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    *,
    now: datetime,
) -> Observation:
    """Step the monitors over the buckets that are complete, and those whose labels are mature.

    It writes nothing: `remember` keeps the state once the alarms stand among the events. A
    tick that breaks off in between finds the same alarms again, and an incident takes an alarm
    once. Buckets without a row at the end wait for a window's length: an import may bring
    their rows yet. What comes later is told as a revision, and never seen.

    Args:
        ports: The control plane's ports; profiles must be up to date.
        plan: Lengths of buckets and windows, and the budget of alarms.
        champion: Whose reference later buckets are compared with.
        state: Gives since when it serves, and the windows of broken feeds.
        now: The tick's moment.
    """
    monitors, kept, key = last_observed(ports, plan, champion, state, now=now)
    complete = bucket_start(now, plan.bucket)
    mature = min(mature_window(now, plan).end_at, complete)
    seen, moved = _see(ports, plan, champion, monitors, kept, until=complete)
    learnt, shifted = _learn(
        ports, plan, champion, monitors, seen, control=state, until=mature, now=now
    )
    after = replace(
        learnt,
        seen_until=max(learnt.seen_until, complete - plan.window),
        learnt_until=max(learnt.learnt_until, mature - plan.window),
    )
    return Observation(
        alarms=(*moved, *shifted),
        monitors=monitors,
        state=after,
        key=key,
        is_new=after.to_bytes() != ports.monitors.load(key),
        measured=frozenset(champion.dispersion),
    )


def remember(ports: ControlPorts, observation: Observation, *, fence: Fence | None) -> None:
    """Keep the monitors' state for the next tick, and forget that of former champions.

    Args:
        ports: The control plane's ports.
        observation: Whose alarms stand among the events.
        fence: The lease under which this runs.

    Raises:
        LeaseLostError: If another control loop has taken over; its state stays.
    """
    if observation.is_new:
        ports.monitors.save(observation.key, observation.state.to_bytes(), fence=fence)


def last_observed(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    *,
    now: datetime,
) -> tuple[Monitors, MonitorState, str]:
    """Return the champion's monitors, and where they stood after the last tick.

    Args:
        ports: The control plane's ports.
        plan: The length of a bucket and the budget of alarms.
        champion: What is watched.
        state: Gives since when it serves: a promotion, or a rollback, starts monitors anew.
        now: The tick's moment.

    Returns:
        The monitors, their state, and the key under which it is kept. A state that cannot be
        read is gathered again.
    """
    monitors = Monitors.of(
        champion.reference,
        champion.baseline,
        policy=plan.sequential,
        dispersion=champion.dispersion,
        prices=plan.prices,
    )
    since = min(now, state.champion_since or now)
    key = digest([champion.record.version, since, monitors.digest])
    data = ports.monitors.load(key)
    if data is not None:
        try:
            return monitors, MonitorState.from_bytes(data), key
        except CorruptMonitorStateError as error:
            # It can be gathered again from the counts; the loop need not stop for it.
            _log.warning("monitors_start_anew", problem=str(error))
    return monitors, monitors.start(bucket_start(since, plan.bucket)), key


def _see(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    monitors: Monitors,
    state: MonitorState,
    *,
    until: datetime,
) -> tuple[MonitorState, tuple[Alarm, ...]]:
    """Show the features and scores of the buckets that are complete."""
    alarms: list[Alarm] = []
    for page in _pages(ports, plan, champion, since=state.seen_until, until=until):
        buckets = ports.profiles.buckets(
            champion.reference.grid.digest, start_at=page.start_at, end_at=page.end_at
        )
        for start_at, group in groupby(buckets.items(), key=lambda item: item[0][1]):
            counts = summed(dict(group), champion)
            if counts is not None and counts.n_rows > 0:
                state, found = monitors.see(state, _bucket(start_at, plan.bucket), counts)
                alarms.extend(found)
    return state, tuple(alarms)


def _learn(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    monitors: Monitors,
    state: MonitorState,
    *,
    control: ControlState,
    until: datetime,
    now: datetime,
) -> tuple[MonitorState, tuple[Alarm, ...]]:
    """Show the labels of the champion's own rows, of the buckets whose labels are mature."""
    cells = champion.reference.score_grid
    if cells is None:
        return state, ()
    alarms: list[Alarm] = []
    for page in _pages(ports, plan, champion, since=state.learnt_until, until=until):
        rows = without_broken(own_rows(ports, plan, champion, page, now), control)
        for bucket, labelled in _by_bucket(rows, plan.bucket):
            counts = score_profile(scores_of(labelled), cells, labels_of(labelled))
            state, found = monitors.learn(state, bucket, counts)
            alarms.extend(found)
    return state, tuple(alarms)


def _pages(
    ports: ControlPorts, plan: ControlPlan, champion: Incumbent, *, since: datetime, until: datetime
) -> Iterator[Window]:
    """Divide the buckets that hold rows into stretches that fit into memory."""
    if since >= until:
        return
    counts = ports.profiles.row_counts(champion.reference.grid.digest, start_at=since, end_at=until)
    page: list[datetime] = []
    n_rows = 0
    for start_at, n in sorted(counts.items()):
        if page and (n_rows + n > _MOST_ROWS or len(page) == _MOST_BUCKETS):
            yield Window(start_at=page[0], end_at=page[-1] + plan.bucket)
            page, n_rows = [], 0
        page.append(start_at)
        n_rows += n
    if page:
        yield Window(start_at=page[0], end_at=page[-1] + plan.bucket)


def _by_bucket(rows: pa.Table, bucket: timedelta) -> Iterator[tuple[Window, pa.Table]]:
    """Yield the rows of each bucket that has any, in the order of time."""
    moments = rows.column("predicted_at").cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    numbers = moments.to_numpy() // (bucket // _MICROSECOND)
    order = np.argsort(numbers, kind="stable")
    numbers = numbers[order]
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1))
    for start, end in pairwise([*starts.tolist(), numbers.size]):
        start_at = _EPOCH + int(numbers[start]) * bucket
        yield _bucket(start_at, bucket), rows.take(index_array(order[start:end]))


def _bucket(start_at: datetime, length: timedelta) -> Window:
    return Window(start_at=start_at, end_at=start_at + length)
