"""How rows usually go together: principal components, and how far a row is from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from holdfast.drift.multivariate.reference_rows import ReferenceScale, scale_of

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract

    Floats = NDArray[np.float64]

__all__ = ["Components", "fit_components"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Components:
    """The directions in which the rows of a reference vary most.

    Attributes:
        scale: How rows become numbers.
        centre: Mean row, shape ``(d,)``.
        axes: Orthonormal, one column for each component that is kept, shape ``(d, k)``.
    """

    scale: ReferenceScale
    centre: Floats
    axes: Floats

    def errors(self, table: pa.Table) -> Floats:
        """Return each row's distance from what the components make of it, shape ``(n,)``.

        Args:
            table: As `holdfast.domain.tables.conform` returns it.
        """
        rows = self.scale.encode(table) - self.centre
        left_over = rows - (rows @ self.axes) @ self.axes.T
        errors: Floats = np.sqrt((left_over**2).sum(axis=1))
        return errors


def fit_components(table: pa.Table, contract: Contract, *, kept: float) -> Components:
    """Fit principal components to rows of the reference.

    Args:
        table: As `holdfast.domain.tables.conform` returns it; at least one row.
        contract: What the columns are.
        kept: Share of the variance that the components keep, in (0, 1): as many as it
            takes, but never all, so that something is left to be wrong about.
    """
    scale = scale_of(table, contract)
    rows = scale.encode(table)
    centre = rows.mean(axis=0)
    axes = np.zeros((centre.size, 0))
    covariance = np.cov(rows, rowvar=False, bias=True).reshape(centre.size, centre.size)
    varying = np.flatnonzero(covariance.diagonal() > 1e-12)
    if varying.size > 1:
        variances, vectors = linalg.eigh(covariance[np.ix_(varying, varying)])
        share = np.cumsum(variances[::-1]) / variances.sum()
        n_kept = min(int(np.searchsorted(share, kept)) + 1, int((variances > 1e-9).sum()) - 1)
        axes = np.zeros((centre.size, n_kept))
        axes[varying] = vectors[:, ::-1][:, :n_kept]
    return Components(scale=scale, centre=centre, axes=axes)
