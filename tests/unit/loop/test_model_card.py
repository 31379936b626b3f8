"""Tests of holdfast.loop.model_card."""

from __future__ import annotations

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.curves import Curves, OperatingPoint
from holdfast.domain.releases import Importances, ModelMetrics, Recipe, Tuned
from holdfast.loop.model_card import model_card


def card(
    *features,
    n_positive=200,
    n_true_positive=150,
    n_false_positive=350,
    pictures=(),
    competition=None,
    failures=None,
    half_life=None,
    calibration="sigmoid",
    search=None,
):
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
            half_life=half_life,
            calibration=calibration,
            search=search or {},
        ),
        metrics=ModelMetrics(
            n=2000,
            n_positive=n_positive,
            figures={"roc_auc": 0.84, "f1": 0.6},
            intervals={"roc_auc": (0.81, 0.87)},
            confidence=0.3,
            confidence_sd=0.1,
        ),
        curves=Curves(
            n=2000,
            n_positive=n_positive,
            chosen=OperatingPoint(
                threshold=0.25, n_true_positive=n_true_positive, n_false_positive=n_false_positive
            ),
            points=(),
            bins=(),
        ),
        aim="a recall of at least 0.8",
        parity=3e-8,
        n_reference=10_000,
        pictures=pictures,
        importances=Importances(
            drops={feature.name: 0.0312 for feature in features}, n=1900, n_shuffles=3
        ),
    )


class TestModelCard:
    def test_says_what_the_threshold_does(self):
        """In rows and in shares; a precision of nothing is left out."""
        assert (
            "There, it flags 500 of 2,000 test rows (25.0%), finds 150 of the 200 that are Yes "
            "(75.0%) and is right about 30.0% of those that it flags."
        ) in card()
        assert (
            "There, it flags 0 of 2,000 test rows (0.0%) and finds 0 of the 200 that are Yes "
            "(0.0%)."
        ) in card(n_true_positive=0, n_false_positive=0)

    def test_links_the_pictures_beside_it(self):
        """By plain names, so that they are found wherever the folder lies."""
        assert "## Pictures\n\n![ROC curve](roc.svg)\n\n![Calibration](calibration.svg)" in card(
            pictures=["roc.svg", "calibration.svg"]
        )
        assert "## Pictures" not in card()

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

    def test_tells_how_its_settings_were_found(self):
        """By how many trials, if they were searched; nothing of other trainers' searches."""
        tuned = Tuned(setting={"inverse_penalty": 1.0}, n_trials=40, brier=0.13)

        assert "best of 40 that were tried: Brier score 0.1300" in card(
            search={"logistic_regression": tuned}
        )
        assert "that were tried" not in card(search={"xgboost": tuned})
        assert "that were tried" not in card()

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

    def test_says_how_rows_were_weighed_and_scores_calibrated(self):
        """Both are parts of the recipe."""
        alike, decayed = card(), card(half_life=1500, calibration="isotonic")

        assert "training window: recent\n" in alike
        assert "calibration: Platt's (sigmoid)" in alike
        assert "training window: recent, a row counts half after 1,500 more\n" in decayed
        assert "calibration: isotonic, between the centres of its steps" in decayed
