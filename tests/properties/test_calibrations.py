"""Whatever a model's log-odds, calibration keeps every row's place and stays finite."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.loop import calibrate as calibrating
from holdfast.loop.calibrate import calibrate
from holdfast.performance.calibration import fit_platt
from holdfast.performance.isotonic import fit_isotonic
from holdfast.ports.trainer import Calibration

SHAPES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "few values": lambda rng, n: rng.integers(-3, 4, n).astype(float),
    "neighbours": lambda rng, n: 1.0 + rng.integers(0, 9, n) * np.spacing(1.0),
    "heavy tails": lambda rng, n: rng.standard_cauchy(n) ** 3,
    "the largest": lambda rng, n: rng.choice([-3e38, -1.0, 0.0, 0.5, 3e38], n),
    "the smallest": lambda rng, n: rng.normal(size=n) * 1e-30,
    "all but one alike": lambda rng, n: np.where(np.arange(n) == 0, rng.normal(), 0.0),
}


@st.composite
def streams(draw):
    """Labels of both classes that go with the log-odds, against them, or neither."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(4, 700))
    log_odds = SHAPES[draw(st.sampled_from(sorted(SHAPES)))](rng, n)
    by_rank = np.argsort(np.argsort(log_odds)) / n
    chance = draw(st.sampled_from([by_rank, 1 - by_rank, np.full(n, 0.5), by_rank > 0.6]))
    labels = rng.random(n) < chance
    labels[:2] = [True, False]
    return labels, log_odds


class TestCalibrations:
    @given(stream=streams())
    @settings(max_examples=150, deadline=None)
    def test_isotonic_pieces_rise_wherever_they_can_be_fitted(self, stream):
        """So far as the log-odds differ by more than they are rounded."""
        labels, log_odds = stream
        slope, _ = fit_platt(labels, log_odds)
        knots = None if slope == 0 else fit_isotonic(labels, log_odds, slope=slope)
        if knots is None:
            return

        found = Calibration.through(*knots, slope=slope)

        order = np.argsort(log_odds, kind="stable")
        calibrated = found.calibrated(log_odds[order])
        assert np.isfinite(calibrated).all()
        rounding = 1e-9 * np.maximum(1.0, np.abs(calibrated[1:]))
        assert (np.diff(calibrated) >= -rounding).all()

    @pytest.mark.parametrize("least", [0, 10_000])
    @given(stream=streams())
    @settings(max_examples=50, deadline=None)
    def test_a_calibration_is_found_for_any_stream(self, least, stream):
        """Of either kind; its error is one."""
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(calibrating, "_LEAST_ROWS", least)
            patched.setattr(calibrating, "_LEAST_CLASS", 0)

            found = calibrate(*stream)

        assert 0 <= found.brier <= 1
