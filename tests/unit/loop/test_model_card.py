"""Tests of holdfast.loop.model_card."""

from __future__ import annotations

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.releases import Importances, ModelMetrics, Recipe
from holdfast.loop.model_card import model_card


def card(*features, n_positive=200, competition=None, failures=None):
    return model_card(
        model_name="churn",
        contract=Contract(
            features=features,
            target=Target(name="Churn", positive="Yes", negative="No"),
            threshold=0.25,
            data_digest="abc",
        ),
        recipe=Recipe(
            trainer="logistic_regression",
            parameters={"inverse_penalty": 1.0},
            seed=7,
            training_window="recent",
            n_train=6000,
            n_validation=2000,
            n_test=2000,
            split="time-ordered",
            competition=competition or {},
            failures=failures or {},
        ),
        metrics=ModelMetrics(
            n=2000,
            n_positive=n_positive,
            figures={"roc_auc": 0.84, "f1": 0.6},
            intervals={"roc_auc": (0.81, 0.87)},
            confidence=0.3,
            confidence_sd=0.1,
        ),
        aim="a recall of at least 0.8",
        parity=3e-8,
        n_reference=10_000,
        importances=Importances(
            drops={feature.name: 0.0312 for feature in features}, n=1900, n_shuffles=3
        ),
    )


class TestModelCard:
    def test_says_what_the_answer_means(self):
        """In the target's own words."""
        text = card()

        assert "the probability that `Churn` is **Yes** (otherwise No)" in text
        assert "0.2500 and above is decided Yes" in text

    def test_gives_figures_with_their_uncertainty(self):
        """An interval where one is known, and an empty cell where not."""
        text = card()

        assert "| roc auc | 0.840 | 0.810 to 0.870 |" in text
        assert "| f1 | 0.600 |  |" in text

    def test_tells_how_to_make_it_again(self):
        """Sizes, split, window, seed and data."""
        text = card()

        assert "6,000 to train, 2,000 to validate, 2,000 to test; time-ordered" in text
        assert "training window: recent" in text
        assert "seed: 7" in text
        assert "`abc`" in text

    def test_calls_figures_of_few_positives_rough(self):
        """Thirty churners do not make a figure to rely on."""
        assert "they are rough" in card(n_positive=30)
        assert "they are rough" not in card(n_positive=300)

    def test_keeps_a_table_whole_whatever_a_column_is_called(self):
        """Bars and line breaks in names or categories would break the table."""
        text = card(
            Feature(
                name="a|b",
                kind=FeatureKind.CATEGORICAL,
                nullable=False,
                categories=("x\ny", *map(str, range(20))),
            ),
            Feature(name="none", kind=FeatureKind.NUMERIC, nullable=True),
        )

        assert "| a\\|b | categorical | x y, 0, 1, 2, 3, 4, 5, 6 and 13 more | refused |" in text
        assert "| none | numeric | no value | allowed |" in text

    def test_says_what_the_model_rests_on(self):
        """Beside each feature, and how that was found out."""
        text = card(Feature(name="x", kind=FeatureKind.NUMERIC, nullable=True))

        assert "| x | numeric | no value | allowed | 0.0312 |" in text
        assert "shuffled among 1,900 of those test rows, the mean of 3 shuffles" in text

    def test_says_what_competed_and_what_failed(self):
        """The best first; of a single trainer there is nothing to say."""
        text = card(
            competition={"xgboost": 0.151, "logistic_regression": 0.1402},
            failures={"forest": "it broke"},
        )

        assert "rows: `logistic_regression` 0.1402, `xgboost` 0.1510" in text
        assert "- `forest` gave no model: it broke" in text
        assert "chosen by" not in card(competition={"logistic_regression": 0.14})
