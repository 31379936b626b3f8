"""Report on a window of the project's own traffic, now or as it stood then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.domain.errors import EmptyWindowError, NoChampionError
from holdfast.domain.events import WindowJudged
from holdfast.domain.windows import bucket_start
from holdfast.loop.choose import judged_rows, n_assumed
from holdfast.loop.control import incumbent, incumbent_of
from holdfast.loop.profile import profile_uncounted, uncounted_since
from holdfast.loop.window_rows import (
    counted_window,
    current_window,
    labels_of,
    mature_window,
    scored_rows,
    scores_of,
    summed,
)
from holdfast.policy.assessing import Observed, assess
from holdfast.policy.performance_words import performance_json
from holdfast.policy.transitions import fold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa

    from holdfast.domain.estimates import MaturedEstimate
    from holdfast.domain.events import Event
    from holdfast.domain.releases import ModelMetrics
    from holdfast.domain.windows import Window
    from holdfast.drift.profile import Profile
    from holdfast.drift.report import DriftReport
    from holdfast.drift.verdicts import FeatureReport
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.performance.degradation import Degradation
    from holdfast.policy.transitions import ControlState

__all__ = ["ProjectReport", "report_window", "rows_of"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class ProjectReport:
    """What is known of a window of the project's traffic.

    Attributes:
        window: Whose rows were compared.
        champion: The model of that time, and the reference.
        current: Counts of the window.
        drift: The comparison.
        prediction: The comparison of its scores; None if it scored nothing there.
        matured: The window whose labels are mature.
        performance: On those; None without any.
        degradations: Its figures beside those of the release.
        n_uncounted: Rows of the window that no tick has counted yet: the report has counted
            them for itself.
        reprofiling: Whether the champion's grid is still being counted for the first time,
            so that rows of an earlier day wait for it.
        history: The last judgement of every window that this champion was judged on, the
            oldest window first.
        judged: What is said of this window, as a tick would write it down.
        track: Estimates without labels whose labels have come since.
    """

    window: Window
    champion: Incumbent
    current: Profile
    drift: DriftReport
    prediction: FeatureReport | None
    matured: Window
    performance: ModelMetrics | None
    degradations: tuple[Degradation, ...]
    n_uncounted: int = 0
    reprofiling: bool = False
    history: tuple[WindowJudged, ...] = ()
    judged: WindowJudged | None = None
    track: tuple[MaturedEstimate, ...] = ()

    @property
    def progress(self) -> str | None:
        """What a reader must know of rows that are not counted for good; None if all are."""
        if not self.n_uncounted:
            return None
        rows = "1 row" if self.n_uncounted == 1 else f"{self.n_uncounted:,} rows"
        of = f"{rows} of {self.current.n_rows:,}"
        if self.reprofiling:
            return (
                f"Reprofiling: this model's cells are new, and the open windows are being read "
                f"once more. {of} were counted for this report alone; the next tick counts "
                "them for good."
            )
        return f"{of} wait for the next tick; the report has counted them for itself."

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain, strict JSON values; other tools read these keys."""
        performance = self.performance
        return {
            "schema_version": SCHEMA_VERSION,
            "model_version": self.champion.record.version,
            "window": _ends(self.window),
            "reprofiling": self.reprofiling,
            "n_uncounted": self.n_uncounted,
            "drift": self.drift.to_json(),
            "scores": None if self.prediction is None else self.prediction.to_json(),
            "mature_window": _ends(self.matured),
            "n_labelled": 0 if performance is None else performance.n,
            "performance": None if performance is None else performance.figures,
            "performance_details": performance_json(self.judged, self.track),
            "degradations": [
                {
                    "metric": one.metric,
                    "reference": one.reference,
                    "current": one.current,
                    "p_value": one.p_value,
                    "verdict": one.verdict.value,
                }
                for one in self.degradations
            ],
            "history": [
                {
                    "window": _ends(one.window),
                    "n": one.n,
                    "share_drifted": one.share_drifted,
                    "drifted": None if one.verdict is None else one.verdict.fired,
                    "features": list(one.drifted),
                }
                for one in self.history
            ],
        }


def report_window(
    ports: ControlPorts, plan: ControlPlan, *, at: datetime | None = None
) -> ProjectReport:
    """Compare a window of the log with the reference of the model that served then.

    It only reads. The current window includes rows that no tick has counted yet.

    Args:
        ports: The control plane's ports.
        plan: Lengths of windows and the monitors' bounds.
        at: Report on the window that this moment fell into, with the labels known then;
            None takes the current one.

    Raises:
        NoChampionError: If nothing is (or was) in production.
        EmptyWindowError: If no row was predicted within the window.
    """
    champion = incumbent(ports) if at is None else _champion_at(ports, at)
    now = ports.clock.now() if at is None else at
    window, matured = current_window(now, plan), mature_window(now, plan)
    if at is None:
        current, n_uncounted = _current(ports, plan, champion, window)
    else:
        current, n_uncounted = counted_window(ports, champion, window), 0
    if current is None or current.n_rows == 0:
        raise EmptyWindowError(f"window from {window}")
    labelled, used = judged_rows(scored_rows(ports, plan, champion, matured, now), plan.rows)
    labels = labels_of(labelled) if labelled.num_rows else np.zeros(0, dtype=np.bool_)
    reference, monitor = champion.reference, plan.monitor
    events = [event for event in ports.events.events() if event.at <= now]
    state = fold(events)
    observed = Observed(
        current=current,
        mature=None,
        labels=labels,
        scores=scores_of(labelled),
        labels_of=matured,
        n_assumed=n_assumed(labelled),
        matured=state.matured,
        rows_used=used,
    )
    found = assess(reference, champion.baseline, observed, policy=monitor, weights=champion.weights)
    return ProjectReport(
        window=window,
        champion=champion,
        current=current,
        drift=found.drift,
        prediction=found.prediction,
        matured=matured,
        performance=found.performance,
        degradations=found.degradations,
        n_uncounted=n_uncounted,
        reprofiling=n_uncounted > 0 and _reprofiling(ports, plan, champion, state),
        history=_history(events, champion, window),
        judged=found.judged(window, champion.record.version),
        track=found.track,
    )


def rows_of(ports: ControlPorts, report: ProjectReport) -> pa.Table:
    """Return the rows of a report's window, for those who need more than counts."""
    contract = report.champion.contract
    return ports.predictions.window(contract, report.window).select(list(contract.names))


def _champion_at(ports: ControlPorts, at: datetime) -> Incumbent:
    deployment = ports.releases.deployment_at(at)
    if deployment is None:
        raise NoChampionError(
            refused=f"No model was in production at {at:%Y-%m-%d %H:%M} UTC. "
            "List what was, and when, with: holdfast events"
        )
    return incumbent_of(ports, deployment.champion)


def _current(
    ports: ControlPorts, plan: ControlPlan, champion: Incumbent, window: Window
) -> tuple[Profile | None, int]:
    """Sum the window's buckets and the rows no tick has counted yet; say how many these are."""
    buckets = ports.profiles.buckets(
        champion.reference.grid.digest, start_at=window.start_at, end_at=window.end_at
    )
    n_uncounted = 0
    for key, counts in profile_uncounted(
        ports.predictions, ports.profiles, champion, bucket=plan.bucket, since=window.start_at
    ):
        if key[1] in window:
            buckets[key] = buckets[key] + counts if key in buckets else counts
            n_uncounted += counts.n_rows
    return summed(buckets, champion), n_uncounted


def _reprofiling(
    ports: ControlPorts, plan: ControlPlan, champion: Incumbent, state: ControlState
) -> bool:
    """Tell whether rows wait that a former champion answered, on a grid that came later.

    Ticks count each row as it comes. Rows from before the day of the promotion can only
    wait if they are to be counted once more.
    """
    waiting = uncounted_since(ports.predictions, ports.profiles, champion)
    if waiting is None or state.champion_since is None:
        return False
    return waiting < bucket_start(state.champion_since, plan.bucket)


def _history(
    events: Sequence[Event], champion: Incumbent, window: Window
) -> tuple[WindowJudged, ...]:
    """Return the last judgement of each window that the champion was judged on before."""
    found: dict[Window, WindowJudged] = {}
    for event in events:
        match event.body:
            case WindowJudged(window=judged, model_version=version, from_file=False) as body if (
                version == champion.record.version and judged.end_at < window.end_at
            ):
                found[judged] = body
    return tuple(found[judged] for judged in sorted(found, key=lambda one: one.end_at))


def _ends(window: Window) -> dict[str, str]:
    return {"start_at": window.start_at.isoformat(), "end_at": window.end_at.isoformat()}
