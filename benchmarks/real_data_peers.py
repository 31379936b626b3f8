"""What a person without Holdfast would fit in a few lines: scikit-learn and XGBoost, directly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from xgboost import XGBClassifier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

__all__ = ["PEERS", "frame_of", "scores"]

_SEED = 0


def frame_of(features: pa.Table) -> DataFrame:
    """Return the rows as pandas has them: numbers as floats, words as text."""
    columns = {}
    for name in features.column_names:
        column = features.column(name)
        words = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        columns[name] = column.cast(pa.string()) if words else column.cast(pa.float64())
    frame: DataFrame = pa.table(columns).to_pandas()
    return frame


def logistic_regression(numbers: list[str], words: list[str]) -> Any:
    """Return the textbook's pipeline."""
    scaled = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    prepared = make_column_transformer(
        (scaled, numbers), (OneHotEncoder(handle_unknown="ignore"), words)
    )
    return make_pipeline(prepared, LogisticRegression(max_iter=1000))


def hist_gradient_boosting(numbers: list[str], words: list[str]) -> Any:
    """Return scikit-learn's boosting with its defaults, over the codes of words."""
    return make_pipeline(_coded(numbers, words), HistGradientBoostingClassifier(random_state=_SEED))


def xgboost(numbers: list[str], words: list[str]) -> Any:
    """Return XGBoost with its defaults, over the codes of words."""
    return make_pipeline(_coded(numbers, words), XGBClassifier(random_state=_SEED, n_jobs=1))


PEERS = {
    "scikit-learn LogisticRegression": logistic_regression,
    "scikit-learn HistGradientBoosting": hist_gradient_boosting,
    "XGBoost": xgboost,
}


def scores(
    peer: str,
    features: DataFrame,
    labels: NDArray[np.bool_],
    *,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Fit a peer on the training rows and return its P(y = 1) of the test rows."""
    words = [name for name in features if features[name].dtype.kind not in "fiu"]
    numbers = [name for name in features if name not in words]
    model = PEERS[peer](numbers, words)
    model.fit(features.iloc[train], labels[train])
    found: NDArray[np.float64] = model.predict_proba(features.iloc[test])[:, 1]
    return found


def _coded(numbers: list[str], words: list[str]) -> Any:
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
    )
    return make_column_transformer(("passthrough", numbers), (codes, words))
