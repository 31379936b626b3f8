"""What a multivariate comparison asks of its data, and what it calls drift."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from holdfast.drift.power import RowsNeeded, rows_needed
from holdfast.drift.verdicts import Verdict

__all__ = [
    "MultivariatePolicy",
    "detectable_auc",
    "detectable_shift",
    "shift_of",
    "too_few",
    "verdict_of",
]

_MANN_WHITNEY = 1 / math.sqrt(12)
"""The s.d. of an AUC without drift is this times sqrt(1/n + 1/m); Mann and Whitney (1947)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MultivariatePolicy:
    """When the rows of two windows count as different.

    Effects are in ROC AUC: the chance that a row of the current window looks more like the
    current window than a row of the reference does; 0.5 is no difference.

    Attributes:
        min_effect: AUC below which a significant difference is not worth a word.
        blind: The comparison is underpowered if the smallest AUC that it would find
            exceeds this.
        power: With which that smallest AUC would be found.
        min_rows: Rows of a window below which nothing is said.
        folds: Of the cross-fitting, at most; a fold has at least ten rows of each window.
        permutations: Of the windows' labels, at most; more where alpha asks for them.
        exceedances: Permutations at least as extreme after which the case is clear.
        draws: Permutations behind the reconstruction's band, at least.
        variance_kept: Share of the reference's variance that the principal components keep.
    """

    min_effect: float = 0.52
    blind: float = 0.6
    power: float = 0.8
    min_rows: int = 30
    folds: int = 5
    permutations: int = 199
    exceedances: int = 20
    draws: int = 999
    variance_kept: float = 0.65

    def __post_init__(self) -> None:
        if not 0.5 <= self.min_effect <= self.blind < 1.0:
            raise ValueError(
                "min_effect and blind are AUCs, 0.5 <= min_effect <= blind < 1; "
                f"found {self.min_effect} and {self.blind}"
            )
        for name in ("power", "variance_kept"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must lie between 0 and 1; found {getattr(self, name)}")
        if self.min_rows < 20 or self.folds < 2:
            raise ValueError(
                "cross-fitting takes at least 2 folds of 10 rows of each window; "
                f"found min_rows {self.min_rows} and folds {self.folds}"
            )


def detectable_auc(policy: MultivariatePolicy, *, level: float, n: int, m: int) -> float:
    """Return the smallest out-of-fold AUC that so many rows would show, at most 1.

    Args:
        policy: The power asked for.
        level: Of the one-sided test.
        n: Rows of the reference, at least one.
        m: Rows of the current window, at least one.

    >>> round(detectable_auc(MultivariatePolicy(), level=0.025, n=1000, m=1000), 3)
    0.536
    """
    return min(1.0, 0.5 + _scale(policy, level) * _MANN_WHITNEY * math.sqrt(1 / n + 1 / m))


def detectable_shift(policy: MultivariatePolicy, *, level: float, n: int, m: int) -> float:
    """Return the smallest shift of a mean, in standard deviations, that is found.

    Args:
        policy: The power asked for.
        level: Of the two-sided test.
        n: Rows of the reference, at least one.
        m: Rows of the current window, at least one.
    """
    return _scale(policy, level / 2) * math.sqrt(1 / n + 1 / m)


def shift_of(auc: float) -> float:
    """Return by how many standard deviations two normal samples of that AUC differ."""
    return math.sqrt(2) * float(special.ndtri(auc))


def too_few(policy: MultivariatePolicy, *, level: float, n: int) -> RowsNeeded:
    """Return the rows with which the classifier would no longer be blind.

    Args:
        policy: The bounds.
        level: Of its test.
        n: Rows of the reference.
    """
    scale = _scale(policy, level) * _MANN_WHITNEY
    found = rows_needed(scale, n_reference=max(1, n), target=policy.blind - 0.5)
    least = policy.min_rows
    short = found.reference is not None or n < least
    return RowsNeeded(
        current=max(least, found.current),
        reference=max(least, found.reference or 0) if short else None,
    )


def verdict_of(*, drifted: bool, blind: bool) -> Verdict:
    """Return the verdict: what was found counts even where much could have gone unseen."""
    if drifted:
        return Verdict.DRIFTED
    return Verdict.UNDERPOWERED if blind else Verdict.STABLE


def _scale(policy: MultivariatePolicy, level: float) -> float:
    return float(special.ndtri(1 - level) + special.ndtri(policy.power))
