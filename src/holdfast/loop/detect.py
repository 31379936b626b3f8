"""Gather what one tick judges: the current window's counts and the mature labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from holdfast.domain.evidence import Trigger
from holdfast.domain.keeping import ONSET_WINDOWS
from holdfast.domain.tables import encode_table
from holdfast.domain.windows import Window, bucket_start
from holdfast.drift.profile import Profile, profile
from holdfast.drift.scores import score_profile
from holdfast.performance.onset import change_point
from holdfast.policy.assessing import Assessment, Observed, assess
from holdfast.policy.deciding import Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.policy.transitions import ControlState
    from holdfast.ports.profile_store import BucketKey

__all__ = [
    "ONSET_WINDOWS",
    "Finding",
    "counted_window",
    "current_window",
    "detect",
    "detect_in_file",
    "labels_of",
    "mature_rows",
    "mature_window",
    "own_rows",
    "scores_of",
    "summed",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a tick found: the evidence to decide on, and the assessment behind it."""

    window: Window
    assessment: Assessment | None  # None if the window is empty
    evidence: Evidence
    from_file: bool = False  # a file stood in for the current window


def mature_window(now: datetime, plan: ControlPlan) -> Window:
    """Return the newest window whose rows are all old enough for their labels."""
    if plan.label_maturity < plan.bucket:
        return current_window(now, plan)  # labels are as old as the bucket under way
    end_at = bucket_start(now - plan.label_maturity, plan.bucket)
    return Window(start_at=end_at - plan.window, end_at=end_at)


def detect(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    *,
    now: datetime,
) -> Finding:
    """Read the windows and judge them against the champion's reference.

    Args:
        ports: The control plane's ports; profiles must be up to date.
        plan: Lengths of windows and the monitors' bounds.
        champion: What is judged.
        state: Gives the windows of broken feeds, and since when drift is alarmed.
        now: The tick's moment.
    """
    window, matured = current_window(now, plan), mature_window(now, plan)
    current = counted_window(ports, champion, window)
    if current is None:
        return Finding(window=window, assessment=None, evidence=Evidence(n_rows=0))
    labelled = own_rows(ports, champion, matured, now)
    observed = Observed(
        current=current,
        mature=counted_window(ports, champion, matured),
        labels=labels_of(labelled),
        scores=scores_of(labelled),
    )
    assessment = _assessed(champion, observed, plan)
    evidence = Evidence(n_rows=current.n_rows)
    if assessment.alerts:
        onset_at = _onset(ports, plan, champion, state, assessment, now=now)
        # What the champion has learnt already teaches no challenger anything.
        since = max(onset_at, state.learnt_until or onset_at)
        fresh = labels_of(mature_rows(ports, plan, champion, state, now=now, since=since))
        evidence = replace(
            evidence, n_labels=len(fresh), n_positives=int(fresh.sum()), onset_at=onset_at
        )
    return Finding(window=window, assessment=assessment, evidence=assessment.complete(evidence))


def detect_in_file(
    rows: pa.Table,
    labels: NDArray[np.bool_] | None,
    champion: Incumbent,
    plan: ControlPlan,
    *,
    now: datetime,
) -> Finding:
    """Judge a file as if it were the current window; its labels, if any, count as mature.

    Args:
        rows: Conforms to the champion's contract.
        labels: Ground truth of the rows, shape ``(n,)``, if the file has it.
        champion: What is judged.
        plan: The monitors' bounds.
        now: The tick's moment.
    """
    scores = champion.model.score(encode_table(rows, champion.contract))
    cells = champion.reference.score_grid
    counts = profile(
        rows,
        champion.reference.grid,
        scores=None if cells is None else score_profile(scores, cells),
    )
    known = np.zeros(0, dtype=np.bool_) if labels is None else labels
    observed = Observed(
        current=counts,
        mature=None if labels is None else counts,
        labels=known,
        scores=scores[: len(known)],
    )
    assessment = _assessed(champion, observed, plan)
    evidence = Evidence(n_rows=rows.num_rows, n_labels=len(known), n_positives=int(known.sum()))
    return Finding(
        window=Window(start_at=now - plan.window, end_at=now),
        assessment=assessment,
        evidence=assessment.complete(evidence),
        from_file=True,
    )


def _assessed(champion: Incumbent, observed: Observed, plan: ControlPlan) -> Assessment:
    return assess(
        champion.reference,
        champion.baseline,
        observed,
        policy=plan.monitor,
        weights=champion.weights,
    )


def mature_rows(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    *,
    now: datetime,
    since: datetime | None,
) -> pa.Table:
    """Return the mature labelled rows since a moment, in prediction order.

    Rows of windows whose feed was broken are left out: nothing true can be learnt there.
    """
    end_at = mature_window(now, plan).end_at
    start_at = bucket_start(end_at, plan.bucket) - plan.window if since is None else since
    start_at = min(start_at, end_at - plan.bucket)
    rows = ports.predictions.window(
        champion.contract, Window(start_at=start_at, end_at=end_at), labels_known_at=now
    )
    if since is not None:
        rows = rows.filter(pc.greater_equal(rows.column("predicted_at"), since))
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


def current_window(now: datetime, plan: ControlPlan) -> Window:
    """Return the window that ends with the bucket under way."""
    end_at = bucket_start(now, plan.bucket) + plan.bucket
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


def own_rows(ports: ControlPorts, champion: Incumbent, window: Window, now: datetime) -> pa.Table:
    """Return the window's labelled rows that the champion itself scored.

    Another version's rows may have trained the champion: on them it would look too good.
    """
    rows = ports.predictions.window(champion.contract, window, labels_known_at=now)
    return rows.filter(pc.equal(rows.column("model_version"), champion.record.version))


def _onset(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    assessment: Assessment,
    *,
    now: datetime,
) -> datetime:
    """Estimate since when the world is another: by the loss if it is raised, else by drift."""
    matured = mature_window(now, plan)
    if any(alert.trigger is Trigger.PERFORMANCE for alert in assessment.alerts):
        back = Window(start_at=matured.end_at - ONSET_WINDOWS * plan.window, end_at=matured.end_at)
        rows = own_rows(ports, champion, back, now)
        losses = (scores_of(rows) - labels_of(rows)) ** 2
        first = change_point(losses, reference_mean=champion.baseline.figures["brier"])
        onset_at: datetime = rows.column("predicted_at")[first].as_py()
        return onset_at
    return state.drift_since or current_window(now, plan).start_at


def scores_of(rows: pa.Table) -> NDArray[np.float64]:
    """Return the column `score` of logged rows, shape ``(n,)``."""
    scores: NDArray[np.float64] = rows.column("score").to_numpy()
    return scores
