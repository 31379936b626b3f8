"""Does what held among the reference's features still hold among the current ones?

Principal components of the reference say how its features go together. Rows in which they
no longer do are reconstructed worse from those components, even if each single column looks
as ever; rows that became more alike are reconstructed better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.domain.arrow import index_array
from holdfast.drift.multivariate.bounds import (
    MultivariatePolicy,
    detectable_shift,
    shift_of,
    verdict_of,
)
from holdfast.drift.multivariate.components import fit_components
from holdfast.drift.power import RowsNeeded, rows_needed
from holdfast.drift.verdicts import Verdict

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract

    Floats = NDArray[np.float64]

__all__ = ["Reconstruction", "reconstruct"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconstruction:
    """How well the reference's principal components explain the current rows.

    Attributes:
        verdict: Drifted, stable, or too few rows to tell.
        n_fitted: Rows of the reference that the components were fitted to.
        n_held_out: Rows of the reference that they never saw; the band is theirs.
        n_current: Rows of the current window.
        reference_error: Mean error of the held-out rows, in standard deviations of a
            feature; None if nothing was fitted.
        current_error: Mean error of the current rows.
        low: The band in which the current mean error lies without drift.
        high: Its upper end.
        shift: By how many standard deviations of the rows' errors the means differ.
        p_value: Two-sided; None if nothing was fitted.
        smallest_detectable: Shift that so many rows would find.
        n_components: How many were kept.
        n_columns: Of how many encoded columns.
        needed: If underpowered, the rows that would be enough; half of the reference's
            are held out.
    """

    verdict: Verdict
    n_fitted: int
    n_held_out: int
    n_current: int
    reference_error: float | None = None
    current_error: float | None = None
    low: float | None = None
    high: float | None = None
    shift: float | None = None
    p_value: float | None = None
    smallest_detectable: float | None = None
    n_components: int = 0
    n_columns: int = 0
    needed: RowsNeeded | None = None

    @property
    def drifted(self) -> bool:
        """Whether the verdict is drifted."""
        return self.verdict is Verdict.DRIFTED

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        needed = self.needed
        return {
            "verdict": self.verdict.value,
            "n_fitted": self.n_fitted,
            "n_held_out": self.n_held_out,
            "n_current": self.n_current,
            "reference_error": self.reference_error,
            "current_error": self.current_error,
            "low": self.low,
            "high": self.high,
            "shift": self.shift,
            "p_value": self.p_value,
            "smallest_detectable": self.smallest_detectable,
            "n_components": self.n_components,
            "n_columns": self.n_columns,
            "rows_needed": None if needed is None else needed.current,
            "reference_rows_needed": None if needed is None else needed.reference,
        }


def reconstruct(
    reference: pa.Table,
    current: pa.Table,
    contract: Contract,
    *,
    rng: np.random.Generator,
    alpha: float = 0.05,
    policy: MultivariatePolicy | None = None,
) -> Reconstruction:
    """Compare the reconstruction error of the current rows with that of held-out ones.

    Components and scales are fitted on one half of the reference. Given them, the errors of
    the other half and of the current rows are draws from one distribution if nothing
    drifted, so that permuting the two gives the band: it is as wide as these two numbers
    of rows make it, and the false-alarm rate is exact.

    Args:
        reference: As `holdfast.domain.tables.conform` returns it.
        current: The same.
        contract: What the columns are.
        rng: Splits the reference and draws permutations.
        alpha: Level of the two-sided test.
        policy: The bounds; None takes the defaults.

    Source:
        Phipson and Smyth (2010), *Permutation p-values should never be zero*.
    """
    policy = policy or MultivariatePolicy()
    m, n_held_out = current.num_rows, reference.num_rows // 2
    n_fitted = reference.num_rows - n_held_out
    if min(m, n_held_out) < policy.min_rows:
        return Reconstruction(
            verdict=Verdict.UNDERPOWERED,
            n_fitted=n_fitted,
            n_held_out=n_held_out,
            n_current=m,
            needed=_needed(policy, alpha, n_held_out),
        )
    order = rng.permutation(reference.num_rows)
    fitted, held_out = (
        reference.take(index_array(np.sort(half))) for half in np.split(order, [n_fitted])
    )
    components = fit_components(fitted, contract, kept=policy.variance_kept)
    before, after = components.errors(held_out), components.errors(current)
    moved = float(after.mean() - before.mean())
    band = _band(before, after, rng, alpha=alpha, draws=max(policy.draws, math.ceil(10 / alpha)))
    spread = _pooled_spread(before, after)
    shift = moved / spread if spread > 0.0 else 0.0
    drifted = band.p_value <= alpha and abs(shift) >= shift_of(policy.min_effect)
    detectable = detectable_shift(policy, level=alpha, n=n_held_out, m=m)
    blind = not drifted and detectable > shift_of(policy.blind)
    return Reconstruction(
        verdict=verdict_of(drifted=drifted, blind=blind),
        n_fitted=n_fitted,
        n_held_out=n_held_out,
        n_current=m,
        reference_error=float(before.mean()),
        current_error=float(after.mean()),
        low=max(0.0, float(before.mean()) + band.low),
        high=float(before.mean()) + band.high,
        shift=shift,
        p_value=band.p_value,
        smallest_detectable=detectable,
        n_components=components.axes.shape[1],
        n_columns=components.axes.shape[0],
        needed=_needed(policy, alpha, n_held_out) if blind else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Band:
    """Between which bounds the difference of two means lies without drift."""

    low: float
    high: float
    p_value: float


def _band(
    before: Floats, after: Floats, rng: np.random.Generator, *, alpha: float, draws: int
) -> _Band:
    """Permute both windows' errors; the difference is outside just if p <= alpha."""
    pooled = np.concatenate([before, after])
    n, m, total = before.size, after.size, pooled.sum()
    sums = np.array([rng.permutation(pooled)[:m].sum() for _ in range(draws)])
    null = np.sort(sums / m - (total - sums) / n)
    moved = float(after.mean() - before.mean())
    tolerance = 1e-12 * max(1.0, abs(float(total)))  # sums in another order
    at_least = int((null >= moved - tolerance).sum())
    at_most = int((null <= moved + tolerance).sum())
    beyond = math.floor(alpha / 2 * (draws + 1)) - 1  # so many may be more extreme
    return _Band(
        low=float(null[beyond]),
        high=float(null[-1 - beyond]),
        p_value=min(1.0, 2 * (1 + min(at_least, at_most)) / (1 + draws)),
    )


def _pooled_spread(before: Floats, after: Floats) -> float:
    return math.sqrt(
        (before.var() * before.size + after.var() * after.size) / (before.size + after.size)
    )


def _needed(policy: MultivariatePolicy, alpha: float, n_held_out: int) -> RowsNeeded:
    """Return the rows with which the smallest shift would be found; twice those held out."""
    scale = detectable_shift(policy, level=alpha, n=2, m=2)  # where sqrt(1/n + 1/m) is 1
    found = rows_needed(scale, n_reference=max(1, n_held_out), target=shift_of(policy.blind))
    least = policy.min_rows
    short = found.reference is not None or n_held_out < least
    return RowsNeeded(
        current=max(least, found.current),
        reference=2 * max(least, found.reference or 0) if short else None,
    )
