"""A user's own classifier, with scikit-learn's interface, as a trainer.

It gets the rows as one float32 matrix (`Encoding`) and is exported by skl2onnx; the parity
check refuses what the export does not repeat.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it ships no types

from holdfast.adapters.trainers.encoding import Encoding
from holdfast.adapters.trainers.estimator_graph import CLOSEST, estimator_graph
from holdfast.adapters.trainers.refusals import balanced, refuse_unlearnable
from holdfast.domain.errors import TrainingFailedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.ports.trainer import Calibration

    Floats = NDArray[np.float64]

__all__ = ["EstimatorTrainer", "FittedEstimator"]

_LONGEST_VALUE = 200  # characters of a setting in a recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatorTrainer:
    """Fits copies of one classifier, classes balanced if it takes row weights.

    A missing number becomes the training median, also for a classifier that takes NaN:
    skl2onnx exports a forest as if it did not. Each `random_state` that it has is the seed.

    Attributes:
        name: How settings and records call it.
        estimator: Anything with `get_params`, `set_params`, `fit` and `predict_proba`.
    """

    name: str
    estimator: Any

    def fit(
        self,
        rows: FeatureMatrix,
        labels: NDArray[np.bool_],
        *,
        contract: Contract,
        seed: int,
        weights: Floats | None = None,
    ) -> FittedEstimator:
        """Fit a copy on the rows; see `Trainer.fit`.

        Raises:
            TrainingFailedError: If there is nothing to learn from, the classifier raises,
                or it takes no weights where some are given.
        """
        refuse_unlearnable(self.name, rows, labels, contract)
        takes_weights = _takes_weights(self.estimator)
        if weights is not None and not takes_weights:
            raise TrainingFailedError(self.name, "its fit takes no sample_weight")
        encoding = Encoding.of(rows)
        design = encoding.encode(rows)
        fill = _medians(design)
        options = {"sample_weight": balanced(labels, weights)} if takes_weights else {}
        try:
            with threadpool_limits(limits=1):
                fitted = _seeded(clone(self.estimator), seed)
                fitted.fit(_filled(design, fill), labels.astype(np.int64), **options)
        except Exception as error:  # foreign code may raise anything
            raise TrainingFailedError(self.name, _said(error)) from error
        model = FittedEstimator(name=self.name, estimator=fitted, encoding=encoding, fill=fill)
        model.log_odds(rows.take(slice(0, 2)))  # what its answers look like, while it can be told
        return model


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedEstimator:
    """A fitted classifier; satisfies `FittedModel`."""

    name: str
    estimator: Any
    encoding: Encoding
    fill: NDArray[np.float32]  # for missing, for each column of the matrix

    @property
    def parameters(self) -> dict[str, float | int | str | bool]:
        """The class and its settings, those that are no plain values in their own words."""
        given = self.estimator.get_params(deep=False)
        return {"estimator": type(self.estimator).__qualname__} | {
            name: value if isinstance(value, bool | int | float | str) else _brief(value)
            for name, value in sorted(given.items())
            if value is not None
        }

    def log_odds(self, rows: FeatureMatrix) -> Floats:
        """Return the uncalibrated log-odds of the positive class, shape ``(n,)``.

        Raises:
            TrainingFailedError: If the classifier has no probabilities for the rows.
        """
        if not len(rows):
            return np.empty(0)
        try:
            # scikit-learn adds up what it is given to see whether it is finite, which of the
            # largest numbers of both signs the sum is not.
            with threadpool_limits(limits=1), np.errstate(over="ignore", invalid="ignore"):
                both = self.estimator.predict_proba(_filled(self.encoding.encode(rows), self.fill))
        except Exception as error:  # foreign code may raise anything
            raise TrainingFailedError(self.name, f"predict_proba: {_said(error)}") from error
        shape = np.shape(both)
        if shape != (len(rows), 2):
            found = f"predict_proba gave shape {shape} for {len(rows)} rows, not ({len(rows)}, 2)"
            raise TrainingFailedError(self.name, found)
        positive = np.clip(np.asarray(both, dtype=np.float64)[:, 1], CLOSEST, 1 - CLOSEST)
        log_odds: Floats = np.log(positive) - np.log1p(-positive)
        return log_odds

    def predict(self, rows: FeatureMatrix, calibration: Calibration) -> Floats:
        """Return calibrated P(y = 1), shape ``(n,)``."""
        return calibration.probabilities(self.log_odds(rows))

    def to_onnx(self, calibration: Calibration) -> bytes:
        """Export with the encoding before and the calibration after the classifier.

        Raises:
            TrainingFailedError: If skl2onnx is not installed or has no converter for it.
        """
        return estimator_graph(
            self.estimator,
            name=self.name,
            encoding=self.encoding,
            fill=self.fill,
            calibration=calibration,
        )


def _takes_weights(estimator: Any) -> bool:
    # A pipeline takes them by the name of a step, and has no one parameter for them.
    return "sample_weight" in inspect.signature(estimator.fit).parameters


def _seeded(estimator: Any, seed: int) -> Any:
    names = [
        name
        for name in estimator.get_params()
        if name == "random_state" or name.endswith("__random_state")
    ]
    return estimator.set_params(**dict.fromkeys(names, seed)) if names else estimator


def _medians(design: NDArray[np.float32]) -> NDArray[np.float32]:
    known = [column[~np.isnan(column)] for column in design.T]
    return np.array([np.median(one) if one.size else 0.0 for one in known], dtype=np.float32)


def _filled(design: NDArray[np.float32], fill: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(np.isnan(design), fill, design)


def _brief(value: object) -> str:
    words = " ".join(str(value).split())
    return words if len(words) <= _LONGEST_VALUE else words[: _LONGEST_VALUE - 1] + "…"


def _said(error: Exception) -> str:
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
