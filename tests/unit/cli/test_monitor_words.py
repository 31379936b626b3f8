"""How near the monitors are to an alarm, in words and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from holdfast.cli.monitor_words import monitors_in_words, monitors_json
from holdfast.testing.project import MemoryProject, World


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


class TestInWords:
    def test_says_how_far_they_got_and_what_is_near(self, project):
        """Rows at once, labels when they are mature."""
        (tick,) = project.days(1, n=300)
        (moved,) = project.days(1, n=5, world=World(shift=25.0))

        quiet = monitors_in_words(tick.observed)
        near = monitors_in_words(moved.observed)

        assert "saw 300 rows until 2026-03-03 00:00 UTC, and 0 labels" in quiet[0]
        assert quiet[1] == "none is near an alarm"
        assert near[1].startswith("nearest to an alarm: feature:charges ")
        assert quiet[-1].startswith("rows of a bucket are taken as independent; the reference")


class TestDispersionInWords:
    def test_says_which_rows_count_for_less(self, project):
        """Independent are only those of monitors for which nothing is known."""
        (tick,) = project.days(1, n=50)
        names = frozenset(monitor.name for monitor in tick.observed.monitors.monitors)

        every = monitors_in_words(replace(tick.observed, measured=names))
        some = monitors_in_words(replace(tick.observed, measured=names - {"label", "harm"}))

        assert every[-1].startswith("rows of a bucket vary up to 1 times as much as independent")
        assert "taken as independent" not in every[-1]
        assert some[-1].endswith("; taken as independent: label, harm")


class TestJson:
    def test_has_every_monitor_with_its_share(self, project):
        """Strict JSON: programs draw it."""
        (tick,) = project.days(1, n=300)

        found = json.loads(json.dumps(monitors_json(tick.observed), allow_nan=False))

        assert (found["n_seen"], found["n_learnt"], found["alarms"]) == (300, 0, 0)
        assert {"feature:tenure", "score", "harm"} <= {one["monitor"] for one in found["watched"]}
        assert all(0.0 <= one["share"] < 1.0 for one in found["watched"])
