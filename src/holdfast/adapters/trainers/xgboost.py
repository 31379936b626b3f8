"""XGBoost: boosted trees that are strong on most tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import xgboost

from holdfast.adapters.trainers.boosted import FittedTrees
from holdfast.adapters.trainers.encoding import Encoding
from holdfast.adapters.trainers.refusals import balanced, first_line, refuse_unlearnable
from holdfast.adapters.trainers.tree_graph import Comparison, Tree
from holdfast.adapters.trainers.tunable import TunableByFields
from holdfast.domain.errors import TrainingFailedError
from holdfast.ports.tuner import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix

    Floats = NDArray[np.float64]

__all__ = ["XGBoostTrainer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class XGBoostTrainer(TunableByFields):
    """Boosted trees over binned values, each of a part of the rows, classes balanced.

    A missing number goes at each split to the side that training found better. Words are
    encoded by `Encoding`, not by the library's own categorical splits.

    Attributes:
        n_trees: Trees, all of which are fitted: nothing is held out to stop early.
        learning_rate: How much of each tree is taken.
        depth: Of a tree.
        least_weight: Of the rows of a leaf, in XGBoost's second derivatives.
        share_of_rows: Drawn for each tree.
        share_of_columns: Drawn for each tree.
        penalty: Of squared leaf values.

    The defaults are the ones that did well by cross-validation on the training parts of six
    public data sets of 1,000 to 51,000 rows.
    """

    spans: ClassVar[Mapping[str, Span]] = {
        "n_trees": Span(low=50, high=600, ratio=True, whole=True),
        "learning_rate": Span(low=0.01, high=0.2, ratio=True),
        "depth": Span(low=2, high=7, whole=True),
        "least_weight": Span(low=1.0, high=60.0, ratio=True),
        "share_of_rows": Span(low=0.5, high=1.0),
        "share_of_columns": Span(low=0.3, high=1.0),
        "penalty": Span(low=0.1, high=20.0, ratio=True),
    }

    n_trees: int = 200
    learning_rate: float = 0.04
    depth: int = 4
    least_weight: float = 10.0
    share_of_rows: float = 0.8
    share_of_columns: float = 0.6
    penalty: float = 1.0

    @property
    def name(self) -> str:
        """How settings and records call it."""
        return "xgboost"

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
            TrainingFailedError: If there is nothing to learn from, or XGBoost fails.
        """
        refuse_unlearnable(self.name, rows, labels, contract)
        encoding = Encoding.of(rows)
        try:
            design = xgboost.QuantileDMatrix(
                encoding.encode(rows),
                label=labels.astype(np.float32),
                weight=balanced(labels, weights).astype(np.float32),
                nthread=1,
            )
            booster = xgboost.train(self._settings(seed), design, num_boost_round=self.n_trees)
        except (ValueError, xgboost.core.XGBoostError, MemoryError) as error:
            raise TrainingFailedError(self.name, first_line(error)) from error
        return FittedTrees(
            parameters=self._parameters(), encoding=encoding, booster=_Boosted(booster)
        )

    def _settings(self, seed: int) -> dict[str, Any]:
        return {
            "objective": "binary:logistic",
            "tree_method": "hist",
            "base_score": 0.5,  # log-odds of 0, so that the leaves say everything
            "eta": self.learning_rate,
            "max_depth": self.depth,
            "min_child_weight": self.least_weight,
            "subsample": self.share_of_rows,
            "colsample_bytree": self.share_of_columns,
            "lambda": self.penalty,
            "seed": seed % 2**31,  # which is as far as XGBoost counts
            "nthread": 1,  # sums over threads differ in their last digits
            "verbosity": 0,
        }

    def _parameters(self) -> dict[str, float | int | str | bool]:
        return {**self.setting, "class_weight": "balanced"}


@dataclass(frozen=True, slots=True)
class _Boosted:
    """A fitted booster; satisfies `Booster`."""

    booster: xgboost.Booster
    comparison: ClassVar[Comparison] = "BRANCH_LT"

    def log_odds(self, design: NDArray[np.float32]) -> Floats:
        margins = self.booster.inplace_predict(design, predict_type="margin")
        log_odds: Floats = np.asarray(margins, dtype=np.float64).reshape(-1)
        return log_odds

    def trees(self) -> list[Tree]:
        model = json.loads(self.booster.save_raw(raw_format="json"))
        return [_tree(one) for one in model["learner"]["gradient_booster"]["model"]["trees"]]

    def baseline(self) -> float:
        return 0.0


def _tree(dumped: dict[str, Any]) -> Tree:
    """Return a tree of XGBoost's own JSON, in which a leaf's value stands as its condition."""
    kept = _reachable(dumped["left_children"], dumped["right_children"])
    place = {node: i for i, node in enumerate(kept)} | {-1: -1}
    conditions = np.array(dumped["split_conditions"], dtype=np.float32)[kept]
    return Tree(
        feature=np.array(dumped["split_indices"], dtype=np.intp)[kept],
        threshold=conditions,
        left=np.array([place[dumped["left_children"][node]] for node in kept]),
        right=np.array([place[dumped["right_children"][node]] for node in kept]),
        missing_left=np.array(dumped["default_left"], dtype=bool)[kept],
        value=conditions,
    )


def _reachable(left: list[int], right: list[int]) -> list[int]:
    """Return the nodes below the root; what was pruned still stands in the dump."""
    found, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if left[node] >= 0:
            waiting += [right[node], left[node]]
    return sorted(found)
