"""Every release stands somewhere, and at most one is the champion."""

from __future__ import annotations

import pytest

from holdfast.domain.events import ChampionRolledBack, StageEnded
from holdfast.domain.ids import ModelVersion, ReleaseId
from holdfast.domain.stages import Ending, Stage
from holdfast.policy.standing import Standing, standings
from holdfast.ports.event_log import Draft
from holdfast.testing.examples import START, promoted, registered, staged
from holdfast.testing.fakes import InMemoryStore


def rolled_back(version, *, replaced):
    body = ChampionRolledBack(
        version=ModelVersion(version),
        release_id=ReleaseId("r" * 64),
        replaced=ModelVersion(replaced),
        reason="complaints",
    )
    return Draft(body=body, actor="cli")


def stage_ended(version):
    body = StageEnded(
        version=ModelVersion(version),
        stage=Stage.SHADOW,
        ending=Ending.WITHDRAWN,
        reason="seen enough",
    )
    return Draft(body=body, actor="cli")


def after(*drafts):
    log = InMemoryStore().events
    log.append([registered("v1"), registered("v2"), registered("v3"), *drafts], at=START)
    return {version: standing.value for version, standing in standings(log.events()).items()}


FIRST = promoted("v1")
SECOND = promoted("v2", previous="v1")


class TestStandings:
    @pytest.mark.parametrize(
        ("drafts", "expected"),
        [
            ([], ["candidate", "candidate", "candidate"]),
            ([FIRST], ["champion", "candidate", "candidate"]),
            ([FIRST, staged("v2")], ["champion", "shadow", "candidate"]),
            (
                [FIRST, staged("v2"), staged("v2", stage=Stage.CANARY, share=0.1)],
                ["champion", "canary", "candidate"],
            ),
            ([FIRST, staged("v2"), stage_ended("v2")], ["champion", "retired", "candidate"]),
            ([FIRST, staged("v2"), staged("v3")], ["champion", "retired", "shadow"]),
            ([FIRST, SECOND], ["previous", "champion", "candidate"]),
            (
                [FIRST, SECOND, staged("v1", stage=Stage.PROBATION)],
                ["previous", "champion", "candidate"],
            ),
            (
                [FIRST, SECOND, staged("v1"), stage_ended("v1")],
                ["previous", "champion", "candidate"],
            ),
            (
                [FIRST, SECOND, promoted("v3", previous="v2")],
                ["retired", "previous", "champion"],
            ),
            (
                [FIRST, SECOND, rolled_back("v1", replaced="v2")],
                ["champion", "previous", "candidate"],
            ),
        ],
    )
    def test_go_from_candidate_to_retired(self, drafts, expected):
        """Over shadow and canary, or at once; and back by a rollback."""
        assert list(after(*drafts).values()) == expected

    def test_have_words_for_people(self):
        """In the order in which a release goes through them."""
        assert list(Standing) == [
            "candidate", "shadow", "canary", "champion", "previous", "retired",
        ]  # fmt: skip
