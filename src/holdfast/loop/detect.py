"""Gather what one tick judges: the current window, the mature labels, and what is alarmed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from holdfast.domain.evidence import Trigger
from holdfast.domain.keeping import ONSET_WINDOWS
from holdfast.domain.tables import encode_table
from holdfast.domain.windows import Window, bucket_start
from holdfast.drift.profile import profile
from holdfast.drift.scores import score_profile
from holdfast.loop.choose import judged_rows, n_assumed
from holdfast.loop.window_rows import (
    counted_window,
    current_window,
    labels_of,
    mature_rows,
    mature_window,
    own_rows,
    scored_rows,
    scores_of,
)
from holdfast.performance.onset import change_point
from holdfast.policy.alerting import by_date, findings_of
from holdfast.policy.assessing import Assessment, Observed, assess
from holdfast.policy.raising import Alarmed, alarmed, harmless, hushed, n_telling
from holdfast.policy.waiting import Maturing, maturing
from holdfast.policy.weighing import Evidence, rule_outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.drift.sequential import Alarm
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.policy.transitions import ControlState

__all__ = [
    "OF_A_WINDOW",
    "ONSET_WINDOWS",
    "Finding",
    "detect",
    "detect_in_file",
]


OF_A_WINDOW = frozenset(
    {
        Trigger.BROKEN_FEED,
        Trigger.CONFIDENCE,
        Trigger.ESTIMATE,
        Trigger.PERFORMANCE,
        Trigger.PREDICTION_DRIFT,
    }
)
"""What can only be told of a window with rows."""
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a tick found: the evidence to decide on, and the assessment behind it."""

    window: Window
    assessment: Assessment | None  # None if the window is empty
    evidence: Evidence
    alarmed: Alarmed | None = None  # None of a file, whose rows have no time
    from_file: bool = False  # a file stood in for the current window


def detect(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    *,
    now: datetime,
    alarms: Sequence[Alarm] = (),
) -> Finding:
    """Read the windows, judge them against the champion's reference, and follow the incidents.

    Args:
        ports: The control plane's ports; profiles must be up to date.
        plan: Lengths of windows and the monitors' bounds.
        champion: What is judged.
        state: Gives the windows of broken feeds, and what is alarmed already.
        now: The tick's moment.
        alarms: What the monitors said of the buckets that are new.
    """
    window = current_window(now, plan)
    assessment = _assessment(ports, plan, champion, state, window, now=now)
    levels = () if assessment is None else assessment.levels
    report = None if assessment is None else assessment.drift
    followed = partial(
        alarmed,
        state,
        champion=champion.record.version,
        now=now,
        window=plan.window,
        unjudged=OF_A_WINDOW if assessment is None else assessment.unjudged,
    )
    begun = {one.about: one.onset_at for one in state.incidents if one.onset_at is not None}
    findings = findings_of(alarms, levels, report, begun=begun, moment=by_date)
    found = followed(findings)
    evidence, n_since = _weighed(
        ports, plan, champion, state, found=found, said=assessment, now=now
    )
    quiet = harmless(found, evidence, plan.decision, n_since=n_since)
    if quiet:
        found = followed(hushed(findings, found, quiet))
        evidence = replace(evidence, alerts=found.alerts)
    return Finding(window=window, assessment=assessment, evidence=evidence, alarmed=found)


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
    evidence = Evidence(
        n_rows=rows.num_rows,
        alerts=assessment.alerts,
        n_labels=len(known),
        n_positives=int(known.sum()),
        rules=rule_outcomes(assessment.drift, plan.decision, weights=champion.weights),
    )
    return Finding(
        window=Window(start_at=now - plan.window, end_at=now),
        assessment=assessment,
        evidence=assessment.complete(evidence),
        from_file=True,
    )


def _assessment(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    window: Window,
    *,
    now: datetime,
) -> Assessment | None:
    current = counted_window(ports, champion, window)
    if current is None:
        return None
    matured = mature_window(now, plan)
    whom = plan.rows.holdout.share > 0
    labelled, used = judged_rows(
        scored_rows(ports, plan, champion, matured, now, whom=whom), plan.rows
    )
    observed = Observed(
        rows_used=used,
        current=current,
        mature=counted_window(ports, champion, matured),
        labels=labels_of(labelled),
        scores=scores_of(labelled),
        labels_of=matured,
        n_assumed=n_assumed(labelled),
        matured=state.matured,
    )
    return _assessed(champion, observed, plan)


def _assessed(champion: Incumbent, observed: Observed, plan: ControlPlan) -> Assessment:
    return assess(
        champion.reference,
        champion.baseline,
        observed,
        policy=plan.monitor,
        weights=champion.weights,
    )


def _weighed(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    *,
    found: Alarmed,
    said: Assessment | None,
    now: datetime,
) -> tuple[Evidence, Callable[[datetime], int]]:
    """Return the evidence: what is alarmed, what the window says, and the labels since then.

    Also how many of the labelled rows that the champion scored itself come after a moment.
    """
    evidence = Evidence(n_rows=0, alerts=found.alerts)
    if said is not None:
        evidence = replace(
            said.complete(evidence),
            n_rows=said.drift.n_current,
            rules=rule_outcomes(said.drift, plan.decision, weights=champion.weights),
        )
    named = plan.decision.named
    if not found.alerts and named.rule is None and not named.periodic:
        return evidence, lambda _: 0  # nobody will ask for labels
    onset_at = _onset(ports, plan, champion, state, found, now=now) if found.alerts else None
    # What the champion has learnt already teaches no challenger anything.
    known = state.learnt_until or _EARLIEST
    since = known if onset_at is None else max(onset_at, known)
    fresh = mature_rows(ports, plan, champion, state, now=now, since=since)
    labels, own = labels_of(fresh), pc.equal(fresh.column("model_version"), champion.record.version)
    moments = fresh.filter(own).column("predicted_at")

    def n_since(at: datetime) -> int:
        return int(pc.sum(pc.greater_equal(moments, at)).as_py() or 0)

    told = n_telling(found, n_since=n_since)
    weighed = replace(
        evidence,
        n_labels=len(labels),
        n_positives=int(labels.sum()),
        n_seen=len(moments) if told is None else told,
        onset_at=onset_at,
        awaited=_awaited(ports, plan, champion, since=since, now=now),
        label_share=_label_share(ports, plan, champion, now=now),
    )
    return weighed, n_since


def _awaited(
    ports: ControlPorts, plan: ControlPlan, champion: Incumbent, *, since: datetime, now: datetime
) -> tuple[Maturing, ...]:
    """Return which rows since a moment are still too young for their labels."""
    young = bucket_start(now - plan.label_maturity - plan.bucket, plan.bucket)
    counts = ports.profiles.row_counts(
        champion.reference.grid.digest, start_at=max(since, young), end_at=now
    )
    return maturing(counts, bucket=plan.bucket, label_maturity=plan.label_maturity, now=now)


def _label_share(
    ports: ControlPorts, plan: ControlPlan, champion: Incumbent, *, now: datetime
) -> float:
    """Return which share of the rows of the mature window has a label; 1.0 without rows."""
    matured = mature_window(now, plan)
    counted = counted_window(ports, champion, matured)
    if counted is None or counted.scores is None or counted.scores.n == 0:
        return 1.0
    n_labelled: int = scored_rows(ports, plan, champion, matured, now, whom=False).num_rows
    return min(1.0, n_labelled / counted.scores.n)


def _onset(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    found: Alarmed,
    *,
    now: datetime,
) -> datetime:
    """Estimate since when the world is another: by harm if it is alarmed, else by drift."""
    if found.harmed_since is not None:
        return found.harmed_since
    if any(alert.trigger is Trigger.PERFORMANCE for alert in found.alerts):
        matured = mature_window(now, plan)
        back = Window(start_at=matured.end_at - ONSET_WINDOWS * plan.window, end_at=matured.end_at)
        rows = own_rows(ports, plan, champion, back, now)
        if rows.num_rows:
            losses = (scores_of(rows) - labels_of(rows)) ** 2
            first = change_point(losses, reference_mean=champion.baseline.figures["brier"])
            onset_at: datetime = rows.column("predicted_at")[first].as_py()
            return onset_at
    return found.drifted_since or state.drift_since or current_window(now, plan).start_at
