"""Which judged windows late rows have changed: what the events said against today's counts."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from holdfast.domain.events import WindowJudged, WindowRevised
from holdfast.drift.verdicts import Verdict
from holdfast.policy.assessing import verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from holdfast.domain.events import Event, WindowVerdict
    from holdfast.domain.windows import Window
    from holdfast.drift.report import DriftReport

__all__ = ["Standing", "late_rows", "revision", "standings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The last judgement of a window, and the late rows that it is known to have got.

    Attributes:
        judged: The judgement.
        settled_until: Buckets before this moment were over then.
        n_settled: Rows known to be in them: those judged, and those revisions have told of.
    """

    judged: WindowJudged
    settled_until: datetime
    n_settled: int


def standings(events: Iterable[Event]) -> dict[Window, Standing]:
    """Return the standing judgement of every window that was judged from the log.

    Files that stood in for a window are passed over, and judgements that were written
    before it was kept which rows they rest on.

    Args:
        events: In order of their sequence.
    """
    found: dict[Window, Standing] = {}
    for event in events:
        match event.body:
            case (
                WindowJudged(
                    window=window, settled_until=until, n_settled=n, from_file=False
                ) as judged
            ) if until is not None and n is not None:
                found[window] = Standing(judged=judged, settled_until=until, n_settled=n)
            case WindowRevised(window=window, n_late=n_late) if window in found:
                before = found[window]
                found[window] = Standing(
                    judged=before.judged,
                    settled_until=before.settled_until,
                    n_settled=before.n_settled + n_late,
                )
    return found


def late_rows(
    judged: Iterable[Standing], counts: Mapping[datetime, int], *, before: datetime
) -> list[tuple[Standing, int]]:
    """Return the windows that late rows came to, newest first, each with how many came.

    A late row is one in a bucket that was over when the window was judged for the last
    time. Windows that are not over yet are judged again anyhow, with all their rows. Fewer
    rows than were judged are no revision: a grid that was cut anew is counted only as far
    back as open windows reach.

    Args:
        judged: What the events say.
        counts: Rows by start of their bucket, now.
        before: Start of the bucket under way: windows that end later are not over.
    """
    starts = sorted(counts)
    sums = [0]
    for start in starts:
        sums.append(sums[-1] + counts[start])
    found = []
    for standing in judged:
        window, until = standing.judged.window, standing.settled_until
        if window.end_at > before:
            continue
        first, end = bisect_left(starts, window.start_at), bisect_left(starts, until)
        n_late = sums[end] - sums[first] - standing.n_settled
        if n_late > 0:
            found.append((standing, n_late))
    return sorted(found, key=lambda pair: pair[0].judged.window.start_at, reverse=True)


def revision(
    standing: Standing,
    n_late: int,
    *,
    n: int,
    report: DriftReport | None,
    n_unlooked: int = 0,
) -> WindowRevised:
    """Return the event that tells of late rows.

    Args:
        standing: The judgement, which keeps standing.
        n_late: Rows that came late.
        n: Rows of the window now.
        report: What a comparison says now; None if another model is in production, for
            whose reference the window was not judged.
        n_unlooked: Older windows that got late rows, too.
    """
    judged = standing.judged
    now = WindowRevised(
        window=judged.window,
        model_version=judged.model_version,
        n_judged=judged.n,
        n=n,
        n_late=n_late,
        n_unlooked=n_unlooked,
    )
    if report is None:
        return now
    drifted, verdict = report.names(Verdict.DRIFTED), verdict_of(report)
    return replace(
        now,
        drifted=drifted,
        share_drifted=report.share_drifted,
        weighted_share=report.weighted_share,
        differs=set(drifted) != set(judged.drifted) or _overturned(judged.verdict, verdict),
        verdict=verdict,
    )


def _overturned(before: WindowVerdict | None, now: WindowVerdict) -> bool:
    """Return whether the same rule says otherwise; another one was never asked before."""
    return before is not None and before.rule == now.rule and before.fired is not now.fired
