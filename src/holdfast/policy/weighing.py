"""What a decision rests on, and whether what drifted does harm."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from statistics import NormalDist
from typing import TYPE_CHECKING

from holdfast.domain.evidence import Severity
from holdfast.policy.policies import BENIGN, HARM, known_rule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from holdfast.domain.evidence import Alert, Trigger
    from holdfast.drift.report import DriftReport
    from holdfast.drift.rules import RuleOutcome
    from holdfast.policy.policies import DecisionPolicy
    from holdfast.policy.waiting import Maturing

__all__ = ["Evidence", "benign", "harmed", "rows_to_see", "rule_outcomes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a decision rests on, about one tick.

    Attributes:
        n_rows: Rows in the current window.
        alerts: What is alarmed now, about the window and about the mature labels.
        broken: Why the current window's feed counts as broken, in words; empty if not.
        broken_labels: The same for the window whose labels are mature.
        underpowered: Features about which the window is too small to tell.
        performance_held: True if enough mature rows showed no harm, False if they showed
            it, None if there were too few to tell.
        n_labels: Mature labelled rows since the onset that the champion has not learnt;
            where nothing is alarmed, all that it has not learnt.
        n_positives: How many of them are positive.
        onset_at: Since when the world seems changed, where an alert fired.
        rules: What rules say of the current window; at least the policy's own.
        n_seen: How many of the `n_labels` the champion scored itself, so that they say
            how well it does; all of them if None.
        estimate_held: Whether performance is estimated, without labels, to have held;
            None if that could not be estimated.
        awaited: Rows since the onset whose labels are not mature yet.
        label_share: Share of rows that had a label by the time they were mature.
    """

    n_rows: int
    alerts: tuple[Alert, ...] = ()
    broken: tuple[str, ...] = ()
    broken_labels: tuple[str, ...] = ()
    underpowered: tuple[str, ...] = ()
    performance_held: bool | None = None
    n_labels: int = 0
    n_positives: int = 0
    onset_at: datetime | None = None
    rules: tuple[RuleOutcome, ...] = ()
    n_seen: int | None = None
    estimate_held: bool | None = None
    awaited: tuple[Maturing, ...] = ()
    label_share: float = 1.0

    def alarmed(self, triggers: frozenset[Trigger]) -> tuple[Alert, ...]:
        """Return the alerts of some triggers, in their order."""
        return tuple(alert for alert in self.alerts if alert.trigger in triggers)

    @property
    def n_telling(self) -> int:
        """Labelled rows since the onset that tell how well the champion does."""
        return self.n_labels if self.n_seen is None else self.n_seen

    def says(self, rule: str) -> RuleOutcome | None:
        """Return what a rule says of the window, or None if it was not asked."""
        return next((outcome for outcome in self.rules if outcome.name == rule), None)


def rows_to_see(rise: float) -> int:
    """Return how many labelled rows would have shown a rise of the error rate.

    With 80% power in one test at 5%, whatever the error rate was before.

    Args:
        rise: Above 0, as a share of the rows.

    Source:
        The normal approximation of one proportion, at its largest variance, 1/4.

    >>> rows_to_see(0.05)
    619
    """
    normal = NormalDist()
    return ceil(((normal.inv_cdf(0.95) + normal.inv_cdf(0.8)) / rise) ** 2 / 4)


def benign(evidence: Evidence, policy: DecisionPolicy) -> bool:
    """Return whether the world is another and the model does as well as before.

    So it is if features, scores or labels are alarmed, nothing says that the model does
    worse, and so many labels from after the onset are mature that it would have shown.

    Args:
        evidence: About this tick; `n_seen` and the alerts matter.
        policy: Gives the rise of errors that must have had its chance to show.
    """
    enough = evidence.n_telling >= rows_to_see(policy.tolerance)
    return bool(evidence.alarmed(BENIGN)) and enough and not harmed(evidence)


def harmed(evidence: Evidence) -> bool:
    """Return whether anything that rests on labels says that the model does worse."""
    alarmed = any(alert.severity is not Severity.INFO for alert in evidence.alarmed(HARM))
    return alarmed or evidence.performance_held is False


def rule_outcomes(
    report: DriftReport, policy: DecisionPolicy, *, weights: Mapping[str, float] | None = None
) -> tuple[RuleOutcome, ...]:
    """Return what the project's own rule and the policy's say of a window.

    Where the policy is called after the project's own rule, that one's bound holds; else
    the rule is taken as it is known.

    Args:
        report: On the current window.
        policy: Names its rule, if it acts on one.
        weights: Importance of each feature to the champion, if it is known.
    """
    own, wanted = report.outcome, policy.named.rule
    if wanted is None or wanted == own.name:
        return (own,)
    return own, known_rule(wanted).judge(report.features, weights)
