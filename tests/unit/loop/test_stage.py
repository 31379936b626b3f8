"""Beside the champion and away again: what is let in, what it is told, and how it ends."""

from __future__ import annotations

import pytest

from holdfast.domain.errors import (
    CorruptReleaseError,
    NoChampionError,
    StateError,
    UnknownReleaseError,
)
from holdfast.domain.events import ChampionPromoted, ChampionRolledBack, StageEnded
from holdfast.domain.ids import ModelVersion
from holdfast.domain.releases import MODEL
from holdfast.domain.stages import Ending, Stage
from holdfast.loop.promote import promote, roll_back, stage_guarded
from holdfast.loop.stage import stage, withdraw
from holdfast.policy.transitions import fold
from holdfast.testing.online import TINY_CONTRACT, TinyRuntime, put_tiny_release
from holdfast.testing.online import deploy as put_into_production
from holdfast.testing.project import DAY, MemoryProject, example_bundle

V1, V2, V3 = ModelVersion("v1"), ModelVersion("v2"), ModelVersion("v3")


@pytest.fixture(name="project")
def _project():
    """v1 in production, v2 and v3 registered; the models are tiny."""
    project = MemoryProject(overrides={"runtime": TinyRuntime()})
    for version, bias in ((V1, 1.0), (V2, 2.0), (V3, 3.0)):
        record = put_tiny_release(project.objects, version, bias=bias)
        put_into_production(project.store.events, record, at=project.clock.now())
    promote(project.ports, V1, reason="a test", actor="cli")
    return project


def staged(project, version=V2, into=Stage.SHADOW, **options):
    return stage(project.ports, version, into, reason="to see it", actor="cli", **options)


def beside(project):
    found = project.store.releases.deployment().challenger
    return None if found is None else (found.record.version, found.stage, found.share)


def endings(project):
    found = [event.body for event in project.events if isinstance(event.body, StageEnded)]
    return [(body.version, body.stage, body.ending) for body in found]


def aliases(project):
    return project.store.outbox.pending(due_at=project.clock.now())[-1].effect.payload["aliases"]


class TestStage:
    def test_lets_a_release_stand_beside_the_champion(self, project):
        """The champion stays; the event says who, as what, beside whom, and why."""
        event = staged(project)

        assert (event.version, event.stage, event.champion) == (V2, Stage.SHADOW, V1)
        assert event.reason == "to see it"
        assert beside(project) == (V2, Stage.SHADOW, None)
        assert project.store.releases.deployment().champion.version == V1
        assert aliases(project) == {"challenger": V2}

    def test_goes_on_from_shadow_to_canary_and_to_a_greater_share(self, project):
        """It is the same trial; nothing ended."""
        staged(project)
        staged(project, into=Stage.CANARY, share=0.1)
        staged(project, into=Stage.CANARY, share=0.5)

        assert beside(project) == (V2, Stage.CANARY, 0.5)
        assert endings(project) == []

    def test_another_challenger_takes_its_place(self, project):
        """One at a time; whose stage ended is told."""
        staged(project)

        staged(project, V3)

        assert beside(project) == (V3, Stage.SHADOW, None)
        assert endings(project) == [(V2, Stage.SHADOW, Ending.WITHDRAWN)]

    def test_is_done_once_under_its_key(self, project):
        """A tick that crashed after it is run again."""
        first = staged(project, key="a1/staged")

        again = staged(project, key="a1/staged")

        assert again == first
        assert project.kinds.count("challenger_staged") == 1

    @pytest.mark.parametrize(
        ("into", "share", "words"),
        [
            (Stage.CANARY, None, "none was given"),
            (Stage.CANARY, 0.0, "found 0"),
            (Stage.CANARY, 1.0, "found 1"),
            (Stage.CANARY, float("nan"), "found nan"),
            (Stage.SHADOW, 0.5, "has no share"),
        ],
    )
    def test_refuses_a_share_that_is_none(self, project, into, share, words):
        """All of the requests is a promotion, and nobody's is a shadow."""
        with pytest.raises(StateError, match=words):
            staged(project, into=into, share=share)

        assert beside(project) is None

    def test_refuses_the_champion_and_what_is_so_already(self, project):
        """Nothing would change."""
        staged(project)

        with pytest.raises(StateError, match="v1 is in production already"):
            staged(project, V1)
        with pytest.raises(StateError, match="staged as shadow already"):
            staged(project)

    def test_refuses_a_release_that_takes_other_features(self, project):
        """The rows that clients send are not its; the words say how it gets in."""
        fewer = TINY_CONTRACT.__class__(
            features=TINY_CONTRACT.features[:3],
            target=TINY_CONTRACT.target,
            threshold=0.5,
            data_digest="e" * 64,
        )
        record = put_tiny_release(project.objects, "v4", contract=fewer)
        put_into_production(project.store.events, record, at=project.clock.now())
        promote(project.ports, V1, reason="a test", actor="cli", contract_change=True)

        with pytest.raises(StateError, match="promote v4 --contract-change"):
            staged(project, ModelVersion("v4"))

    def test_refuses_what_no_server_could_load(self, project):
        """Its files are read and its model is loaded first; nothing changes."""
        record = project.store.releases.release(V2)
        project.objects._groups[record.release_id][MODEL] += b" "

        with pytest.raises(CorruptReleaseError):
            staged(project)
        with pytest.raises(UnknownReleaseError):
            staged(project, ModelVersion("v9"))

        assert beside(project) is None

    def test_needs_a_champion(self):
        """There is nothing to stand beside."""
        project = MemoryProject()
        project.register(example_bundle())

        with pytest.raises(NoChampionError):
            staged(project, V1)


class TestWithdraw:
    def test_takes_the_challenger_back(self, project):
        """The champion was there all the time."""
        staged(project)

        event = withdraw(project.ports, reason="complaints", actor="cli")

        assert (event.version, event.ending, event.reason) == (V2, Ending.WITHDRAWN, "complaints")
        assert beside(project) is None
        assert fold(project.events).staged is None
        assert aliases(project) == {"challenger": None}

    def test_refuses_where_there_is_none(self, project):
        """And where its stage has ended."""
        with pytest.raises(StateError, match="No challenger"):
            withdraw(project.ports, reason="complaints", actor="cli")


class TestPromotion:
    def test_of_the_challenger_ends_its_stage(self, project):
        """Two events of one transaction."""
        staged(project, into=Stage.CANARY, share=0.1)

        promote(project.ports, V2, reason="it held", actor="cli")

        assert endings(project) == [(V2, Stage.CANARY, Ending.PROMOTED)]
        assert isinstance(project.events[-1].body, ChampionPromoted)
        assert beside(project) is None

    def test_of_another_withdraws_the_challenger(self, project):
        """It stood beside a champion that is gone."""
        staged(project)

        promote(project.ports, V3, reason="it is better", actor="cli")

        assert endings(project) == [(V2, Stage.SHADOW, Ending.WITHDRAWN)]


class TestRollback:
    def test_of_a_canary_withdraws_it(self, project):
        """What answered before answers again: the champion alone."""
        before = project.store.releases.deployment()
        staged(project, into=Stage.CANARY, share=0.1)

        event = roll_back(project.ports, reason="complaints", actor="cli")

        assert isinstance(event, StageEnded)
        assert project.store.releases.deployment() == before

    def test_beside_a_shadow_returns_to_the_champion_before(self, project):
        """A shadow answers nobody: what is complained of is the champion."""
        staged(project)

        event = roll_back(project.ports, reason="complaints", actor="cli")

        assert isinstance(event, ChampionRolledBack)
        assert (event.version, event.replaced) == (V3, V1)
        assert endings(project) == [(V2, Stage.SHADOW, Ending.WITHDRAWN)]

    def test_to_a_named_release_ends_a_canary_as_well(self, project):
        """One command in an emergency."""
        staged(project, into=Stage.CANARY, share=0.1)

        event = roll_back(project.ports, to=V3, reason="complaints", actor="cli")

        assert event.version == V3
        assert beside(project) is None


class TestStageGuarded:
    def test_lets_in_what_the_guard_lets_pass_only(self):
        """A canary answers real requests; the words say how to do it all the same."""
        project = MemoryProject()
        project.deploy()
        project.register(example_bundle(seed=1))
        for _ in range(3):
            project.log(50)
            project.clock.advance(DAY)

        with pytest.raises(StateError, match=r"--as canary --share 0\.1 --force"):
            stage_guarded(project.ports, project.plan, V2, share=0.1, reason="a try", actor="cli")

        assert beside(project) is None
