"""What to do about the evidence: one pure, total function, with its reasons in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.durations import format_duration
from holdfast.domain.evidence import Action, Decision, Severity, Trigger
from holdfast.policy.policies import BENIGN, HARM, POLICIES, DecisionPolicy
from holdfast.policy.reasons import days, harmless, lacking, moment, not_acted_on, quiet
from holdfast.policy.waiting import Shortage, wait_for
from holdfast.policy.weighing import Evidence, benign

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.policy.transitions import ControlState

__all__ = ["POLICIES", "DecisionPolicy", "Evidence", "cooldown_ends_at", "decide"]

_FEED = frozenset({Trigger.BROKEN_FEED})


def decide(
    evidence: Evidence, policy: DecisionPolicy, state: ControlState, *, now: datetime
) -> Decision:
    """Judge the evidence under a policy.

    Total: every combination of evidence, policy and state has exactly one decision,
    and each decision says why, also when nothing is done.

    Args:
        evidence: About this tick.
        policy: When what was found becomes a retraining.
        state: The fold of the event log.
        now: The tick's moment.
    """
    broken = evidence.broken or tuple(alert.message for alert in evidence.alarmed(_FEED))
    if broken:
        return _mend(evidence, policy, *broken)
    causes = _causes(evidence, policy, state, now=now)
    if not causes:
        return _watch(evidence, policy, state)
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
    return _retrain_or_defer(evidence, causes, policy, state, now=now)


def cooldown_ends_at(policy: DecisionPolicy, state: ControlState) -> datetime | None:
    """Return when the next attempt may begin, or None if none was made yet."""
    if state.last_attempt_at is None:
        return None
    longest = max(policy.cooldown, policy.cooldown_limit)
    # 2**20 cooldowns exceed any limit; capping the exponent keeps the product finite.
    grown = policy.cooldown * (1 << min(state.refusals, 20))
    return state.last_attempt_at + min(grown, longest)


def _mend(evidence: Evidence, policy: DecisionPolicy, *broken: str) -> Decision:
    reasons = [*broken, "a model must not be trained on a broken feed; mend it upstream"]
    worse = "; ".join(alert.message for alert in evidence.alarmed(HARM))
    if worse:
        reasons.append(f"that the model does worse ({worse}) is judged again once it is mended")
    return _decision(Action.FIX_UPSTREAM, policy, *reasons)


def _causes(
    evidence: Evidence, policy: DecisionPolicy, state: ControlState, *, now: datetime
) -> tuple[str, ...]:
    """Return, in words, what the policy would retrain on; nothing if there is no cause."""
    causes = [
        alert.message
        for alert in evidence.alarmed(policy.acts_on)
        if alert.severity.rank >= policy.acts_from.rank
    ]
    outcome = None if policy.named.rule is None else evidence.says(policy.named.rule)
    if outcome is not None and outcome.fired:
        causes.append(f"the rule {outcome.rule} fired: {outcome.why}")
    if policy.named.periodic and now >= (_due_at(policy, state) or now):
        causes.append(f"a retraining is due every {format_duration(policy.every)}")
    return tuple(causes)


def _due_at(policy: DecisionPolicy, state: ControlState) -> datetime | None:
    """Return when the calendar asks for the next retraining; None: at once."""
    before = [at for at in (state.last_attempt_at, state.champion_since) if at is not None]
    return max(before) + policy.every if before else None


def _watch(evidence: Evidence, policy: DecisionPolicy, state: ControlState) -> Decision:
    """Alert or keep: there is no cause to retrain."""
    no_harm, onset_at = benign(evidence, policy), evidence.onset_at
    drift = harmless(evidence, policy) if no_harm else ()
    own = _passed_over(evidence, policy, state)
    loud = [
        alert.message
        for alert in evidence.alerts
        if alert.severity is not Severity.INFO and not (no_harm and alert.trigger in BENIGN)
    ]
    if loud:
        why = drift or not_acted_on(evidence, policy)
        return _decision(Action.ALERT, policy, *loud, *why, *own, onset_at=onset_at)
    if no_harm:
        return _decision(Action.KEEP, policy, *drift, *own, onset_at=onset_at)
    return _decision(Action.KEEP, policy, *own, *quiet(evidence))


def _passed_over(
    evidence: Evidence, policy: DecisionPolicy, state: ControlState
) -> tuple[str, ...]:
    """Say why a policy that goes by something else than alerts does nothing."""
    if policy.named.rule is not None:
        outcome = evidence.says(policy.named.rule)
        if outcome is None:
            return (f"the rule {policy.named.rule} had no rows to judge",)
        found = "did not fire" if outcome.fired is False else "could not be judged"
        return (f"the rule {outcome.rule} {found}: {outcome.why}",)
    due_at = _due_at(policy, state) if policy.named.periodic else None
    return () if due_at is None else (f"the next retraining is due {moment(due_at)}",)


def _retrain_or_defer(
    evidence: Evidence,
    causes: tuple[str, ...],
    policy: DecisionPolicy,
    state: ControlState,
    *,
    now: datetime,
) -> Decision:
    onset_at = evidence.onset_at
    gates = [*_cooling(policy, state, now=now), *_lacking(evidence, policy, now=now)]
    if gates:
        return _decision(
            Action.DEFER,
            policy,
            *causes,
            *(why for why, _ in gates),
            onset_at=onset_at,
            retry_at=max((until for _, until in gates if until is not None), default=None),
        )
    since = "that the model has not learnt yet" if onset_at is None else "since the change"
    enough = f"{evidence.n_labels:,} labelled rows {since} are enough to learn from"
    return _decision(Action.RETRAIN, policy, *causes, enough, onset_at=onset_at)


def _cooling(
    policy: DecisionPolicy, state: ControlState, *, now: datetime
) -> list[tuple[str, datetime | None]]:
    """Return why and until when the cooldown defers, if it does."""
    ends_at = cooldown_ends_at(policy, state)
    if ends_at is None or now >= ends_at:
        return []
    left = days((ends_at - now).total_seconds())
    return [(f"the last attempt's cooldown lasts until {moment(ends_at)}, {left} more", ends_at)]


def _lacking(
    evidence: Evidence, policy: DecisionPolicy, *, now: datetime
) -> list[tuple[str, datetime | None]]:
    """Return which labels are missing and when they are expected, if any are."""
    shortage = Shortage(
        n_labels=evidence.n_labels,
        n_rarer=min(evidence.n_positives, evidence.n_labels - evidence.n_positives),
        labels_needed=policy.labels_needed,
        rarer_needed=policy.class_needed,
    )
    if not shortage:
        return []
    wait = wait_for(shortage, evidence.awaited, label_share=evidence.label_share, now=now)
    when = (
        f"when they come cannot be told: {wait.why}"
        if wait.until is None
        else f"they are expected by {moment(wait.until)}"
    )
    return [(f"{lacking(shortage, onset_at=evidence.onset_at)}; {when}", wait.until)]


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
