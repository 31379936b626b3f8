"""What a model's ranking rests on is found by shuffling, whatever the model is."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import TooFewLabelsError
from holdfast.domain.matrix import FeatureMatrix
from holdfast.performance import importance as measuring
from holdfast.performance.importance import permutation_importance

# The kinds alternate, so that a feature's place is not its column's.
CONTRACT = Contract(
    features=(
        Feature(name="strong", kind=FeatureKind.NUMERIC, nullable=True),
        Feature(name="colour", kind=FeatureKind.CATEGORICAL, nullable=True),
        Feature(name="noise", kind=FeatureKind.NUMERIC, nullable=True),
        Feature(name="flag", kind=FeatureKind.BOOLEAN, nullable=True),
        Feature(name="word", kind=FeatureKind.CATEGORICAL, nullable=True),
    ),
    target=Target(name="y", positive="1", negative="0"),
    threshold=0.5,
    data_digest="",
)


def model(rows):
    """Score by the first number, a little by the flag, and by the second word."""
    log_odds = (
        2 * rows.numeric[:, 0] + 0.7 * rows.numeric[:, 2] + 1.5 * (rows.categorical[:, 1] == "a")
    )
    return 1 / (1 + np.exp(-log_odds.astype(np.float64)))


def world(n, *, seed=0, rare=0.0):
    rng = np.random.default_rng(seed)
    numeric = np.column_stack([rng.normal(size=(n, 2)), rng.random(n) < 0.5]).astype(np.float32)
    rows = FeatureMatrix(numeric=numeric, categorical=rng.choice(["a", "b"], (n, 2)).astype(object))
    return rows, rng.random(n) < model(rows) * (1 - rare)


def found(n=3000, *, seed=0, predict=model, **changes):
    return permutation_importance(predict, *world(n, **changes), contract=CONTRACT, seed=seed)


class TestPermutationImportance:
    def test_ranks_features_by_what_the_model_makes_of_them(self):
        """Numbers, yes/no and categories alike, each under its own name."""
        drops = found().drops

        assert list(drops) == ["strong", "colour", "noise", "flag", "word"]
        assert drops["strong"] > drops["word"] > drops["flag"] > 0.003

    def test_of_what_the_model_does_not_read_is_nothing(self):
        """Its scores do not change at all."""
        drops = found().drops

        assert (drops["noise"], drops["colour"]) == (0.0, 0.0)

    def test_is_the_same_for_the_same_seed(self):
        """A release's digest covers it; another seed agrees but for chance."""
        first, again, other = found(), found(), found(seed=1)

        assert first == again
        assert first != other
        assert other.drops["strong"] == pytest.approx(first.drops["strong"], abs=0.02)

    def test_leaves_the_rows_as_they_were(self):
        """They are measured on afterwards."""
        rows, labels = world(500)
        numeric, categorical = rows.numeric.copy(), rows.categorical.copy()

        permutation_importance(model, rows, labels, contract=CONTRACT, seed=0)

        assert (rows.numeric == numeric).all()
        assert (rows.categorical == categorical).all()

    def test_looks_at_so_many_rows_at_most(self):
        """In the shares of the classes, both of them present, however rare one is."""
        asked = []

        def predict(rows):
            asked.append(len(rows))
            return model(rows)

        importances = found(20_000, rare=0.999, predict=predict)

        assert set(asked) == {importances.n}
        assert 5_000 <= importances.n <= 5_001

    def test_a_wide_table_takes_fewer_rows(self, monkeypatch):
        """The work grows with the square of the columns; it is bounded by rows, not by a clock."""
        monkeypatch.setattr(measuring, "_MOST_CELLS", 3 * 5 * 5 * 1_000)

        assert found(20_000).n in {1_000, 1_001}

    def test_refuses_rows_of_one_class(self):
        """There is no ranking to lose."""
        rows, labels = world(300)

        with pytest.raises(TooFewLabelsError):
            permutation_importance(model, rows, np.zeros_like(labels), contract=CONTRACT, seed=0)


class TestWeights:
    def test_are_never_negative(self):
        """A drop below 0 is chance, and would count against drift."""
        importances = found(predict=lambda rows: model(rows) + 1e-3 * rows.numeric[:, 1])

        assert min(importances.weights.values()) >= 0.0
        assert importances.weights["strong"] == importances.drops["strong"]
