"""Which labelled rows a model is judged on and learns from, once people are acted upon."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.treatments import HoldOut, JudgeOn, RowsUsed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

__all__ = ["RowPolicy", "judged_on", "learnt_from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPolicy:
    """Which labelled rows count.

    Attributes:
        judge_on: Which of them figures rest on.
        holdout: Whom nobody acts upon, so that they stand for all.
    """

    judge_on: JudgeOn = JudgeOn.AUTO
    holdout: HoldOut = field(default_factory=HoldOut)

    def __post_init__(self) -> None:
        if self.judge_on is JudgeOn.HOLDOUT and self.holdout.share == 0.0:
            raise ValueError("to judge on the hold-out, its share must be above 0")


def judged_on(treated: Mask, whom: Sequence[str], *, policy: RowPolicy) -> tuple[Mask, RowsUsed]:
    """Return which rows show how well the model does.

    An offer changes the label, and it goes to those whom the model points out: treated rows
    make a good model look bad, and to leave them out alone makes the rest look unlike all.
    The hold-out is a fair draw of everybody. So: all rows while nobody was treated; then the
    hold-out; without one the untreated rows, which is the lesser evil.

    Args:
        treated: Whether a row's person is known to be acted upon, shape ``(n,)``.
        whom: The entity, or the prediction's id, of each row; not read without a hold-out.
        policy: What the project wants.

    >>> mask, used = judged_on(np.array([False, True]), ["a", "b"], policy=RowPolicy())
    >>> mask.tolist(), used.which.value
    ([True, False], 'untreated')
    """
    which = policy.judge_on
    if which is JudgeOn.AUTO:
        which = _by_itself(policy.holdout) if treated.any() else JudgeOn.ALL
    return _chosen(which, treated, whom, policy.holdout)


def learnt_from(treated: Mask, *, policy: RowPolicy) -> tuple[Mask, RowsUsed]:
    """Return which rows a model learns from and is compared with another on.

    Never the hold-out alone, which is too small to learn from: who was treated was chosen by
    what the model knows of them, so that the untreated rows still tell what becomes of such
    people when nobody acts; and two models are compared on the same rows.

    Args:
        treated: Whether a row's person is known to be acted upon, shape ``(n,)``.
        policy: What the project wants.
    """
    everything = policy.judge_on is JudgeOn.ALL or not treated.any()
    return _chosen(JudgeOn.ALL if everything else JudgeOn.UNTREATED, treated)


def _by_itself(holdout: HoldOut) -> JudgeOn:
    return JudgeOn.HOLDOUT if holdout.share > 0.0 else JudgeOn.UNTREATED


def _chosen(
    which: JudgeOn, treated: Mask, whom: Sequence[str] = (), holdout: HoldOut | None = None
) -> tuple[Mask, RowsUsed]:
    chosen: Mask = np.ones(len(treated), dtype=np.bool_)
    if which is not JudgeOn.ALL:
        chosen = ~treated  # also in the hold-out: somebody may not have heeded it
    if which is JudgeOn.HOLDOUT and holdout is not None:
        chosen &= np.fromiter(map(holdout.holds, whom), np.bool_, len(treated))
    n = int(chosen.sum())
    return chosen, RowsUsed(
        which=which, n=n, n_left_out=len(treated) - n, n_treated=int(treated.sum())
    )
