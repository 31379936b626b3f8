"""Tell of late rows that came to windows after they were judged; no verdict changes."""

from __future__ import annotations

from functools import reduce
from itertools import groupby
from operator import add
from typing import TYPE_CHECKING

from holdfast.domain.windows import Unit, WindowSpan, bucket_start, since_1970
from holdfast.drift.windowing import windows_of
from holdfast.policy.assessing import drift_report
from holdfast.policy.revising import late_rows, revision, standings
from holdfast.ports.event_log import Draft

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, timedelta

    from holdfast.domain.events import Event, WindowRevised
    from holdfast.domain.windows import Window
    from holdfast.drift.profile import Profile
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.policy.revising import Standing
    from holdfast.ports.lease import Fence

__all__ = ["revise", "settled"]

_MOST = 100  # windows of one tick, newest first: a row of last year must not stop the loop


def settled(ports: ControlPorts, champion: Incumbent, window: Window, *, until: datetime) -> int:
    """Return how many rows of a window lie in buckets that are over.

    Args:
        ports: The control plane's ports; profiles must be up to date.
        champion: Gives the grid.
        window: Which window.
        until: Start of the bucket under way.
    """
    counts = ports.profiles.row_counts(
        champion.reference.grid.digest,
        start_at=window.start_at,
        end_at=min(until, window.end_at),
    )
    return sum(counts.values())


def revise(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    events: Sequence[Event],
    *,
    actor: str,
    now: datetime,
    fence: Fence | None = None,
) -> int:
    """Write down which judged windows got late rows, and what would be said of them now.

    A window's verdict was acted on, and stays. It is revised if rows came to a bucket that
    was over when the window was judged for the last time: on import, or where a host's
    clock or transaction lags. That the bucket then under way grew on is no revision, and a
    window that is not over yet is judged again by this very tick. One event a tick and
    window, at most; run again after a crash, a tick finds what it has not yet told of.

    Args:
        ports: The control plane's ports; profiles must be up to date.
        plan: Length of a bucket, and the monitors' bounds.
        champion: Gives the grid, and the reference for windows judged for it.
        events: The whole log, up to this tick.
        actor: Who runs it, for the audit.
        now: The tick's moment.
        fence: The lease under which this runs.

    Returns:
        How many windows were revised.
    """
    before = bucket_start(now, plan.bucket)
    over = {w: at for w, at in standings(events).items() if w.end_at <= before}
    if not over:
        return 0
    counts = ports.profiles.row_counts(
        champion.reference.grid.digest,
        start_at=min(window.start_at for window in over),
        end_at=before,
    )
    found = late_rows(over.values(), counts, before=before)
    looked = found[:_MOST]
    now_counted = dict(_counted(ports, champion, [each.judged.window for each, _ in looked]))
    drafts = [
        _draft(
            _revised(
                plan,
                champion,
                standing,
                n_late,
                counts=now_counted[standing.judged.window],
                n_unlooked=len(found[_MOST:]),
            ),
            n_settled=standing.n_settled + n_late,
            actor=actor,
        )
        for standing, n_late in reversed(looked)
    ]
    ports.events.append(drafts, at=now, fence=fence)
    return len(drafts)


def _revised(
    plan: ControlPlan,
    champion: Incumbent,
    standing: Standing,
    n_late: int,
    *,
    counts: Profile,
    n_unlooked: int,
) -> WindowRevised:
    report = (
        drift_report(champion.reference, counts, policy=plan.monitor, weights=champion.weights)
        if standing.judged.model_version == champion.record.version
        else None
    )
    return revision(standing, n_late, n=counts.n_rows, report=report, n_unlooked=n_unlooked)


def _draft(body: WindowRevised, *, n_settled: int, actor: str) -> Draft:
    window = body.window
    key = f"revised/{window.start_at.isoformat()}/{window.end_at.isoformat()}/{n_settled}"
    return Draft(body=body, actor=actor, key=f"{key}/{body.model_version}")


def _counted(
    ports: ControlPorts, champion: Incumbent, windows: Sequence[Window]
) -> Iterator[tuple[Window, Profile]]:
    """Yield the counts of windows as they are now, reading each bucket once."""
    if not windows:
        return
    found = ports.profiles.buckets(
        champion.reference.grid.digest,
        start_at=min(window.start_at for window in windows),
        end_at=max(window.end_at for window in windows),
    )
    buckets: dict[int, Profile] = {}
    for (_, at), counts in found.items():
        features, start = counts.without_scores(), since_1970(at)
        buckets[start] = reduce(add, [buckets[start], features] if start in buckets else [features])
    for _, alike in groupby(sorted(windows, key=_by_length), key=_length):
        yield from _sums(buckets, alike)


def _sums(
    buckets: dict[int, Profile], windows: Iterable[Window]
) -> Iterator[tuple[Window, Profile]]:
    spans = (
        WindowSpan(unit=Unit.TIME, start=since_1970(w.start_at), end=since_1970(w.end_at))
        for w in windows
    )
    for span, counts in windows_of(buckets, spans, bucket=1):
        if counts is not None:
            yield span.window, counts


def _length(window: Window) -> timedelta:
    return window.end_at - window.start_at


def _by_length(window: Window) -> tuple[timedelta, datetime]:
    return _length(window), window.start_at
