"""When a challenger goes on from shadow to canary to champion, and when it is withdrawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from holdfast.domain.evidence import Outcome
from holdfast.domain.stages import Stage

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.evidence import GuardReport
    from holdfast.policy.transitions import Staged

__all__ = ["Next", "Step", "TrialPolicy", "ends_at", "next_step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPolicy:
    """How a challenger that the guard accepted takes over.

    Attributes:
        path: `direct`: at once; `canary`: after a trial in two stages.
        share: Of the requests that it answers as a canary.
        shadow_for: How long it scores before it answers anybody.
        canary_for: How long it answers a share before it answers everybody.
    """

    path: Literal["direct", "canary"] = "direct"
    share: float = 0.1
    shadow_for: timedelta = timedelta(days=1)
    canary_for: timedelta = timedelta(days=3)


class Next(StrEnum):
    """What becomes of a challenger that is tried."""

    WAIT = "wait"
    CANARY = "canary"
    PROMOTE = "promote"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What becomes of it, and why in words."""

    next: Next
    reason: str


def ends_at(staged: Staged, policy: TrialPolicy) -> datetime:
    """Return when a challenger's stage has lasted long enough."""
    shadows = staged.stage is Stage.SHADOW
    return staged.since + (policy.shadow_for if shadows else policy.canary_for)


def next_step(
    staged: Staged,
    policy: TrialPolicy,
    *,
    works: bool,
    compared: GuardReport | None,
    now: datetime,
) -> Step:
    """Judge a trial: total, and the first rule that fits decides.

    1. A server could not load it, or it could not score rows: withdrawn.
    2. Significantly worse than the champion on labelled rows of the trial: withdrawn.
    3. The stage has not lasted long enough, or it scored no row lately: waits.
    4. Else it goes on: from shadow to canary, from canary to champion. It passed the guard
       before; so labels that are not mature yet do not hold it up.

    Args:
        staged: Who is tried, as what, since when.
        policy: How long.
        works: Whether it has scored rows lately, so far as it is known.
        compared: The comparison on the trial's mature labelled rows; None if there are none.
        now: The tick's moment.
    """
    if staged.failure is not None:
        return Step(next=Next.WITHDRAW, reason=staged.failure)
    if compared is not None and compared.outcome is Outcome.REFUSE:
        return Step(next=Next.WITHDRAW, reason=compared.reason)
    until = ends_at(staged, policy)
    if now < until:
        reason = f"its {staged.stage} stage lasts until {until:%Y-%m-%d %H:%M} UTC"
        return Step(next=Next.WAIT, reason=reason)
    if not works:
        reason = f"it has scored no row lately in its {staged.stage} stage"
        return Step(next=Next.WAIT, reason=reason)
    known = "no mature labels of its trial yet" if compared is None else compared.reason
    reason = f"its {staged.stage} stage went without a failure; {known}"
    return Step(next=Next.CANARY if staged.stage is Stage.SHADOW else Next.PROMOTE, reason=reason)
