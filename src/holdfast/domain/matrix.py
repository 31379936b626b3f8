"""How rows reach a model: one numeric and one categorical matrix."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

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
    # NumPy takes None for NaN where numbers are wanted.
    numeric = np.array(_columns(rows, numeric_at), dtype=np.float32)
    categorical = np.array(_columns(rows, text_at), dtype=object)
    categorical[categorical == None] = MISSING_CATEGORY  # noqa: E711 - asked of each cell
    return FeatureMatrix(
        numeric=numeric.reshape(len(rows), len(numeric_at)),
        categorical=categorical.reshape(len(rows), len(text_at)),
    )


def _columns(rows: Sequence[Sequence[Value]], chosen: Sequence[int]) -> list[Any]:
    """Return the chosen values of each row; of one column, the bare values."""
    return list(map(itemgetter(*chosen), rows)) if chosen else []
