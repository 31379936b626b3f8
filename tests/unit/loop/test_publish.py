"""The champion's figures beside the releases, for whoever reads no database."""

from __future__ import annotations

import json

import pytest
from structlog.testing import capture_logs

from holdfast.domain.releases import METRICS
from holdfast.loop.deliver import deliver
from holdfast.loop.promote import roll_back
from holdfast.loop.publish import PRODUCTION_METRICS, publish
from holdfast.testing.project import START, MemoryProject, example_bundle


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


def shown(project):
    return json.loads(project.objects.published(PRODUCTION_METRICS))


class TestPublish:
    def test_says_what_serves_and_what_it_reached(self, project):
        """As the release's own file has it."""
        deliver(project.ports, now=START)

        bundle = example_bundle()
        assert shown(project)["version"] == "v1"
        assert shown(project)["release_id"] == bundle.manifest.release_id
        assert shown(project)["previous"] is None
        assert shown(project)["since"].startswith("2026-03-02T00:00:00")
        assert shown(project)["metrics"] == json.loads(bundle.files[METRICS])

    def test_follows_a_promotion_and_a_rollback(self, project):
        """Whatever is delivered afterwards brings it up to date."""
        seen = []
        project.deploy(example_bundle(1))
        deliver(project.ports, now=START)
        seen.append(shown(project)["version"])
        roll_back(project.ports, reason="a test", actor="cli")
        deliver(project.ports, now=START)
        seen.append(shown(project)["version"])

        assert seen == ["v2", "v1"]
        assert shown(project)["metrics"] == json.loads(example_bundle().files[METRICS])

    def test_is_mended_by_the_next_tick(self, project):
        """Who was killed right after a promotion, or somebody who wrote into the file."""
        project.objects.publish(PRODUCTION_METRICS, b"{}")

        project.tick()

        assert shown(project)["version"] == "v1"

    def test_writes_nothing_before_the_first_champion(self):
        """There is nothing to say."""
        project = MemoryProject()

        publish(project.ports)

        with pytest.raises(FileNotFoundError):
            shown(project)

    def test_leaves_a_file_alone_that_is_right(self, project, monkeypatch):
        """A tick without anything new writes nothing."""
        publish(project.ports)
        monkeypatch.setattr(project.objects, "publish", None)

        publish(project.ports)

        assert shown(project)["version"] == "v1"

    def test_a_full_disk_stops_nothing(self, project, monkeypatch):
        """It is logged, and tried again at the next tick."""

        def full(name, data):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(project.objects, "publish", full)

        with capture_logs() as logs:
            deliver(project.ports, now=START)

        assert "No space left" in logs[0]["problem"]
        assert len(project.store.outbox) == 0
