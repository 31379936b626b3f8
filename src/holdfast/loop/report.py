"""Report on a window of the project's own traffic, now or as it stood then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.domain.errors import EmptyWindowError, NoChampionError
from holdfast.drift.report import compare
from holdfast.loop.control import incumbent, incumbent_of
from holdfast.loop.detect import (
    counted_window,
    current_window,
    labels_of,
    mature_window,
    own_rows,
    scores_of,
    summed,
)
from holdfast.loop.profile import profile_uncounted
from holdfast.policy.assessing import Observed, assess

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from holdfast.domain.releases import ModelMetrics
    from holdfast.domain.windows import Window
    from holdfast.drift.profile import Profile
    from holdfast.drift.report import DriftReport
    from holdfast.drift.verdicts import FeatureReport
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.performance.degradation import Degradation

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
    """

    window: Window
    champion: Incumbent
    current: Profile
    drift: DriftReport
    prediction: FeatureReport | None
    matured: Window
    performance: ModelMetrics | None
    degradations: tuple[Degradation, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain, strict JSON values; other tools read these keys."""
        performance = self.performance
        return {
            "schema_version": SCHEMA_VERSION,
            "model_version": self.champion.record.version,
            "window": _ends(self.window),
            "drift": self.drift.to_json(),
            "scores": None if self.prediction is None else self.prediction.to_json(),
            "mature_window": _ends(self.matured),
            "n_labelled": 0 if performance is None else performance.n,
            "performance": None if performance is None else performance.figures,
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
        current = _current(ports, plan, champion, window)
    else:
        current = counted_window(ports, champion, window)
    if current is None or current.n_rows == 0:
        raise EmptyWindowError(f"window from {window}")
    labelled = own_rows(ports, champion, matured, now)
    labels = labels_of(labelled) if labelled.num_rows else np.zeros(0, dtype=np.bool_)
    observed = Observed(current=current, mature=None, labels=labels, scores=scores_of(labelled))
    reference, monitor = champion.reference, plan.monitor
    found = assess(reference, champion.baseline, observed, policy=monitor)
    return ProjectReport(
        window=window,
        champion=champion,
        current=current,
        drift=compare(
            reference.profile,
            current,
            policy=monitor.drift,
            rule=monitor.rule,
            grid=reference.grid,
        ),
        prediction=found.prediction,
        matured=matured,
        performance=found.performance,
        degradations=found.degradations,
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
) -> Profile | None:
    """Sum the current window's buckets, and the rows that no tick has counted yet."""
    buckets = ports.profiles.buckets(
        champion.reference.grid.digest, start_at=window.start_at, end_at=window.end_at
    )
    for key, counts in profile_uncounted(
        ports.predictions, ports.profiles, champion, bucket=plan.bucket, since=window.start_at
    ):
        if key[1] in window:
            buckets[key] = buckets[key] + counts if key in buckets else counts
    return summed(buckets, champion)


def _ends(window: Window) -> dict[str, str]:
    return {"start_at": window.start_at.isoformat(), "end_at": window.end_at.isoformat()}
