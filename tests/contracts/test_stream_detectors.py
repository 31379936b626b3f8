"""Every stream detector passes its port's suite."""

from __future__ import annotations

import pytest

from holdfast.adapters.detectors.river import DETECTORS, Adwin, PageHinkley
from holdfast.testing.suites.stream_detector import StreamDetectorSuite


class TestAdwin(StreamDetectorSuite):
    @pytest.fixture
    def detector(self):
        return Adwin()


class TestPageHinkley(StreamDetectorSuite):
    @pytest.fixture
    def detector(self):
        return PageHinkley()


class TestNames:
    def test_every_detector_stands_under_its_own_name(self):
        """Else `holdfast.toml` would ask for one and get another."""
        assert {name: make().name for name, make in DETECTORS.items()} == {
            name: name for name in DETECTORS
        }
