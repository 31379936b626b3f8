"""Tests of the expected calibration error and its interval."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domain.errors import EmptyWindowError
from holdfast.performance.calibration_error import calibration_error, score_bins


def sample(seed, n=1000, *, off=0.0):
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.05, 0.6, size=n)
    return rng.random(n) < scores + off, scores


def naive(labels, scores):
    """Ten bins of equal size, written out."""
    parts = np.array_split(np.argsort(scores), 10)
    gaps = [abs(labels[part].mean() - scores[part].mean()) * part.size for part in parts]
    return sum(gaps) / labels.size


class TestCalibrationError:
    def test_equals_the_definition(self):
        """The gap of each tenth of the rows."""
        labels, scores = sample(0)

        assert calibration_error(labels, scores).estimate == pytest.approx(naive(labels, scores))

    @pytest.mark.parametrize("off", [0.0, 0.03, 0.1])
    def test_the_interval_covers_the_truth(self, off):
        """Nineteen in twenty at least: it is a cautious one."""
        intervals = [calibration_error(*sample(seed, off=off)) for seed in range(200)]

        covered = np.mean([one.low - 1e-12 <= off <= one.high for one in intervals])

        assert covered >= 0.92

    def test_tells_a_gross_error_from_chance(self):
        """Its lower bound leaves 0."""
        assert calibration_error(*sample(0)).low < 0.005
        assert calibration_error(*sample(0, off=0.2)).low > 0.1

    def test_one_row_is_a_gap(self):
        """Without NaN."""
        found = calibration_error(np.array([True]), np.array([0.8]))

        assert found.estimate == pytest.approx(0.2)
        assert (found.low, found.high) == pytest.approx((0.0, 0.2 + 0.2 * 1.789), abs=0.01)

    def test_refuses_no_rows(self):
        """Nothing measured is not zero."""
        with pytest.raises(EmptyWindowError):
            calibration_error(np.array([], dtype=bool), np.array([]))


class TestScoreBins:
    def test_ties_stay_together(self):
        """However many of them there are."""
        bins = score_bins(np.array([0.5] * 60 + [0.1] * 40))

        assert set(bins[:60].tolist()) == {1}
        assert set(bins[60:].tolist()) == {0}
