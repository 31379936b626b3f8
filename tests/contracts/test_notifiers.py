"""Every notifier passes its port's suite."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from holdfast.adapters.notifiers.console import ConsoleNotifier
from holdfast.testing.suites import NotifierSuite

if TYPE_CHECKING:
    from collections.abc import Callable


class TestConsoleNotifier(NotifierSuite):
    @pytest.fixture
    def stream(self) -> io.StringIO:
        return io.StringIO()

    @pytest.fixture
    def notifier(self, stream: io.StringIO) -> ConsoleNotifier:
        return ConsoleNotifier(stream)

    @pytest.fixture
    def received(self, stream: io.StringIO) -> Callable[[], str]:
        return stream.getvalue
