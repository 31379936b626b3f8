"""Tests of estimating performance from counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.domain.errors import EmptyWindowError, GridMismatchError
from holdfast.drift.scores import cut_score_grid, score_profile
from holdfast.performance.estimated import METRICS, estimate
from holdfast.performance.estimated_counts import estimate_counts

GRID = cut_score_grid(np.random.default_rng(0).beta(1.2, 3.4, 7_000), threshold=0.37)


def errors(scores, counts):
    exact, found = estimate(scores, threshold=GRID.threshold), estimate_counts(counts, GRID)
    return {name: (abs(found[name].estimate - exact[name].estimate), found[name]) for name in exact}


class TestEstimateCounts:
    @pytest.mark.parametrize(("a", "b"), [(1.2, 3.4), (2, 2), (4, 2)])
    def test_is_off_by_less_than_a_tenth_of_a_percent(self, a, b):
        """Also where the scores have drifted far: the parts are of equal width."""
        scores = np.random.default_rng(1).beta(a, b, 2_000)

        off = errors(scores, score_profile(scores, GRID))

        assert max(error for error, _ in off.values()) < 1e-4
        assert max(figure.bound for _, figure in off.values()) < 1.2e-3
        assert set(off) == set(METRICS)

    @settings(max_examples=150, deadline=None)
    @given(
        scores=st.lists(st.floats(0.02, 0.98), min_size=8, max_size=40),
        fine=st.booleans(),
    )
    def test_the_bound_holds_wherever_the_rows_stand(self, scores, fine):
        """Fine cells or those of the grid, which older counts have."""
        rows = np.array(scores)
        counts = score_profile(rows, GRID)
        counts = counts if fine else replace(counts, fine=None)

        off = errors(rows, counts)

        assert all(error <= figure.bound + 1e-9 for error, figure in off.values())

    def test_the_brier_score_is_exact(self):
        """The counts carry the sum of the squares."""
        scores = np.random.default_rng(2).random(500)

        error, figure = errors(scores, score_profile(scores, GRID))["brier"]

        assert error < 1e-12
        assert figure.bound == 0.0

    def test_the_bound_widens_the_interval(self):
        """What counting may have cost is not hidden."""
        scores = np.random.default_rng(3).random(500)
        counts = replace(score_profile(scores, GRID), fine=None)

        found = estimate_counts(counts, GRID)["accuracy"]

        half = 1.959964 * found.standard_error + found.bound
        assert found.bound > 0.005
        assert (found.high - found.estimate, found.estimate - found.low) == pytest.approx(
            (half, half)
        )

    def test_adds_over_buckets(self):
        """A week's estimate is that of the sum of its days."""
        scores = np.random.default_rng(4).random(700)
        days = [score_profile(day, GRID) for day in np.split(scores, 7)]

        whole = sum(days[1:], days[0])

        assert estimate_counts(whole, GRID)["roc_auc"].estimate == pytest.approx(
            estimate_counts(score_profile(scores, GRID), GRID)["roc_auc"].estimate, rel=1e-12
        )

    def test_refuses_no_rows_and_another_releases_counts(self):
        """Scores of two models do not mean the same."""
        other = cut_score_grid(np.linspace(0, 1, 50), threshold=0.2)

        with pytest.raises(EmptyWindowError):
            estimate_counts(score_profile(np.zeros(0), GRID), GRID)
        with pytest.raises(GridMismatchError):
            estimate_counts(score_profile(np.array([0.5]), other), GRID)
