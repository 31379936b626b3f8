"""The guard: what it lets pass, what it refuses, and how often chance deceives it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from holdfast.domain.evidence import Check, Outcome
from holdfast.policy.gains import Gain, Gains
from holdfast.policy.guarding import GuardPolicy, decide, harm_of, judge
from holdfast.policy.segments import SegmentGain, Segments

BETTER, NO_WORSE = GuardPolicy(), GuardPolicy(rule="no_worse")
LINES = ("rows", "roc_auc", "brier", "better", "recall", "calibration")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def world(seed, n=1000):
    """Return the log-odds of rows and their labels, about a third of them positive."""
    rng = np.random.default_rng(seed)
    log_odds = 1.2 * rng.normal(size=n) - 0.8
    return rng, log_odds, rng.random(n) < sigmoid(log_odds)


def model(rng, log_odds, *, noise):
    """Return the scores of a model that sees the log-odds through noise."""
    return sigmoid(log_odds + noise * rng.normal(size=log_odds.size))


def verdict(labels, champion, challenger, *, policy=BETTER, alarmed=False, threshold=0.5, **more):
    return judge(
        labels,
        champion,
        challenger,
        champion_threshold=threshold,
        policy=policy,
        alarmed=alarmed,
        seed=0,
        **more,
    )


def line(report, name):
    """Return the report's line of this name."""
    (found,) = [check for check in report.checks if check.name == name]
    return found


def accepted(n_pairs, *, noises, policy=BETTER, alarmed=False, n=1000):
    """Return the share of simulated pairs of models in which the challenger passes."""
    passed = 0
    for seed in range(n_pairs):
        rng, log_odds, labels = world(seed, n)
        pair = [model(rng, log_odds, noise=noise) for noise in noises]
        report = verdict(labels, *pair, policy=policy, alarmed=alarmed)
        passed += report.outcome is Outcome.ACCEPT
    return passed / n_pairs


class TestBetter:
    @pytest.mark.parametrize(("alarmed", "level"), [(False, 0.05), (True, 0.20)])
    def test_seldom_takes_noise_for_a_gain(self, alarmed, level):
        """
        Of two models of the same quality the challenger passes no more often than the
        level allows, within two standard errors of 60 simulated pairs.
        """
        share = accepted(60, noises=(0.5, 0.5), alarmed=alarmed, n=500)

        assert share <= level + 2 * math.sqrt(level * (1 - level) / 60)

    def test_an_open_alarm_makes_it_bolder(self):
        """Waiting costs more while the champion does harm: the same gain passes more often."""
        noises = (0.7, 0.5)

        calm = accepted(25, noises=noises)
        alarmed = accepted(25, noises=noises, alarmed=True)

        assert alarmed >= calm + 0.15

    def test_promotes_a_real_gain(self):
        """A champion that lost the plot is replaced nearly always."""
        assert accepted(20, noises=(2.0, 0.3)) >= 0.95

    def test_refuses_the_champion_itself(self):
        """No difference is no gain, however many rows there are."""
        rng, log_odds, labels = world(0, n=5000)
        champion = model(rng, log_odds, noise=0.3)

        report = verdict(labels, champion, champion.copy(), alarmed=True)

        assert report.outcome is Outcome.REFUSE
        assert "is no proven gain" in report.reason

    def test_refuses_a_worse_model(self):
        """Whatever is alarmed."""
        rng, log_odds, labels = world(1)
        good, bad = model(rng, log_odds, noise=0.2), model(rng, log_odds, noise=2.0)

        assert verdict(labels, good, bad, alarmed=True).outcome is Outcome.REFUSE

    def test_a_gain_in_ranking_does_not_pay_for_worse_probabilities(self):
        """AUC alone would let a model pass whose scores mean nothing any more."""
        rng, log_odds, labels = world(2, n=3000)
        champion = model(rng, log_odds, noise=1.0)
        overconfident = sigmoid(8 * (log_odds + 2))

        report = verdict(labels, champion, overconfident)

        (auc,) = [check for check in report.checks if check.name == "roc_auc"]
        assert auc.low > 0
        assert report.outcome is Outcome.REFUSE

    def test_better_probabilities_alone_are_a_gain(self):
        """After a change of the base rate the ranking may be as it was; AUC cannot tell."""
        rng, log_odds, labels = world(3, n=3000)
        ranked = log_odds + 0.3 * rng.normal(size=log_odds.size)
        stale, recalibrated = sigmoid(ranked + 1.5), sigmoid(ranked)

        report = verdict(labels, stale, recalibrated)

        assert report.outcome is Outcome.ACCEPT
        assert report.reason.startswith("brier")

    def test_better_probabilities_do_not_pay_for_a_worse_ranking(self):
        """The AUC may lose at most the slack."""
        rng, log_odds, labels = world(4, n=4000)
        stale = sigmoid(log_odds + 3)
        blunt = model(rng, log_odds, noise=1.0)

        report = verdict(labels, stale, blunt)

        brier = next(check for check in report.checks if check.name == "brier")
        assert brier.low > 0
        assert report.outcome is Outcome.REFUSE


class TestNoWorse:
    def test_promotes_ties(self):
        """By design: a model of equal quality on fresher rows may take over."""
        rng, log_odds, labels = world(0, n=4000)
        champion = model(rng, log_odds, noise=0.1)

        assert verdict(labels, champion, champion, policy=NO_WORSE).outcome is Outcome.ACCEPT
        assert accepted(5, noises=(0.1, 0.1), policy=NO_WORSE, n=4000) >= 0.8

    def test_refuses_a_real_loss(self):
        """Of ranking or of probabilities."""
        rng, log_odds, labels = world(1, n=2000)
        champion = model(rng, log_odds, noise=0.1)

        blunt = verdict(labels, champion, model(rng, log_odds, noise=1.5), policy=NO_WORSE)
        skewed = verdict(labels, champion, sigmoid(log_odds + 2), policy=NO_WORSE)

        assert (blunt.outcome, skewed.outcome) == (Outcome.REFUSE, Outcome.REFUSE)
        assert "reaches below the margin of -0.010" in blunt.reason
        assert skewed.reason.startswith("brier")

    def test_the_margin_is_the_policys(self):
        """A project may put up with more, or less."""
        rng, log_odds, labels = world(2, n=4000)
        pair = model(rng, log_odds, noise=0.1), model(rng, log_odds, noise=0.3)

        strict = verdict(labels, *pair, policy=replace(NO_WORSE, margin=0.0001))
        lax = verdict(labels, *pair, policy=replace(NO_WORSE, margin=0.1))

        assert (strict.outcome, lax.outcome) == (Outcome.REFUSE, Outcome.ACCEPT)


class TestTooFewRows:
    @pytest.mark.parametrize(
        ("n", "n_positive"),
        [(499, 250), (500, 49), (500, 451), (0, 0)],
        ids=["rows", "positives", "negatives", "none at all"],
    )
    def test_defers_rather_than_guesses(self, n, n_positive):
        """Below 500 rows, or 50 of either class; the report says what is missing."""
        labels = np.arange(n) < n_positive
        scores = np.linspace(0.1, 0.9, n)

        report = verdict(labels, scores, scores[::-1])

        rarer = min(n_positive, n - n_positive)
        assert report.outcome is Outcome.DEFER
        assert report.reason == (
            f"{n} rows with {rarer} of the rarer class are too few to judge on; "
            "500 rows and 50 of each class are needed"
        )
        assert (report.n, report.n_positive) == (n, n_positive)

    @pytest.mark.parametrize("n_positive", [50, 450])
    def test_judges_from_the_least_number_on(self, n_positive):
        """Both bounds are inclusive."""
        labels = np.arange(500) < n_positive
        scores = np.linspace(0.9, 0.1, 500)

        assert verdict(labels, scores, scores).outcome is not Outcome.DEFER


class TestRecall:
    def test_significant_harm_blocks_a_model_that_is_better_on_the_whole(self):
        """
        The challenger ranks everyone better, but loses those at the very top: the ones
        that the project can afford to act on.
        """
        rng = np.random.default_rng(0)
        labels = np.arange(2000) < 600
        champion = np.where(np.arange(2000) < 200, 0.9, 0.6 * rng.random(2000))
        challenger = np.where(labels, 0.7, 0.1) + 0.05 * rng.random(2000)
        challenger[600:660] = 0.95  # negatives, above all the others

        report = verdict(labels, champion, challenger, threshold=0.8)

        (recall,) = [check for check in report.checks if check.name == "recall"]
        (rule,) = [check for check in report.checks if check.name == "better"]
        assert rule.passed
        assert not recall.passed
        assert recall.high < 0
        assert report.outcome is Outcome.REFUSE
        assert report.reason == recall.reason

    def test_flagging_more_rows_is_no_merit(self):
        """Recall is compared at the champion's flagged share, not at equal thresholds."""
        rng, log_odds, labels = world(0)
        champion = model(rng, log_odds, noise=0.5)

        report = verdict(labels, champion, sigmoid(np.log(champion / (1 - champion)) + 2))

        (recall,) = [check for check in report.checks if check.name == "recall"]
        assert recall.estimate == 0.0

    def test_a_champion_that_flags_no_one_can_be_replaced(self):
        """A threshold that no score reaches makes no empty comparison."""
        rng, log_odds, labels = world(0)
        stale, fresh = model(rng, log_odds, noise=3.0), model(rng, log_odds, noise=0.1)

        report = verdict(labels, stale, fresh, threshold=1.0)

        assert report.outcome is Outcome.ACCEPT


class TestReport:
    @pytest.mark.parametrize("noises", [(2.0, 0.3), (0.3, 2.0)], ids=["accepted", "refused"])
    def test_has_a_line_with_figures_for_each_check(self, noises):
        """Also for those that passed: a person who asks why sees all of it."""
        rng, log_odds, labels = world(0)

        report = verdict(labels, *(model(rng, log_odds, noise=noise) for noise in noises))

        assert tuple(check.name for check in report.checks) == LINES
        for check in report.checks:
            assert check.reason
            assert check.estimate is not None
        assert all(math.isfinite(check.low) for check in report.checks[1:])

    def test_refuses_in_the_words_of_the_checks_that_failed(self):
        """And only theirs."""
        rng, log_odds, labels = world(0)

        report = verdict(labels, model(rng, log_odds, noise=0.3), model(rng, log_odds, noise=2.0))

        failed = [check.reason for check in report.checks if not check.passed]
        assert report.reason == "; ".join(failed)

    def test_names_the_level_that_was_asked_for(self):
        """One-sided 80% while something is alarmed, 95% otherwise."""
        rng, log_odds, labels = world(0)
        pair = [model(rng, log_odds, noise=0.5) for _ in range(2)]

        assert "one-sided 95% interval" in line(verdict(labels, *pair), "better").reason
        assert (
            "one-sided 80% interval" in line(verdict(labels, *pair, alarmed=True), "better").reason
        )


class TestHarmOf:
    def test_seldom_takes_noise_for_harm(self):
        """Two models of the same quality; at most about one pair in twenty."""
        refused = 0
        for seed in range(120):
            rng, log_odds, labels = world(seed)
            pair = [model(rng, log_odds, noise=0.8) for _ in range(2)]
            refused += harm_of(labels, *pair, policy=BETTER).outcome is Outcome.REFUSE

        assert refused <= 12  # 6 are to be expected at most

    def test_finds_a_model_that_is_clearly_worse(self):
        """And says by which figure."""
        rng, log_odds, labels = world(3)

        report = harm_of(
            labels,
            model(rng, log_odds, noise=0.1),
            model(rng, log_odds, noise=3.0),
            policy=BETTER,
        )

        assert (report.outcome, report.rule) == (Outcome.REFUSE, "harm")
        assert report.reason.startswith("significantly worse than the champion on 1,000 mature")
        assert {check.name for check in report.checks} == {"roc_auc", "brier"}

    def test_a_significant_trifle_is_no_harm(self):
        """On many rows the least difference is significant."""
        _, log_odds, labels = world(4, n=50_000)

        report = harm_of(labels, sigmoid(log_odds), sigmoid(log_odds + 0.15), policy=BETTER)

        brier = report.checks[1]
        assert brier.high is not None
        assert brier.high < 0
        assert (report.outcome, report.reason[:21]) == (Outcome.ACCEPT, "not shown to be worse")

    def test_says_that_rows_are_too_few(self):
        """That is no verdict, either way."""
        _, log_odds, labels = world(5, n=499)

        report = harm_of(labels, sigmoid(log_odds), sigmoid(-log_odds), policy=BETTER)

        assert report.outcome is Outcome.DEFER


class TestGuardPolicy:
    def test_knows_its_rules(self):
        """A misspelt rule must not become none."""
        with pytest.raises(ValueError, match="better, no_worse, auc_and_recall; found 'beter'"):
            GuardPolicy(rule="beter")


def gain(name):
    return Gain(name=name, estimate=0.0, standard_error=0.01)


NO_GAINS = Gains(
    n=1000,
    n_positive=300,
    auc=gain("roc_auc"),
    brier=gain("brier"),
    recall=gain("recall"),
    calibration=gain("calibration"),
    correlation=0.0,
    segments=(),
)


def gains(*, correlation=0.0, segments=(), **figures):
    """Return gains of 0 with an error of 0.01 each, but for those given as (estimate, error)."""
    given = {
        name: replace(getattr(NO_GAINS, name), estimate=estimate, standard_error=error)
        for name, (estimate, error) in figures.items()
    }
    return replace(NO_GAINS, correlation=correlation, segments=segments, **given)


def decided(found, *, rule="better", alarmed=False, **more):
    return decide(found, policy=GuardPolicy(rule=rule), alarmed=alarmed, **more)


class TestTwoGains:
    def test_share_the_level_between_them(self):
        """A bound that clears 5% for one test does not clear it for the better of two."""
        one_sided = 0.01 * 1.80  # z of one test at 5% is 1.645, of each of two 1.95

        assert decided(gains(auc=(one_sided, 0.01))).outcome is Outcome.REFUSE
        assert decided(gains(auc=(one_sided, 0.01), correlation=1.0)).outcome is Outcome.ACCEPT
        assert decided(gains(auc=(0.0200, 0.01))).outcome is Outcome.ACCEPT

    @pytest.mark.parametrize(
        ("auc", "brier", "words"),
        [
            ((0.05, 0.01), (-0.02, 0.01), "the brier score is significantly worse (-0.020)"),
            ((-0.01, 0.01), (0.05, 0.01), "a roc_auc that may be -0.026"),
        ],
        ids=["auc gains", "brier gains"],
    )
    def test_neither_pays_for_the_other(self, auc, brier, words):
        """And the report says what holds the gain back."""
        report = decided(gains(auc=auc, brier=brier), alarmed=True)

        assert report.outcome is Outcome.REFUSE
        assert words in report.reason


class TestAucAndRecall:
    @pytest.mark.parametrize(
        ("auc", "recall", "outcome", "words"),
        [
            (0.0001, 0.0, Outcome.ACCEPT, "the one improves, the other does not fall"),
            (0.0, 0.1, Outcome.REFUSE, "roc_auc does not improve"),
            (0.1, -0.0001, Outcome.REFUSE, "recall falls"),
            (-0.1, -0.1, Outcome.REFUSE, "roc_auc does not improve, and recall falls"),
        ],
    )
    def test_takes_point_values_at_their_word(self, auc, recall, outcome, words):
        """However uncertain they are."""
        report = decided(gains(auc=(auc, 0.5), recall=(recall, 0.5)), rule="auc_and_recall")

        assert report.outcome is outcome
        assert words in report.reason

    def test_significant_harm_blocks_it_too(self):
        """As it does under every rule."""
        found = gains(auc=(0.1, 0.01), calibration=(-0.1, 0.01))

        assert decided(found, rule="auc_and_recall").outcome is Outcome.REFUSE


def segment(name="plan = basic", *, harm):
    """Return a part of 120 rows that is worse by more than the slack of 0.02 with this p."""
    estimate = -0.02 + 0.002 * float(stats.t.ppf(harm, 119))
    return SegmentGain(name=name, n=120, estimate=estimate, standard_error=0.002)


class TestHarm:
    def test_calibration_blocks_if_it_is_significantly_worse(self):
        """With its figure and its interval in the report."""
        report = decided(gains(auc=(0.1, 0.01), calibration=(-0.03, 0.01)))

        calibration = line(report, "calibration")
        assert report.outcome is Outcome.REFUSE
        assert not calibration.passed
        assert calibration.high < 0
        assert "is significantly worse (p = 0.0027, Holm)" in report.reason

    def test_a_segment_blocks_and_is_named(self):
        """Better on the whole, worse for some."""
        found = gains(auc=(0.1, 0.01), segments=(segment(harm=1e-5), segment("b", harm=0.3)))

        report = decided(found)

        assert report.outcome is Outcome.REFUSE
        assert report.reason.startswith("of 2 segments, plan = basic (120 rows): brier -0.0289 is")

    def test_each_harmed_segment_has_a_line(self):
        """The worst first."""
        found = gains(auc=(0.1, 0.01), segments=(segment("a", harm=1e-4), segment("b", harm=1e-6)))

        lines = [check for check in decided(found).checks if check.name == "segments"]

        assert [check.reason.split()[3] for check in lines] == ["b", "a"]

    def test_many_looks_are_held_to_one_level(self):
        """What one of one would show, one of forty does not."""
        many = tuple(segment(f"s{i}", harm=0.004 if i == 7 else 0.5) for i in range(40))

        report = decided(gains(auc=(0.1, 0.01), segments=many))

        assert report.outcome is Outcome.ACCEPT
        assert line(report, "segments").reason.startswith("of 40 segments, s7 ")

    def test_a_little_is_put_up_with(self):
        """
        Who learnt a changed world from few rows is a little worse where the old champion
        still holds, and far better where it does not.
        """
        little = SegmentGain(name="a", n=800, estimate=-0.018, standard_error=0.001)
        found = gains(auc=(0.5, 0.02), segments=(little,))

        assert decided(found).outcome is Outcome.ACCEPT
        strict = decide(found, policy=GuardPolicy(segment_slack=0.0), alarmed=True)
        assert strict.outcome is Outcome.REFUSE

    def test_is_found_on_rows_where_it_is(self):
        """A challenger that is better on all but one part of the rows."""
        rng, log_odds, labels = world(5, n=4000)
        champion = model(rng, log_odds, noise=1.0)
        codes = (np.arange(4000) % 10 == 0).astype(int)
        challenger = np.where(codes == 1, 1 - champion, model(rng, log_odds, noise=0.1))
        parts = Segments(names=("old = false", "old = true"), codes=codes)

        report = verdict(labels, champion, challenger, segments=[parts])

        assert report.outcome is Outcome.REFUSE
        assert "old = true (400 rows)" in report.reason

    @pytest.mark.parametrize("rule", ["better", "no_worse", "auc_and_recall"])
    def test_what_was_measured_elsewhere_must_have_passed(self, rule):
        """An export that says something else is refused under every rule."""
        parity = Check(name="parity", passed=False, reason="row 7 differs by 0.3")

        found = gains(auc=(0.1, 0.01), brier=(0.1, 0.01))
        report = decided(found, rule=rule, measured=[parity])

        assert (report.outcome, report.reason) == (Outcome.REFUSE, "row 7 differs by 0.3")
        assert report.checks[-1] is parity
