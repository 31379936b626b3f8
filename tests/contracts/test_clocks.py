"""Every clock passes its port's suite."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from holdfast.adapters.clocks.file import FileClock
from holdfast.adapters.clocks.system import SystemClock
from holdfast.testing.fakes import FakeClock
from holdfast.testing.suites import ClockSuite

if TYPE_CHECKING:
    from pathlib import Path


class TestSystemClock(ClockSuite):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()


class TestFileClock(ClockSuite):
    @pytest.fixture
    def clock(self, tmp_path: Path) -> FileClock:
        clock = FileClock(tmp_path / "now")
        clock.set_to(datetime(2026, 1, 1, tzinfo=UTC))
        return clock


class TestFakeClock(ClockSuite):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()
