"""What to do about the evidence: one pure, total function, with its reasons in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from holdfast.domain.evidence import Action, Alert, Decision, Severity, Trigger

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.policy.transitions import ControlState

__all__ = ["POLICIES", "DecisionPolicy", "Evidence", "cooldown_ends_at", "decide"]

POLICIES: dict[str, frozenset[Trigger]] = {
    "harm": frozenset({Trigger.PERFORMANCE}),
    "any": frozenset(
        {
            Trigger.FEATURE_DRIFT,
            Trigger.PREDICTION_DRIFT,
            Trigger.CONFIDENCE,
            Trigger.PERFORMANCE,
        }
    ),
    "never": frozenset(),
}
"""What each named policy retrains on. `harm`: on a model that has measurably become
worse; drift alone is watched. `any`: on drift, loss of confidence or harm alike.
`never`: on nothing; for comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPolicy:
    """When alerts become a retraining.

    Attributes:
        name: A key of `POLICIES`.
        severity: The least severity that an alert must have to count.
        cooldown: How long after an attempt the next one waits; doubles with each refused
            challenger, up to `cooldown_limit`.
        cooldown_limit: The longest cooldown; the label maturity by default, since fresh
            ground truth makes a new attempt worthwhile.
        min_labels: Mature labelled rows since the onset that a retraining needs.
        min_positives: How many of each class must be among them.
        guard_rows: Rows that the guard judges on; half as many more must be left to learn
            from, else an attempt would only spend its cooldown.
        guard_class: The same for each class.
    """

    name: str = "harm"
    severity: Severity = Severity.WARNING
    cooldown: timedelta = timedelta(days=7)
    cooldown_limit: timedelta = timedelta(days=30)
    min_labels: int = 500
    min_positives: int = 50
    guard_rows: int = 500
    guard_class: int = 50

    def __post_init__(self) -> None:
        if self.name not in POLICIES:
            raise ValueError(f"policy must be one of {', '.join(POLICIES)}; found {self.name!r}")

    @property
    def labels_needed(self) -> int:
        """Mature labelled rows without which a retraining is deferred."""
        return max(self.min_labels, self.guard_rows * 3 // 2)

    @property
    def class_needed(self) -> int:
        """The same for the rarer class."""
        return max(self.min_positives, self.guard_class * 3 // 2)

    @property
    def acts_on(self) -> frozenset[Trigger]:
        """The triggers on which this policy retrains."""
        return POLICIES[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a decision rests on, about one tick.

    Attributes:
        n_rows: Rows in the current window.
        alerts: What the monitors said about the window and about the mature labels.
        broken: Why the current window's feed counts as broken, in words; empty if not.
        broken_labels: The same for the window whose labels are mature.
        underpowered: Features about which the window is too small to tell.
        performance_held: True if enough mature rows showed no harm, False if they showed
            it, None if there were too few to tell.
        n_labels: Mature labelled rows since the onset.
        n_positives: How many of them are positive.
        onset_at: Since when the world seems changed, where an alert fired.
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


def decide(
    evidence: Evidence, policy: DecisionPolicy, state: ControlState, *, now: datetime
) -> Decision:
    """Judge the evidence under a policy.

    Total: every combination of evidence, policy and state has exactly one decision,
    and each decision says why, also when nothing is done.

    Args:
        evidence: About this tick.
        policy: When alerts become a retraining.
        state: The fold of the event log.
        now: The tick's moment.
    """
    if evidence.n_rows == 0:
        return _decision(Action.KEEP, policy, "no predictions in the window, nothing to judge")
    if evidence.broken:
        return _decision(
            Action.FIX_UPSTREAM,
            policy,
            *evidence.broken,
            "a model must not be trained on a broken feed; mend it upstream",
        )
    triggers = _triggers(evidence, policy)
    if not triggers:
        return _watch(evidence, policy)
    if evidence.broken_labels:
        return _decision(
            Action.FIX_UPSTREAM,
            policy,
            *(
                f"the labelled rows come from a broken feed: {why}"
                for why in evidence.broken_labels
            ),
            "their harm is the feed's, not the model's; not retrained",
        )
    return _retrain_or_defer(evidence, triggers, policy, state, now=now)


def cooldown_ends_at(policy: DecisionPolicy, state: ControlState) -> datetime | None:
    """Return when the next attempt may begin, or None if none was made yet."""
    if state.last_attempt_at is None:
        return None
    longest = max(policy.cooldown, policy.cooldown_limit)
    # 2**20 cooldowns exceed any limit; capping the exponent keeps the product finite.
    grown = policy.cooldown * (1 << min(state.refusals, 20))
    return state.last_attempt_at + min(grown, longest)


def _triggers(evidence: Evidence, policy: DecisionPolicy) -> tuple[Alert, ...]:
    return tuple(
        alert
        for alert in evidence.alerts
        if alert.trigger in policy.acts_on and alert.severity.rank >= policy.severity.rank
    )


def _watch(evidence: Evidence, policy: DecisionPolicy) -> Decision:
    loud = [alert for alert in evidence.alerts if alert.severity is not Severity.INFO]
    if not loud:
        return _decision(Action.KEEP, policy, *_quiet(evidence), *_held(evidence))
    reasons = [alert.message for alert in loud]
    if evidence.performance_held:
        reasons.append("drift without harm: performance held on the mature labels; watched")
    elif evidence.performance_held is None:
        reasons.append("too few mature labels to tell whether it harms; watched")
    else:
        reasons.append(f"policy {policy.name!r} does not retrain on this")
    return _decision(Action.ALERT, policy, *reasons, onset_at=evidence.onset_at)


def _quiet(evidence: Evidence) -> tuple[str, ...]:
    """Say that nothing was found, and about what nothing could have been found."""
    n = len(evidence.underpowered)
    if n == 0:
        return ("nothing drifted beyond its bound",)
    features = "1 feature" if n == 1 else f"{n} features"
    return (
        "nothing was seen to drift beyond its bound",
        f"too few rows to tell about {features}; holdfast check names them",
    )


def _held(evidence: Evidence) -> tuple[str, ...]:
    if evidence.performance_held is None:
        return ("too few mature labels to measure performance yet",)
    return ("performance held on the mature labels",) if evidence.performance_held else ()


def _retrain_or_defer(
    evidence: Evidence,
    triggers: tuple[Alert, ...],
    policy: DecisionPolicy,
    state: ControlState,
    *,
    now: datetime,
) -> Decision:
    reasons = [alert.message for alert in triggers]
    ends_at = cooldown_ends_at(policy, state)
    if ends_at is not None and now < ends_at:
        reasons.append(f"the last attempt's cooldown lasts until {ends_at:%Y-%m-%d %H:%M} UTC")
        return _decision(
            Action.DEFER, policy, *reasons, onset_at=evidence.onset_at, retry_at=ends_at
        )
    missing = _missing_labels(evidence, policy)
    if missing:
        return _decision(Action.DEFER, policy, *reasons, missing, onset_at=evidence.onset_at)
    reasons.append(f"{evidence.n_labels:,} labelled rows since the change are enough to learn from")
    return _decision(Action.RETRAIN, policy, *reasons, onset_at=evidence.onset_at)


def _missing_labels(evidence: Evidence, policy: DecisionPolicy) -> str | None:
    since = "" if evidence.onset_at is None else f" since {evidence.onset_at:%Y-%m-%d %H:%M} UTC"
    if evidence.n_labels < policy.labels_needed:
        return (
            f"only {evidence.n_labels} of the {policy.labels_needed} labelled rows needed"
            f"{since} are mature"
        )
    rarer = min(evidence.n_positives, evidence.n_labels - evidence.n_positives)
    if rarer < policy.class_needed:
        return (
            f"only {rarer} of the {policy.class_needed} rows needed of the rarer class"
            f"{since} are mature"
        )
    return None


def _decision(
    action: Action,
    policy: DecisionPolicy,
    *reasons: str,
    onset_at: datetime | None = None,
    retry_at: datetime | None = None,
) -> Decision:
    return Decision(
        action=action,
        policy=policy.name,
        reasons=reasons,
        onset_at=onset_at,
        retry_at=retry_at,
    )
