"""How rows reach a model: one numeric and one categorical matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.contract import MISSING_CATEGORY, FeatureKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract, Value

__all__ = ["FeatureMatrix", "encode_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureMatrix:
    """Rows in the form every model takes; the columns are in contract order.

    Attributes:
        numeric: float32, shape ``(n, k)``; NaN means missing.
        categorical: Text, shape ``(n, m)``, dtype object; "" means missing.
    """

    numeric: NDArray[np.float32]
    categorical: NDArray[np.object_]

    def __len__(self) -> int:
        return int(self.numeric.shape[0])

    def take(self, rows: NDArray[np.intp] | slice) -> FeatureMatrix:
        """Return the chosen rows, in the order asked for."""
        return FeatureMatrix(numeric=self.numeric[rows], categorical=self.categorical[rows])


def encode_rows(rows: Sequence[Sequence[Value]], contract: Contract) -> FeatureMatrix:
    """Encode validated rows (values in contract order) for a model.

    Args:
        rows: Validated rows; each a sequence of values in the contract's order.
        contract: What the columns are.
    """
    numeric_at = [i for i, f in enumerate(contract.features) if f.kind != FeatureKind.CATEGORICAL]
    text_at = [i for i, f in enumerate(contract.features) if f.kind == FeatureKind.CATEGORICAL]
    numeric = np.array(
        [[np.nan if row[i] is None else row[i] for i in numeric_at] for row in rows],
        dtype=np.float32,
    ).reshape(len(rows), len(numeric_at))
    categorical = np.empty((len(rows), len(text_at)), dtype=object)
    for r, row in enumerate(rows):
        for c, i in enumerate(text_at):
            value = row[i]
            categorical[r, c] = MISSING_CATEGORY if value is None else value
    return FeatureMatrix(numeric=numeric, categorical=categorical)
