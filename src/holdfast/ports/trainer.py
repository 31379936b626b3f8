"""How a model is fitted and exported."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol

import numpy as np

from holdfast.performance.calibration import sigmoid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix

    Floats = NDArray[np.float64]

__all__ = ["Calibration", "FittedModel", "Trainer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A monotone map of a model's log-odds, before the sigmoid that makes probabilities of them.

    ``slope * x + intercept``, which is Platt's; each bend ``(at, change)`` adds
    ``change * max(0, x - at)``, so that several bends make a line of several pieces.

    Attributes:
        slope: Of the line left of all bends, at least 0.
        intercept: What it says where the model says 0.
        bends: Where the line changes its slope and by how much, from left to right.

    Source:
        Platt (1999), *Probabilistic outputs for support vector machines*.

    >>> bent = Calibration(slope=1.0, bends=((0.0, 1.0),))
    >>> bent.calibrated(np.array([-2.0, 0.0, 2.0])).tolist()
    [-2.0, 0.0, 4.0]
    """

    slope: float = 1.0
    intercept: float = 0.0
    bends: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        places = [at for at, _ in self.bends]
        if self.slope < 0:
            raise ValueError("a calibration with a negative slope would turn the ranking round")
        if self.bends and min(self._slopes) <= 0:
            raise ValueError("a calibration with bends must rise everywhere, or rows would tie")
        if places != sorted(set(places)):
            raise ValueError("the bends of a calibration go from left to right, each place once")

    @classmethod
    def through(cls, at: Floats, calibrated: Floats, *, slope: float) -> Calibration:
        """Return the line through knots, with one slope before the first and after the last.

        Args:
            at: The model's log-odds, strictly rising, shape ``(k,)``.
            calibrated: What they become, strictly rising, shape ``(k,)``.
            slope: Of the two ends, above 0.
        """
        slopes = np.array([slope, *np.diff(calibrated) / np.diff(at), slope])
        return cls(
            slope=slope,
            intercept=float(calibrated[0] - slope * at[0]),
            bends=tuple(zip(at.tolist(), np.diff(slopes).tolist(), strict=True)),
        )

    @property
    def kind(self) -> str:
        """How records call it: ``sigmoid`` is one line, ``isotonic`` one of several pieces."""
        return "isotonic" if self.bends else "sigmoid"

    @property
    def is_flat(self) -> bool:
        """Whether it gives every row the same probability."""
        return self.slope == 0.0

    def calibrated(self, log_odds: Floats) -> Floats:
        """Return calibrated log-odds of the model's own, both of shape ``(n,)``."""
        straight = self.slope * log_odds + self.intercept
        if not self.bends:
            return straight
        at, change = np.array(self.bends).T
        bent: Floats = straight + np.maximum(log_odds[:, np.newaxis] - at, 0.0) @ change
        return bent

    def probabilities(self, log_odds: Floats) -> Floats:
        """Return calibrated P(y = 1) of a model's log-odds, both of shape ``(n,)``."""
        return sigmoid(self.calibrated(log_odds))

    @property
    def _slopes(self) -> list[float]:
        return list(accumulate((change for _, change in self.bends), initial=self.slope))


class FittedModel(Protocol):
    """A model that was just fitted, in the trainer's own library."""

    @property
    def parameters(self) -> dict[str, float | int | str | bool]:
        """The settings it was fitted with, for the recipe and the tracking server."""
        ...

    def log_odds(self, rows: FeatureMatrix) -> NDArray[np.float64]:
        """Return the uncalibrated log-odds of the positive class, shape ``(n,)``."""
        ...

    def predict(self, rows: FeatureMatrix, calibration: Calibration) -> NDArray[np.float64]:
        """Return calibrated P(y = 1), shape ``(n,)``: what the export must repeat."""
        ...

    def to_onnx(self, calibration: Calibration) -> bytes:
        """Export with the calibration inside.

        Inputs `numeric` (float32, n × k) and `categorical` (text, n × m), each only if
        the contract has such features; output `probabilities` (float32, n × 2).
        """
        ...


class Trainer(Protocol):
    """Fits one family of models; the same rows, labels and seed give the same model."""

    @property
    def name(self) -> str:
        """How settings and records call it, such as ``logistic_regression``."""
        ...

    def fit(
        self,
        rows: FeatureMatrix,
        labels: NDArray[np.bool_],
        *,
        contract: Contract,
        seed: int,
        weights: NDArray[np.float64] | None = None,
    ) -> FittedModel:
        """Fit on the rows.

        Args:
            rows: Training rows, columns in contract order.
            labels: Shape ``(n,)``; both classes occur.
            contract: What the columns are (its threshold is not used).
            seed: Fixes every random choice.
            weights: Optional row weights, shape ``(n,)``.

        Raises:
            TrainingFailedError: If no usable model came out.
        """
        ...
