"""Tests of what is measured before the guard applies a rule."""

from __future__ import annotations

import time

import numpy as np
import pytest

from holdfast.performance.calibration_error import calibration_error
from holdfast.policy.gains import Gain, brier_gain, weigh
from holdfast.policy.segments import Segments


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def pair(seed=0, n=1000, *, noises=(0.6, 0.5)):
    rng = np.random.default_rng(seed)
    log_odds = 1.2 * rng.normal(size=n) - 0.8
    labels = rng.random(n) < sigmoid(log_odds)
    return labels, *(sigmoid(log_odds + noise * rng.normal(size=n)) for noise in noises)


def weighed(labels, champion, challenger, *, threshold=0.5, seed=0, segments=()):
    return weigh(
        labels, champion, challenger, champion_threshold=threshold, seed=seed, segments=segments
    )


def top(scores, count):
    chosen = np.zeros(scores.size, dtype=bool)
    chosen[np.argsort(-scores, kind="stable")[:count]] = True
    return chosen


def naive_recall(labels, champion, challenger, flagged):
    hits = [int((top(scores, flagged) & labels).sum()) for scores in (challenger, champion)]
    return (hits[0] - hits[1]) / labels.sum()


class TestGain:
    def test_bounds_are_one_sided(self):
        """Wrong with the probability that was asked for, on their own side."""
        gain = Gain(name="roc_auc", estimate=0.02, standard_error=0.01)

        assert gain.lower(0.05) == pytest.approx(0.02 - 1.6449 * 0.01, abs=1e-6)
        assert gain.upper(0.05) == pytest.approx(0.02 + 1.6449 * 0.01, abs=1e-6)
        assert gain.lower(0.5) == gain.upper(0.5) == pytest.approx(0.02)

    def test_harm_is_small_where_the_upper_bound_is_below_zero(self):
        """The p-value and the bound say the same."""
        gain = Gain(name="recall", estimate=-0.02, standard_error=0.01)

        assert gain.harm < 0.05
        assert gain.upper(gain.harm) == pytest.approx(0.0, abs=1e-12)

    def test_no_difference_is_no_harm(self):
        """Also where there is no error."""
        assert Gain(name="recall", estimate=0.0, standard_error=0.0).harm == 1.0


class TestWeigh:
    def test_estimates_are_those_of_the_definitions(self):
        """Before any resampling."""
        labels, champion, challenger = pair()

        gains = weighed(labels, champion, challenger)

        flagged = int((champion >= 0.5).sum())
        assert gains.recall.estimate == pytest.approx(
            naive_recall(labels, champion, challenger, flagged), abs=1e-6
        )
        assert gains.brier.estimate == pytest.approx(
            brier_gain(labels, champion, challenger).estimate, abs=1e-6
        )
        errors = [calibration_error(labels, s).estimate for s in (champion, challenger)]
        assert gains.calibration.estimate == pytest.approx(errors[0] - errors[1], abs=1e-6)
        assert (gains.n, gains.n_positive) == (1000, labels.sum())

    def test_errors_are_those_of_resampled_rows(self):
        """Done one resample at a time, with the flagged rows chosen anew in each."""
        labels, champion, challenger = pair()
        flagged = int((champion >= 0.5).sum())
        rng = np.random.default_rng(7)

        drawn = []
        for _ in range(400):
            rows = rng.integers(0, labels.size, labels.size)
            drawn.append(naive_recall(labels[rows], champion[rows], challenger[rows], flagged))
        gains = weighed(labels, champion, challenger)

        assert gains.recall.standard_error == pytest.approx(np.std(drawn), rel=0.15)
        assert gains.brier.standard_error == pytest.approx(
            brier_gain(labels, champion, challenger).standard_error, rel=0.1
        )

    def test_equal_scores_are_flagged_in_part(self):
        """Whom of several equals to flag is nothing that a model decided."""
        labels = np.tile([True, False, False, False], 250)
        champion = np.linspace(0.9, 0.1, 1000)

        gains = weighed(labels, champion, np.full(1000, 0.5), threshold=champion[99])

        assert gains.recall.estimate == pytest.approx(0.1 - 25 / 250, abs=1e-6)

    def test_the_order_of_the_rows_has_no_part_in_it(self):
        """To the last digit, segments included."""
        rows = pair()
        codes = np.arange(1000) % 3
        shuffled = np.random.default_rng(1).permutation(1000)

        straight = weighed(*rows, segments=[Segments(names=("a", "b", "c"), codes=codes)])
        mixed = weighed(
            *(one[shuffled] for one in rows),
            segments=[Segments(names=("a", "b", "c"), codes=codes[shuffled])],
        )

        assert straight == mixed

    def test_the_seed_moves_only_the_errors(self):
        """And those by little."""
        first, second = (weighed(*pair(), seed=seed) for seed in (1, 2))

        assert first.recall.estimate == second.recall.estimate
        assert first.recall.standard_error != second.recall.standard_error
        assert first.recall.standard_error == pytest.approx(second.recall.standard_error, rel=0.15)

    def test_knows_how_the_two_gains_go_together(self):
        """As over many pairs of models and rows."""
        drawn = [weighed(*pair(seed, 300, noises=(0.6, 0.6))) for seed in range(150)]
        figures = np.array([(one.auc.estimate, one.brier.estimate) for one in drawn])

        mean = np.mean([one.correlation for one in drawn])

        assert mean == pytest.approx(np.corrcoef(figures.T)[0, 1], abs=0.15)

    def test_a_model_beside_itself_gains_nothing(self):
        """And nothing is uncertain about it."""
        labels, champion, _ = pair()

        gains = weighed(labels, champion, champion)

        for gain in (gains.auc, gains.brier, gains.recall, gains.calibration):
            assert gain.estimate == 0.0
            assert gain.harm == 1.0 or gain.standard_error == pytest.approx(0.0, abs=1e-7)
        assert gains.correlation == 0.0

    def test_is_quick_on_many_rows(self):
        """Far below the second that the guard may take, on a machine that does other things."""
        rows = pair(n=10_000)

        begin = time.process_time()
        weighed(*rows)

        assert time.process_time() - begin < 3.0
