"""A trainer whose models are so simple that what was done with them can be read off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import TrainingFailedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.ports.trainer import Calibration

__all__ = ["OddsModel", "OddsTrainer"]


class OddsModel:
    """A model whose log-odds are the first number times a factor."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self.parameters: dict[str, float | int | str | bool] = {"factor": factor}

    def log_odds(self, rows: FeatureMatrix) -> NDArray[np.float64]:
        """See `FittedModel.log_odds`; a missing number counts as 36."""
        numbers = np.nan_to_num(rows.numeric[:, 0].astype(np.float64), nan=36.0)
        odds: NDArray[np.float64] = self.factor * numbers
        return odds

    def predict(self, rows: FeatureMatrix, calibration: Calibration) -> NDArray[np.float64]:
        """See `FittedModel.predict`."""
        return calibration.probabilities(self.log_odds(rows))

    def to_onnx(self, calibration: Calibration) -> bytes:
        """Return its two numbers: enough to tell exports apart, not to run them."""
        return f"{self.factor} {calibration}".encode()


class OddsTrainer:
    """Fits nothing, and remembers what it was asked to fit.

    Args:
        name: How it is called.
        factor: Its models' factor; one that is not finite makes it fail.
    """

    def __init__(self, name: str = "odds", factor: float = -0.05) -> None:
        self.name, self.factor = name, factor
        self.asked: list[tuple[int, NDArray[np.bool_], int]] = []

    def fit(
        self,
        rows: FeatureMatrix,
        labels: NDArray[np.bool_],
        *,
        contract: Contract,  # noqa: ARG002 - the port's
        seed: int,
        weights: NDArray[np.float64] | None = None,  # noqa: ARG002 - the port's
    ) -> OddsModel:
        """See `Trainer.fit`."""
        self.asked.append((len(rows), labels, seed))
        if not np.isfinite(self.factor):
            raise TrainingFailedError(self.name, "it broke")
        return OddsModel(self.factor)
