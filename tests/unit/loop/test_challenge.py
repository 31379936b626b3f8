"""Challengers: who competes on what, who judges on what, and that the two never mix."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from sklearn.ensemble import RandomForestClassifier

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.estimator import EstimatorTrainer
from holdfast.adapters.trainers.hist_gradient_boosting import HistGradientBoostingTrainer
from holdfast.adapters.trainers.sklearn import (
    FittedLogisticRegression,
    LogisticRegressionTrainer,
)
from holdfast.adapters.trainers.xgboost import XGBoostTrainer
from holdfast.domain.canonical import canonical_json
from holdfast.domain.errors import TooFewLabelsError, TrainingFailedError
from holdfast.domain.evidence import GuardReport, Outcome
from holdfast.domain.tables import encode_table
from holdfast.loop import challenge as challenging
from holdfast.loop.challenge import LabelledRows, challenge
from holdfast.loop.compete import compete
from holdfast.policy.allotting import Plan, allot
from holdfast.policy.guarding import GuardPolicy
from holdfast.policy.thresholds import FBeta
from holdfast.policy.training_windows import Past, training_windows
from holdfast.testing.project import QUIET, World, example_candidate, world_rows

CANDIDATE = example_candidate()
CONTRACT = CANDIDATE.contract
CHAMPION = OnnxRuntime().load(CANDIDATE.model.to_onnx(), CONTRACT)
TRAINER = LogisticRegressionTrainer()
FORESTS = EstimatorTrainer(name="forest", estimator=RandomForestClassifier(10, max_depth=4))
REVERSED = World(reversed_concept=True)
# Whatever comes is let through, so that a challenger can be looked at.
LENIENT = GuardPolicy(rule="no_worse", margin=1.0)
N_OLD, N_NEW = 2000, 2000


WINDOWS = ("recent", "all", "reference_and_recent", "decayed")
TRAINERS = [XGBoostTrainer(n_trees=20), HistGradientBoostingTrainer(n_trees=20), FORESTS]
ACCEPTED = GuardReport(
    outcome=Outcome.ACCEPT, rule="better", reason="whatever comes", n=1000, n_positive=300
)


def history(*, then=REVERSED, old=QUIET, between=0):
    """Return rows of the old world that the champion knows, others of it, and of the new one."""
    before = world_rows(N_OLD + between, seed=1, world=old)
    after = world_rows(N_NEW, seed=2, world=then)
    labels = np.concatenate([before[1], after[1]])
    return LabelledRows(
        features=pa.concat_tables([before[0], after[0]]),
        labels=labels,
        reference=np.arange(len(labels)) < N_OLD,
    )


def challenged(rows, *, plan=None, policy=None, trainers=(TRAINER,), alarmed=True, runtime=None):
    plan = plan or allot(len(rows), n_window=2000, onset=N_OLD, least_guard=500)
    return challenge(
        rows,
        CHAMPION,
        CONTRACT,
        plan,
        trainers=trainers,
        aim=FBeta(),
        policy=policy or GuardPolicy(),
        alarmed=alarmed,
        seed=0,
        runtime=runtime,
    )


def only_this(window, monkeypatch):
    """Have no other window compete."""

    def offered(labels, past, *, until, names):
        return [past.window(window, until)]

    monkeypatch.setattr(challenging, "training_windows", offered)


def poisoned(rows, guard):
    """Return the rows with noise for the guard's labels and the extreme for its features."""
    n = len(rows) - guard
    labels = rows.labels.copy()
    labels[guard:] = np.random.default_rng(0).random(n) < 0.5
    shifted = rows.features.slice(guard)
    for at, column in enumerate(shifted.columns):
        if pa.types.is_floating(column.type):
            shifted = shifted.set_column(at, shifted.field(at), pa.array(np.full(n, 1e6)))
    features = pa.concat_tables([rows.features.slice(0, guard), shifted])
    return replace(rows, features=features, labels=labels)


class TestChallenge:
    def test_the_export_is_checked_where_it_will_be_served(self):
        """Its scores and its speed are lines of the report; so is each part of the rows."""
        served = challenged(history(), runtime=OnnxRuntime())
        replayed = challenged(history())

        lines = [check.name for check in served.report.checks]
        assert lines[-3:] == ["segments", "parity", "latency"]
        assert [check.name for check in replayed.report.checks] == lines[:-2]

    def test_recent_rows_win_after_a_change_of_concept(self):
        """The old ones teach what is no longer so."""
        outcome = challenged(history())

        assert outcome.training_window == "recent"
        assert outcome.report.outcome is Outcome.ACCEPT
        assert (
            outcome.margins["logistic_regression/recent"]
            < outcome.margins["logistic_regression/all"]
        )

    def test_all_rows_win_where_nothing_changed(self):
        """More of the same world is better than less of it."""
        rows = history(then=QUIET)
        # A late onset leaves so few recent rows that the difference is beyond chance.
        plan = Plan(onset=3100, validation=3250, guard=3500)

        assert challenged(rows, plan=plan).training_window == "all"

    def test_an_equal_challenger_is_refused(self):
        """Fresh rows of the same world give no better model."""
        outcome = challenged(history(then=QUIET), alarmed=False)

        assert outcome.report.outcome is Outcome.REFUSE
        assert outcome.challenger is None
        assert outcome.margins  # what was tried is told all the same

    @pytest.mark.parametrize("trainer", TRAINERS, ids=lambda one: one.name)
    @pytest.mark.parametrize("runtime", [None, OnnxRuntime()], ids=["replayed", "live"])
    def test_the_guards_rows_have_no_part_in_the_choice(self, trainer, runtime, monkeypatch):
        """
        With nonsense in place of the guard's rows and labels the same one wins by the same
        margins, and to the byte it is the same model with the same calibration and threshold;
        only the verdict may change.
        """
        rows = history(between=500)
        plan = allot(len(rows), n_window=2000, onset=N_OLD + 500, least_guard=500)
        tested = []

        def accept(*_, **__):
            tested.append("judged")
            return ACCEPTED

        def take_down(model, *_):
            tested.append(model.to_onnx())
            return ()

        monkeypatch.setattr(challenging, "judge", accept)
        monkeypatch.setattr(challenging, "fitness", take_down)

        honest, nonsense = (
            challenged(one, plan=plan, trainers=[trainer, TRAINER], runtime=runtime)
            for one in (rows, poisoned(rows, plan.guard))
        )

        assert set(honest.margins) >= {f"{trainer.name}/{window}" for window in WINDOWS}
        assert honest.challenger.metrics != nonsense.challenger.metrics
        assert canonical_json(honest.margins) == canonical_json(nonsense.margins)
        assert honest.training_window == nonsense.training_window
        assert honest.trainer == nonsense.trainer
        assert honest.failures == nonsense.failures
        assert tested[: len(tested) // 2] == tested[len(tested) // 2 :]
        one, other = honest.challenger, nonsense.challenger
        assert one.model.calibration == other.model.calibration
        assert one.contract.threshold == other.contract.threshold
        assert replace(one.recipe, parameters={}) == replace(other.recipe, parameters={})

    def test_the_guards_rows_have_no_part_in_the_model_that_it_judges(self):
        """The tested scores are those of a model that saw neither the rows nor their labels."""
        rows = history()
        plan = allot(len(rows), n_window=2000, onset=N_OLD, least_guard=500)
        matrix = encode_table(rows.features, CONTRACT)
        seen = matrix.take(slice(plan.guard))

        outcome = challenged(rows, plan=plan)
        past = Past(onset=plan.onset, half_life=plan.half_life)
        alone = compete(
            seen,
            rows.labels[: plan.guard],
            CONTRACT,
            windows=training_windows(rows.labels[: plan.guard], past, until=plan.validation),
            validation=np.arange(plan.validation, plan.guard),
            trainers=[TRAINER],
            seed=0,
        ).best.model.predict(matrix.take(slice(plan.guard, None)))

        brier = float(np.mean((alone - rows.labels[plan.guard :]) ** 2))
        assert outcome.challenger.metrics.figures["brier"] == pytest.approx(brier, abs=1e-12)

    def test_the_accepted_one_has_learnt_every_row_of_its_window(self):
        """The recipe is fitted again on all, with the threshold and calibration frozen."""
        outcome = challenged(history())

        challenger = outcome.challenger
        assert len(challenger.rows) == N_NEW
        assert len(challenger.out_of_fold.scores) == N_NEW
        recipe = challenger.recipe
        assert recipe.training_window == "recent"
        assert recipe.n_train + recipe.n_validation + recipe.n_test == N_NEW
        assert challenger.metrics.n == recipe.n_test == 1000

    @pytest.mark.parametrize(
        ("trainer", "window"),
        [*product([TRAINER], WINDOWS), *product(TRAINERS, ["decayed"])],
        ids=lambda one: getattr(one, "name", one),
    )
    def test_the_recipe_makes_the_same_model_again(self, trainer, window, monkeypatch):
        """From the rows of the release and its recipe alone, to the byte."""
        only_this(window, monkeypatch)
        rows = history(then=QUIET, between=500)
        monkeypatch.setattr(challenging, "judge", lambda *_, **__: ACCEPTED)

        made = challenged(rows, trainers=[trainer]).challenger

        assert made.recipe.training_window == window
        age, half_life = np.arange(len(made.rows))[::-1], made.recipe.half_life
        again = trainer.fit(
            encode_table(made.rows.features, CONTRACT),
            made.rows.labels,
            contract=CONTRACT,
            seed=made.recipe.seed,
            weights=None if half_life is None else 0.5 ** (age / half_life),
        )
        assert (half_life is not None) is (window == "decayed")
        assert made.model.to_onnx() == again.to_onnx(made.model.calibration)

    def test_the_second_best_is_judged_where_the_winner_cannot_be_exported(self, monkeypatch):
        """And the record says why, beside the score that it had."""

        def refuse(*_):
            raise TrainingFailedError("logistic_regression", "no export for it")

        monkeypatch.setattr(FittedLogisticRegression, "to_onnx", refuse)

        outcome = challenged(
            history(), trainers=[XGBoostTrainer(), TRAINER], policy=LENIENT, runtime=OnnxRuntime()
        )

        best = min(outcome.margins, key=outcome.margins.get)
        assert best.startswith("logistic_regression/")
        assert outcome.trainer == "xgboost"
        assert outcome.failures[best] == "no export for it"
        assert outcome.challenger.recipe.failures == outcome.failures

    def test_every_trainer_competes_on_every_window(self):
        """And each leaves its margin in the record."""

        class Named(LogisticRegressionTrainer):
            name = "another"

        outcome = challenged(history(), trainers=[TRAINER, Named()])

        assert set(outcome.margins) == {
            "logistic_regression/recent",
            "logistic_regression/all",
            "logistic_regression/decayed",
            "another/recent",
            "another/all",
            "another/decayed",
        }

    def test_defers_without_rows_to_judge_on(self):
        """All of them spent: the guard says so, and nothing breaks."""
        rows = history()
        plan = allot(len(rows), n_window=2000, onset=N_OLD, least_guard=500, spent=len(rows))

        outcome = challenged(rows, plan=plan)

        assert outcome.report.outcome is Outcome.DEFER
        assert outcome.report.n == 0
        assert outcome.challenger is None

    def test_says_that_a_part_holds_one_class_only(self):
        """A validation part without positives can choose nothing."""
        rows = history()
        plan = Plan(onset=N_OLD, validation=3000, guard=3500)
        labels = rows.labels.copy()
        labels[3000:3500] = False

        with pytest.raises(TooFewLabelsError, match="validation rows of each class"):
            challenged(replace(rows, labels=labels), plan=plan)

    def test_refuses_a_challenger_that_says_the_same_of_all_rows(self):
        """
        Trained on the old world alone it ranks the new one upside down, and its calibration
        flattens it. That beats a champion with the same fault, but is no model.
        """
        rows = history()
        plan = Plan(onset=0, validation=N_OLD, guard=3000)

        with pytest.raises(TrainingFailedError, match="ranks no better than chance"):
            challenged(rows, plan=plan)

    def test_lets_a_trainers_failure_be_known(self):
        """The attempt ends with its reason; the champion is untouched."""

        class Failing(LogisticRegressionTrainer):
            def fit(self, *args, **kwargs):
                raise TrainingFailedError("failing", "out of memory")

        with pytest.raises(TrainingFailedError, match="out of memory"):
            challenged(history(), trainers=[Failing()])


class TestLabelledRows:
    def test_keeps_features_and_labels_together(self):
        """In their order."""
        rows = history()
        chosen = np.zeros(len(rows), np.bool_)
        chosen[[5, 17]] = True

        kept = rows.where(chosen)

        assert kept.features.equals(rows.features.take(pa.array([5, 17])))
        assert kept.labels.tolist() == rows.labels[[5, 17]].tolist()
