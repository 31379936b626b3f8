"""Histogram gradient boosting by scikit-learn: trees without another library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it ships no types

from holdfast.adapters.trainers.boosted import FittedTrees
from holdfast.adapters.trainers.encoding import Encoding
from holdfast.adapters.trainers.refusals import balanced, first_line, refuse_unlearnable
from holdfast.adapters.trainers.tree_graph import Comparison, Tree, float32_below
from holdfast.adapters.trainers.tunable import TunableByFields
from holdfast.domain.errors import TrainingFailedError
from holdfast.ports.tuner import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix

    Floats = NDArray[np.float64]

__all__ = ["HistGradientBoostingTrainer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistGradientBoostingTrainer(TunableByFields):
    """Boosted trees over binned values, classes balanced.

    A missing number goes at each split to the side that training found better. Words are
    encoded by `Encoding`, not by the library's own categorical splits.

    Attributes:
        n_trees: Trees, all of which are fitted: nothing is held out to stop early.
        learning_rate: How much of each tree is taken.
        most_leaves: Leaves of a tree.
        least_rows: Rows of a leaf.
        penalty: Of squared leaf values.

    The defaults are the ones that did well by cross-validation on the training parts of six
    public data sets of 1,000 to 51,000 rows.
    """

    spans: ClassVar[Mapping[str, Span]] = {
        "n_trees": Span(low=50, high=400, ratio=True, whole=True),
        "learning_rate": Span(low=0.01, high=0.2, ratio=True),
        "most_leaves": Span(low=4, high=48, ratio=True, whole=True),
        "least_rows": Span(low=5, high=100, ratio=True, whole=True),
        "penalty": Span(low=0.1, high=20.0, ratio=True),
    }

    n_trees: int = 200
    learning_rate: float = 0.04
    most_leaves: int = 10
    least_rows: int = 20
    penalty: float = 5.0

    @property
    def name(self) -> str:
        """How settings and records call it."""
        return "hist_gradient_boosting"

    def fit(
        self,
        rows: FeatureMatrix,
        labels: NDArray[np.bool_],
        *,
        contract: Contract,
        seed: int,
        weights: Floats | None = None,
    ) -> FittedTrees:
        """Fit on the rows; see `Trainer.fit`.

        Raises:
            TrainingFailedError: If there is nothing to learn from, or scikit-learn fails.
        """
        refuse_unlearnable(self.name, rows, labels, contract)
        encoding = Encoding.of(rows)
        classifier = HistGradientBoostingClassifier(
            max_iter=self.n_trees,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.most_leaves,
            min_samples_leaf=self.least_rows,
            l2_regularization=self.penalty,
            early_stopping=False,
            categorical_features=None,
            random_state=seed,
        )
        try:
            with threadpool_limits(limits=1):  # sums over threads differ in their last digits
                classifier.fit(
                    _binnable(encoding.encode(rows)),
                    labels,
                    sample_weight=balanced(labels, weights),
                )
        except (ValueError, FloatingPointError, MemoryError) as error:
            raise TrainingFailedError(self.name, first_line(error)) from error
        return FittedTrees(
            parameters=self._parameters(), encoding=encoding, booster=_Boosted(classifier)
        )

    def _parameters(self) -> dict[str, float | int | str | bool]:
        return {**self.setting, "class_weight": "balanced"}


@dataclass(frozen=True, slots=True)
class _Boosted:
    """A fitted classifier; satisfies `Booster`."""

    classifier: Any  # HistGradientBoostingClassifier
    comparison: ClassVar[Comparison] = "BRANCH_LEQ"

    def log_odds(self, design: NDArray[np.float32]) -> Floats:
        with threadpool_limits(limits=1):
            log_odds: Floats = self.classifier.decision_function(design)
        return log_odds

    def trees(self) -> list[Tree]:
        # Not public in scikit-learn, which has no other way to its trees; the parity check
        # stands before every release, and a test says which versions these names fit.
        return [_tree(one.nodes) for (one,) in self.classifier._predictors]  # noqa: SLF001 - above

    def baseline(self) -> float:
        return float(np.ravel(self.classifier._baseline_prediction)[0])  # noqa: SLF001 - above


def _binnable(design: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the matrix with zeros in columns without a value, of which there are no bins.

    No tree asks a column in which all values are the same, so its answers stay the same.
    """
    return np.where(np.isnan(design).all(axis=0), np.float32(0), design)


def _tree(nodes: Any) -> Tree:
    is_leaf = nodes["is_leaf"].astype(bool)
    return Tree(
        feature=nodes["feature_idx"].astype(np.intp),
        threshold=float32_below(np.where(is_leaf, 0.0, nodes["num_threshold"])),
        left=np.where(is_leaf, -1, nodes["left"].astype(np.intp)),
        right=np.where(is_leaf, -1, nodes["right"].astype(np.intp)),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        value=nodes["value"].astype(np.float32),
    )
