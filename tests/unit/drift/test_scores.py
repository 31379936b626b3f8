"""Tests of the counts of scores."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from holdfast.domain.errors import EmptyWindowError, GridMismatchError
from holdfast.drift.scores import N_FINE, ScoreProfile, cut_score_grid, score_profile

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


class TestWrongDecisions:
    LABELS = SCORES > 0.35

    def test_are_counted_where_the_threshold_lies(self):
        """Which is within a cell, whose counts cannot tell."""
        profile = score_profile(SCORES, GRID, self.LABELS)

        assert profile.n_false_positive == 0
        assert profile.n_false_negative == ((SCORES > 0.35) & (SCORES < 0.4)).sum() > 0

    def test_add_up(self):
        """Over buckets, with and without labels."""
        halves = [
            score_profile(part, GRID, labels)
            for part, labels in zip(np.split(SCORES, 2), np.split(self.LABELS, 2), strict=True)
        ]

        total = halves[0] + halves[1] + score_profile(SCORES, GRID)

        assert total.n_false_negative == score_profile(SCORES, GRID, self.LABELS).n_false_negative

    def test_counts_without_labels_are_written_as_they_always_were(self):
        """Buckets that are stored already stay equal to what is counted again."""
        before = msgspec.structs.asdict(score_profile(SCORES, GRID).to_wire())

        assert before["n_false_positive"] is before["n_false_negative"] is None
        assert b"n_false" not in msgspec.msgpack.encode(score_profile(SCORES, GRID).to_wire())

    def test_old_labelled_counts_do_not_pass_for_faultless(self):
        """They were written before anybody counted: unknown, not zero."""
        wire = score_profile(SCORES, GRID, self.LABELS).to_wire()
        old = msgspec.structs.replace(wire, n_false_positive=None, n_false_negative=None)

        known = ScoreProfile.from_wire(old)

        assert known.n_false_negative is None
        assert (known + score_profile(SCORES, GRID, self.LABELS)).n_false_negative is None

    def test_old_counts_without_labels_have_none(self):
        """There was nothing that could have been wrong."""
        known = ScoreProfile.from_bytes(score_profile(SCORES, GRID).to_bytes())

        assert (known.n_false_positive, known.n_false_negative) == (0, 0)


class TestFineCounts:
    def test_part_the_unit_interval_evenly(self):
        """The same places for every release; 1.0 is in the last part."""
        found = score_profile(np.array([0.0, 0.5, 1.0 - 1e-12, 1.0]), GRID)

        assert found.fine is not None
        assert found.fine.size == N_FINE
        assert np.flatnonzero(found.fine).tolist() == [0, N_FINE // 2, N_FINE - 1]

    def test_survive_being_written_down_and_added(self):
        """Exactly: they are whole numbers."""
        parts = [score_profile(part, GRID) for part in np.split(SCORES, 4)]

        read = [ScoreProfile.from_bytes(part.to_bytes()) for part in parts]

        whole = sum(read[1:], read[0])
        at_once = score_profile(SCORES, GRID)
        assert whole.fine is not None
        assert at_once.fine is not None
        assert whole.fine.tolist() == at_once.fine.tolist()

    def test_are_not_made_up_for_counts_of_an_older_version(self):
        """A sum that lacks a part has none."""
        old = replace(score_profile(SCORES[:9], GRID), fine=None)

        read = ScoreProfile.from_bytes(old.to_bytes())

        assert read.fine is None
        assert (read + score_profile(SCORES, GRID)).fine is None
