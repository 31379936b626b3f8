"""What the loop found, said and decided: alerts, decisions, guard reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from holdfast.domain.treatments import RowsUsed

__all__ = [
    "Action",
    "Alert",
    "Check",
    "Decision",
    "GuardReport",
    "Outcome",
    "Severity",
    "Trigger",
]


class Severity(StrEnum):
    """How loudly an alert speaks."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for critical."""
        return list(Severity).index(self)


class Trigger(StrEnum):
    """What an alert is about; policies choose which of these they act on."""

    FEATURE_DRIFT = "feature_drift"
    UNSEEN_CATEGORIES = "unseen_categories"
    PREDICTION_DRIFT = "prediction_drift"
    CONFIDENCE = "confidence"
    ESTIMATE = "estimate"
    LABEL_DRIFT = "label_drift"
    CONCEPT = "concept"
    HARM = "harm"
    PERFORMANCE = "performance"
    BROKEN_FEED = "broken_feed"
    SERVING = "serving"
    PROBATION = "probation"
    REGISTRY = "registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing worth a person's attention, in words, with its figure."""

    trigger: Trigger
    severity: Severity
    subject: str  # a feature's name, a metric, or a model version
    message: str
    statistic: float | None = None


class Action(StrEnum):
    """What the loop decided to do."""

    KEEP = "keep"
    ALERT = "alert"
    RETRAIN = "retrain"
    DEFER = "defer"
    FIX_UPSTREAM = "fix_upstream"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision with its reasons in words, also when nothing is done."""

    action: Action
    policy: str
    reasons: tuple[str, ...]
    onset_at: datetime | None = None  # since when the world seems changed
    retry_at: datetime | None = None  # for `defer`: when asking again makes sense


class Outcome(StrEnum):
    """A guard's verdict on a challenger."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    DEFER = "defer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of a guard report: what was compared, the figure, and whether it passed."""

    name: str
    passed: bool
    reason: str
    estimate: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardReport:
    """The guard's judgement of a challenger against the champion, on the same rows."""

    outcome: Outcome
    rule: str
    reason: str
    n: int
    n_positive: int
    checks: tuple[Check, ...] = ()
    rows_used: RowsUsed | None = None  # which rows both were compared on; None: not kept
