"""An attempt that broke off is brought to its end; tests/faults crashes it at every step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.domain.events import RetrainingStarted
from holdfast.domain.evidence import Outcome
from holdfast.loop import retrain as retraining
from holdfast.loop.gather import digest_of, schooling_from_log
from holdfast.loop.hold import LEASE
from holdfast.loop.resume import resume
from holdfast.policy.transitions import fold
from holdfast.ports.event_log import Draft
from holdfast.testing.project import DAY, MemoryProject, World

REVERSED = World(reversed_concept=True)


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    for _ in range(3):
        project.day(world=REVERSED)
    return project


def begin(project, **overrides):
    """Begin an attempt on the log's rows, and leave it at that."""
    champion, now = project.champion, project.clock.now()
    state = fold(project.events)
    rows = schooling_from_log(
        project.ports, project.plan, champion, state, now=now, onset_at=state.champion_since
    )
    started = RetrainingStarted(
        attempt_id="a1",
        champion=champion.record.version,
        cause="a test",
        n_rows=len(rows.rows),
        onset_at=rows.onset_at,
        alarmed=True,
        rows_digest=digest_of(rows, champion.contract),
    )
    draft = Draft(body=replace(started, **overrides), actor="control")
    project.store.events.append([draft], at=now)


def resumed(project):
    fence = project.store.leases.acquire(LEASE, holder="next", ttl=DAY)
    return resume(
        project.ports,
        project.plan,
        fold(project.events),
        project.events,
        actor="control",
        now=project.clock.now(),
        fence=fence,
    )


class TestResume:
    def test_has_nothing_to_do_where_all_came_to_an_end(self, project):
        """As at almost every tick."""
        assert resumed(project) is None
        assert project.kinds[-1] == "champion_promoted"

    def test_brings_an_attempt_to_its_end_under_its_own_id(self, project):
        """With the rows that were there when it began, whatever has come since."""
        begin(project)
        project.day(world=REVERSED)

        ended = resumed(project)

        assert (ended.attempt_id, ended.promoted) == ("a1", "v2")
        assert ended.report.outcome is Outcome.ACCEPT
        begun = project.kinds.index("retraining_started")
        assert project.kinds[begun : begun + 4] == [
            "retraining_started",
            "retraining_resumed",
            "challenger_judged",
            "release_registered",
        ]

    def test_says_how_often_it_was_begun(self, project):
        """So that it is given up in the end."""
        begin(project)

        resumed(project)

        (body,) = [e.body for e in project.events if e.kind == "retraining_resumed"]
        assert (body.attempt_id, body.n_tries) == ("a1", 2)

    def test_costs_no_second_cooldown(self, project):
        """It runs from the moment at which the attempt began."""
        begin(project)
        began_at = project.clock.now()
        project.clock.advance(DAY)

        resumed(project)

        assert fold(project.events).last_attempt_at == began_at

    @pytest.mark.parametrize(
        ("overrides", "words"),
        [
            ({"rows_digest": "f" * 64}, "no longer what they were"),
            ({"rows_digest": None}, "not written down on which rows"),
            ({"from_file": True}, "its rows came from a file"),
        ],
    )
    def test_closes_what_it_cannot_go_on_with(self, project, monkeypatch, overrides, words):
        """Nothing is trained, the reason stands in the log, and the pause is not doubled."""
        monkeypatch.delattr(retraining, "challenge")
        begin(project, **overrides)

        ended = resumed(project)

        assert words in ended.failure
        assert project.events[-1].body.interrupted
        state = fold(project.events)
        assert (state.open_attempt, state.refusals, state.champion) == (None, 0, "v1")

    def test_closes_an_attempt_whose_rows_are_gone(self, project):
        """Fewer than a retraining needs."""
        begin(project)
        project.store.predictions._ledger.rows.clear()

        ended = resumed(project)

        assert "Only 0 of the 500" in ended.failure
        assert fold(project.events).open_attempt is None
