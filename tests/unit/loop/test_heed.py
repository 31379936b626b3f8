"""What a person does in the registry: done as if asked for here, or said why not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from holdfast.domain.evidence import Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.domain.releases import MODEL
from holdfast.loop.deliver import deliver
from holdfast.loop.heed import notice
from holdfast.loop.promote import promote
from holdfast.policy.guarding import GuardPolicy
from holdfast.testing.fakes import InMemoryModelRegistry, InMemoryNotifier
from holdfast.testing.project import PLAN, MemoryProject, World, example_bundle

REVERSED = World(reversed_concept=True)


@pytest.fixture(name="project")
def _project():
    """v1 in production, v2 registered beside it, both mirrored."""
    project = MemoryProject()
    project.overrides = {"registry": InMemoryModelRegistry(), "notifiers": (InMemoryNotifier(),)}
    project.deploy()
    project.register(example_bundle(1))
    deliver(project.ports, now=project.clock.now())
    return project


def registry(project):
    return project.ports.registry


def alerts(project):
    told = [notice.alert for notice in project.ports.notifiers[0].told]
    return [alert for alert in told if alert.trigger is Trigger.REGISTRY]


def served(project):
    return project.store.releases.deployment().champion.version


def accepting(project):
    """Let the guard judge on whatever is there, and accept what is no worse."""
    guard = GuardPolicy(rule="no_worse", min_rows=50, min_class=10)
    project.plan = replace(PLAN, guard=guard)
    for _ in range(2):
        project.day()


class TestNotice:
    def test_an_alias_in_its_place_is_no_wish(self, project):
        """Nor is one that somebody removed: that says nothing of what should serve."""
        assert notice(project.ports, now=project.clock.now()) is None

        del registry(project).pointed["champion"]

        assert notice(project.ports, now=project.clock.now()) is None

    def test_sees_where_a_person_put_it(self, project):
        """And what served then."""
        registry(project).pointed["champion"] = "v2"

        wish = notice(project.ports, now=project.clock.now())

        assert wish is not None
        assert wish.version == "v2"
        assert wish.beside.champion.version == "v1"

    def test_an_alias_that_lags_is_no_wish(self, project):
        """
        v2 came into production while the registry was away, also if the next try is due
        later: the alias on v1 is old news, nobody's hand.
        """
        registry(project).down = -1
        promote(project.ports, ModelVersion("v2"), reason="a test", actor="cli")
        deliver(project.ports, now=project.clock.now())
        registry(project).down = 0

        assert registry(project).pointed["champion"] == "v1"
        assert notice(project.ports, now=project.clock.now()) is None

    def test_a_registry_that_does_not_answer_is_asked_again_later(self, project):
        """It is logged; the tick goes on."""
        registry(project).down = -1
        registry(project).pointed["champion"] = "v2"

        with capture_logs() as logs:
            tick = project.tick()

        assert tick.decision is not None
        assert "registry_not_read" in {log["event"] for log in logs}
        assert served(project) == "v1"


class TestHeed:
    def test_a_release_that_the_guard_accepts_is_promoted(self, project):
        """At the next tick, as by `promote`; the audit says by what hand."""
        accepting(project)
        registry(project).pointed["champion"] = "v2"

        project.tick()

        promoted = [event for event in project.events if event.kind == "champion_promoted"][-1]
        assert served(project) == "v2"
        assert promoted.actor == "registry"
        assert promoted.body.reason.startswith("a person moved the alias champion")
        assert registry(project).pointed == {"champion": "v2", "previous": "v1"}
        assert alerts(project) == []

    def test_is_done_once(self, project):
        """The next ticks find the alias in its place."""
        accepting(project)
        registry(project).pointed["champion"] = "v2"

        for _ in range(3):
            project.tick()

        assert project.kinds.count("champion_promoted") == 2

    def test_one_that_served_before_comes_back_without_the_guard(self, project):
        """As by `rollback`: who goes back must not have to prove an improvement."""
        promote(project.ports, ModelVersion("v2"), reason="a test", actor="cli")
        deliver(project.ports, now=project.clock.now())
        registry(project).pointed["champion"] = "v1"

        project.tick()

        assert served(project) == "v1"
        assert project.kinds.count("champion_rolled_back") == 1

    @pytest.mark.parametrize(
        ("version", "says"),
        [
            (None, "Holdfast did not record"),
            ("v9", "v9"),
            ("v2", "The guard does not let v2 pass"),
        ],
    )
    def test_what_cannot_be_done_is_told_and_taken_back(self, project, version, says):
        """A version of somebody else, one that is not there, one that the guard refuses."""
        registry(project).pointed["champion"] = version

        tick = project.tick()

        (alert,) = alerts(project)
        assert tick.decision is not None
        assert served(project) == "v1"
        assert says in alert.message
        assert registry(project).pointed["champion"] == "v1"

    def test_a_corrupt_release_is_refused(self, project):
        """Whichever way it would have come in; no tick breaks of it."""
        promote(project.ports, ModelVersion("v2"), reason="a test", actor="cli")
        deliver(project.ports, now=project.clock.now())
        record = project.store.releases.release("v1")
        project.objects._groups[record.release_id][MODEL] += b"x"
        registry(project).pointed["champion"] = "v1"

        project.tick()

        (alert,) = alerts(project)
        assert served(project) == "v2"
        assert "digest" in alert.message
        assert registry(project).pointed["champion"] == "v2"

    def test_a_wish_that_is_repeated_is_answered_again(self, project):
        """The alias goes back each time, with a word each time."""
        for _ in range(2):
            registry(project).pointed["champion"] = "v9"
            project.tick()

        assert len(alerts(project)) == 2
        assert registry(project).pointed["champion"] == "v1"

    def test_production_that_moved_meanwhile_outdoes_a_wish(self, project, monkeypatch):
        """Somebody promoted here between the look and the lease: their word is the later one."""
        registry(project).pointed["champion"] = "v9"
        acquire = project.store.leases.acquire

        def late(*args, **options):
            monkeypatch.undo()
            promote(project.ports, ModelVersion("v2"), reason="a test", actor="cli")
            return acquire(*args, **options)

        monkeypatch.setattr(project.store.leases, "acquire", late)
        project.tick()

        assert served(project) == "v2"
        assert alerts(project) == []
        assert registry(project).pointed["champion"] == "v2"
