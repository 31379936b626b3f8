"""River's detectors: what they have beside their port's suite."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from river import drift

from holdfast.adapters.detectors.river import DETECTORS, Adwin, PageHinkley
from holdfast.domain.errors import MissingExtraError


@pytest.fixture
def losses():
    """A loss that doubles in the middle."""
    rng = np.random.default_rng(5)
    rates = np.repeat([0.2, 0.4], 3_000)
    return (rng.random(rates.size) < rates).astype(np.float64)


class TestDetectors:
    @pytest.mark.parametrize(
        ("ours", "theirs"), [(Adwin, drift.ADWIN), (PageHinkley, drift.PageHinkley)]
    )
    def test_say_what_river_says_with_its_own_settings(self, losses, ours, theirs):
        """Nothing is tuned, and nothing is lost on the way."""
        detector, expected = theirs(), []
        for position, loss in enumerate(losses):
            detector.update(loss)
            if detector.drift_detected:
                expected.append(position)

        assert expected
        assert ours().watch().take(losses) == tuple(expected)

    @pytest.mark.parametrize(
        ("strict", "loose"),
        [
            (Adwin(delta=1e-9), Adwin(delta=0.5)),
            (PageHinkley(threshold=500.0), PageHinkley(threshold=5.0)),
        ],
    )
    def test_settings_reach_river(self, losses, strict, loose):
        """Who waits for more evidence hears later, or less often."""
        assert strict.watch().take(losses) != loose.watch().take(losses)
        assert len(strict.watch().take(losses)) <= len(loose.watch().take(losses))

    @pytest.mark.parametrize("name", DETECTORS)
    def test_names_the_extra_that_brings_it(self, monkeypatch, name):
        """One line, with the command that mends it."""
        monkeypatch.setitem(sys.modules, "river", None)

        with pytest.raises(MissingExtraError, match=r"Run: pip install \"holdfast\[river\]\""):
            DETECTORS[name]().watch()
