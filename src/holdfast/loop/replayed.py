"""What came of a replay: each window under each policy, their means, and the JSON of it all."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Any

from holdfast.loop.tally import Cost

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.ids import ModelVersion
    from holdfast.domain.releases import ModelMetrics
    from holdfast.loop.rehearse import Step
    from holdfast.loop.timetable import Schedule

__all__ = ["SCHEMA_VERSION", "PolicyRun", "Replay", "WindowResult"]

SCHEMA_VERSION = 1
_MEANS = ("roc_auc", "brier", "log_loss", "accuracy")


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowResult:
    """One window under one policy: how its rows were scored, and what followed.

    Attributes:
        start: Its first row.
        end: The row after its last.
        metrics: Of its scores; None if it holds no row.
        model_version: What made them.
        step: What was done after them.
        start_at: When the first row was, or the window began where it is one of time.
        end_at: When the last row was, or the window ended.
    """

    start: int
    end: int
    metrics: ModelMetrics | None
    model_version: ModelVersion
    step: Step
    start_at: datetime | None = None
    end_at: datetime | None = None

    def figure(self, name: str) -> float | None:
        """Return a metric by name; None if the window does not define it."""
        return None if self.metrics is None else self.metrics.figures.get(name)

    def to_json(self) -> dict[str, Any]:
        """Return the window as plain JSON values."""
        times = {}
        if self.start_at is not None and self.end_at is not None:
            times = {
                "start_time": self.start_at.isoformat(),
                "end_time": self.end_at.isoformat(),
            }
        return {
            "start": self.start,
            "end": self.end,
            **times,
            "n": self.end - self.start,
            **{name: self.figure(name) for name in _MEANS},
            "model_version": self.model_version,
            "alerts": [
                {
                    "trigger": alert.trigger.value,
                    "severity": alert.severity.value,
                    "subject": alert.subject,
                    "message": alert.message,
                }
                for alert in self.step.alerts
            ],
            "decision": self.step.decision.action.value,
            "reasons": list(self.step.decision.reasons),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRun:
    """A policy over the whole history, and what it took."""

    name: str
    windows: tuple[WindowResult, ...]
    cost: Cost = field(default_factory=Cost)

    def summary(self) -> dict[str, Any]:
        """Return the policy's means and counts; a mean is null where nothing defines it."""
        means = {}
        for name in _MEANS:
            # A window of one class has no AUC; it is left out for every policy alike.
            found = [window.figure(name) for window in self.windows]
            known = [figure for figure in found if figure is not None]
            means[f"mean_{name}"] = fmean(known) if known else None
        return {
            **means,
            "retrains": sum(window.step.attempted for window in self.windows),
            "promotions": sum(window.step.promoted for window in self.windows),
            "alerts": sum(len(window.step.alerts) for window in self.windows),
            "fits": self.cost.fits,
            "cpu_seconds": self.cost.cpu_seconds,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A policy on a history, the project's own as a rule, and others beside it."""

    schedule: Schedule
    project: PolicyRun
    others: tuple[PolicyRun, ...]

    @property
    def runs(self) -> tuple[PolicyRun, ...]:
        """All policies, in the order in which they were asked for."""
        return (self.project, *self.others)

    def to_json(self) -> dict[str, Any]:
        """Return the replay as plain, strict JSON values; other tools read these keys."""
        return {
            "schema_version": SCHEMA_VERSION,
            "windows": [window.to_json() for window in self.project.windows],
            "summary": {
                **self.project.summary(),
                "policies": {run.name: run.summary() for run in self.runs},
            },
        }
