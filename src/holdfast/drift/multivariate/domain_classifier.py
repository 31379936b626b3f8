"""Can a classifier tell the current rows from the reference's, and by which features?

Two views are tried: each feature alone, and the products of every two features. The better
out-of-fold AUC counts; permutations of the windows' labels say how good that would be
without drift, the choice between the views included.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.drift.multivariate.bounds import (
    MultivariatePolicy,
    detectable_auc,
    too_few,
    verdict_of,
)
from holdfast.drift.multivariate.crossfit import SparseRidge
from holdfast.drift.multivariate.folds import Folds, deal_rows
from holdfast.drift.multivariate.importance import (
    TellingFeature,
    View,
    telling_alone,
    telling_together,
)
from holdfast.drift.multivariate.permutation import permutation_test
from holdfast.drift.multivariate.products import Products, multiply_pairs
from holdfast.drift.multivariate.rows import PooledRows, pool_rows
from holdfast.drift.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.drift.power import RowsNeeded

    Floats = NDArray[np.float64]

__all__ = ["DomainClassifier", "classify_domains"]

# Measured on shifts of single telecom columns and on correlations that weaken: within a
# factor of three of these the power is the same; the many products want the larger one.
_PENALTY_ALONE = 0.1
_PENALTY_TOGETHER = 0.3
_LEAST_PER_FOLD = 10  # rows of each window


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainClassifier:
    """Whether, and by what, the rows of two windows can be told apart.

    Attributes:
        verdict: Drifted, stable, or too few rows to tell.
        n_reference: Rows of the reference that were looked at.
        n_current: Rows of the current window that were looked at.
        auc: Out-of-fold ROC AUC, the better view's; None if nothing was fitted.
        auc_by_view: That of each view.
        auc_expected: Its mean over the permutations: without drift it is above 0.5, for
            the better of two counts.
        p_value: Chance of such an AUC without drift; None if nothing was fitted.
        n_permutations: Behind the p-value.
        smallest_detectable: AUC that so many rows would find; None if nothing was fitted.
        telling: The features that tell the windows apart; only named if they drifted.
        needed: If underpowered, the rows that would be enough.
    """

    verdict: Verdict
    n_reference: int
    n_current: int
    auc: float | None = None
    auc_by_view: tuple[tuple[View, float], ...] = ()
    auc_expected: float | None = None
    p_value: float | None = None
    n_permutations: int = 0
    smallest_detectable: float | None = None
    telling: tuple[TellingFeature, ...] = ()
    needed: RowsNeeded | None = None

    @property
    def drifted(self) -> bool:
        """Whether the verdict is drifted."""
        return self.verdict is Verdict.DRIFTED

    @property
    def only_together(self) -> bool:
        """Whether the windows differ in how features go together, but in no single one."""
        return bool(self.telling) and all(one.view is View.TOGETHER for one in self.telling)

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        needed = self.needed
        return {
            "verdict": self.verdict.value,
            "n_reference": self.n_reference,
            "n_current": self.n_current,
            "auc": self.auc,
            "auc_by_view": {view.value: auc for view, auc in self.auc_by_view},
            "auc_expected": self.auc_expected,
            "p_value": self.p_value,
            "n_permutations": self.n_permutations,
            "smallest_detectable": self.smallest_detectable,
            "telling": [one.to_json() for one in self.telling],
            "rows_needed": None if needed is None else needed.current,
            "reference_rows_needed": None if needed is None else needed.reference,
        }


def classify_domains(
    reference: pa.Table,
    current: pa.Table,
    contract: Contract,
    *,
    rng: np.random.Generator,
    alpha: float = 0.05,
    policy: MultivariatePolicy | None = None,
) -> DomainClassifier:
    """Try to tell the rows of two windows apart.

    Args:
        reference: As `holdfast.domain.tables.conform` returns it.
        current: The same.
        contract: What the columns are.
        rng: Shuffles rows, folds and labels.
        alpha: Level of the test.
        policy: The bounds; None takes the defaults.

    Source:
        Lopez-Paz and Oquab (2017), *Revisiting classifier two-sample tests*.
    """
    policy = policy or MultivariatePolicy()
    n, m = reference.num_rows, current.num_rows
    if min(n, m) < policy.min_rows:
        return DomainClassifier(
            verdict=Verdict.UNDERPOWERED,
            n_reference=n,
            n_current=m,
            needed=too_few(policy, level=alpha, n=n),
        )
    fitted = _fit(reference, current, contract, policy, rng)
    observed = fitted.aucs(fitted.folds.is_current[None, :])[:, 0]
    test = permutation_test(
        float(observed.max()),
        lambda size: fitted.permuted_aucs(size, rng).max(axis=0),
        most=max(policy.permutations, math.ceil(5 / alpha) - 1),
        exceedances=policy.exceedances,
    )
    drifted = test.p_value <= alpha and observed.max() >= policy.min_effect
    detectable = detectable_auc(policy, level=alpha, n=n, m=m)
    blind = not drifted and detectable > policy.blind
    # A view tells if it alone would have alarmed; the other's chance is in the null.
    tells = [(1 + (test.null >= auc).sum()) / (1 + test.null.size) <= alpha for auc in observed]
    return DomainClassifier(
        verdict=verdict_of(drifted=drifted, blind=blind),
        n_reference=n,
        n_current=m,
        auc=float(observed.max()),
        auc_by_view=tuple(zip(View, observed.tolist(), strict=True)),
        auc_expected=float(test.null.mean()),
        p_value=test.p_value,
        n_permutations=test.null.size,
        smallest_detectable=detectable,
        telling=fitted.telling(tells, rng) if drifted else (),
        needed=too_few(policy, level=alpha, n=n) if blind else None,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fitted:
    """Both views of the rows, ready for any labelling."""

    rows: PooledRows
    folds: Folds
    products: Products
    alone: SparseRidge
    together: SparseRidge

    def aucs(self, labellings: NDArray[np.bool_]) -> Floats:
        """Return each view's out-of-fold AUC, shape ``(2, r)``."""
        scores = [
            ridge.scores(ridge.coefficients(labellings)) for ridge in (self.alone, self.together)
        ]
        return np.array(
            [
                [self.folds.auc(*pair) for pair in zip(labellings, of_view, strict=True)]
                for of_view in scores
            ]
        )

    def permuted_aucs(self, n: int, rng: np.random.Generator) -> Floats:
        return self.aucs(self.folds.permuted_labels(n, rng))

    def telling(
        self, views: Sequence[bool], rng: np.random.Generator
    ) -> tuple[TellingFeature, ...]:
        """Name the telling features of the views that tell."""
        alone, together = (
            [of_fold[:, 0] for of_fold in ridge.coefficients(self.folds.is_current[None, :])]
            for ridge in (self.alone, self.together)
        )
        found: list[TellingFeature] = []
        if views[0]:
            found += telling_alone(self.rows, self.folds, alone, rng)
        if views[1]:
            found += telling_together(self.rows, self.folds, self.products, together, rng)
        return tuple(sorted(found, key=lambda one: -one.drop))


def _fit(
    reference: pa.Table,
    current: pa.Table,
    contract: Contract,
    policy: MultivariatePolicy,
    rng: np.random.Generator,
) -> _Fitted:
    n, m = reference.num_rows, current.num_rows
    k = min(policy.folds, min(n, m) // _LEAST_PER_FOLD)
    folds = deal_rows(n, m, k, rng)
    rows = pool_rows(reference, current, contract, folds.order)
    products = multiply_pairs(rows.parts, rows.parts_of, rng)
    pairs = np.arange(products.columns.shape[1])
    return _Fitted(
        rows=rows,
        folds=folds,
        products=products,
        alone=SparseRidge(rows.alone, rows.alone_of, folds, penalty=_PENALTY_ALONE),
        together=SparseRidge(products.columns, pairs, folds, penalty=_PENALTY_TOGETHER),
    )
