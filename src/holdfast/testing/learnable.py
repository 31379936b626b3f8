"""Labelled rows from which something can be learnt, for tests of trainers and releases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.tables import encode_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.matrix import FeatureMatrix

__all__ = ["Learnable", "learnable"]

_PLANS = ("monthly", "one year", "two years")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnable:
    """A small, made-up data set in every form that a test may want it in."""

    contract: Contract
    table: pa.Table
    labels: NDArray[np.bool_]

    @property
    def matrix(self) -> FeatureMatrix:
        """The rows as a trainer takes them."""
        return encode_table(self.table, self.contract)


def learnable(
    n: int = 600, *, seed: int = 0, numeric: bool = True, categorical: bool = True
) -> Learnable:
    """Return rows of customers who leave more often early, and with monthly plans.

    Each column has missing values.

    Args:
        n: Rows.
        seed: Fixes them.
        numeric: Whether to keep the features of the numeric matrix.
        categorical: Whether to keep those of the categorical one.
    """
    rng = np.random.default_rng(seed)
    tenure = rng.integers(0, 73, n).astype(np.float64)
    senior = rng.random(n) < 0.2
    plan = rng.choice(_PLANS, n)
    paid = rng.choice(["card", "cash"], n)
    log_odds = 1.0 - tenure / 20 + (plan == _PLANS[0]) + 0.5 * senior
    labels = rng.random(n) < 1 / (1 + np.exp(-log_odds))
    features = {
        Feature(
            name="tenure",
            kind=FeatureKind.NUMERIC,
            nullable=True,
            typical=36.0,
            minimum=0.0,
            maximum=72.0,
            whole=True,
        ): pa.array(tenure, mask=rng.random(n) < 0.05),
        Feature(name="plan", kind=FeatureKind.CATEGORICAL, nullable=True, typical=_PLANS[0],
                categories=_PLANS): pa.array(plan, mask=rng.random(n) < 0.05),
        Feature(name="senior", kind=FeatureKind.BOOLEAN, nullable=True, typical=False):
            pa.array(senior, mask=rng.random(n) < 0.05),
        Feature(name="paid", kind=FeatureKind.CATEGORICAL, nullable=True, typical="card",
                categories=("card", "cash")): pa.array(paid, mask=rng.random(n) < 0.05),
    }  # fmt: skip
    kept = {
        feature: column
        for feature, column in features.items()
        if (categorical if feature.kind is FeatureKind.CATEGORICAL else numeric)
    }
    return Learnable(
        contract=Contract(
            features=tuple(kept),
            target=Target(name="left", positive="yes", negative="no"),
            threshold=0.5,
            data_digest="d" * 64,
        ),
        table=pa.table({feature.name: column for feature, column in kept.items()}),
        labels=labels,
    )
