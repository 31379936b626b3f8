"""Challengers: who competes on what, who judges on what, and that the two never mix."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.errors import TooFewLabelsError, TrainingFailedError
from holdfast.domain.evidence import Outcome
from holdfast.domain.tables import encode_table
from holdfast.loop.challenge import LabelledRows, Plan, allot, challenge, compete
from holdfast.policy.guarding import GuardPolicy
from holdfast.policy.thresholds import FBeta
from holdfast.testing.project import QUIET, World, example_candidate, world_rows

CANDIDATE = example_candidate()
CONTRACT = CANDIDATE.contract
CHAMPION = OnnxRuntime().load(CANDIDATE.model.to_onnx(), CONTRACT)
TRAINER = LogisticRegressionTrainer()
REVERSED = World(reversed_concept=True)
# Whatever comes is let through, so that a challenger can be looked at.
LENIENT = GuardPolicy(rule="no_worse", margin=1.0)
N_OLD, N_NEW = 2000, 2000


def history(*, then=REVERSED, old=QUIET):
    """Return rows of the old world, and then of the new one."""
    before, after = world_rows(N_OLD, seed=1, world=old), world_rows(N_NEW, seed=2, world=then)
    return LabelledRows(
        features=pa.concat_tables([before[0], after[0]]),
        labels=np.concatenate([before[1], after[1]]),
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


def competitors(rows, plan):
    """Return the training windows that compete."""
    matrix = encode_table(rows.features, CONTRACT)
    competition = compete(matrix, rows.labels, CONTRACT, plan, trainers=[TRAINER], seed=0)
    return {entry.window for entry in competition.entries}


class TestAllot:
    def test_gives_half_a_window_to_the_guard_and_a_quarter_to_validation(self):
        """Once there is plenty."""
        plan = allot(10_000, n_window=2000, onset=3000, least_guard=500)

        assert plan == Plan(onset=3000, validation=8500, guard=9000)

    def test_shares_a_young_world_between_the_learner_and_the_judge(self):
        """900 fresh rows: the guard gets the 500 it needs, half the rest is learnt from."""
        plan = allot(10_000, n_window=2000, onset=9100, least_guard=500)

        assert plan == Plan(onset=9100, validation=9300, guard=9500)

    def test_the_guard_gets_what_it_needs_though_windows_are_small(self):
        """Else a project with little traffic could never promote anything."""
        plan = allot(10_000, n_window=300, onset=0, least_guard=500)

        assert plan.guard == 9500
        assert plan.validation == 9500 - 75

    def test_rows_that_judged_before_do_not_judge_again(self):
        """What is spent goes to validation or training, and the guard makes do with the rest."""
        plan = allot(10_000, n_window=2000, onset=0, least_guard=500, spent=9700)

        assert plan.guard == 9700
        assert plan.validation == 9200

    def test_nothing_is_left_where_all_is_spent(self):
        """The guard is empty then, and defers."""
        assert allot(1000, n_window=1000, onset=0, least_guard=500, spent=1000).guard == 1000

    def test_the_parts_follow_each_other_whatever_is_asked(self):
        """In time order and within the rows: none is in two parts."""
        sizes, windows = (0, 1, 7, 499, 500, 501, 1000, 5000), (1, 300, 2000)
        for n, n_window, onset, spent in product(sizes, windows, (0, 400, 5000), (0, 300)):
            judged = min(spent, n)

            plan = allot(n, n_window=n_window, onset=onset, least_guard=500, spent=judged)

            assert 0 <= plan.onset <= plan.validation <= plan.guard <= n
            assert plan.guard >= judged


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

    def test_the_guards_labels_have_no_part_in_the_choice(self):
        """
        With nonsense in place of the guard's labels the same window wins by the same
        margins, with the same calibration and threshold; only the verdict may change.
        """
        rows = history()
        plan = allot(len(rows), n_window=2000, onset=N_OLD, least_guard=500)
        poisoned = rows.labels.copy()
        poisoned[plan.guard :] = np.random.default_rng(0).random(len(rows) - plan.guard) < 0.5

        honest = challenged(rows, plan=plan, policy=LENIENT)
        nonsense = challenged(replace(rows, labels=poisoned), plan=plan, policy=LENIENT)

        assert honest.report.checks != nonsense.report.checks
        assert honest.training_window == nonsense.training_window
        assert honest.margins == nonsense.margins
        assert honest.challenger.contract.threshold == nonsense.challenger.contract.threshold
        assert honest.challenger.model.calibration == nonsense.challenger.model.calibration

    def test_the_guards_rows_have_no_part_in_the_model_that_it_judges(self):
        """The tested scores are those of a model that saw neither the rows nor their labels."""
        rows = history()
        plan = allot(len(rows), n_window=2000, onset=N_OLD, least_guard=500)
        matrix = encode_table(rows.features, CONTRACT)
        seen = matrix.take(slice(plan.guard))

        outcome = challenged(rows, plan=plan)
        alone = compete(
            seen, rows.labels[: plan.guard], CONTRACT, plan, trainers=[TRAINER], seed=0
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

    def test_every_trainer_competes_on_every_window(self):
        """And each leaves its margin in the record."""

        class Named(LogisticRegressionTrainer):
            name = "another"

        outcome = challenged(history(), trainers=[TRAINER, Named()])

        assert set(outcome.margins) == {
            "logistic_regression/recent",
            "logistic_regression/all",
            "another/recent",
            "another/all",
        }

    @pytest.mark.parametrize(
        ("onset", "windows"),
        [(0, {"all"}), (3251, {"all"}), (3250, {"recent", "all"})],
        ids=["since ever", "99 rows", "100 rows"],
    )
    def test_recent_rows_compete_only_if_there_are_enough_of_them(self, onset, windows):
        """A fit on a handful of rows would be a lottery ticket."""
        plan = Plan(onset=onset, validation=3350, guard=3500)

        assert competitors(history(), plan) == windows

    def test_recent_rows_of_one_class_do_not_compete(self):
        """There is nothing to tell apart in them."""
        rows = history()
        labels = rows.labels.copy()
        labels[3000:3250] = False
        plan = Plan(onset=3000, validation=3250, guard=3500)

        assert competitors(replace(rows, labels=labels), plan) == {"all"}

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
