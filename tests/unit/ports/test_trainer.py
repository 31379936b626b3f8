"""Tests of holdfast.ports.trainer: what a calibration is, and what it may not be."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.ports.trainer import Calibration


class TestCalibration:
    def test_is_a_line_without_bends(self):
        """Platt's."""
        found = Calibration(slope=2.0, intercept=-1.0)

        assert found.kind == "sigmoid"
        assert found.calibrated(np.array([0.0, 1.0])).tolist() == [-1.0, 1.0]
        assert found.probabilities(np.array([0.5])).tolist() == [0.5]

    def test_goes_through_its_knots(self):
        """And beyond them as steeply as it is told."""
        at, calibrated = np.array([-1.0, 0.0, 2.0]), np.array([-3.0, 0.5, 0.6])

        found = Calibration.through(at, calibrated, slope=0.5)

        assert found.kind == "isotonic"
        assert found.calibrated(at) == pytest.approx(calibrated)
        assert found.calibrated(np.array([-3.0, 1.0, 4.0])) == pytest.approx([-4.0, 0.55, 1.6])

    def test_keeps_its_direction_at_the_largest_numbers(self):
        """Rounding far outside must not turn the ranking round."""
        rng = np.random.default_rng(0)
        knots = (np.cumsum(rng.random(50) + 0.01) for _ in range(2))
        found = Calibration.through(*knots, slope=0.3)

        far = found.calibrated(np.array([-1e300, -1e38, -1e9, 1e9, 1e38, 1e300]))

        assert (np.diff(far) > 0).all()

    @pytest.mark.parametrize(
        ("slope", "bends", "why"),
        [
            (-0.1, (), "negative slope"),
            (0.0, ((0.0, 1.0),), "rise everywhere"),
            (1.0, ((0.0, 2.0), (1.0, -3.0)), "rise everywhere"),
            (1.0, ((1.0, 2.0), (0.0, 1.0)), "from left to right"),
            (1.0, ((1.0, 2.0), (1.0, 1.0)), "each place once"),
        ],
        ids=["falls", "flat end", "flat piece", "from right to left", "twice"],
    )
    def test_refuses_what_would_not_keep_the_ranking(self, slope, bends, why):
        """Decision 0004."""
        with pytest.raises(ValueError, match=why):
            Calibration(slope=slope, bends=bends)

    def test_is_flat_only_with_slope_zero(self):
        """Then it says the same of every row."""
        assert Calibration(slope=0.0).is_flat
        assert not Calibration(slope=1e-9).is_flat
