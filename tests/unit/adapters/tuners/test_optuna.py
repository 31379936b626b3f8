"""Optuna as a tuner: what it has beside its port's suite."""

from __future__ import annotations

import logging
import sys

import pytest

from holdfast.adapters.tuners.optuna import OptunaTuner
from holdfast.domain.errors import MissingExtraError
from holdfast.ports.tuner import Span

SPANS = {"x": Span(low=-10.0, high=10.0), "y": Span(low=-10.0, high=10.0)}


def best_of(seed, n=60):
    """How near the best of so many trials comes to the bottom of a bowl."""
    study = OptunaTuner().study(SPANS, first={"x": 9.0, "y": -9.0}, seed=seed)
    losses = []
    for _ in range(n):
        at = study.ask()
        losses.append((at["x"] - 3) ** 2 + (at["y"] + 2) ** 2)
        study.tell(losses[-1])
    return min(losses)


class TestOptunaTuner:
    def test_learns_from_what_it_is_told(self):
        """60 blind draws come to within 2.1 of the bottom on average; these within less."""
        distances = [best_of(seed) for seed in range(5)]

        assert sum(distances) / 5 < 0.7

    def test_says_nothing_of_each_trial(self, caplog):
        """Its own words would stand among the answer's."""
        with caplog.at_level(logging.INFO):
            best_of(1, n=3)

        assert caplog.records == []

    def test_names_the_extra_that_brings_it(self, monkeypatch):
        """One line, with the command that mends it."""
        monkeypatch.setitem(sys.modules, "optuna", None)

        with pytest.raises(MissingExtraError, match=r"Run: pip install \"holdfast\[search\]\""):
            OptunaTuner().study(SPANS, first={"x": 0.0, "y": 0.0}, seed=1)
