"""Tests of the rates that tell of labels, of the concept and of harm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.drift.scores import cut_score_grid, score_profile
from holdfast.performance.label_monitors import (
    CalibrationIndicators,
    HarmIndicators,
    calibration_indicators,
    harm_indicators,
    label_indicators,
)
from holdfast.performance.realised import measure

RNG = np.random.default_rng(0)
SCORES = RNG.beta(2, 3, size=6_000)
LABELS = RNG.random(6_000) < SCORES
THRESHOLD = 0.45
GRID = cut_score_grid(SCORES, threshold=THRESHOLD)
REFERENCE = score_profile(SCORES, GRID, LABELS)
BASELINE = measure(LABELS, SCORES, threshold=THRESHOLD)
WRONG = int(((SCORES >= THRESHOLD) != LABELS).sum())
MISSED = int(((SCORES < THRESHOLD) & LABELS).sum())


def calibrated(reference, grid) -> CalibrationIndicators:
    rated = calibration_indicators(reference, grid)
    assert rated is not None
    return rated


def harmed(baseline, *, prices: tuple[float, float] | None = None) -> HarmIndicators:
    rated = harm_indicators(baseline, prices=prices)
    assert rated is not None
    return rated


class TestLabelIndicators:
    def test_counts_positives_among_labels(self):
        """Whatever their scores."""
        tally = label_indicators(BASELINE).tally(REFERENCE)

        assert (tally.hits.tolist(), tally.n.tolist()) == ([LABELS.sum()], [6_000])

    def test_puts_up_with_rates_around_the_baseline(self):
        """On both sides."""
        low, high = label_indicators(BASELINE).bounds(z=3.0, dispersion=1.0, tolerance=0.02)

        assert low < LABELS.mean() - 0.02 < LABELS.mean() + 0.02 < high


class TestCalibrationIndicators:
    def test_counts_positives_in_ten_groups_of_scores(self):
        """Of near-equal size in the reference."""
        tally = calibrated(REFERENCE, GRID).tally(REFERENCE)

        assert tally.hits.sum() == LABELS.sum()
        np.testing.assert_allclose(tally.n, 600, atol=70)
        np.testing.assert_allclose(tally.hits / tally.n, np.linspace(0.1, 0.75, 10), atol=0.1)

    def test_says_which_scores_are_meant(self):
        """From below, and up to the top."""
        words = calibrated(REFERENCE, GRID).words

        assert len(words) == 10
        assert words[0].startswith("share of positives among scores up to 0.1")
        assert words[-1].startswith("share of positives among scores above 0.6")

    def test_a_changed_concept_moves_it_though_no_score_moved(self):
        """That is what it is there for."""
        rated = calibrated(REFERENCE, GRID)

        turned = rated.tally(score_profile(SCORES, GRID, ~LABELS))

        assert turned.hits[0] / turned.n[0] > 0.8

    def test_few_distinct_scores_make_few_groups(self):
        """One value is never divided."""
        scores = np.repeat([0.1, 0.8], [700, 300])
        grid = cut_score_grid(scores, threshold=0.5)

        rated = calibrated(score_profile(scores, grid, scores > 0.5), grid)

        assert rated.words == (
            "share of positives among scores up to 0.1",
            "share of positives among scores above 0.1",
        )

    def test_one_distinct_score_makes_one_group(self):
        """All labels are then a single rate."""
        scores = np.full(50, 0.3)
        grid = cut_score_grid(scores, threshold=0.5)

        rated = calibrated(score_profile(scores, grid, RNG.random(50) < 0.3), grid)

        assert rated.words == ("share of positives among all scores",)
        assert rated.tally(rated.reference).n.tolist() == [50]

    def test_without_labels_in_the_reference_there_is_none(self):
        """Not one that bets on nothing."""
        assert calibration_indicators(score_profile(SCORES, GRID), GRID) is None
        assert calibration_indicators(None, None) is None


class TestHarmIndicators:
    def test_knows_the_errors_that_the_baseline_made(self):
        """From its accuracy and recall, to the row."""
        rated = harmed(BASELINE)

        assert (rated.n_false_positive, rated.n_false_negative) == (WRONG - MISSED, MISSED)

    def test_counts_wrong_decisions(self):
        """The threshold lies within a cell: counts by cell could not tell."""
        tally = harmed(BASELINE).tally(REFERENCE)

        assert (tally.hits.tolist(), tally.n.tolist()) == ([WRONG], [6_000])

    def test_less_harm_is_no_alarm(self):
        """The lower bound cannot be passed."""
        low, high = harmed(BASELINE).bounds(z=1.645, dispersion=1.0, tolerance=0.01)

        assert low.tolist() == [0.0]
        assert WRONG / 6_000 + 0.01 < high[0] < WRONG / 6_000 + 0.03

    @pytest.mark.parametrize(
        ("prices", "dear", "cheap", "lesser"),
        [
            ((1.0, 4.0), MISSED, WRONG - MISSED, 0.25),
            ((5.0, 1.0), WRONG - MISSED, MISSED, 0.2),
            ((2.0, 2.0), WRONG - MISSED, MISSED, 1.0),
        ],
    )
    def test_counts_what_errors_cost_where_the_aim_says_so(self, prices, dear, cheap, lesser):
        """In parts of the dearer error."""
        rated = harmed(BASELINE, prices=prices)

        tally = rated.tally(REFERENCE)

        assert rated.lesser == lesser
        assert tally.lesser is not None
        assert (tally.hits.tolist(), tally.lesser.tolist()) == ([dear], [cheap])
        mean = (dear + lesser * cheap) / 6_000
        assert mean < rated.bounds(z=1.645, dispersion=1.0, tolerance=0.01)[1][0] < mean + 0.03

    def test_old_counts_that_do_not_say_which_were_wrong_tell_nothing(self):
        """Neither harm nor its absence."""
        old = replace(REFERENCE, n_false_positive=None, n_false_negative=None)

        assert harmed(BASELINE).tally(old).n.tolist() == [0]

    def test_a_baseline_without_positives_missed_none(self):
        """Recall is then not defined, and left out of its figures."""
        none = np.zeros(50, dtype=np.bool_)

        rated = harmed(measure(none, SCORES[:50], threshold=THRESHOLD))

        assert rated.n_false_negative == 0
        assert rated.n_false_positive == (SCORES[:50] >= THRESHOLD).sum()

    def test_without_an_error_rate_there_is_nothing_to_compare_with(self):
        """A model that was registered with other figures."""
        assert harm_indicators(replace(BASELINE, figures={})) is None
