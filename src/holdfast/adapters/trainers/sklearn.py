"""Logistic regression by scikit-learn: the built-in trainer that is always there."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it ships no types

from holdfast.adapters.trainers.linear_graph import LinearModel, linear_graph
from holdfast.adapters.trainers.refusals import first_line, refuse_unlearnable
from holdfast.adapters.trainers.tunable import TunableByFields
from holdfast.domain.errors import TrainingFailedError
from holdfast.ports.tuner import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.ports.trainer import Calibration

    Floats = NDArray[np.float64]

__all__ = ["FittedLogisticRegression", "LogisticRegressionTrainer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticRegressionTrainer(TunableByFields):
    """Logistic regression on scaled numbers and one-hot categories, classes balanced.

    A missing number becomes the training median; a missing category is one more
    category; a category that training never saw adds nothing. Balanced classes shift the
    scores, which the calibration takes back.

    Attributes:
        inverse_penalty: Inverse strength of the L2 penalty (scikit-learn's ``C``).
        most_iterations: Iterations after which the solver gives up; the recipe then says
            ``converged: false``.
    """

    spans: ClassVar[Mapping[str, Span]] = {
        "inverse_penalty": Span(low=1e-3, high=1e2, ratio=True),
    }

    inverse_penalty: float = 1.0
    most_iterations: int = 1000

    @property
    def name(self) -> str:
        """How settings and records call it."""
        return "logistic_regression"

    def fit(
        self,
        rows: FeatureMatrix,
        labels: NDArray[np.bool_],
        *,
        contract: Contract,
        seed: int,
        weights: Floats | None = None,
    ) -> FittedLogisticRegression:
        """Fit on the rows; see `Trainer.fit`.

        Raises:
            TrainingFailedError: If the labels hold one class, there is no feature, or
                scikit-learn finds no finite solution.
        """
        refuse_unlearnable(self.name, rows, labels, contract)
        preparation = _Preparation(
            scaling=_scaling() if contract.numeric else None,
            encoding=OneHotEncoder(handle_unknown="ignore") if contract.categorical else None,
        )
        regression = LogisticRegression(
            C=self.inverse_penalty,
            class_weight="balanced",
            max_iter=self.most_iterations,
            random_state=seed,
        )
        with warnings.catch_warnings(record=True) as caught, threadpool_limits(limits=1):
            # One thread: sums over threads differ in their last digits from machine to
            # machine, and a release's id is the digest of these digits.
            warnings.simplefilter("always")
            try:
                design = preparation.fit(rows)
                regression.fit(design, labels, sample_weight=weights)
            except (ValueError, FloatingPointError, MemoryError) as error:
                raise TrainingFailedError(self.name, first_line(error)) from error
        if not np.isfinite(regression.coef_).all():
            raise TrainingFailedError(self.name, "its coefficients are not finite")
        return FittedLogisticRegression(
            preparation=preparation,
            regression=regression,
            converged=not any(issubclass(w.category, ConvergenceWarning) for w in caught),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedLogisticRegression:
    """A fitted logistic regression; satisfies `FittedModel`."""

    preparation: _Preparation
    regression: Any  # LogisticRegression
    converged: bool

    @property
    def parameters(self) -> dict[str, float | int | str | bool]:
        """The settings it was fitted with, and whether the solver converged."""
        return {
            "inverse_penalty": float(self.regression.C),
            "class_weight": "balanced",
            "most_iterations": int(self.regression.max_iter),
            "converged": self.converged,
        }

    def log_odds(self, rows: FeatureMatrix) -> Floats:
        """Return the uncalibrated log-odds of the positive class, shape ``(n,)``."""
        if not len(rows):
            return np.empty(0)
        log_odds: Floats = self.regression.decision_function(self.preparation.transform(rows))
        return log_odds

    def predict(self, rows: FeatureMatrix, calibration: Calibration) -> Floats:
        """Return calibrated P(y = 1), shape ``(n,)``."""
        return calibration.probabilities(self.log_odds(rows))

    def to_onnx(self, calibration: Calibration) -> bytes:
        """Export with the calibration after the sum."""
        weights, intercept = self.regression.coef_[0], float(self.regression.intercept_[0])
        return linear_graph(self.preparation.linear_model(weights, intercept), calibration)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Preparation:
    """Turns the two matrices into the one that the regression takes."""

    scaling: Any | None  # Pipeline of imputer and scaler; None without numeric features
    encoding: Any | None  # OneHotEncoder; None without categorical features

    def fit(self, rows: FeatureMatrix) -> Any:
        if self.scaling is not None:
            self.scaling.fit(_wide(rows))
        if self.encoding is not None:
            self.encoding.fit(rows.categorical)
        return self.transform(rows)

    def transform(self, rows: FeatureMatrix) -> Any:
        numbers = None if self.scaling is None else self.scaling.transform(_wide(rows))
        if self.encoding is None:
            return numbers
        categories = self.encoding.transform(rows.categorical)
        return categories if numbers is None else sparse.hstack([numbers, categories], "csr")

    def linear_model(self, weights: Floats, intercept: float) -> LinearModel:
        fill = centre = scale = np.empty(0)
        if self.scaling is not None:
            fill = self.scaling["impute"].statistics_
            centre, scale = self.scaling["scale"].mean_, self.scaling["scale"].scale_
        known = [] if self.encoding is None else self.encoding.categories_
        ends = np.cumsum([fill.size, *map(len, known)])
        tables = [
            dict(zip(map(str, categories), weights[start:end].tolist(), strict=True))
            for categories, start, end in zip(known, ends[:-1], ends[1:], strict=True)
        ]
        return LinearModel(
            fill=fill,
            centre=centre,
            scale=scale,
            weights=weights[: fill.size],
            tables=tuple(tables),
            intercept=intercept,
        )


def _scaling() -> Any:
    # A column that is missing throughout is kept, as zeros: the contract has it.
    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    return Pipeline([("impute", impute), ("scale", StandardScaler())])


def _wide(rows: FeatureMatrix) -> Floats:
    return rows.numeric.astype(np.float64)
