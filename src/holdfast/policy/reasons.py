"""Why a decision was made, in sentences that a manager understands."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from holdfast.policy.policies import BENIGN
from holdfast.policy.weighing import harmed, rows_to_see

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.policy.policies import DecisionPolicy
    from holdfast.policy.waiting import Shortage
    from holdfast.policy.weighing import Evidence

__all__ = ["days", "harmless", "lacking", "moment", "not_acted_on", "quiet"]


def harmless(evidence: Evidence, policy: DecisionPolicy) -> tuple[str, ...]:
    """Say what drifted, and how it is known that it does no harm."""
    found = evidence.alarmed(BENIGN)
    subjects = ", ".join(dict.fromkeys(alert.subject for alert in found))
    seen = (
        f"{evidence.n_telling:,} labelled rows since then show no harm; "
        f"{policy.tolerance * 100:g} more errors in 100 rows would have shown"
    )
    return (
        f"{subjects} drifted, harmless so far: watched",
        *(alert.message for alert in found),
        seen,
    )


def not_acted_on(evidence: Evidence, policy: DecisionPolicy) -> tuple[str, ...]:
    """Say why what is alarmed does not retrain, as far as labels or the estimate tell."""
    if harmed(evidence):
        if evidence.alarmed(policy.acts_on):
            return (f"policy {policy.name!r} acts on alerts from {policy.acts_from} on",)
        return (f"policy {policy.name!r} retrains on {policy.named.words}, not on this",)
    if evidence.performance_held:
        return (f"performance held on the mature labels{_from_before(evidence, policy)}; watched",)
    too_few = "too few mature labels to tell whether it harms"
    match evidence.estimate_held:
        case True:
            return (f"{too_few}; estimated from its scores, the model holds; watched",)
        case False:
            return (f"{too_few}; estimated from its scores, the model does worse; watched",)
        case None:
            return (f"{too_few}; watched",)


def quiet(evidence: Evidence) -> tuple[str, ...]:
    """Say that nothing was found, and about what nothing could have been found."""
    if evidence.n_rows == 0 and evidence.performance_held is None and not evidence.alerts:
        return ("no predictions in the window, nothing to judge",)
    return (*_of_the_window(evidence), _of_the_labels(evidence))


def lacking(shortage: Shortage, *, onset_at: datetime | None) -> str:
    """Say how many labelled rows are missing.

    Args:
        shortage: Something is missing.
        onset_at: Since when rows count.
    """
    since = "" if onset_at is None else f" since {moment(onset_at)}"
    if not shortage.labels:
        return (
            f"only {shortage.n_rarer:,} of the {shortage.rarer_needed:,} rows needed of the "
            f"rarer class{since} are mature: {_are(shortage.rarer)} missing"
        )
    also = f", {shortage.rarer:,} of the rarer class among them" if shortage.rarer else ""
    return (
        f"only {shortage.n_labels:,} of the {shortage.labels_needed:,} labelled rows needed"
        f"{since} are mature: {_are(shortage.labels)} missing{also}"
    )


def moment(at: datetime) -> str:
    """Return a moment as people read it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def days(length: float) -> str:
    """Return a length of time in whole days, rounded up.

    Args:
        length: In seconds.

    >>> days(3_600.0), days(200_000.0)
    ('1 day', '3 days')
    """
    n = ceil(length / 86_400)
    return "1 day" if n == 1 else f"{n:,} days"


def _from_before(evidence: Evidence, policy: DecisionPolicy) -> str:
    """Say why that is no proof yet that what drifted does no harm."""
    needed = rows_to_see(policy.tolerance)
    if not evidence.alarmed(BENIGN) or evidence.n_telling >= needed:
        return ""
    return (
        f", but only {evidence.n_telling:,} of the {needed:,} that would show harm are from "
        "after the change"
    )


def _are(n: int) -> str:
    return "1 is" if n == 1 else f"{n:,} are"


def _of_the_window(evidence: Evidence) -> tuple[str, ...]:
    if evidence.n_rows == 0:
        return ("no predictions in the window; judged by the labels of earlier ones",)
    minor = tuple(alert.message for alert in evidence.alerts)
    if minor:
        return (*minor, "nothing else drifted; this is too little to act on")
    n = len(evidence.underpowered)
    if n == 0:
        return ("nothing raised an alarm",)
    features = "1 feature" if n == 1 else f"{n} features"
    return (
        "nothing raised an alarm",
        f"too few rows to tell about {features}; holdfast check names them",
    )


def _of_the_labels(evidence: Evidence) -> str:
    if evidence.performance_held is None:
        return "too few mature labels to measure performance yet"
    if evidence.performance_held:
        return "performance held on the mature labels"
    return "performance fell on the mature labels, by less than an alert needs"
