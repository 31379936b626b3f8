"""What both planes are wired from."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast.adapters.clocks.file import FileClock
from holdfast.adapters.clocks.system import SystemClock
from holdfast.domain.errors import HoldfastError
from holdfast.settings import settings_for
from holdfast.wiring.project import clock_of, open_objects, open_store


@pytest.fixture(name="settings")
def _settings(tmp_path):
    """Settings of a project in an empty folder, with these sections changed."""

    def of(**sections):
        return settings_for(tmp_path, **({"data": {"target": "left"}} | sections))

    return of


class TestClockOf:
    def test_is_the_systems_by_default(self, settings):
        """Time is what it is."""
        assert isinstance(clock_of(settings()), SystemClock)

    def test_is_a_files_where_one_is_named(self, settings, tmp_path):
        """All processes of a time-lapse see the same moment."""
        path = tmp_path / "clock"
        path.write_text("2026-03-01T12:00:00+00:00")

        clock = clock_of(settings(clock={"file": str(path)}))

        assert isinstance(clock, FileClock)
        assert clock.now() == datetime(2026, 3, 1, 12, tzinfo=UTC)


class TestOpenStore:
    def test_makes_a_store_only_where_it_is_told_to(self, settings):
        """A server in the wrong folder must not look like a new project."""
        with pytest.raises(HoldfastError, match="no store"):
            open_store(settings(), create=False)

        with open_store(settings(), create=True) as store:
            assert list(store.events.events()) == []

        with open_store(settings(), create=False) as store:
            store.check_writable()

    def test_lies_in_the_projects_folder(self, settings, tmp_path):
        """Wherever the command was started."""
        with open_store(settings(), create=True):
            pass

        assert (tmp_path / ".holdfast" / "holdfast.db").is_file()


class TestOpenObjects:
    def test_lies_in_the_projects_folder(self, settings, tmp_path):
        """Beside the store."""
        open_objects(settings()).put("r1", {"model.onnx": b"m"})

        assert (tmp_path / ".holdfast" / "releases" / "r1" / "model.onnx").read_bytes() == b"m"
