"""Every tuner passes its port's suite."""

from __future__ import annotations

import pytest

from holdfast.adapters.tuners.optuna import OptunaTuner
from holdfast.testing.fakes.tuner import RandomTuner
from holdfast.testing.suites.tuner import TunerSuite


class TestOptunaTuner(TunerSuite):
    @pytest.fixture
    def tuner(self) -> OptunaTuner:
        return OptunaTuner()


class TestRandomTuner(TunerSuite):
    @pytest.fixture
    def tuner(self) -> RandomTuner:
        return RandomTuner()
