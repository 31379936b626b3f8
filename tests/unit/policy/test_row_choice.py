"""Which rows count once people are acted upon; what a wrong choice costs, and a right one."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domain.treatments import HoldOut, JudgeOn
from holdfast.performance.realised import measure
from holdfast.policy.row_choice import RowPolicy, judged_on, learnt_from

HELD = HoldOut(share=0.2, salt="holdout/churn")
WHOM = [f"customer-{i}" for i in range(20_000)]


class TestJudgedOn:
    @pytest.mark.parametrize(
        ("judge_on", "holdout", "treated", "which"),
        [
            ("auto", HoldOut(), False, "all"),
            ("auto", HELD, False, "all"),
            ("auto", HoldOut(), True, "untreated"),
            ("auto", HELD, True, "holdout"),
            ("all", HELD, True, "all"),
            ("untreated", HELD, True, "untreated"),
            ("holdout", HELD, False, "holdout"),
        ],
    )
    def test_takes_all_rows_until_somebody_is_treated(self, judge_on, holdout, treated, which):
        """Then those of whom nobody acts upon, unless the project says otherwise."""
        policy = RowPolicy(judge_on=JudgeOn(judge_on), holdout=holdout)

        _, used = judged_on(np.array([treated, False]), ["Ann", "Bob"], policy=policy)

        assert used.which.value == which

    def test_leaves_out_whom_was_treated_in_spite_of_the_hold_out(self):
        """Somebody may not have heeded it; the label is spoilt all the same."""
        treated = np.ones(len(WHOM), dtype=np.bool_)
        treated[:10_000] = False

        chosen, used = judged_on(treated, WHOM, policy=RowPolicy(holdout=HELD))

        assert not chosen[10_000:].any()
        assert used.n == chosen.sum() == pytest.approx(2_000, abs=150)
        assert (used.n_left_out, used.n_treated) == (20_000 - used.n, 10_000)

    def test_takes_an_empty_window(self):
        """Nothing is chosen of nothing."""
        chosen, used = judged_on(np.zeros(0, dtype=np.bool_), [], policy=RowPolicy())

        assert (len(chosen), used.n) == (0, 0)


class TestLearntFrom:
    def test_is_never_the_hold_out_alone(self):
        """A fifth of the rows would be too few to learn from."""
        treated = np.zeros(len(WHOM), dtype=np.bool_)
        treated[:5_000] = True

        chosen, used = learnt_from(treated, policy=RowPolicy(holdout=HELD))

        assert used.which is JudgeOn.UNTREATED
        assert chosen.tolist() == (~treated).tolist()

    def test_is_all_rows_if_the_project_says_so(self):
        """The words say it, too."""
        chosen, used = learnt_from(np.array([True, False]), policy=RowPolicy(judge_on=JudgeOn.ALL))

        assert chosen.all()
        assert used.words == "2 rows, all that are labelled; 0 left out, 1 treated in all"


@pytest.fixture(name="stream", scope="module")
def _stream():
    rng = np.random.default_rng(7)
    scores = rng.beta(1.2, 2.5, len(WHOM))
    would_leave = rng.random(len(WHOM)) < scores  # the model is right of everybody
    called = (scores > 0.5) & ~np.array([HELD.holds(one) for one in WHOM])
    leaves = would_leave & ~(called & (rng.random(len(WHOM)) < 0.5))
    return scores, would_leave, leaves, called


class TestBias:
    """A campaign calls all with a score above 0.5 but for the hold-out, and wins half of them."""

    def found(self, stream, judge_on):
        scores, would_leave, leaves, called = stream
        policy = RowPolicy(judge_on=judge_on, holdout=HELD)
        chosen, used = judged_on(called, WHOM, policy=policy)
        truth = measure(would_leave, scores, threshold=0.5).figures["roc_auc"]
        seen = measure(leaves[chosen], scores[chosen], threshold=0.5).figures["roc_auc"]
        rate = float(leaves[chosen].mean() - would_leave.mean())
        calibrated = float(leaves[chosen].mean() - scores[chosen].mean())
        return seen - truth, rate, calibrated, used

    def test_treated_rows_make_a_good_model_look_bad(self, stream):
        """Ranking, label rate and calibration alike, though it is right of everybody."""
        auc, rate, calibrated, _ = self.found(stream, JudgeOn.ALL)

        assert auc < -0.04
        assert rate < -0.03
        assert calibrated < -0.03

    def test_the_hold_out_tells_the_truth(self, stream):
        """It is chosen by itself once somebody is treated."""
        auc, rate, calibrated, used = self.found(stream, JudgeOn.AUTO)

        assert used.which is JudgeOn.HOLDOUT
        assert auc == pytest.approx(0.0, abs=0.02)
        assert rate == pytest.approx(0.0, abs=0.02)
        assert calibrated == pytest.approx(0.0, abs=0.02)

    def test_untreated_rows_are_calibrated_but_no_fair_draw(self, stream):
        """Why they are only the lesser evil: those that the model points out are rare there."""
        auc, rate, calibrated, _ = self.found(stream, JudgeOn.UNTREATED)

        assert calibrated == pytest.approx(0.0, abs=0.02)
        assert auc < -0.02
        assert rate < -0.03
