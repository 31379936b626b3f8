"""Tests of the counts of scores."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domain.errors import EmptyWindowError, GridMismatchError
from holdfast.drift.scores import ScoreProfile, cut_score_grid, score_profile

SCORES = np.random.default_rng(0).beta(2, 5, size=2_000)
GRID = cut_score_grid(SCORES, threshold=0.4)


class TestScoreProfile:
    def test_knows_confidence_and_decisions(self):
        """Mean and spread of |p - 0.5|, and the share at or above the threshold."""
        profile = score_profile(SCORES, GRID)

        confidence = np.abs(SCORES - 0.5)
        assert profile.confidence.mean == pytest.approx(confidence.mean())
        assert profile.confidence.sd == pytest.approx(confidence.std(ddof=1))
        assert profile.confidence.n == 2_000
        assert profile.positive_rate == np.mean(SCORES >= 0.4)

    def test_a_score_at_the_threshold_is_positive(self):
        """As in serving."""
        assert score_profile(np.array([0.4]), GRID).n_positive == 1

    def test_adds_up(self):
        """Two halves make the whole."""
        halves = [score_profile(part, GRID) for part in np.split(SCORES, 2)]

        both = halves[0] + halves[1]

        whole = score_profile(SCORES, GRID)
        assert both.cells.tolist() == whole.cells.tolist()
        assert both.confidence.sd == pytest.approx(whole.confidence.sd)

    def test_counts_labels_by_cell(self):
        """Calibration is read from these."""
        labels = SCORES > 0.5

        profile = score_profile(SCORES, GRID, labels)

        assert profile.n_labelled == 2_000
        np.testing.assert_array_equal(
            profile.labelled_negative + profile.labelled_positive, profile.cells
        )
        assert profile.labelled_positive.sum() == labels.sum()

    def test_comes_back_from_bytes(self):
        """All of it."""
        profile = score_profile(SCORES, GRID, SCORES > 0.3)

        assert ScoreProfile.from_bytes(profile.to_bytes()) == profile

    def test_refuses_to_add_scores_of_another_release(self):
        """Another threshold already makes other decisions."""
        other = score_profile(SCORES, cut_score_grid(SCORES, threshold=0.6))

        with pytest.raises(GridMismatchError):
            score_profile(SCORES, GRID) + other

    @pytest.mark.parametrize("bad", [np.nan, -0.1, 1.5, np.inf])
    def test_refuses_what_is_no_probability(self, bad):
        """A model's log-odds by mistake, or NaN."""
        with pytest.raises(ValueError, match="probabilities"):
            score_profile(np.array([0.5, bad]), GRID)

    def test_no_rows_have_no_confidence(self):
        """Not zero."""
        empty = score_profile(np.array([]), GRID)

        with pytest.raises(EmptyWindowError):
            _ = empty.confidence

    def test_a_single_row_has_no_spread(self):
        """And no NaN."""
        assert score_profile(np.array([0.9]), GRID).confidence.sd == 0.0


class TestCutScoreGrid:
    def test_has_at_most_100_edges(self):
        """Quantiles of the reference scores."""
        assert GRID.edges.size == 100

    def test_refuses_no_scores(self):
        """There would be nothing to compare with."""
        with pytest.raises(EmptyWindowError):
            cut_score_grid(np.array([]), threshold=0.5)
