"""A telecom with enough customers that its figures are not noise, and a model of each world."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.feature_extraction import DictVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from holdfast.scenarios.telecom import Telecom
from holdfast.scenarios.telecom.schema import FEATURES, POSITIVE, TARGET
from holdfast.scenarios.telecom.truth import outcomes

if TYPE_CHECKING:
    from holdfast.domain.contract import Value


class Scorer:
    """A logistic regression, and its figures for each month by the truth."""

    def __init__(self, telecom: Telecom, rows: list[dict[str, Value]], churned) -> None:
        self._telecom = telecom
        self._model = make_pipeline(
            DictVectorizer(sparse=False),  # passes over words it never saw
            SimpleImputer(strategy="median"),
            StandardScaler(),
            LogisticRegression(max_iter=500),
        ).fit(rows, churned)
        self._scores: dict[int, np.ndarray] = {}

    def scores(self, number: int) -> np.ndarray:
        if number not in self._scores:
            rows = [row.features for row in self._telecom.month(number).rows]
            self._scores[number] = self._model.predict_proba(rows)[:, 1]
        return self._scores[number]

    def auc(self, number: int) -> float:
        truth = outcomes(self._telecom, number)
        return float(roc_auc_score(truth.churned, self.scores(number)))

    def worst_decile_gap(self, number: int) -> float:
        """The largest |churn rate - mean score| over tenths of the month's scores."""
        order = np.argsort(self.scores(number))
        gaps = outcomes(self._telecom, number).churned - self.scores(number)
        return max(abs(float(part.mean())) for part in np.array_split(gaps[order], 10))


@pytest.fixture(scope="session")
def telecom() -> Telecom:
    return Telecom(seed=7, customers_per_month=8_000)


@pytest.fixture(scope="session")
def old_model(telecom) -> Scorer:
    columns = telecom.training_set().columns
    rows = [
        dict(zip(FEATURES, values, strict=True))
        for values in zip(*(columns[name] for name in FEATURES), strict=True)
    ]
    return Scorer(telecom, rows, np.array(columns[TARGET]) == POSITIVE)


@pytest.fixture(scope="session")
def refitted_model(telecom) -> Scorer:
    """Fitted on the rows of July, the competitor's first month."""
    rows = [row.features for row in telecom.month(7).rows]
    return Scorer(telecom, rows, outcomes(telecom, 7).churned)
