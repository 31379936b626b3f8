"""What fitted boosted trees have in common, whichever library fitted them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from holdfast.adapters.trainers.tree_graph import Comparison, Tree, tree_graph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from holdfast.adapters.trainers.encoding import Encoding
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.ports.trainer import Calibration

    Floats = NDArray[np.float64]

__all__ = ["Booster", "FittedTrees"]


class Booster(Protocol):
    """A library's fitted ensemble."""

    comparison: ClassVar[Comparison]

    def log_odds(self, design: NDArray[np.float32]) -> Floats:
        """Return what the library itself answers, shape ``(n,)``."""
        ...

    def trees(self) -> Sequence[Tree]:
        """Return its trees."""
        ...

    def baseline(self) -> float:
        """Return what its answers are beside the sum of its leaves."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedTrees:
    """Boosted trees over an encoding; satisfies `FittedModel`."""

    parameters: dict[str, float | int | str | bool]
    encoding: Encoding
    booster: Booster

    def log_odds(self, rows: FeatureMatrix) -> Floats:
        """Return the uncalibrated log-odds of the positive class, shape ``(n,)``."""
        if not len(rows):
            return np.empty(0)
        return self.booster.log_odds(self.encoding.encode(rows))

    def predict(self, rows: FeatureMatrix, calibration: Calibration) -> Floats:
        """Return calibrated P(y = 1), shape ``(n,)``."""
        return calibration.probabilities(self.log_odds(rows))

    def to_onnx(self, calibration: Calibration) -> bytes:
        """Export with the calibration after the trees."""
        return tree_graph(
            self.booster.trees(),
            comparison=self.booster.comparison,
            baseline=self.booster.baseline(),
            encoding=self.encoding,
            calibration=calibration,
        )
