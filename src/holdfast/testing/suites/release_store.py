"""What every `ReleaseStore` must project from its `EventLog`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.errors import UnknownReleaseError
from holdfast.domain.events import ChampionRolledBack, StageEnded
from holdfast.domain.ids import ModelVersion, ReleaseId
from holdfast.domain.stages import Ending, Stage
from holdfast.ports.event_log import Draft
from holdfast.ports.release_store import StagedRelease
from holdfast.testing.examples import START, promoted, registered, staged

if TYPE_CHECKING:
    from holdfast.ports.event_log import EventLog
    from holdfast.ports.release_store import ReleaseStore

__all__ = ["ReleaseStoreSuite"]

_DAY = timedelta(days=1)


class ReleaseStoreSuite:
    """Needs the fixtures `releases` and `events`, empty and of the same store."""

    def test_knows_nothing_before_the_first_event(self, releases: ReleaseStore) -> None:
        """No champion is a state of its own."""
        assert releases.deployment() is None
        assert releases.deployment_at(START) is None
        assert releases.releases() == ()

    def test_lists_releases_in_order_of_registration(
        self, releases: ReleaseStore, events: EventLog
    ) -> None:
        """Not in that of their names: v10 comes after v9."""
        names = [f"v{number}" for number in range(1, 12)]
        events.append([registered(name) for name in names], at=START)

        assert [release.version for release in releases.releases()] == names

    def test_returns_one_release(self, releases: ReleaseStore, events: EventLog) -> None:
        """As the event says it."""
        draft = registered("v1")
        events.append([draft], at=START)

        release = releases.release(ModelVersion("v1"))

        assert (release.version, release.release_id, release.schema_digest) == (
            draft.body.version,  # type: ignore[union-attr]  # a registration
            draft.body.release_id,  # type: ignore[union-attr]  # the same
            draft.body.schema_digest,  # type: ignore[union-attr]  # the same
        )

    def test_names_the_releases_that_there_are(
        self, releases: ReleaseStore, events: EventLog
    ) -> None:
        """Whoever mistypes a version sees which ones exist."""
        events.append([registered("v1"), registered("v2")], at=START)

        with pytest.raises(UnknownReleaseError, match="The releases are v1, v2") as unknown:
            releases.release(ModelVersion("v7"))

        assert unknown.value.known == ("v1", "v2")

    def test_follows_promotions(self, releases: ReleaseStore, events: EventLog) -> None:
        """The champion, the one before it, since when, and by which event."""
        events.append([registered("v1"), promoted("v1"), registered("v2")], at=START)
        (event,) = events.append([promoted("v2", previous="v1")], at=START + _DAY)

        deployment = releases.deployment()

        assert deployment is not None
        assert deployment.champion == releases.release(ModelVersion("v2"))
        assert deployment.previous == releases.release(ModelVersion("v1"))
        assert (deployment.since, deployment.seq) == (START + _DAY, event.seq)

    def test_follows_a_rollback(self, releases: ReleaseStore, events: EventLog) -> None:
        """The replaced release becomes the previous one."""
        events.append([registered("v1"), promoted("v1"), registered("v2")], at=START)
        events.append([promoted("v2", previous="v1"), _rolled_back("v1", "v2")], at=START + _DAY)

        deployment = releases.deployment()

        assert deployment is not None
        assert deployment.champion.version == "v1"
        assert deployment.previous is not None
        assert deployment.previous.version == "v2"

    def test_says_what_was_in_production_at_a_moment(
        self, releases: ReleaseStore, events: EventLog
    ) -> None:
        """From the moment of its promotion on, to the microsecond."""
        events.append([registered("v1"), promoted("v1"), registered("v2")], at=START)
        events.append([promoted("v2", previous="v1")], at=START + _DAY)
        tick = timedelta(microseconds=1)

        found = {
            moment: releases.deployment_at(moment)
            for moment in (START, START + _DAY - tick, START + _DAY)
        }

        assert releases.deployment_at(START - tick) is None
        assert [d.champion.version for d in found.values() if d] == ["v1", "v1", "v2"]

    def test_follows_a_challenger_through_its_stages(
        self, releases: ReleaseStore, events: EventLog
    ) -> None:
        """The champion stays what it is; each stage has its own beginning and event."""
        events.append([registered("v1"), promoted("v1"), registered("v2")], at=START)
        before = releases.deployment()
        (first,) = events.append([staged("v2")], at=START + _DAY)
        shadow = releases.deployment()
        canary_draft = staged("v2", stage=Stage.CANARY, share=0.125)
        (second,) = events.append([canary_draft], at=START + 2 * _DAY)

        canary = releases.deployment()

        assert before is not None
        assert before.challenger is None
        v2 = releases.release(ModelVersion("v2"))
        assert shadow == replace(
            before,
            challenger=StagedRelease(
                record=v2, stage=Stage.SHADOW, share=None, since=START + _DAY, seq=first.seq
            ),
        )
        assert canary == replace(
            before,
            challenger=StagedRelease(
                record=v2, stage=Stage.CANARY, share=0.125, since=START + 2 * _DAY, seq=second.seq
            ),
        )
        assert releases.deployment_at(START + _DAY) == shadow

    def test_says_until_when_a_probation_lasts(
        self, releases: ReleaseStore, events: EventLog
    ) -> None:
        """As the event that began it says, to the microsecond; written with the promotion."""
        events.append([registered("v1"), promoted("v1"), registered("v2")], at=START)
        until = START + timedelta(days=44, microseconds=7)
        begun = staged("v1", stage=Stage.PROBATION, until=until)
        events.append([promoted("v2", previous="v1"), begun], at=START + _DAY)

        deployment = releases.deployment()

        assert deployment is not None
        assert deployment.champion.version == "v2"
        beside = deployment.challenger
        assert beside is not None
        assert (beside.record.version, beside.stage) == ("v1", Stage.PROBATION)
        assert beside.until == until

    def test_a_stage_ends(self, releases: ReleaseStore, events: EventLog) -> None:
        """By its own event, or because another champion came."""
        first = [registered("v1"), promoted("v1"), registered("v2"), staged("v2")]
        events.append([*first, _ended("v2")], at=START)
        ended = releases.deployment()
        events.append([staged("v2"), promoted("v2", previous="v1")], at=START)

        followed = releases.deployment()

        assert ended is not None
        assert (ended.champion.version, ended.challenger) == ("v1", None)
        assert followed is not None
        assert (followed.champion.version, followed.challenger) == ("v2", None)

    def test_refuses_to_stage_an_unknown_release(
        self, releases: ReleaseStore, events: EventLog
    ) -> None:
        """Servers would ask for it again and again."""
        events.append([registered("v1"), promoted("v1")], at=START)

        with pytest.raises(UnknownReleaseError):
            events.append([staged("v2")], at=START)

        deployment = releases.deployment()
        assert deployment is not None
        assert deployment.challenger is None


def _ended(version: str) -> Draft:
    return Draft(
        body=StageEnded(
            version=ModelVersion(version),
            stage=Stage.SHADOW,
            ending=Ending.WITHDRAWN,
            reason="by hand",
        ),
        actor="cli",
    )


def _rolled_back(version: str, replaced: str) -> Draft:
    return Draft(
        body=ChampionRolledBack(
            version=ModelVersion(version),
            release_id=ReleaseId("0" * 64),
            replaced=ModelVersion(replaced),
            reason="by hand",
        ),
        actor="cli",
    )
