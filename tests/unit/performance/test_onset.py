"""Since when a model has been doing worse."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domain.errors import EmptyWindowError
from holdfast.performance.onset import change_point


def losses(rng, *stretches):
    """Return Bernoulli losses: (rows, mean) after (rows, mean)."""
    return np.concatenate([(rng.random(n) < mean).astype(float) for n, mean in stretches])


class TestChangePoint:
    @pytest.mark.parametrize("before", [300, 1000, 1700])
    def test_finds_where_the_loss_rose(self, before):
        """Within a twentieth of the rows, wherever the change is, for noisy losses."""
        for seed in range(20):
            path = losses(np.random.default_rng(seed), (before, 0.15), (2000 - before, 0.40))

            assert abs(change_point(path, reference_mean=0.15) - before) <= 100

    def test_is_the_first_row_if_the_loss_was_raised_all_along(self):
        """The change lies before the window."""
        assert change_point(np.full(100, 0.4), reference_mean=0.1) == 0

    def test_is_exact_without_noise(self):
        """The first row of the changed world, not the last of the old one."""
        path = np.array([0.1] * 70 + [0.6] * 30)

        assert change_point(path, reference_mean=0.1) == 70

    def test_points_to_the_end_if_nothing_rose(self):
        """Few rows since then: whoever asks for labels since the onset finds too few."""
        path = np.full(100, 0.05)

        assert change_point(path, reference_mean=0.1) == 99

    @pytest.mark.parametrize("path", [[0.0], [1.0]])
    def test_a_single_row_is_its_own_answer(self, path):
        """The index is always one of a row."""
        assert change_point(np.array(path), reference_mean=0.5) == 0

    def test_needs_a_row(self):
        """Nothing has no start."""
        with pytest.raises(EmptyWindowError, match="stretch of labelled rows"):
            change_point(np.zeros(0), reference_mean=0.1)
