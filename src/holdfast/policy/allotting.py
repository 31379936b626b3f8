"""How a retraining divides its rows: to learn from, to validate on, to be judged on."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Plan", "allot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a retraining uses its rows: ``train | validation | guard``, in time order.

    Attributes:
        onset: First row of the changed world; `recent` trains from here.
        validation: First row of the validation part.
        guard: First row of the guard part.
        half_life: Rows after which one counts half in the window `decayed`; None if age is
            not to count.
    """

    onset: int
    validation: int
    guard: int
    half_life: int | None = None


def allot(n: int, *, n_window: int, onset: int, least_guard: int, spent: int = 0) -> Plan:
    """Divide mature rows: half a window for the guard, a quarter for validation.

    Where fewer rows than a window stem from the changed world, their share is halved in
    the same way, so that some are left to learn from; but the guard gets what it needs,
    also where a whole window holds fewer rows. The half-life is a window: what is judged
    as one lies within it.

    Args:
        n: Mature rows.
        n_window: How many of them a window holds.
        onset: First row of the changed world.
        least_guard: Rows below which the guard does not judge.
        spent: Rows before this have judged an earlier challenger of the same champion.

    >>> allot(5000, n_window=1000, onset=0, least_guard=500)
    Plan(onset=0, validation=4250, guard=4500, half_life=1000)
    >>> allot(5000, n_window=1000, onset=4100, least_guard=500)
    Plan(onset=4100, validation=4300, guard=4500, half_life=1000)
    >>> allot(5000, n_window=400, onset=0, least_guard=500)
    Plan(onset=0, validation=4400, guard=4500, half_life=400)
    """
    n_guard = max(min(n_window, n - onset) // 2, least_guard)
    guard = max(n - n_guard, spent, 0)
    fresh = guard - onset
    n_validation = n_window // 4 if fresh <= 0 else min(n_window // 4, fresh // 2)
    validation = max(guard - n_validation, 0)
    return Plan(
        onset=min(onset, validation), validation=validation, guard=guard, half_life=n_window
    )
